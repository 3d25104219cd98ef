"""Answers that must be refused, and what is said of each: `hostile_answers.json`.

Run as a program, it writes their table into docs/answers.md.
"""

import json
from dataclasses import dataclass
from pathlib import Path

CASES_FILE = Path(__file__).with_suffix(".json")
DOCUMENT = Path(__file__).parent.parent / "docs" / "answers.md"
MARK = "<!-- what is refused -->\n"


@dataclass(frozen=True)
class Case:
    """Answers, as arguments or as the text of a configuration file, and what is said of them."""

    arguments: dict[str, str]
    file: str
    message: list[str]


def cases() -> dict[str, Case]:
    """Return all cases by their names."""
    return {
        name: Case(case.get("arguments", {}), case.get("file", ""), case["message"])
        for name, case in json.loads(CASES_FILE.read_text("utf-8")).items()
    }


def table() -> str:
    """Return the cases as a table of Markdown."""

    def code(text: str) -> str:
        shortened = text if len(text) < 250 else f"{text[:30]}…{text[-30:]}"
        visible = "".join(x if x.isprintable() else ascii(x)[1:-1] for x in shortened)
        return f"`{visible.replace('|', chr(92) + '|')}`"

    rows = ["| Answers | What is said of them |", "| --- | --- |"]
    for case in cases().values():
        given = [f"{name}={answer}" for name, answer in case.arguments.items()]
        given += case.file.splitlines()
        rows.append(f"| {'<br>'.join(map(code, given))} | {'<br>'.join(map(code, case.message))} |")
    return "\n".join(rows) + "\n"


def documented() -> str:
    """Return docs/answers.md with the table as it should be."""
    return DOCUMENT.read_text("utf-8").partition(MARK)[0] + MARK + "\n" + table()


if __name__ == "__main__":
    DOCUMENT.write_text(documented(), encoding="utf-8")
