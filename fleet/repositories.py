"""git, in checkouts whose configuration is not trusted.

git works in a separate repository, which borrows the objects of a checkout but has
neither its configuration nor its hooks: no filter, merge driver or monitor that it names is run,
and nothing is left in it until the branch is made.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .reports import FleetError, one_line
from .template import rulebook

LIMIT = 300
"""Seconds for one command of git, so that a checkout that blocks it stops no other."""

OF_A_REPOSITORY = frozenset(
    f"GIT_{name}"
    for name in (
        "ALTERNATE_OBJECT_DIRECTORIES COMMON_DIR DIR INDEX_FILE NAMESPACE OBJECT_DIRECTORY PREFIX "
        "SHALLOW_FILE WORK_TREE"
    ).split()
)
"""Variables that would make git work in another repository than the folder's."""

SAFELY = {
    "GIT_ALLOW_PROTOCOL": "",  # a partial clone would fetch, by programs of its choice
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}


def git(folder: Path, *words: str, given: str = "", **variables: str) -> str:
    """Return what git prints, without the last line end. Raises `FleetError` if it fails."""
    return decoded(git_bytes(folder, *words, given=given.encode(), **variables)).removesuffix("\n")


def git_bytes(folder: Path, *words: str, given: bytes = b"", **variables: str) -> bytes:
    """Return what git prints. Raises `FleetError` with what it says if it fails."""
    done = run(folder, *words, given=given, **variables)
    if done.returncode:
        reason = one_line(decoded(done.stderr)) or f"status {done.returncode}"
        raise FleetError(f"git {words[0]} failed: {rulebook.quoted(reason)}.")
    return done.stdout


def run(
    folder: Path, *words: str, given: bytes = b"", **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder, without hooks, a monitor or a pager."""
    own = {name: x for name, x in os.environ.items() if name not in OF_A_REPOSITORY}
    settings = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")
    command = ["git", *settings, "--no-pager", "--no-replace-objects", *words]
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env=own | SAFELY | variables,
            input=given,
            capture_output=True,
            check=False,
            timeout=LIMIT,
        )
    except FileNotFoundError:
        raise FleetError("git is not installed.") from None
    except subprocess.TimeoutExpired:
        raise FleetError(f"git {words[0]} took more than {LIMIT} seconds.") from None


def decoded(output: bytes) -> str:
    return output.decode(errors="surrogateescape")


def names_in(output: bytes) -> list[str]:
    """Return the names in what git prints with -z."""
    return [name for name in decoded(output).split("\0") if name]


class LeftAlone(FleetError):  # noqa: N818 - it is a result
    """A project that is not updated for now: why, the files in the way, and the outcome."""

    def __init__(self, reason: str, files: Sequence[str] = (), outcome: str = "left alone") -> None:
        super().__init__(reason)
        self.files = tuple(files)
        self.outcome = outcome


@dataclass(frozen=True)
class Checkout:
    """The repository of a project: its top folder, the project's place in it, its last commit.

    `prefix` ends with a slash, or is empty; `common` is the folder with the objects.
    """

    top: Path
    prefix: str
    common: Path
    object_format: str
    head: str

    @classmethod
    def of(cls, folder: Path) -> "Checkout":
        """Return the repository of a folder. Raises `LeftAlone` if there is none with a commit."""
        parents = [folder.resolve(), *folder.resolve().parents]
        if not any(os.path.lexists(parent / ".git") for parent in parents):
            raise LeftAlone("is in no git repository")
        words = "show-toplevel show-prefix git-common-dir show-object-format".split()
        ask = "rev-parse", "--path-format=absolute"
        top, prefix, common, object_format = (git(folder, *ask, f"--{word}") for word in words)
        found = run(folder, "rev-parse", "--quiet", "--verify", "HEAD^{commit}")
        if found.returncode:
            raise LeftAlone("has no commit")
        head = decoded(found.stdout).strip()
        return cls(Path(top), prefix, Path(common), object_format, head)

    def commit_of(self, ref: str) -> str | None:
        """Return the commit of a branch, None if there is no such branch."""
        found = run(self.top, "rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}")
        return None if found.returncode else decoded(found.stdout).strip()


class Scratch:
    """A separate repository that sees the objects of a checkout."""

    def __init__(self, folder: Path, checkout: Checkout) -> None:
        self.folder = folder / "scratch.git"
        self.checkout = checkout
        words = "init", "--quiet", "--bare", "--template=", "--object-format"
        git(folder, *words, checkout.object_format, str(self.folder))
        objects = os.fsencode(checkout.common / "objects")
        borrowed = "".join(f"\\{byte:03o}" for byte in objects)
        (self.folder / "objects" / "info" / "alternates").write_text(f'"{borrowed}"\n', "ascii")
        for name, place in (("shallow", "shallow"), ("info/exclude", "info/exclude")):
            if (file := checkout.common / name).is_file():
                (self.folder / place).parent.mkdir(exist_ok=True)
                shutil.copyfile(file, self.folder / place)

    def git(self, *words: str, given: str = "", **variables: str) -> str:
        """Return what git prints in this repository."""
        return git(self.folder, *words, given=given, **variables)

    def places(self, folder: Path, name: str) -> dict[str, str]:
        """Return the variables with which git works in a folder, by an index of this name."""
        index = str(self.folder / f"index-of-{name}")
        return {
            "GIT_DIR": str(self.folder),
            "GIT_WORK_TREE": str(folder),
            "GIT_INDEX_FILE": index,
        }

    def uncommitted(self) -> list[str]:
        """Return the names of files of the project that are not as in the last commit."""
        top, prefix = self.checkout.top, self.checkout.prefix
        within = f":(literal){prefix}" if prefix else "."
        places = self.places(top, "checkout")
        git(top, "read-tree", self.checkout.head, **places)
        words = "diff --name-only -z --no-ext-diff --no-textconv --ignore-submodules=all".split()
        changed = git_bytes(top, *words, self.checkout.head, "--", within, given=b"", **places)
        words = "ls-files -z --others --exclude-standard --directory --no-empty-directory".split()
        added = git_bytes(top, *words, "--", within, given=b"", **places)
        return [name.removeprefix(prefix) for name in names_in(changed + added)]

    def tree_of(self, folder: Path) -> str:
        """Return the tree of all files in a folder."""
        places = self.places(folder, folder.parent.name)
        git(folder, "add", "--all", "--force", ".", **places)
        return git(folder, "write-tree", **places)

    def commit(self, tree: str, *parents: str) -> str:
        """Return a commit that is in no history."""
        nobody = {
            f"GIT_{x}_{y}": "fleet" for x in ("AUTHOR", "COMMITTER") for y in ("NAME", "EMAIL")
        }
        return self.git("commit-tree", tree, "-m", "", *_options(parents), **nobody)

    def merged(self, base: str, ours: str, theirs: str) -> tuple[str, list[str]]:
        """Return the merge of two trees that come from a third, and the names in conflict."""
        first = self.commit(base)
        words = "merge-tree --write-tree --name-only --no-messages -z".split()
        sides = [self.commit(tree, first) for tree in (ours, theirs)]
        done = run(self.folder, *words, *sides)
        if done.returncode not in (0, 1):
            reason = rulebook.quoted(one_line(decoded(done.stderr)))
            raise FleetError(f"git can't merge, {reason}; git 2.38 or newer is needed.")
        tree, *names = names_in(done.stdout)
        return tree, list(dict.fromkeys(names))

    def project_tree(self) -> str:
        """Return the tree of the project in the last commit."""
        name = f"{self.checkout.head}:{self.checkout.prefix.rstrip('/')}"
        found = run(self.folder, "rev-parse", "--quiet", "--verify", name)
        if found.returncode:
            raise LeftAlone("is not in the last commit")
        return decoded(found.stdout).strip()

    def changed(self, before: str, after: str, within: Sequence[str]) -> list[str]:
        """Return the names of files that differ between two trees, within some folders."""
        words = "diff-tree", "-r", "-z", "--name-only", before, after, "--"
        return names_in(git_bytes(self.folder, *words, *(f":(glob){x}/**" for x in within)))

    def text_of(self, name: str) -> str:
        """Return the content of a file in a commit, empty if it is not there."""
        return decoded(run(self.folder, "cat-file", "blob", name).stdout)

    def whole_tree(self, tree: str) -> str:
        """Return the tree of the last commit with this one in the place of the project."""
        steps = [x for x in self.checkout.prefix.split("/") if x]
        for depth in reversed(range(len(steps))):
            above = f"{self.checkout.head}:{'/'.join(steps[:depth])}"
            listed = git_bytes(self.folder, "ls-tree", "-z", above)
            name = os.fsencode(steps[depth])
            kept = [x for x in listed.split(b"\0") if x and x.partition(b"\t")[2] != name]
            given = b"\0".join([*kept, b"040000 tree %s\t%s" % (tree.encode(), name), b""])
            tree = decoded(git_bytes(self.folder, "mktree", "-z", "--missing", given=given)).strip()
        return tree

    def history(self, tree: str, message: str, *parents: str) -> str:
        """Return a commit whose author is the one in the checkout's configuration."""
        words = "commit-tree", tree, "-m", message, *_options(parents)
        return git(self.checkout.top, *words, GIT_OBJECT_DIRECTORY=str(self.folder / "objects"))

    def make_branch(self, name: str, commit: str) -> None:
        """Hand the checkout what a new branch needs, and then make it."""
        words = "pack-objects", "--revs", "--stdout", "--quiet"
        revisions = f"{commit}\n^{self.checkout.head}\n"
        pack = git_bytes(self.folder, *words, given=revisions.encode())
        git_bytes(self.checkout.top, "unpack-objects", "-q", given=pack)
        git(self.checkout.top, "update-ref", "-m", "fleet", f"refs/heads/{name}", commit, "")


def _options(parents: tuple[str, ...]) -> Iterator[str]:
    for parent in parents:
        yield from ("-p", parent)
