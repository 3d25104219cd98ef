"""How long `python -m fleet` takes to examine many checkouts.

Every checkout is a repository with a generated project, its files and one commit. The time is that
of the whole command, with the start of Python; the median of several rounds counts.

    python tests/benchmarks/many_checkouts.py

Target: at most 2 seconds for 200 checkouts.
"""

import argparse
import shutil
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

from measuring import TEMPLATE, generate, report, run

COMMANDS = {
    "versions": ("versions",),
    "origins": ("origins",),
    "origins ORIGIN": ("origins", "https://app.example.com"),
}


def checkouts(folder: Path, count: int) -> Path:
    """Make a folder of this many checkouts."""
    first = generate(folder / "generated")
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    run("git", "init", "--quiet", cwd=first)
    run("git", "add", "--all", cwd=first)
    run("git", *identity, "commit", "--quiet", "--message", "Generate", cwd=first)
    for number in range(count):
        shutil.copytree(first, folder / "apis" / f"api-{number}")
    return folder / "apis"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--checkouts", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = checkouts(Path(name), arguments.checkouts)
        for command, words in COMMANDS.items():
            seconds = []
            for _ in range(arguments.rounds):
                start = time.perf_counter()
                run(sys.executable, "-m", "fleet", *words, folder, cwd=TEMPLATE)
                seconds.append(time.perf_counter() - start)
            rows.append(
                (f"{command}, {arguments.checkouts} checkouts", f"{median(seconds):.2f}", "2")
            )
    versions = {"cookiecutter": version("cookiecutter")}
    report(versions, ("cookiecutter",), ("command", "seconds", "target"), rows)


if __name__ == "__main__":
    main()
