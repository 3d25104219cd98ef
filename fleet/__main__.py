"""Examine and update the projects of this template, of which a platform team has many.

A DIR is a project, or a folder that holds projects at any depth. `versions` prints which of them
are behind this template, and how each is updated. `origins` prints which origins they trust in
each environment, or which of them trust ORIGIN: the argument with `://`. `update` makes a branch
with a version of the template in the repository of each; nothing is pushed.

Exit status: 0; 1 if a project is behind, if no project trusts ORIGIN, or if an update has
conflicts or a project was left alone; 2 if that can't be determined for all of them.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .generator import Generator
from .origins import check_origin, trusts
from .projects import Project, projects_below
from .reports import FleetError, Problem, Report, aligned, discard, side_by_side, write
from .template import rulebook
from .updates import update
from .versions import version_of


def examined(
    folders: Sequence[str], task: Callable[[Project], Any], *, progress: bool = False
) -> Report:
    """Return what a task returns for each project below these folders."""
    report = Report()
    projects: list[Project] = []
    for found in projects_below(folders):
        if isinstance(found, Problem):
            report.problems.append(found)
        else:
            projects.append(found)
    for done, result in enumerate(side_by_side(task, projects, lambda x: x.path), 1):
        if isinstance(result, Problem):
            report.problems.append(result)
        else:
            report.results.append(result)
        if progress:
            outcome = result if isinstance(result, Problem) else "  ".join(result.row[:2])
            write(sys.stderr, f"[{done}/{len(projects)}] {outcome}")
    return report


def versions(arguments: argparse.Namespace) -> Report:
    """Report which projects are behind."""
    report = examined(arguments.dir, version_of)
    report.status = int(any(x.behind for x in report.results))
    return report


def origins(arguments: argparse.Namespace) -> Report:
    """Report what the projects trust, or which of them trust an origin."""
    asked = [x for x in arguments.dir if "://" in x]
    folders = [x for x in arguments.dir if "://" not in x]
    if len(asked) > 1 or not folders:
        raise FleetError("origins takes one origin at most, and one folder or more.")
    origin = asked[0] if asked else None
    if origin is not None:
        check_origin(origin)
    report = examined(folders, lambda project: trusts(project, origin))
    report.results = [trust for found in report.results for trust in found]
    if origin is not None and not report.results:
        write(sys.stderr, f"No project trusts {rulebook.quoted(origin)}.")
        report.status = 1
    return report


def updates(arguments: argparse.Namespace) -> Report:
    """Update the projects, and report what has become of each."""
    with tempfile.TemporaryDirectory(prefix="fleet-") as name:
        generator = Generator(Path(name))
        target = generator.revision(arguments.to)
        report = examined(arguments.dir, lambda x: update(x, target, generator), progress=True)
    report.status = int(any(x.outcome not in ("updated", "current") for x in report.results))
    return report


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    description, _, epilog = str(__doc__).partition("\n\n")
    command = argparse.ArgumentParser(
        prog="python -m fleet",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = command.add_subparsers(metavar="versions | origins | update", required=True)
    asked = commands.add_parser("versions", help="which projects are behind, how to update them")
    asked.set_defaults(run=versions)
    listed = commands.add_parser("origins", help="which origins they trust, or who trusts ORIGIN")
    listed.set_defaults(run=origins)
    updated = commands.add_parser("update", help="a branch with a version of the template in each")
    updated.set_defaults(run=updates)
    updated.add_argument("--to", metavar="VERSION", required=True, help="a tag of the template")
    for each in asked, listed, updated:
        name = "[ORIGIN] DIR" if each is listed else "DIR"
        each.add_argument("dir", metavar=name, nargs="+", help="a project, or a folder with some")
        each.add_argument("--json", action="store_true", help="print JSON")
    return command


def printed(report: Report, *, as_json: bool) -> int:
    """Print a report; return the exit status."""
    if as_json:
        text = report.as_json()
    else:
        text = aligned(result.row for result in report.results)
        for problem in report.problems:
            write(sys.stderr, str(problem))
    if text:
        write(sys.stdout, text)
    return report.exit_status


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit status."""
    parsed = parser().parse_args(arguments)
    try:
        return printed(parsed.run(parsed), as_json=parsed.json)
    except FleetError as error:
        write(sys.stderr, str(error))
    except OSError as error:  # no space for temporary files, or for the output
        write(sys.stderr, f"python -m fleet: {error.strerror}.")
        discard(sys.stdout)
    except KeyboardInterrupt:
        write(sys.stderr, "Interrupted.")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
