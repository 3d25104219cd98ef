"""Tag the version of pyproject.toml, and release it on GitHub, unless it has a tag.

The notes are the version's section of CHANGELOG.md, written for where a reader sees them: a release
on GitHub breaks a line wherever its text does, and knows no folder that a link could start from.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path


def section(heading: str, changelog: str) -> str:
    """Return the text below a heading, which is a pattern; "" if there is none."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def for_release(notes: str, files: str) -> str:
    """Return notes with one line for each paragraph, and links to files that begin with `files`."""
    unwrapped = re.sub(r"(?<=\S)\n *(?![ #\n]|[-*] )", " ", notes)
    return re.sub(r"\]\((?!https?:)", f"]({files}", unwrapped)


def main() -> None:
    """Release this version, as the commit and the repository that GitHub's variables name."""
    version = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]["version"]
    tags = subprocess.run(["git", "tag", "--list", version], capture_output=True, check=True)
    if tags.stdout:
        print(f"{version} is released already.")  # noqa: T201
        return
    changelog = Path("CHANGELOG.md").read_text("utf-8")
    notes = section(rf"\[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d", changelog)
    if not notes:
        sys.exit(f'CHANGELOG.md has no section "## [{version}] - YYYY-MM-DD"; write one.')
    if section(r"\[Unreleased\]", changelog):
        sys.exit(
            f"CHANGELOG.md has unreleased changes, and {version} has no tag; "
            f"move them to its section, or tag the commit that was {version}."
        )
    repository = f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}"
    notes = for_release(notes, f"{repository}/blob/{version}/")
    create = ["gh", "release", "create", version, "--title", version, "--notes-file", "-"]
    target = ["--target", os.environ["GITHUB_SHA"]]
    subprocess.run([*create, *target], input=notes, text=True, check=True)


if __name__ == "__main__":
    main()
