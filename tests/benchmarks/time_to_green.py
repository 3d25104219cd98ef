"""How long it takes from nothing to a generated project whose tests have passed.

The unit is the second: the median of several runs, after one that fills uv's cache.

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
    "make the environment: `uv venv`": (*UV, "venv", "--python", sys.executable),
    "install, from a warm cache: `uv sync`": (*UV, "sync"),
    "test: `uv run pytest`": (*UV, "run", "pytest"),
}


def once(folder: Path) -> tuple[dict[str, float], Path]:
    """Return the seconds that each step takes, and the project."""
    start = time.perf_counter()
    project = generate(folder)
    seconds = {"generate": time.perf_counter() - start}
    for step, command in STEPS.items():
        start = time.perf_counter()
        run(*command, cwd=project)
        seconds[step] = time.perf_counter() - start
    return seconds, project


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        results = [once(Path(name, str(number))) for number in range(rounds + 1)]
        versions = installed(results[0][1] / ".venv")
        tests = run(*UV, "run", "pytest", cwd=results[0][1]).splitlines()[-1].strip("= ")
    runs = [seconds for seconds, _ in results[1:]]
    rows = [(step, f"{median(each[step] for each in runs):.2f}", "") for step in runs[0]]
    total = median(sum(each.values()) for each in runs)
    report(
        {name: versions[name] for name in ("fastapi", "starlette", "pytest")},
        ("step", "seconds", "target"),
        [*rows, (f"all ({tests.partition(' in ')[0]})", f"**{total:.2f}**", "at most 6")],
    )


if __name__ == "__main__":
    main()
