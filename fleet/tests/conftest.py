"""What the tests of fleet share: projects written by hand, and the command."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import TEMPLATE, copy_template, folders_of_programs, lack
from updating import PACKAGE, PRODUCT, Workplace, commit_version, edit

from fleet.__main__ import main
from fleet.template import NAME, VERSION

__all__ = ["folders_of_programs"]

FIRST, OLDER, NEWER = "1.1.0", "2.0.0", "2.1.0"
LAST_COMMIT_OF_FIRST = "e3bfb6a"

POLICIES = '[production]\nallow_origins = ["https://app.example.com"]\n'

Run = Callable[..., tuple[int, list[str], list[str]]]


def write_project(folder: Path, version: str = VERSION, policies: str = POLICIES) -> Path:
    """Write the files by which fleet knows a project."""
    (folder / "src" / "api").mkdir(parents=True)
    (folder / "src" / "api" / "environments.toml").write_text(policies, encoding="utf-8")
    answers = f"template: {NAME} {version}\ndefault_context:\n  project_name: API\n"
    (folder / ".cookiecutter.yaml").write_text(answers, encoding="utf-8")
    return folder


@pytest.fixture
def fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Return what runs the command: its exit status, and the lines of its output and its errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, list[str], list[str]]:
        status = main(arguments)
        written = capsys.readouterr()
        return status, written.out.splitlines(), written.err.splitlines()

    return run


def make_older(repository: Path) -> None:
    """Turn the template as it stands into an earlier one: lines, files and names differ."""
    product, package = repository / PRODUCT, repository / PACKAGE
    for module in "main.py", "settings.py", "cors/middleware.py":
        edit(package / module, '"""', '"""Older. ')
    edit(package / "environments.toml", "# ", "# Older. ")
    (product / "tests" / "test_api.py").rename(product / "tests" / "test_hello.py")
    (package / "cors" / "gone.py").write_text("GONE = 1\n", encoding="utf-8")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of the template: 1.1.0 as it was, one like this, and this one."""
    repository = tmp_path_factory.mktemp("fleet") / "template.git"
    repository.mkdir()
    workplace = Workplace(repository.parent, repository)
    archive = subprocess.run(
        ["git", "archive", LAST_COMMIT_OF_FIRST], cwd=TEMPLATE, capture_output=True, check=False
    )
    if archive.returncode:
        lack(f"1.1.0 ({LAST_COMMIT_OF_FIRST}) is not in this clone: run `git fetch --unshallow`")
    subprocess.run(["tar", "-x"], cwd=repository, input=archive.stdout, check=True)
    commit_version(workplace, FIRST)
    for version in OLDER, NEWER:
        workplace.do("git rm -rq .", "template.git")
        copy_template(repository, version)
        if version == OLDER:
            make_older(repository)
        commit_version(workplace, version)
    return repository
