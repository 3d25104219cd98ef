"""Wrong answers end a run without a terminal: status 1, one message, nothing on disk."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import tables
from conftest import TEMPLATE, commit, copy_template, generate, run_cookiecutter
from cookiecutter.cli import main
from cookiecutter.generate import generate_context
from cookiecutter.prompt import prompt_for_config

CASES = tables.cases()


def parts(message: str) -> tuple[list[str], str]:
    """Take a message apart: its problems, and the command that would generate."""
    head, *lines = message[message.index("Nothing was generated") :].splitlines()
    problems = [line.removeprefix("  - ") for line in lines if line.startswith("  - ")]
    assert head.startswith(f"Nothing was generated: {len(problems)} answer")
    assert lines[len(problems)] in ("Corrected command:", "After that:")
    [command] = lines[len(problems) + 1 :]
    return problems, command


@pytest.mark.filterwarnings("ignore:Invalid default received")  # cookiecutter's, of a wrong choice
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_wrong_answer(tmp_path: Path, case: tables.Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wrong answer is reported with its question, value, reason and fix, and a command.

    The command generates as it is printed. It is run in the process of the tests.
    """
    monkeypatch.chdir(tmp_path)
    message = rejected(case.file, [f"{name}={answer}" for name, answer in case.arguments.items()])
    problems, command = parts(message)
    assert problems == case.message
    before = [*tmp_path.iterdir()]
    assert before == [Path("answers.yaml").absolute()] * bool(case.file)
    main(shlex.split(command.partition("cookiecutter ")[2]), standalone_mode=False)
    assert len([*tmp_path.iterdir()]) == len(before) + 1


def rejected(file: str, words: list[str]) -> str:
    """Return the message of a run with these answers of a file, and words of a command."""
    option = ["--default-config"]
    if file:
        lines = "".join(f"  {line}\n" for line in file.splitlines())
        Path("answers.yaml").write_text(f"default_context:\n{lines}", encoding="utf-8")
        option = ["--config-file", "answers.yaml"]
    with pytest.raises(SystemExit) as ended:
        main([*option, "--no-input", str(TEMPLATE), *words], standalone_mode=False)
    return str(ended.value)


DEV_PROD = "environments: dev, prod\norigins: dev=; prod=https://a.example"
FILE = "--config-file answers.yaml --no-input"


@pytest.mark.parametrize(
    ("file", "arguments", "suggested"),
    [
        (
            "",
            "environments=dev,prod 'origins=dev=http://localhost:1 http://[::1]:2; prod='",
            "environments=dev,prod 'origins=dev=http://localhost:1,http://[::1]:2; prod='",
        ),
        (
            "",
            "environments=dev,prod 'origins=dev=; prd=https://a.example'",
            "environments=dev,prod 'origins=dev=; prod=https://a.example'",
        ),
        (
            "",
            "environments=dev,prod1,prod2 'origins=dev=; prod=https://a.example'",
            "environments=dev,prod1,prod2 'origins=dev=; prod1=; prod2='",
        ),
        (
            "",
            "environments=dev,prod 'origins=dev=; prod=https://a.example; prd=https://b.example'",
            "environments=dev,prod 'origins=dev=; prod=https://a.example'",
        ),
        (
            "",
            "environments=dev,prod 'origins=dev=; pred=https://a.example'",
            "environments=dev,prod 'origins=dev=; prod='",
        ),
        (
            "",
            "environments=dev,Pre_Prod 'origins=dev=; Pre_Prod=https://a.example'",
            "'environments=dev, pre-prod' 'origins=dev=; pre-prod=https://a.example'",
        ),
        ("", "enviroments=prod environments=dev", "environments=dev"),
        (
            f"{DEV_PROD}; prod=https://b.example",
            "",
            f"{FILE} 'origins=dev=; prod=https://a.example,https://b.example'",
        ),
        (
            f"{DEV_PROD}; dve=https://b.example",
            "",
            f"{FILE} 'origins=dev=; prod=https://a.example'",
        ),
        (DEV_PROD, "environments='dev, Prod'", FILE),
        (
            DEV_PROD,
            "origins=Prod=https://b.example",
            f"{FILE} 'origins=dev=; prod=https://b.example'",
        ),
        (DEV_PROD, "team=", f"{FILE} team=platform"),
        (
            "project_name: ''\ndescription: It sells.",
            "",
            f"{FILE} 'project_name=Hello API' 'description=It sells.'",
        ),
        (
            "allow_credentials: false",
            "allow_credentials=yes team=",
            f"{FILE} team=platform allow_credentials=yes",
        ),
        ("team: true", "", "--default-config --no-input team=yes"),
    ],
)
def test_suggestion(
    tmp_path: Path, file: str, arguments: str, suggested: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is suggested means what was typed, keeps what was right, and guesses nothing."""
    monkeypatch.chdir(tmp_path)
    _, command = parts(rejected(file, shlex.split(arguments)))
    assert command.endswith(f" {suggested}")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("&a [*a]", 'write "platform"'),
        ("!!binary aGVsbG8=", "b'hello' is not a string; write \"b'hello'\""),
        ("!!set {a}", "{'a'} is not a string"),
    ],
)
def test_types_of_yaml(
    tmp_path: Path, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value of any type that YAML has is rejected in a sentence."""
    monkeypatch.chdir(tmp_path)
    [problem], _ = parts(rejected(f"team: {value}", []))
    assert message in problem


@pytest.mark.parametrize(
    "answers",
    [
        {"project_slug": "X", "team": "", "environments": "dev,dev"},
        {"origins": "development=*; staging=; prod=https://A.example/", "project_name": "It's"},
        {"enviroments": "dev, prod", "description": "a\nb"},
        {"environments": "dev; Prod", "origins": "dev=localhost:3000; prod=app.example.com"},
    ],
)
def test_command(tmp_path: Path, answers: dict[str, str]) -> None:
    """A run ends with status 1 and only the message, whose command keeps what was right."""
    result = run_cookiecutter(tmp_path / "out", "--no-input", **answers)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out-home" / ".cookiecutter_replay").exists()
    _, command = parts(result.stderr)
    again = run(tmp_path / "out", command)
    assert again.returncode == 0, again.stderr
    [project] = (tmp_path / "out").iterdir()
    assert answers.get("project_name", "Hello API") in (project / "README.md").read_text("utf-8")


def run(folder: Path, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of cookiecutter or cruft as it is printed, by a shell, in a home of its own."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}/usr/bin{os.pathsep}/bin"
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={"HOME": str(folder.parent), "PATH": programs} | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_all_at_once(tmp_path: Path) -> None:
    """All wrong answers of a run are reported together, whichever way they were given."""
    file = tmp_path / "answers.yaml"
    file.write_text(
        'default_context:\n  cors_preset: lax\n  team: ""\n  descripton: x\n', encoding="utf-8"
    )
    result = run_cookiecutter(
        tmp_path / "out", "--no-input", "--config-file", str(file), environments="dev,dev"
    )
    assert parts(result.stderr)[0] == [
        f'{file}: "descripton" is not a question; write description, or remove it.',
        'cors_preset: "lax" is not one of the choices; write strict or dev.',
        'team: "" is empty [empty]; write "platform".',
        'environments: "dev" is listed twice [duplicate]; remove the duplicate.',
    ]


def test_user_file(tmp_path: Path) -> None:
    """Answers in ~/.cookiecutterrc are checked, and names of other templates ignored."""
    home = tmp_path / "out-home"
    home.mkdir()
    rc = home / ".cookiecutterrc"
    rc.write_text("default_context:\n  full_name: Ada\n  team: [Ada]\n", encoding="utf-8")
    result = run_cookiecutter(tmp_path / "out", "--no-input")
    assert parts(result.stderr)[0] == ['team: ["Ada"] is not a string; write "Ada".']
    rc.write_text("default_context:\n  full_name: Ada\n  team: Ada\n", encoding="utf-8")
    assert 'team: "Ada"' in generate(tmp_path / "out").files()[".cookiecutter.yaml"].decode()


def test_origins_as_mapping(tmp_path: Path) -> None:
    """Origins as a mapping of YAML mean the same as the line of text."""
    file = tmp_path / "answers.yaml"
    file.write_text(
        "default_context:\n  environments: dev, prod\n"
        "  origins:\n    dev:\n    prod: [https://a.example, https://b.example]\n",
        encoding="utf-8",
    )
    result = run_cookiecutter(tmp_path / "out", "--no-input", "--config-file", str(file))
    assert result.returncode == 0, result.stderr
    line = generate(
        tmp_path / "line",
        environments="dev, prod",
        origins="dev=; prod=https://a.example, https://b.example",
    )
    toml = "src/hello_api/environments.toml"
    assert (tmp_path / "out" / "hello-api" / toml).read_bytes() == line.files()[toml]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"project_slug": "../escaped"}, 'project_slug: "../escaped" must start with'),
        ({"environments": "Dev", "origins": "Dev="}, 'environments: "Dev" must start with'),
        ({"cors_preset": "lax"}, 'cors_preset: "lax" is not one of the choices'),
        ({"allow_credentials": "perhaps"}, 'allow_credentials: "perhaps" is neither yes nor no'),
        ({"team": ["a"]}, 'team: ["a"] is not a string'),
        ({"description": None}, "description: null is not a string"),
    ],
)
def test_replay(tmp_path: Path, changed: dict[str, object], message: str) -> None:
    """A replay, which asks nothing, is checked before anything is written."""
    generate(tmp_path / "out")
    [replay] = (tmp_path / "out-home" / ".cookiecutter_replay").iterdir()
    answers = json.loads(replay.read_text("utf-8"))
    answers["cookiecutter"] |= changed
    file = tmp_path / "replay.json"
    file.write_text(json.dumps(answers), encoding="utf-8")
    result = run_cookiecutter(tmp_path / "again", "--replay-file", str(file))
    assert result.returncode == 1
    [problem] = parts(result.stderr)[0]
    assert problem.startswith(message)
    assert "Traceback" not in result.stdout + result.stderr
    assert not list((tmp_path / "again").iterdir())
    assert not (tmp_path / "escaped").exists()


def test_replay_derives_anew(tmp_path: Path) -> None:
    """What follows from the answers of a replay is computed again, not trusted."""
    generate(tmp_path / "out")
    [replay] = (tmp_path / "out-home" / ".cookiecutter_replay").iterdir()
    answers = json.loads(replay.read_text("utf-8"))
    answers["cookiecutter"]["__package"] = "../../escaped"
    file = tmp_path / "replay.json"
    file.write_text(json.dumps(answers), encoding="utf-8")
    result = run_cookiecutter(tmp_path / "again", "--replay-file", str(file))
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "again" / "hello-api" / "src" / "hello_api" / "main.py").exists()


def test_cruft(tmp_path: Path) -> None:
    """cruft, which reads the template in its own way, ends with the same message."""
    repository = tmp_path / "template"
    copy_template(repository)
    commit(repository)
    answers = {"environments": "dev, Prod", "team": "{{ 7 * 7 }}", "origins": {"dev": []}}
    result = run_cruft(tmp_path / "out", repository, answers)
    assert result.returncode == 1
    problems, command = parts(result.stderr)
    assert len(problems) == 1
    assert "Traceback" not in result.stderr
    assert not list((tmp_path / "out").iterdir())

    [cruft, create, url, *options] = shlex.split(command)
    assert (cruft, create, url) == ("cruft", "create", str(repository))
    result = run_cruft(tmp_path / "out", repository, json.loads(options[-1]))
    assert result.returncode == 0, result.stderr
    yaml = (tmp_path / "out" / "hello-api" / ".cookiecutter.yaml").read_text("utf-8")
    assert 'team: "{{ 7 * 7 }}"' in yaml


def run_cruft(
    output: Path, repository: Path, answers: Mapping[str, object]
) -> subprocess.CompletedProcess[str]:
    """Run `cruft create` as a user does, in an empty home."""
    output.mkdir(exist_ok=True)
    return subprocess.run(
        [
            *(sys.executable, "-m", "cruft", "create", str(repository), "--no-input"),
            *("--extra-context", json.dumps(answers)),
        ],
        cwd=output,
        env={"HOME": str(output.parent), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_existing_project_is_untouched(tmp_path: Path) -> None:
    """A rejected run leaves the project that it would have overwritten as it was."""
    project = generate(tmp_path / "out")
    before = project.files()
    result = run_cookiecutter(
        tmp_path / "out", "--no-input", "--overwrite-if-exists", environments="dev,dev"
    )
    assert result.returncode == 1
    assert "--overwrite-if-exists" in parts(result.stderr)[1]
    assert project.files() == before


@pytest.mark.parametrize("text", ["{{ 7 * 7 }}", "{% raw %}", "{# note #}", "}} {{ '", '"""\\'])
def test_answers_are_not_templates(tmp_path: Path, text: str) -> None:
    """Jinja in an answer is text like any other: it comes out as it was given."""
    project = generate(tmp_path / "out", description=text)
    assert json.dumps(text) in project.files()["pyproject.toml"].decode()


def test_asked_by_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jinja in an answer is text for a program, too, that has cookiecutter ask the questions."""
    monkeypatch.syspath_prepend(TEMPLATE)
    answers = {"team": "{{ 7 * 7 }}", "ci": "gitlab"}
    context = generate_context(str(TEMPLATE / "cookiecutter.json"), extra_context=answers)
    assert answers.items() <= prompt_for_config(context, no_input=True).items()


def test_nothing_is_run(tmp_path: Path) -> None:
    """No answer runs code while a project is generated."""
    code = "{{ cycler.__init__.__globals__.os.system('touch pwned') }}$(touch pwned)`touch pwned`"
    generate(tmp_path / "out", project_name=code, project_slug="x", description=code, team=code)
    assert not list(tmp_path.rglob("pwned"))
    assert not list(TEMPLATE.glob("pwned"))
