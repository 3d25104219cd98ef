"""The template's version: one number, in the changelog, in pyproject.toml, and in every project."""

import re
import subprocess
import tomllib
from collections.abc import Callable

import yaml
from conftest import TEMPLATE, Project

CHANGELOG = (TEMPLATE / "CHANGELOG.md").read_text("utf-8")
RELEASES = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_stamp(generated: Callable[[str], Project]) -> None:
    """A project says which version it was made with: the newest release in the changelog."""
    [name, version] = (
        tomllib.loads((TEMPLATE / "pyproject.toml").read_text("utf-8"))["project"][key]
        for key in ("name", "version")
    )
    answers = (generated("defaults").path / ".cookiecutter.yaml").read_text("utf-8")
    stamp = yaml.safe_load(answers)["template"]
    assert stamp == f"{name} {version}"
    assert version == RELEASES[0]


def test_changelog() -> None:
    """The changelog has each release once, the newest first, and what is to come before them."""
    assert sorted(set(RELEASES), key=number, reverse=True) == RELEASES
    headings = re.findall(r"^## \[(.*?)\]", CHANGELOG, re.MULTILINE)
    assert headings == ["Unreleased", *RELEASES]
    kinds = set(re.findall(r"^### (.*)$", CHANGELOG, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_what_to_do() -> None:
    """Each note of something changed or removed ends with what a team has to do."""
    sections = re.findall(r"^### (?:Changed|Removed)\n\n((?:[- ].*\n)+)", CHANGELOG, re.MULTILINE)
    for section in sections:
        for note in re.split(r"^- ", section, flags=re.MULTILINE)[1:]:
            assert " To do: " in note.replace("\n ", " "), note


def test_tags() -> None:
    """Each version that git has a tag for is a release in the changelog."""
    listed = subprocess.run(
        ["git", "tag", "--list", "[0-9]*"], cwd=TEMPLATE, capture_output=True, text=True, check=True
    )
    assert {*listed.stdout.split()} <= {*RELEASES}
