"""`diff` prints what a change of environments.toml changes in effect, of any two revisions."""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Result, run_all
from conftest import Project, commit, git
from markdown_it import MarkdownIt

Generated = Callable[[str], Project]
Compared = Callable[..., Result]

NOTHING = "Nothing changes in effect.\n"
PRODUCTION = '[production]\nallow_origins = ["https://app.example.com"]\n'
SHOP = '[production]\nallow_origins = ["https://app.example.com", "https://shop.example.com"]\n'
LOCAL = '[development]\nlocal = true\nallow_origins = ["http://localhost:5173"]\n'
PATTERN = '[production]\nallow_origins = ["https://*.previews.example.com"]\n'
INVALID = PRODUCTION.replace(".com", ".com/")
SLASH = (
    'environments.toml [production] allow_origins: "https://app.example.com/" ends with a slash'
    ' [trailing-slash]; write "https://app.example.com".\n'
)


class Repository(Project):
    """A project whose environments.toml its test writes, in a repository of its own or not."""

    @property
    def file(self) -> Path:
        return self.source / "environments.toml"

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    def commit(self, text: str) -> None:
        self.write(text)
        git(self.path, "commit", "--quiet", "--all", "--allow-empty", "--message", "Next")

    def diff(self, *arguments: str, **variables: str) -> Result:
        command = [sys.executable, "-W", "error", "-m", f"{self.package}.cors", "diff", *arguments]
        own = {"PYTHONPATH": str(self.path / "src"), "LC_ALL": "C.UTF-8"}
        return self.run(*command, **(own | variables))

    def diffs(self, *arguments: tuple[str, ...]) -> list[Result]:
        return run_all(self, [("diff", *words) for words in arguments])


@pytest.fixture
def project(generated: Generated, tmp_path: Path) -> Repository:
    """Return a project that is in no repository yet, in a folder with an unusual name."""
    folder = tmp_path / "Zoë's 1st" / "hello-api"
    shutil.copytree(generated("defaults").path, folder)
    return Repository(folder)


@pytest.fixture
def repository(project: Repository) -> Repository:
    """Return a project whose last commit trusts one origin in production."""
    project.write(PRODUCTION)
    commit(project.path)
    return project


def ended(result: Result, status: int, printed: str = "", errors: str = "") -> None:
    """Check how a run has ended, and all that it printed."""
    assert (result.returncode, result.stdout, result.stderr) == (status, printed, errors)


def rows(result: Result) -> list[str]:
    """Return what is printed line by line, without what decides each key."""
    assert (result.returncode, result.stderr) == (1, "")
    table = [re.split(" {2,}", line) for line in result.stdout.splitlines()]
    return [" ".join(row[:-1]) for row in table]


# --- What changes -------------------------------------------------------------------------------

SAME = {
    "comments and order": (LOCAL + PRODUCTION, f"# Why\n{PRODUCTION}\n{LOCAL}"),
    "order of origins": (
        SHOP,
        SHOP.replace("app", "x").replace("shop", "app").replace("x.", "shop."),
    ),
    "moved above the tables": (f"{PRODUCTION}max_age = 60", f"max_age = 60\n{PRODUCTION}"),
    "defaults written out": (
        LOCAL,
        LOCAL + "preset = 'strict'\ndocs = true\nmax_age = 600\nallow_credentials = false\n"
        "allowed_hosts = ['[::1]', '127.0.0.1', 'localhost']\ncross_site_posts = []",
    ),
    "case of headers": (
        f'{PRODUCTION}allow_headers = ["X-Trace"]\nexpose_headers = ["X-Total"]',
        f'{PRODUCTION}allow_headers = ["x-trace"]\nexpose_headers = ["x-total"]',
    ),
    "safelisted headers": (
        f'{PRODUCTION}allow_headers = ["Authorization"]',
        f'{PRODUCTION}allow_headers = ["Authorization", "Content-Type", "accept"]',
    ),
    "covered by a pattern": (
        PATTERN,
        PATTERN.replace('"]', '", "https://pr-1.previews.example.com"]'),
    ),
    "covered by the preset": (
        f'{LOCAL}preset = "dev"',
        f'{LOCAL}preset = "dev"'.replace("5173", "8080"),
    ),
    "covered by a host": (
        f'{PRODUCTION}allowed_hosts = ["*.example.com"]',
        f'{PRODUCTION}allowed_hosts = ["*.example.com", "a.example.com", "localhost"]',
    ),
    "an app's origin among the others": (
        LOCAL.replace("allow_origins", "allow_app_origins").replace(":5173", ""),
        LOCAL.replace(":5173", ""),
    ),
}
"""Contents of the file that mean the same."""

CHANGES = {
    "origin": (SHOP, ["production allow_origins + https://shop.example.com"]),
    "other origin": (
        SHOP.replace("app", "www"),
        [
            "production allow_origins + https://shop.example.com",
            "production allow_origins + https://www.example.com",
            "production allow_origins - https://app.example.com",
        ],
    ),
    "pattern": (
        PATTERN,
        [
            "production allow_origins + https://*.previews.example.com",
            "production allow_origins - https://app.example.com",
        ],
    ),
    "app origin": (
        f'{PRODUCTION}allow_app_origins = ["capacitor://localhost"]',
        ["production allow_app_origins + capacitor://localhost"],
    ),
    "cross-site post": (
        f'{PRODUCTION}cross_site_posts = ["/auth/callback"]',
        ["production cross_site_posts + /auth/callback"],
    ),
    "case of a path": (
        f'{PRODUCTION}cross_site_posts = ["/A", "/a"]',
        ["production cross_site_posts + /A", "production cross_site_posts + /a"],
    ),
    "options": (
        f"{PRODUCTION}docs = true\nmax_age = 60\nallow_credentials = true",
        [
            "production docs false -> true",
            "production max_age 600 -> 60",
            "production allow_credentials false -> true",
        ],
    ),
    "lists": (
        PRODUCTION + 'allow_methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "PURGE"]\n'
        'allow_headers = ["X-Trace"]\nexpose_headers = ["Location", "Retry-After", "X-Total"]',
        [
            "production allow_methods + PURGE",
            "production allow_methods - DELETE",
            "production allow_headers + X-Trace",
            "production allow_headers - Authorization",
            "production expose_headers + X-Total",
            "production expose_headers - WWW-Authenticate",
        ],
    ),
    "hosts": (
        f'{PRODUCTION}allowed_hosts = ["api.example.com"]',
        ["production allowed_hosts - any host"],
    ),
    "a host by the name of any": (
        f'{PRODUCTION}allowed_hosts = ["any"]',
        ["production allowed_hosts - any host"],
    ),
    "above the tables": (f"max_age = 60\n{PRODUCTION}", ["production max_age 600 -> 60"]),
    "new environment": (
        f"{PRODUCTION}[qa]\nmax_age = 0\n{SHOP.splitlines()[1]}",
        [
            "qa allow_origins + https://app.example.com",
            "qa allow_origins + https://shop.example.com",
            "qa table + [qa]",
            "qa max_age 600 -> 0",
        ],
    ),
    "renamed environment": (
        PRODUCTION.replace("production", "live"),
        [
            "live allow_origins + https://app.example.com",
            "live table + [live]",
            "production table - [production]",
        ],
    ),
    "local": (
        f'{PRODUCTION}local = true\npreset = "dev"',
        [
            "production allow_origins + any localhost origin",
            "production local false -> true",
            "production preset strict -> dev",
            "production docs false -> true",
            "production allowed_hosts - any host",
            "production allow_methods + OPTIONS",
            "production allow_methods + QUERY",
            "production allow_headers + *",
            "production max_age 600 -> 0",
        ],
    ),
}
"""Contents of the file after the commit that trusts one origin, and what changes by them."""

VALUES = {
    name: f"{PRODUCTION}allow_headers = ['Authorization', '{name}']"
    for name in ("x`y", "`x", "x``y`", "x|y", "*x*", "_x_", "#1", "~x~", "!x&lt")
}
"""Contents of the file with a value that has characters that mean something in Markdown."""


def test_nothing(repository: Repository) -> None:
    """If the file is as it was committed, nothing changes: status 0."""
    ended(repository.diff(), 0, NOTHING)
    ended(repository.diff("--markdown"), 0, f"### Changes of the cross-origin policy\n\n{NOTHING}")


DEV = f"{LOCAL}preset = 'dev'\n{SHOP}"

COMPARISONS = [
    *(words for one, other in SAME.values() for words in ((one, other), (other, one))),
    *((PRODUCTION, text) for text, _ in CHANGES.values()),
    *((DEV, PRODUCTION), (DEV, f"{LOCAL}{SHOP}")),
    *((PRODUCTION, text, "--markdown") for text in VALUES.values()),
]
"""The contents that are compared, and an option."""


@pytest.fixture(scope="module")
def compared(generated: Generated, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """Return what gives the result of a comparison: all are made in one process."""
    folder = tmp_path_factory.mktemp("compared") / "hello-api"
    shutil.copytree(generated("defaults").path, folder)
    repository = Repository(folder)
    commit(folder)
    tags: dict[str, str] = {}
    for text in dict.fromkeys(text for words in COMPARISONS for text in words[:2]):
        tags[text] = f"v{len(tags)}"
        repository.commit(text)
        git(folder, "tag", tags[text])
    words = [(f"{tags[old]}..{tags[new]}", *option) for old, new, *option in COMPARISONS]
    results = dict(zip(COMPARISONS, repository.diffs(*words), strict=True))
    return lambda *comparison: results[comparison]


@pytest.mark.parametrize("name", SAME)
def test_same(compared: Compared, name: str) -> None:
    """What has no effect is no change, in either direction: status 0."""
    one, other = SAME[name]
    ended(compared(one, other), 0, NOTHING)
    ended(compared(other, one), 0, NOTHING)


@pytest.mark.parametrize("name", CHANGES)
def test_change(compared: Compared, name: str) -> None:
    """Each effect is a row, who is newly trusted first, then who no longer is: status 1."""
    text, expected = CHANGES[name]
    assert rows(compared(PRODUCTION, text)) == expected


def test_opposite(compared: Compared) -> None:
    """An origin that a change newly trusts is no longer trusted by the opposite change."""
    assert rows(compared(DEV, PRODUCTION)) == [
        "production allow_origins - https://shop.example.com",
        "development table - [development]",
    ]
    found = rows(compared(DEV, f"{LOCAL}{SHOP}"))
    assert found[:2] == [
        "development allow_origins - any localhost origin",
        "development preset dev -> strict",
    ]


def test_source(repository: Repository) -> None:
    """Each row ends with what decides the key now: a line, a preset, or a default."""
    repository.commit(f"max_age = 60\n{PRODUCTION}docs = true")
    repository.write(SHOP.replace(", ", ",\n"))
    ended(
        repository.diff(),
        1,
        "production  allow_origins  +  https://shop.example.com  environments.toml, line 3\n"
        "production  docs              true -> false             default\n"
        "production  max_age           60 -> 600                 preset strict\n",
    )


def test_markdown(repository: Repository) -> None:
    """In Markdown the rows stand below three headings."""
    repository.write(
        SHOP.replace("https://app.example.com", "https://www.example.com")
        + "max_age = 60\n[qa]\nallow_origins = []\n"
    )
    line = "environments.toml, line"
    ended(
        repository.diff("--markdown"),
        1,
        f"""### Changes of the cross-origin policy

**Newly trusted**

- **production** allow_origins: + `https://shop.example.com` ({line} 2)
- **production** allow_origins: + `https://www.example.com` ({line} 2)

**No longer trusted**

- **production** allow_origins: - `https://app.example.com` ({line} 2)

**Other changes**

- **production** max_age: `600 -> 60` ({line} 3)
- **qa** table: + `[qa]` (environments.toml)
""",
    )


@pytest.mark.parametrize("name", VALUES)
def test_markdown_of_any_value(compared: Compared, name: str) -> None:
    """A value is shown as it is, whatever characters it has that mean something in Markdown."""
    text = compared(PRODUCTION, VALUES[name], "--markdown").stdout
    [row] = [x for x in MarkdownIt().parse(text) if x.content.startswith("**production**")]
    assert row.children is not None
    codes = [x.content for x in row.children if x.type == "code_inline"]
    plain = "".join(x.content for x in row.children if x.type == "text")
    assert codes == [name]
    assert plain == "production allow_headers: +  (environments.toml, line 3)"


def test_variables(repository: Repository) -> None:
    """Variables of the machine, which override the file where the API runs, don't count."""
    ended(repository.diff(APP_CORS__MAX_AGE="60", APP_ENVIRONMENT="production"), 0, NOTHING)


# --- Which revisions ----------------------------------------------------------------------------


def test_revisions(repository: Repository) -> None:
    """The file as it stands is compared with the last commit, or with any revision, or any two."""
    repository.commit(SHOP)
    git(repository.path, "tag", "-a", "1.0", "-m", "1.0")
    shop, none = "production allow_origins + https://shop.example.com", "production table - "
    repository.write(PRODUCTION.replace("production", "live"))
    changed = repository.diff()
    assert rows(changed)[2] == f"{none}[production]"
    tagged, open_ended, *between, nothing = repository.diffs(
        ("1.0",), ("1.0..",), ("HEAD^..1.0",), ("HEAD^..HEAD",), ("..1.0",)
    )
    assert rows(tagged) == rows(open_ended) == rows(changed)
    assert [rows(x) for x in between] == [[shop], [shop]]
    ended(nothing, 0, NOTHING)


@pytest.mark.parametrize("name", ["not committed", "renamed"])
def test_new_file(repository: Repository, name: str) -> None:
    """Where a revision has no such file, of this package, everything is new."""
    moved = repository.file.with_name("other.toml")
    if name == "renamed":
        git(repository.path, "mv", str(repository.file), str(moved))
    else:
        git(repository.path, "rm", "--quiet", "--cached", str(repository.file))
    git(repository.path, "commit", "--quiet", "--message", "Without")
    repository.write(PRODUCTION)
    assert rows(repository.diff()) == [
        "production allow_origins + https://app.example.com",
        "production table + [production]",
    ]
    ended(repository.diff("HEAD^"), 0, NOTHING)


def test_below_a_repository(project: Repository) -> None:
    """A project may be in a folder of a repository, beside others with a file of that name."""
    other = project.path.parent / project.file.relative_to(project.path)
    other.parent.mkdir(parents=True)
    other.write_text(SHOP, encoding="utf-8")
    project.write(PRODUCTION)
    commit(project.path.parent)
    ended(project.diff(), 0, NOTHING)
    project.write(SHOP)
    assert rows(project.diff()) == ["production allow_origins + https://shop.example.com"]


def test_in_a_hook(repository: Repository) -> None:
    """In a hook, for which git sets where the repository is, the same file is compared."""
    folder = {"GIT_DIR": str(repository.path / ".git"), "GIT_WORK_TREE": "/", "GIT_PREFIX": "x/"}
    ended(repository.diff(**folder), 0, NOTHING)


# --- What can't be determined -------------------------------------------------------------------


def unreadable(revision: str, reason: str) -> str:
    return (
        f'Revision: "{revision}" can\'t be read: {reason} [unreadable-revision];'
        " run this with git, in a clone that has it.\n"
    )


def test_unknown_revision(repository: Repository) -> None:
    """What is no commit, whatever it looks like, can't be compared, on either side: status 2."""
    revisions = "nope", "-x", "--batch", "HEAD~9", "HEAD:src", ":0", "HEAD "
    given = [y for x in revisions for y in (x, f"{x}..HEAD", f"HEAD..{x}")]
    results = repository.diffs(*(("--", words) for words in given))
    for number, result in enumerate(results):
        revision = revisions[number // 3]
        fatal = f"fatal: Not a valid object name {revision}^{{commit}}"
        ended(result, 2, errors=unreadable(revision, fatal))


def test_unknown_revisions(repository: Repository) -> None:
    """If neither side can be read, both are named."""
    fatal = "fatal: Not a valid object name"
    errors = unreadable("a", f"{fatal} a^{{commit}}") + unreadable("b", f"{fatal} b^{{commit}}")
    ended(repository.diff("a..b"), 2, errors=errors)


def test_no_repository(project: Repository) -> None:
    """Outside of a repository, and before the first commit, there is nothing to compare with."""
    result = project.diff()
    assert (result.returncode, result.stdout) == (2, "")
    assert 'Revision: "HEAD" can\'t be read: fatal: not a git repository' in result.stderr
    git(project.path, "init", "--quiet")
    fatal = "fatal: Not a valid object name HEAD^{commit}"
    ended(project.diff(), 2, errors=unreadable("HEAD", fatal))


def test_no_git(repository: Repository) -> None:
    """Without git there is no revision."""
    errors = unreadable("HEAD", "git is not installed")
    ended(repository.diff(PATH="/nonexistent"), 2, errors=errors)


def test_shallow_clone(repository: Repository, tmp_path: Path) -> None:
    """A shallow clone that lacks the revision does not pass for one without a change."""
    repository.commit(SHOP)
    clone = Repository(tmp_path / "hello-api")
    url = repository.path.as_uri()
    git(tmp_path, "clone", "--quiet", "--depth", "1", url, str(clone.path))
    fatal = "fatal: Not a valid object name HEAD^^{commit}"
    ended(clone.diff("HEAD^"), 2, errors=unreadable("HEAD^", fatal))


def test_deleted_file(repository: Repository) -> None:
    """A file that is gone is an error: an API without one does not start."""
    git(repository.path, "rm", "--quiet", str(repository.file))
    git(repository.path, "commit", "--quiet", "--message", "Without")
    errors = unreadable("HEAD", "there is no environments.toml")
    ended(repository.diff("HEAD^..HEAD"), 2, errors=errors)
    result = repository.diff()
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("environments.toml: Cannot start: 1 problem")


def test_invalid(repository: Repository) -> None:
    """Every problem of both sides is reported, and on which side it is."""
    repository.commit(INVALID)
    repository.write(f"{INVALID}max_age = -1")
    one, two = (f"Cannot start: {x} in the configuration.\n" for x in ("1 problem", "2 problems"))
    age = "environments.toml [production] max_age: -1 is not from 0 to 86400 seconds [max-age];"
    own = f"environments.toml: {two}  - {SLASH}  - {age} write 0.\n"
    ended(repository.diff(), 2, errors=f"HEAD: {one}  - {SLASH}{own}")
    after, before = repository.diffs(("HEAD^",), ("HEAD^..HEAD",))
    ended(after, 2, errors=own)
    ended(before, 2, errors=f"HEAD: {one}  - {SLASH}")
    repository.file.write_bytes(b"\xff")
    result = repository.diff("HEAD^")
    assert result.returncode == 2
    assert "can't be read as TOML" in result.stderr


# --- What is run --------------------------------------------------------------------------------


def test_runs_no_program(repository: Repository, tmp_path: Path) -> None:
    """No program that the repository's configuration or attributes name is run."""
    trace = tmp_path / "trace"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 >> {trace}\ncat\n")
    program.chmod(0o755)
    names = ["core.pager", "pager.ls-tree", "pager.cat-file", "core.fsmonitor", "diff.x.textconv"]
    names += ["diff.x.command", "filter.x.smudge", "filter.x.clean", "filter.x.process"]
    names += ["diff.external", "core.sshCommand", "core.editor", "alias.ls-tree", "core.askPass"]
    for name in names:
        git(repository.path, "config", name, f"!{program}" if "alias" in name else str(program))
    (repository.path / ".git/info/attributes").write_text("*.toml diff=x filter=x\n")
    repository.write(SHOP)
    assert rows(repository.diff()) == ["production allow_origins + https://shop.example.com"]
    assert not trace.exists()


def test_fetches_nothing(repository: Repository, tmp_path: Path) -> None:
    """A clone that lacks the file's content is not completed, by programs that it names."""
    repository.commit(SHOP)
    git(repository.path, "config", "uploadpack.allowFilter", "true")
    clone = Repository(tmp_path / "hello-api")
    url = repository.path.as_uri()
    git(tmp_path, "clone", "--quiet", "--filter", "blob:none", url, str(clone.path))
    trace = tmp_path / "trace"
    git(clone.path, "config", "remote.origin.uploadpack", f"touch {trace};")
    result = clone.diff("HEAD^")
    assert (result.returncode, result.stdout) == (2, "")
    assert 'Revision: "HEAD^" can\'t be read: fatal: transport' in result.stderr
    assert not trace.exists()
