"""What comes out of the answers: files, and every text as it was typed."""

import json
import re
import stat
import subprocess
import tomllib
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from conftest import ANSWER_SETS, TEMPLATE, Project, answer_sets, generate, run_cookiecutter
from markdown_it import MarkdownIt
from pytest_cookies.plugin import Cookies

Generated = Callable[[str], Project]


def plain_text(markdown: str) -> list[str]:
    """Return the text of each heading, paragraph and table cell of a Markdown document."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    return [
        "".join(part.content for part in token.children or () if part.type != "softbreak")
        for token in tokens
        if token.type == "inline"
    ]


def without_env(project: Project) -> dict[str, bytes]:
    return {path: content for path, content in project.files().items() if path != ".env"}


@pytest.mark.parametrize("name", answer_sets())
def test_folder(generated: Generated, name: str) -> None:
    """The project is in a folder named by its slug, its package below src/."""
    project = generated(name)
    assert project.path.name == ANSWER_SETS[name].slug
    assert {"main.py", "environments.toml", "py.typed"} <= {
        x.name for x in project.source.iterdir()
    }


def test_no_compiled_files(generated: Generated) -> None:
    """A project has none of the files that Python compiles in the template's folder."""
    assert not [name for name in generated("defaults").files() if name.endswith(".pyc")]


@pytest.mark.parametrize("name", answer_sets())
def test_environments(generated: Generated, name: str) -> None:
    """Each environment has a table with its own origins, and only the first is local."""
    answers = ANSWER_SETS[name].answers
    tables = tomllib.loads((generated(name).source / "environments.toml").read_text("utf-8"))
    names = re.findall("[a-z0-9-]+", answers.get("environments", "development,staging,production"))
    assert list(tables) == names
    for index, (environment, table) in enumerate(tables.items()):
        assert table.get("local", False) is (index == 0)
        assert table["preset"] == ("strict" if index else answers.get("cors_preset", "strict"))
        assert table["allow_credentials"] is (answers.get("allow_credentials") == "yes")
        if "origins" in answers:
            [group] = re.findall(rf"\b{environment}=([^;]*)", answers["origins"])
            assert table["allow_origins"] == [x for x in group.strip().split(",") if x]


def test_default_origins(generated: Generated) -> None:
    """Unasked, the first environment trusts localhost and production the app's own site."""
    file = generated("defaults").source / "environments.toml"
    tables = tomllib.loads(file.read_text("utf-8"))
    assert {name: table["allow_origins"] for name, table in tables.items()} == {
        "development": ["http://localhost", "http://localhost:8080"],
        "staging": ["https://staging.example.com"],
        "production": ["https://app.example.com"],
    }


@pytest.mark.parametrize("name", answer_sets())
def test_texts(generated: Generated, name: str) -> None:
    """Name, description and team read the same in every file, whatever characters they hold."""
    project = generated(name)
    defaults = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))
    answers = {**defaults, **ANSWER_SETS[name].answers}
    title, description, team = (answers[x] for x in ("project_name", "description", "team"))

    pyproject = tomllib.loads((project.path / "pyproject.toml").read_text("utf-8"))["project"]
    assert pyproject["description"] == description
    assert pyproject["authors"] == [{"name": team}]
    openapi = tomllib.loads((project.source / "openapi.toml").read_text("utf-8"))
    assert (openapi["title"], openapi["description"]) == (title, description)
    assert openapi["contact"] == {"name": team}
    answered = yaml.safe_load((project.path / ".cookiecutter.yaml").read_text("utf-8"))
    given = answered["default_context"]
    assert (given["project_name"], given["description"], given["team"]) == (
        title,
        description,
        team,
    )
    assert plain_text((project.path / "README.md").read_text("utf-8"))[:3] == [
        title,
        description,
        f"Owned by {team}.",
    ]


@pytest.mark.parametrize("name", answer_sets())
def test_readme_table(generated: Generated, name: str) -> None:
    """The README lists the origins of every environment."""
    project = generated(name)
    texts = plain_text((project.path / "README.md").read_text("utf-8"))
    tables = tomllib.loads((project.source / "environments.toml").read_text("utf-8"))
    for environment, table in tables.items():
        row = texts.index(f"{environment} (local)" if table.get("local") else environment)
        assert texts[row + 1 : row + 4] == [
            table["preset"],
            ", ".join(table["allow_origins"]) or "none",
            "yes" if table["allow_credentials"] else "no",
        ]


@pytest.mark.parametrize("name", answer_sets())
def test_nothing_left_over(generated: Generated, name: str) -> None:
    """No file has Jinja, trailing white space, or two blank lines where its format has none."""
    for path, content in without_env(generated(name)).items():
        text = content.decode()
        odd = {"{{ more }}", "{% team %}"}
        assert not [x for x in re.findall(r"(?<!\$){{.*?}}|{%.*?%}", text) if x not in odd], path
        assert not re.search(r"[ \t]$", text, re.MULTILINE), path
        assert text == "" or (text.endswith("\n") and not text.endswith("\n\n")), path
        assert path.endswith(".py") or "\n\n\n" not in text, path


def test_secret(generated: Generated, tmp_path: Path) -> None:
    """Every project gets its own secret, in a file that only its owner can read and git ignores."""
    secrets = set()
    for project in generated("defaults"), generate(tmp_path / "again"):
        file = project.path / ".env"
        [environment, secret] = file.read_text("utf-8").splitlines()
        assert environment == "APP_ENVIRONMENT=development"
        assert len(secret.removeprefix("APP_JWT__SECRET=").encode()) >= 32
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        secrets.add(secret)
    assert len(secrets) == 2


def test_copied_without_rendering() -> None:
    """Files without Jinja, and no others, are copied unrendered: rendering takes time."""
    configuration = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))
    folder = TEMPLATE / "{{cookiecutter.project_slug}}"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        copied = any(fnmatch(name, x) for x in configuration["_copy_without_render"])
        text = Path(name).name + (folder / name).read_text("utf-8")
        assert copied is not bool(re.search(r"{{|{%|{#", text)), name


@pytest.mark.parametrize("name", answer_sets())
def test_round_trip(generated: Generated, name: str, tmp_path: Path) -> None:
    """Generating from a project's .cookiecutter.yaml makes the same project, byte for byte."""
    project = generated(name)
    file = project.path / ".cookiecutter.yaml"
    result = run_cookiecutter(tmp_path / "out", "--no-input", "--config-file", str(file))
    assert result.returncode == 0, result.stderr
    [again] = (tmp_path / "out").iterdir()
    assert without_env(Project(again)) == without_env(project)


def test_same_from_python(generated: Generated, cookies: Cookies) -> None:
    """The command and cookiecutter's function make the same project from the same answers."""
    result = cookies.bake(extra_context=ANSWER_SETS["dev-quotes"].answers)
    assert result.exception is None
    assert result.project_path is not None
    assert without_env(Project(result.project_path)) == without_env(generated("dev-quotes"))
