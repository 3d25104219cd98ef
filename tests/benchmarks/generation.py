"""How long a run of cookiecutter takes with this template, beside one that makes a single file.

The unit is the smaller template's time on the processor in the same round; the median of many
rounds counts. A run with the answers alone shows what the time goes into.

    python tests/benchmarks/generation.py

Target: at most 1.45.
"""

import argparse
import resource
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from statistics import median

from measuring import TEMPLATE, generate, report

PROJECT = "{{cookiecutter.project_slug}}"


def single_file(folder: Path) -> Path:
    """Make a template of one plain file, without hooks."""
    (folder / PROJECT).mkdir(parents=True)
    (folder / PROJECT / "README.md").write_text("# Hello API\n", encoding="utf-8")
    (folder / "cookiecutter.json").write_text('{"project_slug": "hello-api"}', encoding="utf-8")
    return folder


def answers_alone(folder: Path) -> Path:
    """Make a template that asks, checks and has the hook of this one, and makes next to nothing."""
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns(".*", "tests", "docs"))
    for file in (folder / PROJECT).rglob("*"):
        if file.is_file() and file.name != "rulebook.py":
            file.unlink()
    return folder


def children_seconds() -> float:
    """Return how long the programs that this one has run were on the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, answers = single_file(folder / "one"), answers_alone(folder / "answers")
        variants = (one, TEMPLATE, answers)
        seconds: list[list[float]] = [[] for _ in variants]
        for turn in range(rounds + 1):  # the first one warms up
            for index, template in enumerate(variants):
                start = children_seconds()
                generate(folder / f"{turn}-{index}", template)
                seconds[index].append(children_seconds() - start)
    rows = zip(*(times[1:] for times in seconds), strict=True)
    ratios = [[time / row[0] for time in row] for row in rows]
    plain, whole, asked = (median(column) for column in zip(*ratios, strict=True))
    report(
        {"cookiecutter": version("cookiecutter")},
        ("cookiecutter",),
        ("run", "ratio", "target"),
        [
            ("a template of one plain file, without hooks", f"{plain:.2f}", ""),
            ("this template", f"{whole:.2f}", "at most 1.45"),
            ("of that: asking, checking, and the hook", f"{asked - plain:.2f}", ""),
            ("of that: making the files", f"{whole - asked:.2f}", ""),
        ],
    )


if __name__ == "__main__":
    main()
