"""The tables of the documents, made from the data that the tests read.

- `hostile_answers.json`: answers that must be rejected, and what is reported of each.
- `policy_rules.json`: for each rule, a key and a value that break only it; without a key, a name.
- `problems.json`: for each other problem of a configuration, what leads to it, and the message.

Run as a program, it writes the tables into the documents.
"""

import json
import re
import runpy
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
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
SCHEMA = next(TESTS.parent.glob("*/src/*")) / "environments.schema.json"


def descriptions() -> dict[str, str]:
    """Return what each key is, from the table in the reference."""
    text = (REFERENCE / "environments.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE)
    return {key: f"{what[0].upper()}{what[1:]}.".replace("`", "") for key, what in rows}


def policies() -> Any:
    """Return the module that defines the keys and the presets of policies."""
    folder = RULEBOOK.parent
    spec = spec_from_file_location(
        "template_cors", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules["template_cors"] = package = module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # projects are copies of that
    try:
        spec.loader.exec_module(package)
        return import_module("template_cors.policy")
    finally:
        sys.dont_write_bytecode = before


def schema() -> str:
    """Return the JSON Schema of `environments.toml`, made from the keys and the rulebook."""
    book, policy = rulebook(), policies()
    token = f"^{book['TOKEN'].pattern}$"
    items: dict[str, str] = {
        "allowed_hosts": r"^(\*\.)?[^*/\s]+$",
        "allow_origins": r"^https?://[^*/\s]+$|^https://\*\.[^*/\s]+$",
        "allow_app_origins": f"^({book['APP_ORIGIN'].pattern})$",
        "allow_methods": token.replace("A-Za-z", "A-Z").replace("*", ""),
        "allow_headers": token,
        "expose_headers": token,
        "cross_site_posts": f"^{book['POST_PATH']}$",
    }
    keys: dict[str, dict[str, Any]] = {}
    for key, kind in policy.KEYS.items():
        types = {bool: "boolean", int: "integer", str: "string", list: "array"}
        keys[key] = {"description": descriptions()[key], "type": types[kind.kind]}
        if kind.kind is list:
            keys[key] |= {
                "items": {"type": "string", "pattern": items[key]},
                "uniqueItems": True,
                "minItems": 1 if key in ("allowed_hosts", "allow_methods") else 0,
            }
    keys["preset"]["enum"] = [*policy.PRESETS]
    keys["max_age"] |= {"minimum": 0, "maximum": book["MAX_MAX_AGE"]}
    references = {key: {"$ref": f"#/definitions/{key}"} for key in keys}
    environment = {
        "description": "The policy of an environment.",
        "type": "object",
        "properties": references,
        "additionalProperties": False,
        "if": {"properties": {"preset": {"const": "dev"}}, "required": ["preset"]},
        "then": {"properties": {"local": {"const": True}}, "required": ["local"]},
    }
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Which pages may call the API from a browser",
        "description": "A table for each environment; keys above the tables hold for all of them.",
        "type": "object",
        "properties": {key: x for key, x in references.items() if key != "local"},
        "additionalProperties": {"$ref": "#/definitions/environment"},
        "definitions": {**keys, "environment": environment},
    }
    return json.dumps(document, indent=2) + "\n"


TABLES = {
    REFERENCE / "questions.md": answers_table,
    REFERENCE / "environments.md": rules_table,
    REFERENCE / "messages.md": problems_table,
}


def documented(document: Path) -> str:
    """Return a document with its table as it should be."""
    return f"{document.read_text('utf-8').partition(MARK)[0]}{MARK}\n{TABLES[document]()}"


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
    for document in TABLES:
        document.write_text(documented(document), encoding="utf-8")
