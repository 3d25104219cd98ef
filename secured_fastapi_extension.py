"""What cookiecutter loads before it asks: a door to `hooks/answers.py`, and nothing else.

It is kept this small for good. Python imports it once in a process, also where that process
renders two versions of the template after one another, as an update does: so the rules behind it
are run from their file anew for every environment of Jinja.
"""

import runpy
from pathlib import Path

from jinja2 import Environment
from jinja2.ext import Extension

ANSWERS = Path(__file__).with_name("hooks") / "answers.py"


class Answers(Extension):
    """Adds the filters of this template to Jinja, and has the answers checked."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        runpy.run_path(str(ANSWERS))["install"](environment)
