"""What docs/getting-started.md shows of the generator; its other code is run with all pages'."""

from collections.abc import Callable
from pathlib import Path

import dialogue
import pytest
from conftest import TEMPLATE, Project
from documents.pages import Page


def commands(document: str) -> list[str]:
    fences = Page.read(TEMPLATE / document, document).fences
    return [fence.text for fence in fences if fence.language == "sh"]


def test_dialogue(generated: Callable[[str], Project], tmp_path: Path) -> None:
    """The answers of the page get the dialogue of the page, and make the project of its commands.

    If the questions have changed, `python tests/dialogue.py` writes the dialogue anew.
    """
    assert dialogue.played(dialogue.shown(), tmp_path) == dialogue.shown()
    made = Project(tmp_path / "hello-api").files()
    policy = "src/hello_api/environments.toml"
    assert made[policy] == generated("defaults").files()[policy]


def test_commands(generated: Callable[[str], Project]) -> None:
    """The project is served and tested by the commands of its own README."""
    [_, serve, test, *_] = commands("docs/getting-started.md")
    readme = generated("defaults").files()["README.md"].decode()
    both = serve.removeprefix("cd hello-api\n") + test
    assert f"```console\n{both}```" in readme


@pytest.mark.parametrize("document", ["README.md", "docs/index.md"])
def test_first_command(document: str) -> None:
    """README, site and page begin with the same command."""
    assert commands(document)[0] == commands("docs/getting-started.md")[0]
