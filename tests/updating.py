"""What the tests of updates share: a user in a shell, repositories of the template, the pages."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conftest import TEMPLATE
from uv import find_uv_bin

PAGES = TEMPLATE / "docs" / "how-to"
PRODUCT = "{{cookiecutter.project_slug}}"
PACKAGE = f"{PRODUCT}/src/{{{{cookiecutter.__package}}}}"


def block(name: str, language: str = "sh", *, pages: tuple[str, ...]) -> str:
    """Return the code on the pages below a comment with this name."""
    text = "".join((PAGES / page).read_text("utf-8") for page in pages)
    found = re.findall(rf"<!-- {re.escape(name)} -->\n```{language}\n(.*?)```", text, re.DOTALL)
    assert len(found) == 1, name
    return str(found[0])


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text in a file, once."""
    text = file.read_text("utf-8")
    assert old in text, (file, old)
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@cache
def cache_of_uv() -> str:
    result = subprocess.run([find_uv_bin(), "cache", "dir"], capture_output=True, check=True)
    return result.stdout.decode().strip()


@dataclass(frozen=True)
class Workplace:
    """A folder to work in, with a home of its own: its user knows the template's repository."""

    path: Path
    template: Path

    def run(self, commands: str, folder: str = ".") -> subprocess.CompletedProcess[str]:
        """Run lines of shell as a user types them, up to the first that fails."""
        user = {
            f"GIT_{x}_{y}": "ada@example.com"
            for x in ("AUTHOR", "COMMITTER")
            for y in ("NAME", "EMAIL")
        }
        own = {
            "HOME": str(self.path),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "UV_CACHE_DIR": cache_of_uv(),
            "UV_PYTHON": sys.executable,
        }
        others = {name: x for name, x in os.environ.items() if name != "VIRTUAL_ENV"}
        return subprocess.run(
            [
                "bash",
                "-euo",
                "pipefail",
                "-c",
                commands.replace("TEMPLATE", f"file://{self.template}"),
            ],
            cwd=self.path / folder,
            env={**others, **user, **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def do(self, commands: str, folder: str = ".") -> str:
        """Run lines of shell that must succeed; return all that they print."""
        result = self.run(commands, folder)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout + result.stderr


def commit_version(workplace: Workplace, version: str) -> None:
    """Commit what stands in the template's repository, with the version as its tag."""
    folder = workplace.template.name
    workplace.do(f"git init -q -b main\ngit add -A\ngit commit -qm {version}", folder)
    workplace.do(f"git tag {version}", folder)
