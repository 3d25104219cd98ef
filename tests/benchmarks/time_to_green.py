"""How long it takes from nothing to a generated project whose tests have passed.

The unit is the second; the median of several runs counts, after one that fills uv's cache.

    python tests/benchmarks/time_to_green.py

Target: at most 6 s on two cores.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from measuring import UV, generate, installed, report, run

STEPS = {
    "environment: `uv venv`": (*UV, "venv", "--python", sys.executable),
    "install, from a warm cache: `uv sync`": (*UV, "sync"),
    "tests: `uv run pytest`": (*UV, "run", "pytest"),
}


def timed(folder: Path) -> dict[str, float]:
    """Return the seconds that each step takes."""
    start = time.perf_counter()
    project = generate(folder)
    seconds = {"generate": time.perf_counter() - start}
    for step, command in STEPS.items():
        start = time.perf_counter()
        run(*command, cwd=project)
        seconds[step] = time.perf_counter() - start
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        runs = [timed(Path(name, str(number))) for number in range(rounds + 1)][1:]
        versions = installed(Path(name, "0", "hello-api"))
    rows = [(step, f"{median(each[step] for each in runs):.2f}", "") for step in runs[0]]
    total = median(sum(each.values()) for each in runs)
    report(
        versions,
        ("FastAPI", "Starlette", "pytest"),
        ("step", "seconds", "target"),
        [*rows, ("all", f"{total:.2f}", "at most 6")],
    )


if __name__ == "__main__":
    main()
