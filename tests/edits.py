"""What teams do to a generated project: edits of its main.py, made in a copy that is quick to make."""

from collections.abc import Mapping
from shutil import copytree, ignore_patterns
from pathlib import Path

from conftest import Project

Edit = Mapping[str, str]
"""Texts of main.py, each of which stands there once, and what a team writes in their place."""

IMPORTS = "import tomllib\n"
CREATED = "SecuredFastAPI(settings.policy, **about)"
RETURNED = "    return app\n"
SERVED = "app = create_app(Settings())"


def added(lines: str, imports: str = "") -> Edit:
    """Return the edit that adds lines to the end of `create_app`."""
    return {IMPORTS: f"{IMPORTS}{imports}\n", RETURNED: f"    {lines}\n{RETURNED}"}


def created(options: str, imports: str = "") -> Edit:
    """Return the edit that creates the app with more options."""
    return {IMPORTS: f"{IMPORTS}{imports}\n", CREATED: f"{CREATED[:-1]}, {options})"}


def wrapped(lines: str) -> Edit:
    """Return the edit that wraps the app from outside."""
    return {SERVED: f"{SERVED}\n    {lines}"}


def copied(project: Project, folder: Path) -> Project:
    """Return a copy of an installed project, which has its environment but sources of its own."""
    ignored = ignore_patterns(".venv", "__pycache__", ".*_cache")
    path = copytree(project.path, folder / project.path.name, ignore=ignored)
    (path / ".venv").symlink_to(project.path / ".venv")
    return Project(path)


def edit_main(project: Project, edit: Edit) -> None:
    """Carry out an edit in a project."""
    main = project.source / "main.py"
    text = main.read_text("utf-8")
    for old, new in edit.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    main.write_text(text, encoding="utf-8")
