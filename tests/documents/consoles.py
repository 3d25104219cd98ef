"""A dialogue with a shell: commands after `$ `, and below each what it prints."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from conftest import Project

MARK = "\x1e"
"""Ends what a command prints; its exit status follows."""

TERMINAL = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "110", "LC_ALL": "C.UTF-8"}


@dataclass
class Command:
    """A command, the lines of it after the first written after `> `, and the lines below it."""

    text: str
    prints: list[str]


def parsed(text: str) -> list[Command]:
    """Return the commands of a dialogue; raises ValueError where it does not begin with one."""
    commands: list[Command] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append(Command(line[2:], []))
        elif not commands:
            raise ValueError(f"{line!r} stands above the first command, which begins with `$ `")
        elif re.match(r">( |$)", line) and not commands[-1].prints:
            commands[-1].text += f"\n{line[2:]}"
        else:
            commands[-1].prints.append(line)
    return commands


def replayed(
    project: Project, text: str, status: int, variables: Mapping[str, str]
) -> tuple[str, str]:
    """Run a dialogue in a project; return it as it is shown and as it is.

    A line `...` stands for any number of lines, so what they are is not part of the second text.
    The last command ends with `status`, those above it with 0.
    """
    commands = parsed(text)
    script = "exec 2>&1\n" + "".join(f"{x.text}\nprintf '{MARK}%s{MARK}' $?\n" for x in commands)
    path = f"{project.path / '.venv' / 'bin'}:{os.environ['PATH']}:{Path(sys.executable).parent}"
    result = project.run("bash", "-c", script, PATH=path, **TERMINAL, **variables)
    parts = result.stdout.split(MARK)
    shown, actual = "", ""
    for index, command in enumerate(commands):
        expected = status if command is commands[-1] else 0
        printed, ended = (
            parts[2 * index : 2 * index + 2] if 2 * index + 1 < len(parts) else ("", "?")
        )
        typed = "".join(
            f"{'> ' if n else '$ '}{x}\n" for n, x in enumerate(command.text.split("\n"))
        )
        shown += f"{typed}{as_text(command.prints)}[exit status {expected}]\n"
        lines = printed.splitlines()
        lines = command.prints if fits(command.prints, lines) else lines
        actual += f"{typed}{as_text(lines)}[exit status {ended}]\n"
    return shown, actual


def fits(pattern: list[str], lines: list[str]) -> bool:
    """Return whether lines are those of a pattern, in which `...` is any number of lines."""
    expression = "".join(r"(.*\n)*" if x == "..." else re.escape(f"{x}\n") for x in pattern)
    return re.fullmatch(expression, as_text([line.rstrip() for line in lines])) is not None


def as_text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
