"""How long a run of cookiecutter takes with this template, beside one that makes a single file.

The unit is the smaller template's time: the median of runs in turn. What the run is made of is
told by templates that have less in them: the answers alone, and everything but the hook.

    python tests/benchmarks/generation.py

Target: at most 1.35.
"""

import argparse
import shutil
import tempfile
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

from measuring import TEMPLATE, generate, in_turn, report

PROJECT = "{{cookiecutter.project_slug}}"


def single_file(folder: Path) -> Path:
    """Make a template of one plain file, without hooks."""
    (folder / PROJECT).mkdir(parents=True)
    (folder / PROJECT / "README.md").write_text("# Hello API\n")
    (folder / "cookiecutter.json").write_text('{"project_slug": "hello-api"}\n')
    return folder


def answers_alone(folder: Path) -> Path:
    """Make a template that asks and checks as this one does, and then makes next to nothing."""
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns(".*", "tests", "docs"))
    for file in (folder / PROJECT).rglob("*"):
        if file.is_file() and file.name != "rulebook.py":
            file.unlink()
    return folder


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, asked = single_file(folder / "one"), answers_alone(folder / "asked")
        variants = {
            "one plain file, no hook": (one,),
            "this template": (TEMPLATE,),
            "no hook": (TEMPLATE, "--accept-hooks=no"),
            "answers alone": (asked, "--accept-hooks=no"),
        }

        def once(what: str, number: int) -> None:
            generate(folder / f"{what} {number}", *variants[what])

        seconds = in_turn(rounds + 1, {what: partial(once, what) for what in variants})
    whole = {what: median(times[1:]) for what, times in seconds.items()}
    plain, ours, no_hook, answers = (time / whole["one plain file, no hook"] for time in whole.values())
    report(
        {"cookiecutter": version("cookiecutter")},
        ("run", "ratio", "target"),
        [
            ("a template of one plain file, without hooks", f"{plain:.2f}", ""),
            ("this template", f"**{ours:.2f}**", "at most 1.35"),
            ("of that: asking and checking the answers", f"{answers - plain:.2f}", ""),
            ("of that: making the files", f"{no_hook - answers:.2f}", ""),
            ("of that: the hook", f"{ours - no_hook:.2f}", ""),
        ],
    )


if __name__ == "__main__":
    main()
