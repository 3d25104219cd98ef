"""Linters for files that are not Python, without a network."""

import subprocess
import sys
from pathlib import Path


def run(tool: str, *words: str | Path) -> str:
    """Run a tool of this environment, which must find nothing; return what it prints."""
    command = [Path(sys.executable).with_name(tool), *words]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def zizmor(path: Path) -> None:
    """Have zizmor check a folder of workflows, in its most pedantic mode."""
    run("zizmor", "--offline", "--pedantic", path)


def schema(name: str, path: Path) -> None:
    """Check a file against a schema that check-jsonschema brings."""
    run("check-jsonschema", "--builtin-schema", name, path)
