"""What the README shows is what happens, and what the documents show of the generator."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TEMPLATE

README = (TEMPLATE / "README.md").read_text("utf-8")


@pytest.mark.parametrize("document", ["README.md", "docs/reference/messages.md"])
def test_refusal(tmp_path: Path, document: str) -> None:
    """A refusal that a document shows is printed by the command above it, to the letter."""
    text = (TEMPLATE / document).read_text("utf-8")
    [command, shown] = re.findall(r"\$ (cookiecutter .*)\n((?:.|\n)*?)```", text)[0]
    result = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=TEMPLATE,
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr == shown


def test_test_command() -> None:
    """The README has one test command, which .ci/run finds and runs as it stands."""
    [command] = re.findall(r"<!-- test command -->\n```sh\n(.*)\n```", README)
    script = (TEMPLATE / ".ci" / "run").read_text("utf-8").split("command=$(")[1].split("\n")[0]
    found = subprocess.run(
        ["bash", "-c", script.removesuffix(")")],
        cwd=TEMPLATE,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == command
    assert command.endswith(" run pytest")


def test_links() -> None:
    """Every link to a file of the repository leads to one."""
    for document in [*TEMPLATE.glob("*.md"), *(TEMPLATE / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text("utf-8")):
            assert (document.parent / link).exists(), (document.name, link)
