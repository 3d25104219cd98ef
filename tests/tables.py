"""Tables that stand in the documents, made of the same data that the tests read.

- `hostile_answers.json`: answers that must be refused, and what is said of each.
- `policy_rules.json`: for each rule of a policy, a key and a value that break it alone.

Run as a program, it writes the tables into the documents.
"""

import json
import runpy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"
RULEBOOK = next(TESTS.parent.glob("*/src/*/cors/rulebook.py"))
MARK = "<!-- made by tests/tables.py -->\n"


@dataclass(frozen=True)
class Case:
    """Answers, as arguments or as the text of a configuration file, and what is said of them."""

    arguments: dict[str, str]
    file: str
    message: list[str]


def cases() -> dict[str, Case]:
    """Return all hostile answers by their names."""
    read = json.loads((TESTS / "hostile_answers.json").read_text("utf-8"))
    return {
        name: Case(case.get("arguments", {}), case.get("file", ""), case["message"])
        for name, case in read.items()
    }


def rulebook() -> dict[str, Any]:
    """Return what the rulebook of the generated API defines."""
    return runpy.run_path(str(RULEBOOK))


def rules() -> dict[str, Any]:
    """Return every rule of the rulebook by its name."""
    defined = rulebook()
    tables = [value for name, value in defined.items() if name.endswith("_RULES")]
    return {rule.name: rule for table in tables for rule in table}


def faults(name: str) -> list[str]:
    """Return what is said of the value that breaks a rule, in the table of production."""
    book = rulebook()
    key, value = json.loads((TESTS / "policy_rules.json").read_text("utf-8"))[name]
    where = f"environments.toml [production] {key}"
    request, exposed = book["REQUEST_HEADER_RULES"], book["EXPOSED_HEADER_RULES"]
    found: dict[str, Callable[[], Iterable[Any]]] = {
        "allow_origins": lambda: book["origin_faults"](where, [value], local=False),
        "allowed_hosts": lambda: book["host_faults"](where, [value]),
        "allow_methods": lambda: book["method_faults"](where, [value]),
        "allow_headers": lambda: book["header_faults"](where, [value], request),
        "expose_headers": lambda: book["header_faults"](where, [value], exposed),
    }
    return [str(fault) for fault in found[key]()]


def code(text: str) -> str:
    """Return a text as code in a cell of a table, cut in its middle if it is long."""
    shortened = text if len(text) < 250 else f"{text[:60]}…{text[-60:]}"
    visible = "".join(x if x.isprintable() else ascii(x)[1:-1] for x in shortened)
    return f"`{visible.replace('|', chr(92) + '|')}`"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table of Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def answers_table() -> str:
    """Return the table of hostile answers."""
    return table(
        ("Answers", "What is said of them"),
        (
            (
                "<br>".join(
                    code(given)
                    for given in (
                        *(f"{name}={answer}" for name, answer in case.arguments.items()),
                        *case.file.splitlines(),
                    )
                ),
                "<br>".join(map(code, case.message)),
            )
            for case in cases().values()
        ),
    )


def rules_table() -> str:
    """Return the table of a policy's rules."""
    examples = json.loads((TESTS / "policy_rules.json").read_text("utf-8"))
    return table(
        ("Rule", "Example", "What is said of it"),
        (
            (name, code(f"{key} = [{json.dumps(value)}]"), "<br>".join(map(code, faults(name))))
            for name, (key, value) in examples.items()
        ),
    )


REFERENCE = DOCS / "reference"
TABLES = {REFERENCE / "questions.md": answers_table, REFERENCE / "environments.md": rules_table}


def documented(document: Path) -> str:
    """Return a document with its table as it should be."""
    return f"{document.read_text('utf-8').partition(MARK)[0]}{MARK}\n{TABLES[document]()}"


if __name__ == "__main__":
    for document in TABLES:
        document.write_text(documented(document), encoding="utf-8")
