"""What docs/getting-started.md shows of the generator; its other code is run with all pages'."""

from collections.abc import Callable
from pathlib import Path

import dialogue
from conftest import Project
from documents.pages import Page


def page() -> Page:
    return Page.read(dialogue.PAGE, dialogue.PAGE.name)


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
    [_, serve, test] = [fence for fence in page().fences if fence.language == "sh"]
    readme = generated("defaults").files()["README.md"].decode()
    commands = serve.text.removeprefix("cd hello-api\n") + test.text
    assert f"```console\n{commands}```" in readme
