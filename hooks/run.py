"""A run of cookiecutter or cruft: what it was started with, and the command that starts it again.

cookiecutter hands an extension neither the answers given beforehand nor whether anyone can be
asked: both are read from the local variables of its functions, which
`tests/test_inside_cookiecutter.py` compares with the newest versions.
"""

import inspect
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FUNCTIONS = {
    "cookiecutter": {"prompt_for_config", "generate_files", "cookiecutter"},
    "cruft": {"generate_cookiecutter_context", "_generate_output", "create", "update"},
}
"""The functions whose variables are read."""


class Run:
    """The run that is rendering the template."""

    def __init__(self) -> None:
        self.variables: dict[str, Mapping[str, Any]] = {}
        frame = inspect.currentframe()
        while frame:
            package = frame.f_globals.get("__name__", "").partition(".")[0]
            if frame.f_code.co_name in FUNCTIONS.get(package, ()):
                self.variables.setdefault(frame.f_code.co_name, frame.f_locals)
            frame = frame.f_back

    def of(self, *functions: str) -> Mapping[str, Any]:
        """Return the variables of the first of these functions that is being called."""
        return next((self.variables[name] for name in functions if name in self.variables), {})

    @property
    def is_update(self) -> bool:
        """Whether cruft renders a version for an update, in a folder of its own."""
        return "_generate_output" in self.variables

    @property
    def asks(self) -> bool:
        """Whether questions are being asked."""
        return self.of("prompt_for_config").get("no_input") is False

    @property
    def asks_in_terminal(self) -> bool:
        """Whether questions are being asked in a terminal, where a question can be asked again."""
        return self.asks and sys.stdin.isatty()

    @property
    def questions(self) -> dict[str, Any] | None:
        """The questions about to be asked, by name, with the answers to offer; None after that."""
        asking = self.of("prompt_for_config")
        return asking["context"]["cookiecutter"] if asking else None

    @property
    def has_hooks(self) -> bool:
        """Whether the hook will be run after the files."""
        return bool(self.of("generate_files", "cookiecutter").get("accept_hooks", True))

    @property
    def overwrites(self) -> bool:
        """Whether the project may be written over an earlier state of it."""
        return bool(self.of("create", "cookiecutter").get("overwrite_if_exists"))

    @property
    def skips(self) -> bool:
        """Whether the files that are there already stay as they are."""
        return bool(self.of("cookiecutter").get("skip_if_file_exists"))

    @property
    def output_folder(self) -> Path:
        """The folder in which the project's own is made."""
        return Path(self.of("generate_files", "create", "cookiecutter").get("output_dir", "."))

    @property
    def report(self) -> str:
        """Where the project is, and how to serve and test it; empty before it is there.

        An update generates elsewhere, and reports nothing.
        """
        generating = self.of("generate_files")
        if self.is_update or "project_dir" not in generating:
            return ""
        folder, package = (
            generating["project_dir"],
            generating["context"]["cookiecutter"]["__package"],
        )
        here = ["uv", "run", "--directory", str(folder)]
        serve = ["uvicorn", f"{package}.main:app", "--reload", "--reload-include", "*.toml"]
        lines = [
            f"Generated {folder}",
            f"Serve it: {shell([*here, *serve])}",
            f"Test it: {shell([*here, 'pytest'])}",
        ]
        return "".join(f"{line}\n" for line in lines)

    # --- Answers given beforehand ---------------------------------------------------------------

    @property
    def file_name(self) -> str:
        """The configuration file as it was given; empty if it is the user's own."""
        return str(
            self.of("generate_cookiecutter_context", "cookiecutter").get("config_file") or ""
        )

    @property
    def file(self) -> dict[str, Any]:
        """The answers in the configuration file."""
        read = self.of("generate_cookiecutter_context", "cookiecutter")
        return dict(read.get("config_dict", {}).get("default_context") or {})

    @property
    def arguments(self) -> dict[str, Any] | None:
        """The answers in arguments; None where they are already among the questions' defaults."""
        read = self.of("generate_cookiecutter_context", "cookiecutter")
        return dict(read["extra_context"] or {}) if read else None

    # --- The command ----------------------------------------------------------------------------

    def command(self, answers: Mapping[str, Any], *, with_file: bool) -> str:
        """Return the command that starts this run with other arguments.

        Without the configuration file, all answers have to be arguments.
        """
        if self.is_update:
            words = [
                "cruft",
                "update",
                *self.options("update", "project_dir template_path checkout"),
            ]
            return shell([*words, "--variables-to-update", json.dumps(answers, ensure_ascii=False)])
        started = self.of("create", "cookiecutter")
        cruft = "create" in self.variables
        template = str(started.get("template_git_url") or started.get("template") or "TEMPLATE")
        words = ["cruft", "create"] if cruft else ["cookiecutter"]
        words.append(template if with_file else self.expanded(template))
        words += self.options("create cookiecutter", "checkout directory output_dir")
        if with_file:
            words += self.options("create cookiecutter", "config_file")
        flags = {
            "--default-config": started.get("default_config") or not with_file,
            "--overwrite-if-exists": started.get("overwrite_if_exists"),
            "--skip-if-file-exists": started.get("skip_if_file_exists"),
            "--keep-project-on-failure": started.get("keep_project_on_failure"),
            "--no-input": started.get("no_input", True) or started.get("replay"),
        }
        words += [flag for flag, is_set in flags.items() if is_set]
        if cruft:
            return shell([*words, "--extra-context", json.dumps(answers, ensure_ascii=False)])
        spelled = {True: "yes", False: "no"}
        return shell([*words, *(f"{name}={spelled.get(x, x)}" for name, x in answers.items())])

    def options(self, functions: str, names: str) -> list[str]:
        """Return the words of those options that the run was started with, and not by default."""
        started = self.of(*functions.split())
        given = [name for name in names.split() if str(started.get(name) or ".") != "."]
        return [x for name in given for x in (f"--{name.replace('_', '-')}", str(started[name]))]

    def expanded(self, template: str) -> str:
        """Return where a template is, if it was written in an abbreviation of the file."""
        from cookiecutter.repository import expand_abbreviations

        read = self.of("generate_cookiecutter_context", "cookiecutter")
        return str(
            expand_abbreviations(template, read.get("config_dict", {}).get("abbreviations", {}))
        )


def shell(words: list[str]) -> str:
    """Return a command line, quoted for the shell of this system."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
