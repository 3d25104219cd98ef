"""What teams do to a generated project: edits of main.py, carried out in a copy."""

from collections.abc import Mapping
from pathlib import Path
from shutil import copytree, ignore_patterns

from conftest import Project, generate, install
from uv import find_uv_bin

Edit = Mapping[str, str]
"""Texts of main.py, each of which occurs once, and what a team writes instead."""

IMPORTS = "import tomllib\n"
CREATED = "SecuredFastAPI(settings.policy, **about)"
RETURNED = "    return app\n"
STARTED = "    app = create_app(Settings())\n"


def creating(option: str, imports: str) -> Edit:
    """Return the edit that creates the app with another option."""
    return {IMPORTS: f"{IMPORTS}{imports}\n", CREATED: f"{CREATED[:-1]}, {option})"}


def adding(line: str, imports: str = "") -> Edit:
    """Return the edit that adds a line to the end of `create_app`."""
    return {IMPORTS: f"{IMPORTS}{imports}\n", RETURNED: f"    {line}\n{RETURNED}"}


def edited(project: Project, folder: Path, edit: Edit) -> Project:
    """Return a copy of an installed project, in the same environment, with main.py edited."""
    ignored = ignore_patterns(".venv", "__pycache__", ".*_cache")
    copy = Project(copytree(project.path, folder / project.path.name, ignore=ignored))
    (copy.path / ".venv").symlink_to(project.path / ".venv")
    main = copy.source / "main.py"
    text = main.read_text("utf-8")
    for old, new in edit.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    main.write_text(text, encoding="utf-8")
    return copy


def installed_with(folder: Path, *packages: str) -> Project:
    """Return an installed project that has these packages as well."""
    project = generate(folder / "out")
    install(project, "3.11")
    result = project.run(find_uv_bin(), "pip", "install", "--quiet", *packages)
    assert result.returncode == 0, result.stderr
    return project
