"""How a run is started, and where: other versions, several in a process, files, closed streams."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import cookiecutter
import pytest
import yaml
from conftest import TEMPLATE, commit, copy_template, generate, git, run_cookiecutter
from cookiecutter.cli import main
from test_wrong_answers import parts, run
from uv import find_uv_bin

# --- Versions of cookiecutter -------------------------------------------------------------------


def older(version: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a version of cookiecutter, which is installed for that."""
    uv = [find_uv_bin(), "run", "--quiet", "--no-project", "--isolated", "--python", sys.executable]
    return subprocess.run(
        [
            *uv,
            "--with",
            f"cookiecutter=={version}",
            "python",
            "-m",
            "cookiecutter",
            "--default-config",
            *arguments,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


ANSWERS = {
    "environments": "dev, prod",
    "origins": "dev=http://localhost:5173; prod=https://a.example",
    "cors_preset": "dev",
    "allow_credentials": "yes",
    "ci": "gitlab",
    "kubernetes": "yes",
}


@pytest.mark.parametrize("version", ["2.2.3", "2.4.0", "2.6.0"])
def test_older_cookiecutter(tmp_path: Path, version: str) -> None:
    """Every cookiecutter since 2.2 makes the same from the same arguments as the newest."""
    answers = [f"{name}={answer}" for name, answer in ANSWERS.items()]
    (tmp_path / "older").mkdir()
    result = older(version, tmp_path / "older", "--no-input", str(TEMPLATE), *answers)
    assert result.returncode == 0, result.stderr
    newest = generate(tmp_path / "newest", **ANSWERS).files()
    made = [*(tmp_path / "older" / "hello-api").rglob("*")]
    files = {x.relative_to(x.parents[-1]): x.read_bytes() for x in made if x.is_file()}
    names = {str(x).partition("older/hello-api/")[2]: content for x, content in files.items()}
    assert names | {".env": b""} == newest | {".env": b""}


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("2.1.1", "needs cookiecutter 2.2 or newer, not 2.1.1; update cookiecutter."),
        ("1.7.3", "No module named 'requires_cookiecutter_2_2'"),
    ],
)
def test_too_old(tmp_path: Path, version: str, message: str) -> None:
    """An older cookiecutter fails with a message that says which version is needed."""
    result = older(version, tmp_path, "--no-input", str(TEMPLATE))
    assert result.returncode == 1
    assert message in result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_pre_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pre-release of cookiecutter is as good as any newer version."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cookiecutter, "__version__", "3.0b1")
    main(["--default-config", "--no-input", str(TEMPLATE)], standalone_mode=False)
    assert list(tmp_path.iterdir())


# --- Several in a process -----------------------------------------------------------------------

SEVERAL = """
import os, subprocess, sys
from pathlib import Path
from cookiecutter.main import cookiecutter
import cruft

def commit(folder):
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for words in ["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "Next"]:
        subprocess.run(["git", "-C", folder, *words], check=True)

archive, first, second, relative = sys.argv[1:]
for name in "a", "b":
    cookiecutter(archive, no_input=True, default_config=True, output_dir=name)
for name, template in {"c": first, "d": second, "e": first}.items():
    cookiecutter(template, no_input=True, default_config=True, output_dir=name)
os.chdir(Path(relative).parent)
cookiecutter(Path(relative).name, no_input=True, default_config=True, output_dir="f")
for name, template in {"g": first, "h": second}.items():
    cruft.create(template, Path(name), default_config=True)
    commit(f"{name}/hello-api")
for name, template, version in ("g", first, "7.0.0"), ("h", second, "8.0.0"):
    metadata = Path(template, "pyproject.toml")
    metadata.write_text(metadata.read_text("utf-8").replace(version, f"1{version}"), "utf-8")
    commit(template)
    assert cruft.update(Path(name, "hello-api"))
"""


def test_several_in_a_process(tmp_path: Path) -> None:
    """A process generates from an archive twice, and from two versions in turn: each by its own.

    The last two of them are made, and updated, by cruft.
    """
    copies = {"7.0.0": tmp_path / "first", "8.0.0": tmp_path / "second"}
    for version, copy in copies.items():
        copy_template(copy, version)
        commit(copy)
    first, second = copies.values()
    archive = tmp_path / "template.zip"
    archived = ("--format=zip", "--prefix=template/", f"--output={archive}")
    git(second, "archive", *archived, "HEAD")
    result = subprocess.run(
        [sys.executable, "-c", SEVERAL, archive, first, second, second],
        cwd=tmp_path,
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    versions = {
        file.parent.parent.name: yaml.safe_load(file.read_text("utf-8"))["template"].split()[1]
        for file in tmp_path.glob("?/hello-api/.cookiecutter.yaml")
    }
    assert versions == {
        **dict.fromkeys("abdf", "8.0.0"),
        **dict.fromkeys("ce", "7.0.0"),
        "g": "17.0.0",
        "h": "18.0.0",
    }


# --- Files of answers ---------------------------------------------------------------------------


def file_of(folder: Path, content: Mapping[str, object]) -> Path:
    file = folder / "organization.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return file


def recorded(folder: Path) -> dict[str, str]:
    """Return the answers that a project in a folder records."""
    [file] = folder.glob("*/.cookiecutter.yaml")
    answers: dict[str, str] = yaml.safe_load(file.read_text("utf-8"))["default_context"]
    return answers


def test_lists_and_strings(tmp_path: Path) -> None:
    """Environments may be a list, and the origins of one a list, a string, or nothing."""
    answers = {
        "environments": ["dev", "test", "prod"],
        "origins": {"dev": "http://localhost:5173", "test": None, "prod": ["https://a.example"]},
    }
    file = file_of(tmp_path, {"default_context": answers})
    result = run_cookiecutter(tmp_path / "out", "--no-input", "--config-file", str(file))
    assert result.returncode == 0, result.stderr
    made = recorded(tmp_path / "out")
    assert made["environments"] == "dev, test, prod"
    assert made["origins"] == "dev=http://localhost:5173; test=; prod=https://a.example"


@pytest.mark.parametrize("origins", ["dev=; test=https://t.example; prod=https://a.example", None])
def test_one_group_over_a_file(tmp_path: Path, origins: str | None) -> None:
    """Origins given as an argument replace the groups that they name, and keep the others."""
    answers = {"environments": "dev, test, prod"} | ({"origins": origins} if origins else {})
    file = file_of(tmp_path, {"default_context": answers})
    result = run_cookiecutter(
        tmp_path / "out", "--no-input", "--config-file", str(file), origins="prod=https://d.example"
    )
    assert result.returncode == 0, result.stderr
    kept = "dev=; test=https://t.example" if origins else None
    kept = kept or "dev=http://localhost,http://localhost:8080; test=https://test.example.com"
    assert recorded(tmp_path / "out")["origins"] == f"{kept}; prod=https://d.example"


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ("", {"team": "  "}),
        ("project_name='Billing API' team=", {}),
        ("", {"cors_preset": "lax", "kubernetes": "perhaps"}),
        ("environments='a, B'", {"origins": {"a": "http://localhost:3000"}}),
        ("", {"environment": "dev"}),
        ("team=''", {"environments": ["dev", "Prod"]}),
    ],
)
def test_command_with_an_abbreviation(
    tmp_path: Path, arguments: str, wrong: Mapping[str, object]
) -> None:
    """The command of a message works with a file's abbreviation, and keeps the file's answers."""
    answers = {"team": "Orders", "description": "It's 100 %.", **wrong}
    abbreviations = {"corp": f"{TEMPLATE.parent}/{{0}}"}
    file = file_of(tmp_path, {"default_context": answers, "abbreviations": abbreviations})
    (tmp_path / "out").mkdir()
    command = f"cookiecutter corp:{TEMPLATE.name} --no-input --config-file {shlex.quote(str(file))}"
    result = run(tmp_path / "out", f"{command} {arguments}")
    assert result.returncode == 1, result.stderr
    _, suggested = parts(result.stderr)
    assert ("--config-file" in suggested) is not (
        "environment" in wrong or isinstance(wrong.get("environments"), list)
    )
    again = run(tmp_path / "out", suggested)
    assert again.returncode == 0, again.stderr
    assert recorded(tmp_path / "out")["description"] in (answers["description"], recorded_default())


def recorded_default() -> str:
    """Return the description of a project that another name was given to."""
    return str(json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))["description"])


def test_file_of_the_user(tmp_path: Path) -> None:
    """A name in the user's file that is nearly a question may be another template's: a warning."""
    home = tmp_path / "out-home"
    home.mkdir()
    rc = home / ".cookiecutterrc"
    rc.write_text("default_context: {environment: x, full_name: Ada, 1: x}\n", encoding="utf-8")
    result = run_cookiecutter(tmp_path / "out", "--no-input")
    assert result.returncode == 0
    assert result.stderr == (
        f'Warning: {rc}: "environment" is not a question; write environments, or remove it.\n'
    )
    assert recorded(tmp_path / "out")["environments"] == "development, staging, production"


def test_file_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file that COOKIECUTTER_CONFIG names is the user's, and is named in warnings."""
    file = file_of(tmp_path, {"default_context": {"environment": "x", "team": "Ada"}})
    monkeypatch.setenv("COOKIECUTTER_CONFIG", str(file))
    main(["--no-input", "-o", str(tmp_path / "out"), str(TEMPLATE)], standalone_mode=False)
    assert capsys.readouterr().err.startswith(f'Warning: {file}: "environment" is not a question;')
    assert recorded(tmp_path / "out")["team"] == "Ada"


# --- Where nothing can be made ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            "--no-input --accept-hooks no",
            "a project needs the template's hook; leave --accept-hooks",
        ),
        ("<&-", "standard input is closed, so no question can be asked; add --no-input"),
        ("--no-input -o file", '"file" is not a folder; choose another output folder'),
        ("--no-input -o file/below", '"file" is not a folder; choose another output folder'),
        (
            f"--no-input -o {'x' * 300}",
            "can't be used, File name too long; choose another output folder",
        ),
        ("--no-input", 'project_slug: "hello-api" is not a folder; choose another project_slug'),
        ("--no-input -f", 'project_slug: "hello-api" is not a folder; choose another project_slug'),
    ],
)
def test_one_sentence(tmp_path: Path, options: str, reason: str) -> None:
    """What can't be asked, written or run is reported in one sentence, before anything is made."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "file").write_text("", encoding="utf-8")
    (tmp_path / "out" / "hello-api").symlink_to("nowhere")
    result = run(tmp_path / "out", f"cookiecutter {shlex.quote(str(TEMPLATE))} {options}")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert reason in result.stderr
    assert {x.name for x in (tmp_path / "out").iterdir()} == {"file", "hello-api"}


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """An output folder without permission to write is reported in one sentence."""
    (tmp_path / "out").mkdir(mode=0o500)
    if os.access(tmp_path / "out", os.W_OK):
        pytest.skip("root writes anywhere: run the tests as another user")
    result = run(tmp_path, f"cookiecutter {shlex.quote(str(TEMPLATE))} --no-input -o out")
    assert result.stderr == (
        'Nothing was generated: "out" can\'t be written to; choose another output folder.\n'
    )


def test_locale(tmp_path: Path) -> None:
    """Where the locale can't read an answer, it is the reason; the command of the message works.

    It works in a folder whose name the locale can't read either.
    """
    (tmp_path / "Zoë").mkdir()
    command = f"cookiecutter {shlex.quote(str(TEMPLATE))} --no-input project_name=Zoë"
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    result = run(tmp_path / "Zoë", command, **ascii_only)
    assert result.returncode == 1
    problems, suggested = parts(result.stderr)
    assert "the locale, which isn't UTF-8, can't read [encoding]; write \"Zoë\"." in problems[0]
    again = run(tmp_path / "Zoë", suggested, **ascii_only)
    assert again.returncode == 0, again.stderr
    assert recorded(tmp_path / "Zoë")["project_name"] == "Zoë"


def test_links_to_nothing(tmp_path: Path) -> None:
    """Over a project, a link is left alone, and nothing new is written through one."""
    project = generate(tmp_path / "out").path
    (project / ".env").unlink()
    (project / ".env").symlink_to("nowhere")
    commit(project)
    assert run_cookiecutter(tmp_path / "out", "--no-input", "-f").returncode == 0
    assert (project / ".env").readlink() == Path("nowhere")
    (tmp_path / "elsewhere").mkdir()
    (project / "tests").rename(tmp_path / "tests")
    (project / "tests").symlink_to(tmp_path / "elsewhere")
    result = run_cookiecutter(tmp_path / "out", "--no-input", "-f")
    assert 'has links where files are written, "tests/' in result.stderr
    assert not list((tmp_path / "elsewhere").iterdir())


def test_skipped_files(tmp_path: Path) -> None:
    """With --skip-if-file-exists, what is in no commit may stay, as it is not written over."""
    readme = generate(tmp_path / "out").path / "README.md"
    readme.write_text("Edited.", encoding="utf-8")
    result = run_cookiecutter(tmp_path / "out", "--no-input", "-fs", kubernetes="yes")
    assert result.returncode == 0, result.stderr
    assert readme.read_text("utf-8") == "Edited."
    assert (readme.parent / "kubernetes" / "overlays" / "staging").is_dir()


# --- After generating ---------------------------------------------------------------------------


def test_report(tmp_path: Path) -> None:
    """Three lines say where the project is, and how to serve and test it; nothing is left over."""
    for folder in ("an out", "tmp"):
        (tmp_path / folder).mkdir()
    command = f"cookiecutter {shlex.quote(str(TEMPLATE))} --no-input"
    result = run(tmp_path / "an out", command, TMPDIR=str(tmp_path / "tmp"))
    project = tmp_path / "an out" / "hello-api"
    where, serve, test = result.stdout.splitlines()
    assert where == f"Generated {project}"
    here = f"uv run --directory '{project}'"
    assert test == f"Test it: {here} pytest"
    assert serve == (
        f"Serve it: {here} uvicorn hello_api.main:app --reload --reload-include '*.toml'"
    )
    assert not list((tmp_path / "tmp").iterdir())


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    """A project is kept where the report can't be written."""
    (tmp_path / "out").mkdir()
    command = f"cookiecutter {shlex.quote(str(TEMPLATE))} --no-input"
    for folder, output in {"full": "/dev/full", "closed": "&-"}.items():
        assert run(tmp_path / "out", f"{command} -o {folder} >{output}").returncode == 0
        assert (tmp_path / "out" / folder / "hello-api" / ".env").exists()
