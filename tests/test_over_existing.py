"""Generating again: from another project's answers, and over what is there already."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import TEMPLATE, Project, commit, git, run_cookiecutter

FIRST_TEAM = """default_context:
  project_name: Orders API
  project_slug: orders-backend
  description: What the shop has sold.
  team: Orders
  environments: dev, test, production
  origins: "dev=http://localhost:5173; test=https://test.example; production=https://a.example"
  cors_preset: dev
"""


def from_first_team(folder: Path, **answers: str) -> subprocess.CompletedProcess[str]:
    """Generate from the answers of the first team, and others as arguments."""
    file = folder / "answers.yaml"
    file.write_text(FIRST_TEAM, encoding="utf-8")
    return run_cookiecutter(folder / "out", "--no-input", "--config-file", str(file), **answers)


def answers_of(folder: Path) -> dict[str, str]:
    [file] = folder.glob("out/*/.cookiecutter.yaml")
    answers: dict[str, str] = yaml.safe_load(file.read_text("utf-8"))["default_context"]
    return answers | {"folder": file.parent.name}


def test_another_project(tmp_path: Path) -> None:
    """Another name leaves behind what was said of the first project, and keeps its policy."""
    result = from_first_team(tmp_path, project_name="Billing API", team="Billing")
    assert result.returncode == 0, result.stderr
    first = yaml.safe_load(FIRST_TEAM)["default_context"]
    assert answers_of(tmp_path) == {
        **{name: first[name] for name in ("environments", "origins", "cors_preset")},
        "project_name": "Billing API",
        "description": "An API that answers the browser origins it trusts.",
        "team": "Billing",
        "allow_credentials": False,
        "ci": "github",
        "kubernetes": False,
        "folder": "billing-api",
    }


def test_same_project(tmp_path: Path) -> None:
    """Without another name, the first project's slug and description are kept."""
    result = from_first_team(tmp_path, team="Billing")
    assert result.returncode == 0, result.stderr
    answers = answers_of(tmp_path)
    assert (answers["folder"], answers["description"]) == (
        "orders-backend",
        "What the shop has sold.",
    )


def test_environment_is_gone(tmp_path: Path) -> None:
    """Origins of an environment that the new list leaves out are left out with it."""
    result = from_first_team(tmp_path, environments="dev, production")
    assert result.returncode == 0, result.stderr
    assert (
        answers_of(tmp_path)["origins"] == "dev=http://localhost:5173; production=https://a.example"
    )


def test_environment_has_come(tmp_path: Path) -> None:
    """An environment that the file has no origins for is rejected until somebody gives them."""
    result = from_first_team(tmp_path, environments="dev, qa, production")
    why = '"qa" is an environment without a group of origins; add "qa=" if it trusts no origin.'
    assert result.returncode == 1
    assert result.stderr.splitlines()[:2] == [
        "Nothing was generated: 1 answer can't be used.",
        f"  - origins: {why}",
    ]
    assert not list((tmp_path / "out").iterdir())


def test_origins_anew(tmp_path: Path) -> None:
    """Origins given anew are taken instead of the file's."""
    result = from_first_team(tmp_path, environments="x, y", origins="x=; y=https://y.example")
    assert result.returncode == 0, result.stderr
    assert answers_of(tmp_path)["origins"] == "x=; y=https://y.example"


# --- Over what is there -----------------------------------------------------------------------


def over(output: Path) -> subprocess.CompletedProcess[str]:
    return run_cookiecutter(output, "--no-input", "--overwrite-if-exists")


def assert_rejected(project: Project, reason: str) -> None:
    """Generate over a project, which has to be rejected in one sentence and without a trace."""
    before = project.files()
    result = over(project.path.parent)
    assert result.returncode == 1
    assert result.stderr.splitlines()[1] == f'  - project_slug: "hello-api" {reason}.'
    assert result.stdout == ""
    assert project.files() == before


def test_clean_project(project: Project, tmp_path: Path) -> None:
    """Over a project that git has, all is made anew but its .env."""
    (project.path / "README.md").write_text("Edited.", encoding="utf-8")
    commit(project.path)
    secret = (project.path / ".env").read_bytes()
    result = over(tmp_path / "out")
    assert (result.returncode, result.stderr) == (0, "")
    assert (project.path / "README.md").read_text("utf-8").startswith("# Hello API")
    assert (project.path / ".env").read_bytes() == secret


def test_no_repository(project: Project) -> None:
    """A project that is in no repository is left alone: nothing would bring it back."""
    others = len(project.files()) - 4  # than three that are named, and .env, which is kept
    assert_rejected(
        project,
        'is in no git repository, and ".cookiecutter.yaml", ".dockerignore", ".editorconfig" and '
        f"{others} more would be lost; commit the project first",
    )


def test_changes_are_kept(project: Project) -> None:
    """A project with changes that are in no commit is left alone."""
    commit(project.path)
    for name in ("README.md", ".gitignore", "Dockerfile", "src/hello_api/main.py"):
        (project.path / name).write_text("Edited.", encoding="utf-8")
    changed = '".gitignore", "Dockerfile", "README.md" and 1 more'
    assert_rejected(project, f"has changes that are in no commit, {changed}; commit them first")


def test_files_of_the_team(project: Project, tmp_path: Path) -> None:
    """What is never written over may be changed, added and in no commit."""
    commit(project.path)
    for name in ("notes.txt", ".env", "src/hello_api/orders.py"):
        (project.path / name).write_text("The team's.", encoding="utf-8")
    result = over(tmp_path / "out")
    assert (result.returncode, result.stderr) == (0, "")
    for name in ("notes.txt", ".env", "src/hello_api/orders.py"):
        assert (project.path / name).read_text("utf-8") == "The team's."


HIDDEN = {
    "nothing committed": ["git config status.showUntrackedFiles no"],
    "ignored around": ["rm -rf .git", "cd ..", "git init -q", "echo hello-api > .gitignore"],
    "ignored": ["echo README.md > .git/info/exclude", "git rm -q --cached README.md"],
    "skip-worktree": ["git update-index --skip-worktree README.md"],
    "assume-unchanged": ["git update-index --assume-unchanged README.md"],
}
"""How git is made not to show a change of README.md."""


@pytest.mark.parametrize("how", HIDDEN)
def test_changes_that_git_hides(project: Project, tmp_path: Path, how: str) -> None:
    """Whatever git is configured to hide, what it would not bring back is left alone."""
    if how == "nothing committed":
        git(project.path, "init", "--quiet")
    else:
        commit(project.path)
    commands = "\n".join([*HIDDEN[how], "git commit -qm Hidden || true"][: len(HIDDEN[how]) + 1])
    user = {f"GIT_{x}_{y}": "ada" for x in ("AUTHOR", "COMMITTER") for y in ("NAME", "EMAIL")}
    if how in ("nothing committed", "ignored around"):
        commands = "\n".join(HIDDEN[how])
    subprocess.run(["sh", "-ec", commands], cwd=project.path, env=os.environ | user, check=True)
    readme = project.path / "README.md"
    readme.write_text(f"{readme.read_text('utf-8')}\nEdited.\n", encoding="utf-8")
    before = project.files()
    result = over(tmp_path / "out")
    assert result.returncode == 1
    assert "has changes that are in no commit, " in result.stderr
    assert project.files() == before


@pytest.mark.parametrize("name", ["README.md", "tests"])
def test_links(project: Project, tmp_path: Path, name: str) -> None:
    """Nothing is written through a link, committed or not, to a file or a folder elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    (project.path / name).rename(elsewhere)
    (project.path / name).symlink_to(elsewhere)
    commit(project.path)
    result = over(tmp_path / "out")
    assert result.returncode == 1
    assert f'has links where files are written, "{name}' in result.stderr
    assert (project.path / name).is_symlink()


def test_programs_of_the_folder(project: Project, tmp_path: Path) -> None:
    """No program is run that the configuration of the folder names."""
    commit(project.path)
    mark = tmp_path / "run"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n", encoding="utf-8")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.editor", "filter.own.clean"):
        git(project.path, "config", key, str(program))
    (project.path / ".git" / "info" / "attributes").write_text("* filter=own\n", encoding="utf-8")
    assert over(tmp_path / "out").returncode == 0
    assert not mark.exists()


def test_project_in_a_bigger_repository(project: Project, tmp_path: Path) -> None:
    """In a repository of several projects, only the changes of this one count."""
    git(tmp_path / "out", "init", "--quiet")
    result = over(tmp_path / "out")
    assert (result.returncode, "in no commit" in result.stderr) == (1, True)
    before = project.files()
    assert project.files() == before
    commit(tmp_path / "out")
    (tmp_path / "out" / "elsewhere.txt").write_text("Another team's.", encoding="utf-8")
    assert over(tmp_path / "out").returncode == 0


@pytest.mark.parametrize(
    "answers", [None, "default_context:\n  team: Ada\n", "template: other 1.0.0\n"]
)
def test_another_template(tmp_path: Path, answers: str | None) -> None:
    """A folder that something else made is left alone, if it has an answers file or not."""
    folder = tmp_path / "out" / "hello-api"
    folder.mkdir(parents=True)
    (folder / "main.py").write_text("print()\n", encoding="utf-8")
    if answers:
        (folder / ".cookiecutter.yaml").write_text(answers, encoding="utf-8")
    assert_rejected(
        Project(folder),
        "has files, and is not a project of cookiecutter-secured-fastapi; "
        "choose another project_slug or output folder",
    )


def test_file_of_that_name(tmp_path: Path) -> None:
    """A file where the project's folder should be is left alone."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "hello-api").write_text("A file.", encoding="utf-8")
    assert_rejected(
        Project(tmp_path / "out" / "hello-api"),
        "is not a folder; choose another project_slug or output folder",
    )


def test_unasked(project: Project, tmp_path: Path) -> None:
    """Without --overwrite-if-exists, nothing is written over anything, and the option is named."""
    before = project.files()
    result = run_cookiecutter(tmp_path / "out", "--no-input")
    assert result.returncode == 1
    assert result.stderr == (
        "Nothing was generated: 1 answer can't be used.\n"
        '  - project_slug: "hello-api" already exists; choose another project_slug or output '
        "folder, or overwrite it with --overwrite-if-exists.\nCorrected command:\n"
        f"  cookiecutter {TEMPLATE} --no-input project_slug=hello-api-2\n"
    )
    assert project.files() == before


@pytest.mark.parametrize("repository", [False, True])
def test_empty_folder(tmp_path: Path, *, repository: bool) -> None:
    """A folder with nothing in it, or with a repository only, is generated into."""
    folder = tmp_path / "out" / "hello-api"
    folder.mkdir(parents=True)
    if repository:
        git(folder, "init", "--quiet")
    assert over(tmp_path / "out").returncode == 0


def test_without_git(project: Project, tmp_path: Path) -> None:
    """Where the project is in git and there is no git to ask, it is left alone."""
    commit(project.path)
    before = project.files()
    result = subprocess.run(
        [sys.executable, "-m", "cookiecutter", "--no-input", "-f", str(TEMPLATE)],
        cwd=tmp_path / "out",
        env={"HOME": str(tmp_path), "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "is in a git repository, but git can't say what has changed" in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert project.files() == before


def test_broken_repository(project: Project, tmp_path: Path) -> None:
    """Where git fails, the project is left alone, and git's reason is reported."""
    commit(project.path)
    (project.path / ".git" / "HEAD").write_text("nothing\n", encoding="utf-8")
    result = over(tmp_path / "out")
    assert result.returncode == 1
    assert "git can't say what has changed, \"fatal: not a git repository" in result.stderr


def test_inside_a_hook_of_git(project: Project, tmp_path: Path) -> None:
    """A repository that the surroundings name, as git's hooks do, is not the project's."""
    commit(project.path)
    other = tmp_path / "other"
    git(tmp_path, "init", "--quiet", str(other))
    result = subprocess.run(
        [sys.executable, "-m", "cookiecutter", "--no-input", "-f", str(TEMPLATE)],
        cwd=tmp_path / "out",
        env={**os.environ, "HOME": str(tmp_path), "GIT_DIR": str(other / ".git")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_key_of_another_version(project: Project) -> None:
    """A key that was renamed since is named when the API starts, with the name to write."""
    file = project.source / "environments.toml"
    text = file.read_text("utf-8").replace("allow_credentials", "with_credentials")
    file.write_text(text, encoding="utf-8")
    started = subprocess.run(
        [sys.executable, "-c", "import hello_api.main"],
        cwd=project.path,
        env={"PYTHONPATH": "src", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 1
    problem = '"with_credentials" is not a known key [unknown-key]; write allow_credentials.'
    for environment in "development", "staging", "production":
        assert f"environments.toml [{environment}]: {problem}" in started.stderr
    assert "Traceback" not in started.stderr
