"""Whether a project may be written into a folder: only if nothing in there can be lost."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

ELSEWHERE = "choose another project_slug or output folder"


def output_problem(folder: Path) -> str:
    """Return why no folder can be made in this one; empty if one can."""
    try:
        os.lstat(folder)
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        if is_missing and folder != folder.parent:
            return output_problem(folder.parent)
        return f"{shown(folder)} can't be used, {error.strerror}; choose another output folder"
    if not folder.is_dir():
        return f"{shown(folder)} is not a folder; choose another output folder"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{shown(folder)} can't be written to; choose another output folder"
    return ""


def project_problem(
    folder: Path, files: Iterable[str], template: str, *, overwrite: bool, skip: bool
) -> tuple[str, str] | None:
    """Return why these files may not be written into a folder, and the fix; None if they may.

    `template` is the name that a project of this template has in its `.cookiecutter.yaml`.
    With `skip`, files that are there stay as they are.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        return "is not a folder", ELSEWHERE
    if folder.exists() and not overwrite:
        return "already exists", f"{ELSEWHERE}, or overwrite it with --overwrite-if-exists"
    if not folder.exists() or all(entry.name == ".git" for entry in folder.iterdir()):
        return None
    if not is_made_with(template, folder):
        return f"has files, and is not a project of {template}", ELSEWHERE
    written = [name for name in files if name.rpartition("/")[2]]
    if linked := [name for name in written if is_linked(folder, name)]:
        return f"has links where files are written, {listed(linked)}", "replace them with files"
    existing = [name for name in written if os.path.lexists(folder / name)]
    return None if skip else uncommitted(folder, existing)


def shown(path: object) -> str:
    """Return a path for a message."""
    return json.dumps(str(path), ensure_ascii=not str(path).isprintable())


def is_made_with(template: str, folder: Path) -> bool:
    """Return whether a folder has a project of this template, whichever its version."""
    answers = folder / ".cookiecutter.yaml"
    if not answers.is_file():
        return False
    return any(
        line.startswith(f"template: {template} ")
        for line in answers.read_text("utf-8", errors="replace").splitlines()
    )


def is_linked(folder: Path, name: str) -> bool:
    """Return whether a file, or a folder on the way to it, is a link."""
    within = [Path(name), *Path(name).parents][:-1]
    return any((folder / path).is_symlink() for path in within)


def listed(names: list[str]) -> str:
    """Return the first few names for a message."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(shown, names[:3])) + more


def uncommitted(folder: Path, names: list[str]) -> tuple[str, str] | None:
    """Return why git would not bring back what is in these files, and the fix; None if it would.

    Their content is compared with that of the last commit, whatever git is configured to hide or
    to run.
    """
    folder = folder.resolve()
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        lost = f"is in no git repository, and {listed(sorted(names))} would be lost"
        return (lost, "commit the project first") if names else None
    try:
        committed = blobs(folder)
    except (OSError, ValueError) as error:
        reason = f"is in a git repository, but git can't say what has changed, {shown(error)}"
        return reason, "fix that first"
    changed = [name for name in names if committed.get(name) not in hashes(folder / name)]
    if changed:
        return f"has changes that are in no commit, {listed(sorted(changed))}", "commit them first"
    return None


def hashes(file: Path) -> set[str]:
    """Return the object names of the content of a file, in both formats of git."""
    content = file.read_bytes() if file.is_file() else b""
    blob = b"blob %d\0%s" % (len(content), content)
    return {hashlib.sha1(blob, usedforsecurity=False).hexdigest(), hashlib.sha256(blob).hexdigest()}


def blobs(folder: Path) -> dict[str, str]:
    """Return the object names of committed files, below a folder; raise what git reports."""
    if not git(folder, "rev-parse", "--quiet", "--verify", "HEAD", failing=1):
        return {}
    entries = git(folder, "ls-tree", "-r", "-z", "HEAD", ".").split("\0")
    tabbed = [entry.partition("\t") for entry in entries if entry]
    return {name: attributes.split()[2] for attributes, _, name in tabbed}


def git(folder: Path, *words: str, failing: int = 0) -> str:
    """Return what git prints; empty if it ends with the status that means nothing is there."""
    import subprocess

    elsewhere = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}
    own = {name: value for name, value in os.environ.items() if name not in elsewhere}
    command = ["git", "-c", "core.fsmonitor=false", "--no-pager", "--no-replace-objects", *words]
    done = subprocess.run(command, cwd=folder, env=own, capture_output=True, check=False)
    if done.returncode and done.returncode == failing:
        return ""
    if done.returncode:
        raise ValueError(done.stderr.decode(errors="replace").partition("\n")[0])
    return done.stdout.decode(errors="replace")
