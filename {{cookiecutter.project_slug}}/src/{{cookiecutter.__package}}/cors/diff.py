"""What a change of `environments.toml` changes in effect, environment by environment."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from .policy import ENVIRONMENTS_FILE, KEYS, SETS, ConfigurationError, Document, Policy, policy_of


class DiffError(Exception):
    """The change can't be determined; the message is a sentence that says why."""


TRUST = ("table", *SETS)
"""The keys whose new values stand first: who is trusted anew is what a reviewer has to know."""


class Change(NamedTuple):
    """A value that a key has gained (+), lost (-) or changed, and what decides the key now."""

    environment: str
    key: str
    sign: str
    value: str
    source: str


def changes(revision: str, file: Path = ENVIRONMENTS_FILE) -> list[Change]:
    """Return what has changed between a revision and the file as it stands, or `BEFORE..AFTER`.

    Variables, which override the file where the API runs, are left out.

    Raises `DiffError` if git does not know a revision, or a file can't be used.
    """
    before, _, after = revision.partition("..")
    old = document_at(before or "HEAD", file)
    new = document_at(after, file) if after else Document.read(file)
    names = dict.fromkeys([*new.tables, *old.tables])
    found = [
        change
        for name in names
        for change in _changes(name, policy_in(old, name, before), policy_in(new, name, after))
    ]
    return sorted(found, key=lambda x: x.sign != "+" or x.key not in TRUST)


def document_at(revision: str, file: Path) -> Document:
    """Return the file as it stands in a revision; without a table if it is not there."""
    if not git(file, "ls-tree", "--name-only", "--end-of-options", revision, file.name):
        return Document(file, "", {}, {})
    content = git(file, "cat-file", "blob", f"{revision}:./{file.name}")
    try:
        return Document.parse(content, file)
    except ConfigurationError as error:
        raise DiffError(f"{revision}: {error}") from None


def policy_in(document: Document, environment: str, revision: str) -> Policy:
    """Return the policy of an environment by a document: of an empty table if it has none."""
    if environment not in document.tables:
        document = Document(document.file, "", {}, {environment: {}})
    try:
        return policy_of(document, environment)
    except ConfigurationError as error:
        raise DiffError(f"{revision or document.file.name}: {error}") from None


def _changes(environment: str, old: Policy, new: Policy) -> Iterator[Change]:
    for sign, here, there in ("+", new, old), ("-", old, new):
        if here.source.document.text and not there.source.document.text:
            yield Change(environment, "table", sign, f"[{environment}]", here.source.document.name)
    for key, kind in KEYS.items():
        before, after = old.values_of(key), new.values_of(key)
        if kind.kind is not list and before != after:
            value = f"{before[0]} -> {after[0]}"
            yield Change(environment, key, "", value, new.source_of(key))
        elif kind.kind is list:
            for value in [x for x in after if x not in before]:
                yield Change(environment, key, "+", value, new.source_of(key, value))
            for value in [x for x in before if x not in after]:
                yield Change(environment, key, "-", value, new.source_of(key))


def git(file: Path, *words: str) -> bytes:
    """Return what git prints in the folder of a file."""
    command = ["git", "--no-pager", *words]
    try:
        done = subprocess.run(command, cwd=file.parent, capture_output=True, check=False)  # noqa: S603
    except OSError:
        raise DiffError("git is not installed; install it to compare with a revision.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise DiffError(f"git: {' '.join(said[:1])}; name a revision of this repository.")
    return done.stdout


def markdown(found: Sequence[Change]) -> str:
    """Return changes as Markdown, for the summary of a pull request."""
    lines = ["### Changes of the cross-origin policy", ""]
    for x in found:
        value = f"`` {x.value} ``" if "`" in x.value else f"`{x.value}`"
        lines.append(f"- **{x.environment}** {x.key}: {f'{x.sign} {value}'.strip()} ({x.source})")
    return "\n".join(lines if found else [*lines, "Nothing changes in effect."])
