"""Commands that a reader pastes into a shell, and what they print."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from conftest import Project
from uv import find_uv_bin

from .pages import Fence

READER = {
    "NO_COLOR": "1",
    "TERM": "dumb",
    "COLUMNS": "110",
    "LC_ALL": "C.UTF-8",
    **{
        f"GIT_{role}_{part}": "ada@example.com"
        for role in ("AUTHOR", "COMMITTER")
        for part in ("NAME", "EMAIL")
    },
}
"""The variables of those who paste: of their terminal, and who they are for git."""

ASSIGNMENT = re.compile(r"(\w+)=('.*?'|\S+) +")
PORTABLE = {"cp", "curl", "git", "uv"}
"""The programs that bash and PowerShell both have, by the same arguments."""


def on_path(folder: Path) -> str:
    """Return a PATH with uv and the system's programs, but nothing that an environment has."""
    uv = folder / "bin" / "uv"
    uv.parent.mkdir(exist_ok=True)
    if not uv.is_symlink():
        uv.symlink_to(find_uv_bin())
    own = Path(sys.executable).parent
    others = [x for x in os.environ["PATH"].split(os.pathsep) if Path(x) != own]
    return os.pathsep.join([str(uv.parent), *others])


def pasted(
    project: Project, fence: Fence, folder: Path, variables: Mapping[str, str]
) -> tuple[str, str]:
    """Paste commands in a project; return what is printed as it is shown and as it is.

    What is not shown at all is not compared. The last command ends with the status that the fence
    is marked with, those above it with 0.
    """
    variables = {"PATH": on_path(folder), **READER, **variables}
    result = project.run("bash", "-ec", f"exec 2>&1\n{fence.text}", **variables)
    shown = fence.output or "..."
    printed = shown if fits(shown, result.stdout) else result.stdout
    statuses = fence.marks.get("exit", "0"), result.returncode
    expected, actual = (f"\n[exit status {status}]" for status in statuses)
    return shown.rstrip() + expected, printed.rstrip() + actual


def fits(shown: str, printed: str) -> bool:
    """Return whether a text is what is shown, in which a line `...` is any number of lines."""
    pattern = "".join(r"(.*\n)*" if x == "..." else re.escape(f"{x}\n") for x in lines_of(shown))
    return re.fullmatch(pattern, "".join(f"{x}\n" for x in lines_of(printed))) is not None


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def in_powershell(commands: str) -> str:
    """Return commands as PowerShell takes them, which sets variables beforehand."""
    lines = []
    for line in commands.replace("\\\n", "").splitlines():
        command = line
        while assigned := ASSIGNMENT.match(command):
            name, value = assigned.groups()
            lines.append(f"$env:{name} = " + (value if value[0] == "'" else f'"{value}"'))
            command = command[assigned.end() :]
        lines.append(command)
    return "\n".join(lines)


def not_portable(commands: str) -> set[str]:
    """Return the programs that PowerShell does not have."""
    unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "quoted", in_powershell(commands))
    words = re.findall(r"(?:^|[|;&] *)([^\s|;&]+)", unquoted, re.MULTILINE)
    return {word for word in words if not word.startswith("$env:")} - PORTABLE
