"""What linters of other people say of workflows and of Dependabot's file, the template's or not."""

import subprocess
import sysconfig
from pathlib import Path

COMMANDS = Path(sysconfig.get_path("scripts"))


def zizmor(*paths: Path) -> str:
    """Return what zizmor finds in files, also of style; no text if that is nothing.

    It reads workflows, actions, and the files of Dependabot and pre-commit. Of a folder it reads
    those that GitHub would, the folder being a repository.
    """
    return _said("zizmor", "--offline", "--pedantic", "--strict-collection", "--quiet", *paths)


def schema(name: str, *paths: Path) -> str:
    """Return where files break a schema that check-jsonschema brings along; no text if nowhere.

    The names are those of its `--builtin-schema`, `vendor.github-workflows` for one.
    """
    return _said("check-jsonschema", "--builtin-schema", name, *paths)


def _said(command: str, *arguments: str | Path) -> str:
    result = subprocess.run(
        [COMMANDS / command, *arguments], capture_output=True, text=True, check=False
    )
    return result.stdout + result.stderr if result.returncode else ""
