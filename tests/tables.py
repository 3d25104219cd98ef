"""Tables that stand in the documents, made of the same data that the tests read.

- `hostile_answers.json`: answers that must be rejected, and what is reported of each.
- `policy_rules.json`: for each rule, a key and a value that break it alone; without a key, a name.
- `problems.json`: for each other problem of a configuration, what leads to it, and the message.

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
    """Answers, as arguments or as the text of a configuration file, and the message."""

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


def answer_rules() -> list[Any]:
    """Return every rule of the generator's own."""
    defined = runpy.run_path(str(TESTS.parent / "hooks" / "rules.py"))
    return [*defined["TEXT_RULES"], *defined["SLUG_RULES"]]


def examples() -> dict[str, tuple[str, str]]:
    """Return for each rule the key, empty for the name of a table, and the value that break it."""
    read = json.loads((TESTS / "policy_rules.json").read_text("utf-8"))
    return {name: (key, value) for name, (key, value) in read.items()}


def problems(name: str) -> list[str]:
    """Return what is reported of the value that breaks a rule, in the table of production."""
    book = rulebook()
    key, value = examples()[name]
    where = f"environments.toml [production] {key}"
    request, exposed = book["REQUEST_HEADER_RULES"], book["EXPOSED_HEADER_RULES"]
    found: dict[str, Callable[[], Iterable[Any]]] = {
        "": lambda: book["environment_problems"]("environments.toml", [value]),
        "allow_origins": lambda: book["origin_problems"](where, [value], local=False),
        "allow_app_origins": lambda: book["app_origin_problems"](where, [value]),
        "cross_site_posts": lambda: book["post_path_problems"](where, [value]),
        "allowed_hosts": lambda: book["host_problems"](where, [value]),
        "allow_methods": lambda: book["method_problems"](where, [value]),
        "allow_headers": lambda: book["header_problems"](where, [value], request),
        "expose_headers": lambda: book["header_problems"](where, [value], exposed),
    }
    return [str(problem) for problem in found[key]()]


@dataclass(frozen=True)
class Cause:
    """What leads to a problem: the text of `environments.toml` or `.env`, variables, a command."""

    environments: str
    dotenv: str
    variables: dict[str, str]
    command: str
    message: str

    def lines(self) -> list[str]:
        """Return it as it is written."""
        variables = [f"{name}={value}" for name, value in self.variables.items()]
        files = [*self.environments.splitlines(), *self.dotenv.splitlines()]
        return [*files, *variables, *self.command.splitlines()]


def causes() -> dict[str, Cause]:
    """Return what leads to each problem that is no breach of a rule, by the problem's name."""
    read = json.loads((TESTS / "problems.json").read_text("utf-8"))
    return {
        name: Cause(
            "\n".join(x.get("environments", ())),
            "\n".join(x.get("dotenv", ())),
            x.get("variables", {}),
            x.get("command", ""),
            x["message"],
        )
        for name, x in read.items()
    }


def code(text: str) -> str:
    """Return a text as code in a cell of a table, cut in its middle if it is long."""
    shortened = text if len(text) < 250 else f"{text[:60]}…{text[-60:]}"
    visible = "".join(x if x.isprintable() else ascii(x)[1:-1] for x in shortened)
    marks = "``" if "`" in visible else "`"
    return f"{marks}{visible.replace('|', chr(92) + '|')}{marks}"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table of Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def answers_table() -> str:
    """Return the table of hostile answers."""
    return table(
        ("Answers", "Message"),
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
    return table(
        ("Rule", "Example", "Message"),
        (
            (
                name,
                code(f"{key} = [{json.dumps(value)}]" if key else f"[{value}]"),
                "<br>".join(map(code, problems(name))),
            )
            for name, (key, value) in examples().items()
        ),
    )


def problems_table() -> str:
    """Return the table of a configuration's other problems."""
    return table(
        ("Name", "Example", "Message"),
        (
            (name, "<br>".join(map(code, cause.lines())), code(cause.message))
            for name, cause in causes().items()
        ),
    )


REFERENCE = DOCS / "reference"
TABLES = {
    REFERENCE / "questions.md": answers_table,
    REFERENCE / "environments.md": rules_table,
    REFERENCE / "messages.md": problems_table,
}


def documented(document: Path) -> str:
    """Return a document with its table as it should be."""
    return f"{document.read_text('utf-8').partition(MARK)[0]}{MARK}\n{TABLES[document]()}"


if __name__ == "__main__":
    for document in TABLES:
        document.write_text(documented(document), encoding="utf-8")
