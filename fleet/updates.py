"""Updates a project: a branch with what a newer version of the template changes.

What the older version generates from the project's answers, what the newer one does, and the
project's last commit are merged, as trees. So it makes no difference how the project was updated
before, and its working tree is not touched.
"""

import json
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .generator import Generator, Revision
from .projects import ANSWERS, Project, number, read_file
from .reports import FleetError, shown
from .repositories import Checkout, LeftAlone, Scratch
from .template import NAME
from .versions import BRANCH, CRUFT

TEMPLATES_FOLDERS = ("src/*/cors", "tests/cors")
"""An update replaces these whole, so an edit in them has to be moved first."""

TEAMS_FILES = ("src/*/environments.toml", "src/*/openapi.toml")
"""A newer template leaves these as they are, and those that `[tool.cruft]` lists."""


@dataclass(frozen=True)
class Update:
    """The outcome for a project: updated, current, conflicts, or left alone.

    `template` is the commit that continues the branch of that name, where there is one.
    """

    path: str
    outcome: str
    before: str
    after: str
    branch: str | None = None
    commit: str | None = None
    template: str | None = None
    reason: str | None = None
    files: tuple[str, ...] = ()

    @property
    def row(self) -> tuple[str, ...]:
        detail = f"branch {self.branch}" if self.branch else self.reason or ""
        return shown(self.path), self.outcome, f"{self.before} -> {self.after}", detail


def update(project: Project, target: Revision, generator: Generator) -> Update:
    """Make a branch with a version of the template, or say why not.

    Raises `FleetError` if that can't be determined; then nothing has changed either.
    """
    versions = project.version, target.version
    if project.version == target.version:
        return Update(project.path, "current", *versions)
    with tempfile.TemporaryDirectory(dir=generator.scratch) as name:
        try:
            if number(project.version) > number(target.version):
                raise LeftAlone("is newer")
            branch, commit, template = _branch(project, target, generator, Path(name))
        except LeftAlone as error:
            reason = str(error)
            return Update(project.path, error.outcome, *versions, reason=reason, files=error.files)
    return Update(project.path, "updated", *versions, branch, commit, template)


def _branch(
    project: Project, target: Revision, generator: Generator, folder: Path
) -> tuple[str, str, str | None]:
    """Make the branch; return its name, its commit, and the one for the branch `template`."""
    checkout = Checkout.of(project.folder)
    place = re.sub("[^A-Za-z0-9_-]+", "-", f"/{checkout.prefix}".rstrip("/"))
    branch = f"template-update-{target.version}{place}"
    if checkout.commit_of(f"refs/heads/{branch}"):
        raise LeftAlone(f"has a branch {branch}, to merge or to delete first")
    scratch = Scratch(folder, checkout)
    if changed := scratch.uncommitted():
        reason = f"has uncommitted changes in {_listed(changed)}"
        raise LeftAlone(reason, changed)
    base, theirs = _generated(project, target, generator, scratch)
    ours = scratch.project_tree()
    if edited := scratch.changed(base, ours, TEMPLATES_FOLDERS):
        reason = f"has edits in the template's folders, {_listed(edited)}; move them first"
        raise LeftAlone(reason, edited)
    tree, conflicts = scratch.merged(base, ours, theirs)
    if conflicts:
        reason = f"in {_listed(conflicts)}; update by hand, as {_page(project, target)} shows"
        raise LeftAlone(reason, conflicts, "conflicts")
    template = _template_commit(project, target, scratch, theirs)
    parents = [checkout.head, *([template] if template else [])]
    message = f"Update to template {target.version}"
    commit = scratch.history(scratch.whole_tree(tree), message, *parents)
    scratch.make_branch(branch, commit)
    return branch, commit, template


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(shown, names[:3])) + more


def _page(project: Project, target: Revision) -> str:
    major = number(project.version)[0], number(target.version)[0]
    return f"docs/how-to/{'from-1-to-2' if major == (1, 2) else 'updating'}.md"


def _generated(
    project: Project, target: Revision, generator: Generator, scratch: Scratch
) -> tuple[str, str]:
    """Return what the older and the newer version generate, as trees that differ in what is new.

    Files that are the team's are the same in both.
    """
    cruft = _cruft_state(project.folder)
    before = generator.revision(cruft["commit"] if cruft else project.version)
    old, _ = generator.generate(before, project.answers, scratch.folder.parent / "old")
    new, values = generator.generate(target, project.answers, scratch.folder.parent / "new")
    skipped = [*TEAMS_FILES, *_skipped(project.folder), *(cruft or {}).get("skip", [])]
    for name in {*_files(old), *_files(new)}:
        if any(name == x or fnmatchcase(name, x) or name.startswith(f"{x}/") for x in skipped):
            (new / name).unlink(missing_ok=True)
            if (old / name).exists():
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(old / name, new / name)
    if cruft:
        _write_cruft_state(old, cruft)
        own = {"_template": cruft["template"], "_commit": target.commit}
        of_this_run = {"_output_dir", "_repo_dir", "_checkout"}
        kept = {name: x for name, x in values.items() if name not in of_this_run}
        changed = {"commit": target.commit, "checkout": target.name}
        _write_cruft_state(new, cruft | changed | {"context": {"cookiecutter": kept | own}})
    return scratch.tree_of(old), scratch.tree_of(new)


def _files(folder: Path) -> Iterable[str]:
    return (x.relative_to(folder).as_posix() for x in folder.rglob("*") if x.is_file())


def _skipped(folder: Path) -> list[str]:
    """Return what a project's pyproject.toml lists as its own."""
    if not (folder / "pyproject.toml").exists():
        return []
    try:
        content = tomllib.loads(read_file(folder / "pyproject.toml").decode())
    except (ValueError, RecursionError):
        raise FleetError("pyproject.toml is not valid TOML; restore the file.") from None
    skipped = content
    for key in "tool", "cruft", "skip":
        skipped = skipped.get(key, {}) if isinstance(skipped, dict) else {}
    return [x for x in skipped if isinstance(x, str)] if isinstance(skipped, list) else []


def _cruft_state(folder: Path) -> dict[str, Any] | None:
    if not (folder / CRUFT).exists():
        return None
    try:
        state = json.loads(read_file(folder / CRUFT))
        skip = state.get("skip") or []
        commit, template = str(state["commit"]), str(state["template"])
        right = re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", commit)
        if not right or not all(isinstance(x, str) for x in [*skip]):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FleetError(f"{CRUFT} is not what cruft writes; restore the file.") from None
    return {**state, "commit": commit, "template": template, **({"skip": skip} if skip else {})}


def _write_cruft_state(folder: Path, state: dict[str, Any]) -> None:
    text = json.dumps(state, ensure_ascii=False, indent=2, separators=(",", ": "))
    (folder / CRUFT).write_text(f"{text}\n", encoding="utf-8")


def _template_commit(project: Project, target: Revision, scratch: Scratch, tree: str) -> str | None:
    """Return a commit that continues the branch `template`, so that git updates it as before.

    None if there is no such branch, if cruft updates the project, or if the branch holds another
    version than the project.
    """
    checkout = scratch.checkout
    names = f"refs/heads/{BRANCH}", f"refs/remotes/origin/{BRANCH}"
    last = next(filter(None, map(checkout.commit_of, names)), None)
    if last is None or checkout.prefix or (project.folder / CRUFT).exists():
        return None
    line = f"template: {NAME} {project.version}"
    if line not in scratch.text_of(f"{last}:{ANSWERS}").splitlines():
        return None
    return scratch.history(tree, f"Template {target.version}", last)
