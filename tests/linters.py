"""What checks files that are not Python: the linters of other people, without a network."""

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
    """Have zizmor look, at its most pedantic, at a folder of workflows."""
    run("zizmor", "--offline", "--pedantic", path)


def schema(name: str, path: Path) -> None:
    """Check a file against a schema that check-jsonschema brings."""
    run("check-jsonschema", "--builtin-schema", name, path)
