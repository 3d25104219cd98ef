"""What the benchmarks share: commands, a generated project, and a table to print."""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path

TEMPLATE = Path(__file__).parents[2]
COOKIECUTTER = Path(sysconfig.get_path("scripts"), "cookiecutter")
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


def generate(folder: Path, template: Path = TEMPLATE) -> Path:
    """Generate a project in a folder that is made for it, with the default answers."""
    folder.mkdir()
    options = ("--no-input", "--default-config")
    # The folder also keeps what cookiecutter leaves behind, the replay.
    home = {"HOME": str(folder), "TMPDIR": str(folder)}
    run(COOKIECUTTER, *options, "-o", folder, template, cwd=folder, **home)
    return folder / "hello-api"


def install(project: Path, *options: str) -> dict[str, str]:
    """Make a project's environment, install in it, and return the versions of what is there."""
    run(*UV, "venv", "--python", sys.executable, cwd=project)
    run(*UV, "sync", *options, cwd=project)
    return installed(project)


def installed(project: Path) -> dict[str, str]:
    """Return the versions of what is installed in a project's environment."""
    folders = (project / ".venv").rglob("site-packages")
    return {found.name: found.version for found in distributions(path=[str(x) for x in folders])}


def report(
    versions: Mapping[str, str],
    names: Sequence[str],
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    spread: str = "",
) -> None:
    """Print the machine, the versions of what is named, and a table, all in Markdown."""
    found = {name.lower(): version for name, version in versions.items()}
    machine = [f"{os.cpu_count()} cores", f"Python {platform.python_version()}"]
    machine += [f"{name} {found[name.lower()]}" for name in names]
    machine += [spread] if spread else []
    lines = [header, ["---"] * len(header), *rows]
    table = [f"| {' | '.join(line)} |" for line in lines]
    sys.stdout.write("\n".join([f"{', '.join(machine)}:", "", *table, ""]))
