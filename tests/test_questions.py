"""The parts of a question: none is forgotten when a question is added."""

import json
import re
from itertools import pairwise
from typing import Any

import pytest
import tables
from conftest import TEMPLATE

from hooks import rules

CONFIGURATION: dict[str, Any] = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))
TEXTS = [name for name, default in rules.QUESTIONS.items() if isinstance(default, str)]

each_question = pytest.mark.parametrize("name", rules.QUESTIONS)
each_text = pytest.mark.parametrize("name", TEXTS)


@each_question
def test_words(name: str) -> None:
    """A question is asked in words, and so is each choice that it gives."""
    asked = CONFIGURATION["__prompts__"][name]
    default = rules.QUESTIONS[name]
    if isinstance(default, list):
        assert [*asked] == ["__prompt__", *default]
        assert all(asked[choice].startswith(f"{choice}: ") for choice in default)
    else:
        assert asked.strip()


@each_text
def test_rules(name: str) -> None:
    """An answer that is text has rules, and is checked before the next question is asked."""
    assert name in rules.PROBLEMS
    assert name in rules.SUGGESTIONS
    assert (name, f"__checked_{name}") in pairwise(CONFIGURATION)
    assert CONFIGURATION[f"__checked_{name}"] == f"{{{{ cookiecutter | checked('{name}') }}}}"


@each_question
def test_wrong_answer(name: str) -> None:
    """Each question has a wrong answer among the hostile ones, reported by its name."""
    said = [message for case in tables.cases().values() for message in case.message]
    assert any(re.match(f"{name}[:,] ", message) for message in said)


@each_question
def test_reference(name: str) -> None:
    """The reference describes each question."""
    reference = (TEMPLATE / "docs" / "reference" / "questions.md").read_text("utf-8")
    assert f"\n| `{name}` | " in reference
