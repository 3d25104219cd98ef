"""What cookiecutter loads before it asks: a door to `hooks/answers.py`, and nothing else.

It is kept this small for good. Python imports it once in a process, also where that process
renders two versions of the template after one another, as an update does: so what is behind the
door is run from its files, and run again when one of these has changed. The newer version has to do
with the door of the older one, which is why it looks at more files than it needs.
"""

import runpy
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from jinja2.ext import Extension

TEMPLATE = Path(__file__).parent
RULES = ("cookiecutter.json", "pyproject.toml", "hooks/*.py", "*/src/*/*/*.py")


@cache
def run(*_contents: bytes) -> dict[str, Any]:
    """Run the rules, given the contents of the files they rest on; return what they define."""
    return runpy.run_path(str(TEMPLATE / "hooks" / "answers.py"))


class Answers(Extension):
    """Adds the filters of this template to Jinja, and has the answers checked."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        files = sorted(file for pattern in RULES for file in TEMPLATE.glob(pattern))
        run(*(file.read_bytes() for file in files))["install"](environment)
