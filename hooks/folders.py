"""What may stand where a project is to be written: an earlier state of it, with nothing to lose."""

import json
import os
from pathlib import Path

ELSEWHERE = "choose another project_slug or output folder"


def reason_to_keep(folder: Path, template: str, *, overwrite: bool) -> str:
    """Return why nothing may be written over what stands at a path; no text if it may.

    `template` is the name that a project of this template has in its `.cookiecutter.yaml`.
    """
    if not folder.is_dir():
        return f"is no folder; {ELSEWHERE}"
    if not overwrite:
        return f"is there already; {ELSEWHERE}, or write over it with --overwrite-if-exists"
    if not any(entry.name != ".git" for entry in folder.iterdir()):
        return ""
    if not is_made_with(template, folder):
        return f"holds files, and is no project of {template}; {ELSEWHERE}"
    return uncommitted(folder)


def is_made_with(template: str, folder: Path) -> bool:
    """Tell whether a folder holds a project of this template, whichever its version."""
    answers = folder / ".cookiecutter.yaml"
    if not answers.is_file():
        return False
    return any(
        line.startswith(f"template: {template} ")
        for line in answers.read_text("utf-8", errors="replace").splitlines()
    )


def uncommitted(folder: Path) -> str:
    """Return why git would not bring back what is in a folder; no text if it would, or is not used.

    Only what is in the folder counts, where that is a part of a bigger repository.
    """
    folder = folder.resolve()
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return ""
    try:
        changed = changes(folder)
    except (OSError, ValueError) as error:
        why = f"git can't tell what has changed, {json.dumps(str(error), ensure_ascii=False)}"
        return f"is in a git repository, but {why}; mend that first"
    if changed:
        return f"has changes that are in no commit, {changed}; commit or stash them first"
    return ""


def changes(folder: Path) -> str:
    """Return which files of a folder git finds changed or does not know; raises what git says."""
    import subprocess

    elsewhere = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}
    own = {name: value for name, value in os.environ.items() if name not in elsewhere}
    command = ["git", "status", "--porcelain", "-z", "--no-renames", "--", "."]
    git = subprocess.run(command, cwd=folder, env=own, capture_output=True, check=False)
    if git.returncode:
        raise ValueError(git.stderr.decode(errors="replace").partition("\n")[0])
    names = [entry[3:] for entry in git.stdout.decode(errors="replace").split("\0") if entry]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(json.dumps(name, ensure_ascii=False) for name in names[:3]) + more
