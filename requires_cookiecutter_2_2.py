"""The module that cookiecutter loads before it asks: it runs `hooks/answers.py`, and nothing else.

A cookiecutter that knows no local extensions prints this module's name.

Python imports a module once in a process, where several copies and versions of the template may be
rendered after one another. So the folder of the template that is being rendered is found each time,
and what is in it is run. It is kept this small for good: a newer version of the template may be
rendered with the module of an older one.
"""

import inspect
import re
import runpy
from functools import lru_cache
from pathlib import Path
from typing import Any

import cookiecutter
from jinja2 import Environment
from jinja2.ext import Extension

OLDEST = (2, 2)
"""The first version of cookiecutter that asks questions with yes or no as answer."""

FOLDERS = {
    "run_script_with_context": "script_path",
    "generate_files": "repo_dir",
    "generate_cookiecutter_context": "cookiecutter_template_dir",
    "cookiecutter": "repo_dir",
}
"""The functions of cookiecutter and cruft, and their variables that lead to the template."""

FILES = ("cookiecutter.json", "pyproject.toml", "hooks/*.py", "*/src/*/*/*.py")
"""What the rules depend on: more than today's need, for the sake of newer versions."""


def template_folder() -> Path:
    """Return the folder of the template that is being rendered."""
    frame = inspect.currentframe()
    while frame:
        variable = FOLDERS.get(frame.f_code.co_name)
        if variable in frame.f_locals:
            path = Path(frame.f_locals[variable]).absolute()
            return path.parents[1] if path.is_file() else path
        frame = frame.f_back
    return Path(__file__).parent


@lru_cache(maxsize=2)
def run(folder: Path, *_contents: bytes) -> dict[str, Any]:
    """Run the rules of a template, given what they depend on; return what they define."""
    return runpy.run_path(str(folder / "hooks" / "answers.py"))


class Answers(Extension):
    """Adds the filters of this template to Jinja, and has the answers checked."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        version = cookiecutter.__version__
        if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST:
            needed = "this template needs cookiecutter 2.2 or newer"
            raise SystemExit(
                f"Nothing was generated: {needed}, not {version}; update cookiecutter."
            )
        folder = template_folder()
        files = sorted(file for pattern in FILES for file in folder.glob(pattern))
        run(folder, *(file.read_bytes() for file in files))["install"](environment)
