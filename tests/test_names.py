"""Names that a project can't have: compared with what takes them."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import TEMPLATE, Project, generate, git

from hooks import rules

PROJECT = TEMPLATE / "{{cookiecutter.project_slug}}"
NAMES = """
import importlib.metadata as metadata
for module, distributions in metadata.packages_distributions().items():
    print(module, *distributions)
"""


@pytest.mark.xdist_group("defaults")
def test_installed(installed: Callable[[str], Project]) -> None:
    """No project is called like a module or a distribution that it installs."""
    listed = installed("defaults").run("python", "-c", NAMES)
    assert listed.returncode == 0, listed.stderr
    names = {re.sub("[-.]", "_", name).lower() for name in listed.stdout.split()}
    possible = {name for name in names if re.fullmatch("[a-z][a-z0-9_]*[a-z0-9]", name)}
    assert possible - {"hello_api"} <= rules.DEPENDENCIES


def test_standard_library() -> None:
    """No project is called like a module of the standard library of this Python."""
    for name in sys.stdlib_module_names:
        slug = name.replace("_", "-")
        if not rules.rulebook.reasons(rules.SLUG_RULES[:2], slug):
            assert rules.rulebook.reasons(rules.SLUG_RULES, slug), name


@pytest.mark.parametrize(
    "slug", ["conftest", "src", "test", "tests", "aux", "com1", "match", "async"]
)
def test_reserved(slug: str) -> None:
    """Names of the project's own folders, of devices and of keywords are rejected."""
    assert list(rules.slug_problems("project_slug", {"project_slug": slug}))


def words(*files: str) -> list[str]:
    """Return the words in files of the project that could be names of projects."""
    texts = [(PROJECT / file).read_text("utf-8") for file in files]
    found = set(re.findall(r"[a-z][a-z0-9]+", " ".join(texts)))
    return sorted(x for x in found if not rules.rulebook.reasons(rules.SLUG_RULES, x))


def test_ignored_by_git(tmp_path: Path) -> None:
    """Whatever a project is called, git ignores none of its files but .env."""
    project = generate(tmp_path / "out", project_name="Dist")
    git(project.path, "init", "--quiet")
    for name in words(".gitignore"):
        (project.path / "src" / name).mkdir(exist_ok=True)
        (project.path / "src" / name / "main.py").touch()
    git(project.path, "add", "--all")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=project.path, capture_output=True, text=True, check=True
    )
    assert {*listed.stdout.split("\0")} - {""} == project.files().keys() - {".env"} - {
        name for name in project.files() if name.startswith(".git/")
    }


def test_slug_of_a_name() -> None:
    """The name that is offered for a project's folder breaks no rule."""
    reserved = rules.DEPENDENCIES | rules.RESERVED | sys.stdlib_module_names
    names = ("Hello API", "2nd", "x" * 80, "fastapi " + "y" * 60, "con", "match", "Ü", "班")
    for name in (*names, *reserved, *(f"{name}{'-' * 60}x" for name in reserved)):
        slug = rules.slug(name)
        assert not rules.rulebook.reasons(rules.SLUG_RULES, slug), slug
        assert not rules.rulebook.reasons(rules.SLUG_RULES, rules.numbered(slug, 12))
