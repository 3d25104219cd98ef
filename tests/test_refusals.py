"""Wrong answers end the run: status 1, one message on standard error, nothing on disk."""

import json
from pathlib import Path

import pytest
from conftest import TEMPLATE, generate, run_cookiecutter

REFUSALS = {
    "slug-upper-case": (
        {"project_slug": "Hello"},
        'project_slug: "Hello" is not made of lower-case letters and digits, a letter first, with '
        'single hyphens between; write "hello".',
    ),
    "slug-outside": ({"project_slug": "../hello"}, 'project_slug: "../hello" is not made of'),
    "slug-absolute": ({"project_slug": "/tmp/hello"}, 'write "tmp-hello".'),  # noqa: S108
    "slug-too-long": ({"project_slug": "a" * 51}, "is over 50 characters long"),
    "slug-keyword": ({"project_slug": "class"}, 'is a keyword of Python; write "class-api".'),
    "slug-soft-keyword": ({"project_slug": "match"}, 'is a keyword of Python; write "match-api".'),
    "slug-standard-library": ({"project_slug": "json"}, "is a module of Python's standard library"),
    "slug-dependency": ({"project_slug": "pydantic-settings"}, "is a package it depends on"),
    "slug-tests": ({"project_slug": "tests"}, "is a name that the project has a use for"),
    "name-empty": ({"project_name": " "}, 'project_name: "" is empty; write some words.'),
    "name-two-lines": (
        {"project_name": "Hello\nAPI"},
        'project_name: "Hello\\nAPI" holds a line break or a control character; write "Hello API".',
    ),
    "description-control": ({"description": "a\x1bb"}, 'description: "a\\u001bb" holds a line break'),
    "team-too-long": ({"team": "x" * 201}, "is over 200 characters long"),
    "environment-upper-case": (
        {"environments": "dev,Prod"},
        'environments: "Prod" is not a lower-case letter and up to 30 lower-case letters, digits and '
        'hyphens; write "prod".',
    ),
    "environment-empty": ({"environments": "dev,,prod"}, 'environments: "" is not'),
    "environments-none": ({"environments": ""}, 'environments: "" is not'),
    "environment-long": ({"environments": "a" * 32}, "is not a lower-case letter and up to 30"),
    "environment-twice": (
        {"environments": "dev,prod,dev"},
        'environments: "dev" stands there twice; remove one of the two.',
    ),
    "origin-slash": (
        {"environments": "dev,prod", "origins": "dev=;prod=https://App.example.com/"},
        'origins, prod: "https://App.example.com/" has upper-case letters and ends with a slash; '
        'write "https://app.example.com".',
    ),
    "origin-wildcard": (
        {"environments": "dev", "origins": "dev=*"},
        'origins, dev: "*" would trust every page on the web',
    ),
    "origin-null": ({"environments": "dev", "origins": "dev=null"}, "is what any sandboxed page"),
    "origin-loopback-deployed": (
        {"environments": "dev,prod", "origins": "dev=;prod=https://localhost"},
        'origins, prod: "https://localhost" is the browser\'s own machine',
    ),
    "origins-group-missing": (
        {"environments": "dev,prod", "origins": "dev="},
        'origins: "prod" is an environment without a group of origins; add "prod="',
    ),
    "origins-group-unknown": (
        {"environments": "dev", "origins": "dev=;prd=https://a.example"},
        'origins: "prd" is not one of the environments; write "dev".',
    ),
    "origins-group-twice": (
        {"environments": "dev", "origins": "dev=;dev=https://a.example"},
        'origins: "dev" stands there twice',
    ),
    "origins-no-equals": ({"environments": "dev", "origins": "dev"}, 'has no "=" after its name'),
    "origins-empty": ({"environments": "dev", "origins": ""}, 'origins: "dev" is an environment'),
}


@pytest.mark.parametrize(("answers", "message"), REFUSALS.values(), ids=REFUSALS)
def test_refused(tmp_path: Path, answers: dict[str, str], message: str) -> None:
    """A wrong answer is named with its question, its value, the reason and the mend."""
    result = run_cookiecutter(tmp_path / "out", "--no-input", **answers)
    assert result.returncode == 1
    assert message in result.stderr
    assert result.stderr.startswith("Nothing was generated: 1 answer can't be used.\n  - ")
    assert result.stdout == ""
    assert not list((tmp_path / "out").iterdir())


def test_all_at_once(tmp_path: Path) -> None:
    """All wrong answers of a run are told together."""
    result = run_cookiecutter(
        tmp_path / "out", "--no-input", project_slug="X", team="", environments="dev,dev"
    )
    assert result.stderr.splitlines() == [
        "Nothing was generated: 3 answers can't be used.",
        '  - project_slug: "X" is not made of lower-case letters and digits, a letter first, with '
        'single hyphens between; write "x".',
        '  - team: "" is empty; write some words.',
        '  - environments: "dev" stands there twice; remove one of the two.',
    ]


def test_configuration_file(tmp_path: Path) -> None:
    """A wrong answer in a configuration file is refused just as one among the arguments."""
    file = tmp_path / "config.yaml"
    file.write_text('default_context:\n  environments: "Dev"\n', encoding="utf-8")
    result = run_cookiecutter(tmp_path / "out", "--no-input", "--config-file", str(file))
    assert result.returncode == 1
    assert 'environments: "Dev" is not' in result.stderr
    assert not list((tmp_path / "out").iterdir())


def test_replay(tmp_path: Path) -> None:
    """A replay, which asks nothing, is checked before anything is written."""
    generate(tmp_path / "out")
    [replay] = (tmp_path / "out-home" / ".cookiecutter_replay").iterdir()
    answers = json.loads(replay.read_text("utf-8"))
    answers["cookiecutter"] |= {"project_slug": "../escaped", "environments": "Dev"}
    file = tmp_path / "replay.json"
    file.write_text(json.dumps(answers), encoding="utf-8")
    result = run_cookiecutter(tmp_path / "again", "--replay-file", str(file))
    assert result.returncode == 1
    assert result.stderr.startswith("Nothing was generated: 2 answers can't be used.\n")
    assert "Traceback" not in result.stdout + result.stderr
    assert not list((tmp_path / "again").iterdir())
    assert not (tmp_path / "escaped").exists()


def test_existing_project_is_untouched(tmp_path: Path) -> None:
    """A refused run leaves the project that it would have overwritten as it was."""
    project = generate(tmp_path / "out")
    before = project.files()
    result = run_cookiecutter(
        tmp_path / "out", "--no-input", "--overwrite-if-exists", environments="dev,dev"
    )
    assert result.returncode == 1
    assert project.files() == before


def test_answers_are_not_templates(tmp_path: Path) -> None:
    """Jinja in an answer is text like any other: nothing in it is run."""
    code = "{{ cycler.__init__.__globals__.os.system('touch pwned') }}"
    project = generate(tmp_path / "out", description=code)
    assert code in project.files()["pyproject.toml"].decode()
    assert not list(tmp_path.rglob("pwned"))
    assert not list(TEMPLATE.glob("pwned"))
