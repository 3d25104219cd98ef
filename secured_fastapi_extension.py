"""What cookiecutter loads before it asks: a door to `hooks/answers.py`, and nothing else.

It is kept this small for good. Python imports it once in a process, also where that process
renders two versions of the template after one another, as an update does: so what is behind the
door is run from its files, and run again when one of these has changed.
"""

import runpy
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from jinja2.ext import Extension

TEMPLATE = Path(__file__).parent
RULES = ("hooks/*.py", "*/src/*/cors/rulebook.py")


@cache
def run(*changed: int) -> dict[str, Any]:  # noqa: ARG001
    """Run the rules, given when each of their files was changed; return what they define."""
    return runpy.run_path(str(TEMPLATE / "hooks" / "answers.py"))


class Answers(Extension):
    """Adds the filters of this template to Jinja, and has the answers checked."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        files = sorted(file for pattern in RULES for file in TEMPLATE.glob(pattern))
        run(*(file.stat().st_mtime_ns for file in files))["install"](environment)
