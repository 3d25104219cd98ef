"""The dialogue that docs/getting-started.md shows.

`python tests/dialogue.py` answers the questions in a terminal as the page does, and writes what the
terminal shows into the page.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

import pexpect

TEMPLATE = Path(__file__).parent.parent
PAGE = TEMPLATE / "docs" / "getting-started.md"
HOME = "/home/ada"
"""The folder that the page shows, whichever it is."""

DIALOGUE = re.compile(r"(<!-- dialogue -->\n```text\n)(.*?)(```)", re.DOTALL)


def shown() -> str:
    """Return the dialogue as the page shows it."""
    [(_, text, _)] = DIALOGUE.findall(PAGE.read_text("utf-8"))
    return str(text)


def played(dialogue: str, folder: Path) -> str:
    """Give the answers of a dialogue, one after another; return what the terminal shows."""
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "cookiecutter", str(TEMPLATE)],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "TERM": "dumb", "COLUMNS": "80", "LINES": "50"},
        encoding="utf-8",
        dimensions=(50, 250),
        timeout=30,
    )
    answers = iter(re.findall(r"\):(.*)$", dialogue, re.MULTILINE))
    text = ""
    while terminal.expect([r"\): ?$", pexpect.EOF]) == 0:
        text += f"{terminal.before}{terminal.after}"
        terminal.sendline(next(answers, "").strip())
    terminal.close()
    lines = f"{text}{terminal.before}".replace(str(folder), HOME).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def main() -> None:
    """Write the dialogue into the page."""
    with tempfile.TemporaryDirectory() as folder:
        dialogue = played(shown(), Path(folder))
    text = DIALOGUE.sub(lambda found: found[1] + dialogue + found[3], PAGE.read_text("utf-8"))
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
