"""The documents keep step with the code: every rule and problem is shown, with its message."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import tables
from conftest import TEMPLATE, Project

RULES = tables.rules()
CAUSES = tables.causes()

EXAMPLES = {"production"}
"""What messages have in brackets to show how a table of `environments.toml` begins."""


@pytest.mark.parametrize("document", tables.TABLES, ids=lambda document: document.name)
def test_table(document: Path) -> None:
    """A table in the documents is the one that is tested: `python tests/tables.py` writes it."""
    assert document.read_text("utf-8") == tables.documented(document)


def test_every_rule_is_shown() -> None:
    """Every rule of the rulebook has an example, and there is none of another."""
    assert list(tables.examples()) == list(RULES)


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str) -> None:
    """A value that breaks the rule is reported once, with its reason and its name."""
    [problem] = tables.problems(name)
    assert f"{RULES[name].reason} [{name}]" in problem


def test_every_problem_is_shown() -> None:
    """Every other name in brackets has an example, or is explained as a reason for blocking."""
    [package] = TEMPLATE.glob("*/src/*")
    code = "".join(file.read_text("utf-8") for file in package.rglob("*.py"))
    names = set(re.findall(r"[a-z}] \[([a-z]+(?:-[a-z]+)*)\](?=[\";])", code))
    reference = (tables.DOCS / "reference" / "messages.md").read_text("utf-8")
    reasons = set(re.findall(r"^\| `[^|]* \[([a-z-]+)\]` \|", reference, re.MULTILINE))
    assert names - EXAMPLES == set(CAUSES) | reasons


@pytest.fixture(scope="module")
def reported(installed: Callable[[str], Project]) -> dict[str, list[str]]:
    """Return what a project reports of each cause."""
    here = Path(__file__)
    files = [str(here.with_name(name)) for name in ("reporting.py", "problems.json")]
    result = installed("defaults").run("python", *files)
    assert result.returncode == 0, result.stderr
    lines: dict[str, list[str]] = json.loads(result.stdout)
    return lines


@pytest.mark.xdist_group("reported problems")
@pytest.mark.parametrize("name", CAUSES)
def test_problem(reported: dict[str, list[str]], name: str) -> None:
    """What is shown of a problem is reported, once, in these words and with its name."""
    message = CAUSES[name].message
    assert f"[{name}]" in message
    assert [line for line in reported[name] if f"[{name}]" in line] == [message]


@pytest.mark.parametrize("name", [rule.name for rule in tables.answer_rules()])
def test_rule_of_answers(name: str) -> None:
    """Every rule that an answer to the generator can break is shown with its message."""
    messages = [message for case in tables.cases().values() for message in case.message]
    assert any(f"[{name}]" in message for message in messages)
