"""What the tests of fleet share: projects written by hand, and the command."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import folders_of_programs

from fleet.__main__ import main
from fleet.template import NAME, VERSION

__all__ = ["folders_of_programs"]

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
