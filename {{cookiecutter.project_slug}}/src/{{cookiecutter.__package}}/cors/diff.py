"""What a change of `environments.toml` changes in effect, environment by environment."""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from starlette.middleware.cors import SAFELISTED_HEADERS

from .document import ENVIRONMENTS_FILE, ConfigurationError, Document
from .policy import KEYS, SETS, Policy, Source
from .rulebook import Problem

HEADINGS = ("Newly trusted", "No longer trusted", "Other changes")

HOOK_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE")
"""What git sets for hooks, and what would make it take any folder for the top of a repository."""


class DiffError(Exception):
    """The change can't be determined; the message says why."""


class Change(NamedTuple):
    """What a key has gained (+), lost (-) or changed in an environment, and what decides it now."""

    environment: str
    key: str
    sign: str
    value: str
    source: str

    @property
    def rank(self) -> int:
        """The place of its heading: who is trusted anew is what a reviewer has to know first."""
        return int(self.sign == "-") if self.key in SETS else 2


def changes(revision: str, file: Path = ENVIRONMENTS_FILE) -> list[Change]:
    """Return what has changed between a revision and the file as it stands, or `BEFORE..AFTER`.

    Both are read by the presets and rules of this version. Variables, which override the file where
    the API runs, are left out.

    Raises `DiffError` with every problem if git can't read a revision, or a policy is invalid.
    """
    before, _, after = revision.partition("..")
    sides, errors = [], []
    for side in before or "HEAD", after:
        try:
            sides.append(policies_at(side, file))
        except DiffError as error:
            errors.append(error)
    if errors:
        raise DiffError("\n".join(map(str, errors)))
    old, new = sides
    if not new:
        raise _unreadable(after, f"there is no {file.name}")
    return sorted(_changes(old, new, file), key=lambda x: x.rank)


def policies_at(revision: str, file: Path) -> dict[str, Policy]:
    """Return the policies of a revision, none if it lacks the file, or of the file as it stands."""
    try:
        source = Source(document_at(revision, file) if revision else Document.read(file))
        return {name: source.policy_of(name) for name in source.document.tables}
    except ConfigurationError as error:
        raise DiffError(f"{revision or file.name}: {error}") from None


def document_at(revision: str, file: Path) -> Document:
    """Return the file as it stands in a revision; without a table if it is not there."""
    commit = revision + "^{commit}"
    entry = git(file.parent, revision, "ls-tree", "--end-of-options", commit, file.name)
    if not entry:
        return Document(file, "", {}, {})
    blob = entry.split()[2].decode()
    return Document.parse(git(file.parent, revision, "cat-file", "blob", blob), file)


def git(folder: Path, revision: str, *words: str) -> bytes:
    """Return what git prints in a folder about a revision. It runs and fetches nothing for that."""
    variables = {name: value for name, value in os.environ.items() if name not in HOOK_VARIABLES}
    variables["GIT_ALLOW_PROTOCOL"] = ""  # a partial clone would fetch, by programs of its choice
    command = ["git", *words]
    try:
        done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, check=False)  # noqa: S603
    except OSError:
        raise _unreadable(revision, "git is not installed") from None
    if done.returncode:
        raise _unreadable(revision, " ".join(done.stderr.decode(errors="replace").split()))
    return done.stdout


def _unreadable(revision: str, reason: str) -> DiffError:
    reason = f"can't be read: {reason} [unreadable-revision]"
    fix = "run this with git, in a clone that has it"
    return DiffError(Problem("Revision", revision, reason, fix))


def _changes(old: dict[str, Policy], new: dict[str, Policy], file: Path) -> Iterator[Change]:
    for name in dict.fromkeys([*new, *old]):
        if name not in new:
            yield Change(name, "table", "-", f"[{name}]", file.name)
            continue
        if name not in old:
            yield Change(name, "table", "+", f"[{name}]", file.name)
        defaults = Source(Document(file, "", {}, {name: {}}))
        yield from _changes_of(name, old.get(name) or defaults.policy_of(name), new[name])


def _changes_of(environment: str, old: Policy, new: Policy) -> Iterator[Change]:
    for key, kind in KEYS.items():
        before, after = old.values_of(key), new.values_of(key)
        if kind.kind is list:
            for sign, items, other in ("+", after, old), ("-", before, new):
                for item in items:
                    if not _allows(other, key, item):
                        source = new.source_of(key, item if sign == "+" else "")
                        yield Change(environment, key, sign, item, source)
        elif before != after:
            value = f"{before[0]} -> {after[0]}"
            yield Change(environment, key, "", value, new.source_of(key))


def _allows(policy: Policy, key: str, item: str) -> bool:
    """Return whether a policy allows an item of a list, in these words or by another item."""
    values = policy.values_of(key)
    if key.endswith("_origins") and policy.trusts(item):
        return True
    if key == "allowed_hosts" and policy.allows_host(item):
        return True
    if key == "allow_headers":
        values += SAFELISTED_HEADERS  # always allowed
    if key.endswith("_headers"):
        values = [x.lower() for x in values]
        item = item.lower()
    return item in values or "*" in values


def markdown(found: Sequence[Change]) -> str:
    """Return changes as Markdown, for the summary of a pull request."""
    lines = ["### Changes of the cross-origin policy"]
    for rank, group in groupby(found, key=lambda x: x.rank):
        lines += ["", f"**{HEADINGS[rank]}**", ""]
        for x in group:
            value = f"{x.sign} {_code(x.value)}".strip()
            lines.append(f"- **{x.environment}** {x.key}: {value} ({x.source})")
    return "\n".join(lines if found else [*lines, "", "Nothing changes in effect."])


def _code(value: str) -> str:
    marks = "`" * (1 + max(map(len, re.findall("`+", value)), default=0))
    return f"{marks} {value} {marks}" if "`" in value else f"{marks}{value}{marks}"
