"""The command `python -m PACKAGE.cors`, run many times in one process: its start takes longest."""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence

from conftest import Project

Result = subprocess.CompletedProcess[str]

RUNS = """
import contextlib, importlib, io, json, sys

main = importlib.import_module(f"{sys.argv[1]}.cors.__main__").main
done = []
for words in json.loads(sys.argv[2]):
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        status = main(words)
    done.append([status, output.getvalue(), errors.getvalue()])
print(json.dumps(done))
"""
"""Runs the command of a package with each list of arguments."""


def run_all(project: Project, words: Iterable[Sequence[str]], **variables: str) -> list[Result]:
    """Run the command of a project with each list of arguments."""
    source = {"PYTHONPATH": str(project.path / "src"), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-W", "error", "-c", RUNS, project.package, json.dumps([*words])]
    done = project.run(*command, **(source | variables))
    assert (done.returncode, done.stderr) == (0, "")
    return [Result([], *each) for each in json.loads(done.stdout)]
