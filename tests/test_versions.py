"""The template's version: one number, in the changelog, in pyproject.toml, and in every project."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from conftest import TEMPLATE, Project, commit, git

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


def test_documentation(generated: Callable[[str], Project]) -> None:
    """A project's README leads to documents that the template has, at the tag of its version."""
    readme = (generated("defaults").path / "README.md").read_text("utf-8")
    assert f"git clone --branch {RELEASES[0]} TEMPLATE\n" in readme
    documents = re.findall(r"`(docs/[^`]+\.md)`", readme)
    assert documents
    assert [name for name in documents if not (TEMPLATE / name).is_file()] == []


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
            assert " To do: " in " ".join(note.split()), note


def test_tags() -> None:
    """Each version that git has a tag for is a release in the changelog."""
    listed = subprocess.run(
        ["git", "tag", "--list", "[0-9]*"], cwd=TEMPLATE, capture_output=True, text=True, check=True
    )
    assert {*listed.stdout.split()} <= {*RELEASES}


# --- The workflow that releases ---------------------------------------------------------------

GH = """#!/bin/sh
printf '%s\\n' "$@" > arguments
cat > notes
"""
"""Stands in for GitHub's command: writes down what it is given."""

WRITTEN = """# Changelog

## [Unreleased]

## [2.10.0] - 2026-12-01

What it is about, in `code` and [a page](docs/index.md), on
two lines with [a link](https://example.com).

### Added

- One thing, `$HOME` and $(id), in
  two lines.
- Another.

## [2.1.0] - 2026-11-01

- An older one.
"""

NOTES = """\
What it is about, in `code` and [a page](https://github.com/OWNER/NAME/blob/2.10.0/docs/index.md), \
on two lines with [a link](https://example.com).

### Added

- One thing, `$HOME` and $(id), in two lines.
- Another.
"""

UNDATED = 'CHANGELOG.md has no section "## [2.10.0] - YYYY-MM-DD"; write one.\n'
UNRELEASED = (
    "CHANGELOG.md has unreleased changes, and 2.10.0 has no tag; "
    "move them to its section, or tag the commit that was 2.10.0.\n"
)


@dataclass(frozen=True)
class Checkout:
    """A repository of a template whose pyproject.toml says this version."""

    path: Path

    def release(self) -> subprocess.CompletedProcess[str]:
        """Run the command of the workflow, with GitHub's variables."""
        workflow = yaml.safe_load((TEMPLATE / ".github/workflows/release.yml").read_text("utf-8"))
        command = workflow["jobs"]["release"]["steps"][-1]["run"].split()
        assert command == ["python3", ".github/release.py"]
        path = f"{self.path}{os.pathsep}{os.environ['PATH']}"
        of_github = {
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "OWNER/NAME",
            "GITHUB_SHA": "0" * 40,
        }
        return subprocess.run(
            [sys.executable, TEMPLATE / command[1]],
            cwd=self.path,
            env={**os.environ, **of_github, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    def released(self) -> list[str]:
        file = self.path / "arguments"
        return file.read_text("utf-8").splitlines() if file.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a repository of version 2.10.0, whose older release has a tag."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "2.10.0"\n', "utf-8")
    (tmp_path / "CHANGELOG.md").write_text(WRITTEN, "utf-8")
    (tmp_path / "gh").write_text(GH, "utf-8")
    (tmp_path / "gh").chmod(0o755)
    commit(tmp_path)
    git(tmp_path, "tag", "2.1.0")
    return Checkout(tmp_path)


def test_release(checkout: Checkout) -> None:
    """A version without a tag is released, with its section of the changelog as GitHub shows it."""
    result = checkout.release()
    assert (result.returncode, result.stderr) == (0, "")
    title = ["release", "create", "2.10.0", "--title", "2.10.0", "--notes-file", "-"]
    assert checkout.released() == [*title, "--target", "0" * 40]
    assert (checkout.path / "notes").read_text("utf-8").rstrip() == NOTES.rstrip()


def test_release_once(checkout: Checkout) -> None:
    """A version that has a tag is not released again."""
    git(checkout.path, "tag", "2.10.0")
    result = checkout.release()
    assert (result.returncode, result.stdout) == (0, "2.10.0 is released already.\n")
    assert checkout.released() == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2.10.0] - 2026-12-01", "2.10.0]", UNDATED),
        ("Unreleased]\n", "Unreleased]\n\n- What comes next.\n", UNRELEASED),
    ],
)
def test_nothing_to_release(checkout: Checkout, old: str, new: str, message: str) -> None:
    """A commit is not released if the changelog does not say that it is the version."""
    (checkout.path / "CHANGELOG.md").write_text(WRITTEN.replace(old, new), "utf-8")
    result = checkout.release()
    assert (result.returncode, result.stderr) == (1, message)
    assert checkout.released() == []


@pytest.mark.parametrize(
    ("address", "generated"), [("../template", "2.1.0"), ("git+file://{}", "2.0.0")]
)
def test_checkout_of_a_local_copy(tmp_path: Path, address: str, generated: str) -> None:
    """A local copy is generated as it is by its path, and at --checkout by git+file."""
    template = tmp_path / "template"
    (template / "{{cookiecutter.name}}").mkdir(parents=True)
    (template / "cookiecutter.json").write_text('{"name": "made"}', "utf-8")
    for version in ("2.0.0", "2.1.0"):
        (template / "{{cookiecutter.name}}" / "version").write_text(version, "utf-8")
        commit(template)
        git(template, "tag", version)
    work = tmp_path / "work"
    work.mkdir()
    options = ["--checkout", "2.0.0", "--no-input"]
    command = [sys.executable, "-m", "cookiecutter", address.format(template), *options]
    home = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run(command, cwd=work, env=home, check=True)
    assert (work / "made" / "version").read_text("utf-8") == generated
