"""What the benchmarks share: commands, a generated project, rounds in turn, a table to print.

It needs the standard library alone, because the interpreter of a generated project runs it too.
"""

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path

TEMPLATE = Path(__file__).parents[2]
UV = ("uv",) if shutil.which("uv") else (sys.executable, "-m", "uv")


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    """Run a command and return what it printed; end this program, with all of it, if it fails."""
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        command, cwd=cwd, env=kept | variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def generate(folder: Path, template: Path = TEMPLATE, *options: str) -> Path:
    """Generate a project in a folder, as the command does with the default answers."""
    folder.mkdir()
    command = (sys.executable, "-m", "cookiecutter", "--no-input", "--default-config", *options)
    # What cookiecutter remembers of a run and the copy of the hook that it leaves stay in there too.
    kept = {"HOME": str(folder), "TMPDIR": str(folder)}
    run(*command, "-o", folder, template.resolve(), cwd=folder, **kept)
    return folder / "hello-api"


def in_turn(rounds: int, things: Mapping[str, Callable[[int], object]]) -> dict[str, list[float]]:
    """Return the seconds that each of several things takes, round by round, one after another."""
    seconds: dict[str, list[float]] = {name: [] for name in things}
    for number in range(rounds):
        for name, thing in things.items():
            start = time.perf_counter()
            thing(number)
            seconds[name].append(time.perf_counter() - start)
    return seconds


def installed(environment: Path) -> dict[str, str]:
    """Return the versions of what is installed in an environment."""
    folders = [str(folder) for folder in environment.rglob("site-packages")]
    return {found.name: found.version for found in distributions(path=folders)}


def report(versions: Mapping[str, str], header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print the machine, the versions that count here, and a table, all in Markdown."""
    machine = [f"{os.cpu_count()} cores", f"Python {platform.python_version()}"]
    named = [f"{name} {version}" for name, version in versions.items()]
    lines = [header, ["---"] * len(header), *rows]
    table = [f"| {' | '.join(line)} |" for line in lines]
    sys.stdout.write("\n".join([", ".join(machine + named), "", *table, ""]))
