"""The documents keep step with the code: every rule is shown, with what is said of a breach."""

import json
from pathlib import Path

import pytest
import tables

RULES = tables.rules()


@pytest.mark.parametrize("document", tables.TABLES, ids=lambda document: document.name)
def test_table(document: Path) -> None:
    """A table in the documents is the one that is tested: `python tests/tables.py` writes it."""
    assert document.read_text("utf-8") == tables.documented(document)


def test_every_rule_is_shown() -> None:
    """Every rule of the rulebook has an example, and there is none of another."""
    examples = json.loads((tables.TESTS / "policy_rules.json").read_text("utf-8"))
    assert list(examples) == list(RULES)


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str) -> None:
    """A breach of the rule is told once, in the words of the rule."""
    [fault] = tables.faults(name)
    assert RULES[name].why in fault
