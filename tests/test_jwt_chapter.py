"""docs/jwt.md, carried out: its files, its changes and its commands, in a fresh project."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode

import pexpect
import pytest
from browser.browsing import API, CHROMIUM, launched, require, served_pages
from conftest import TEMPLATE, Project, generate, install
from documents.browsers import evaluated, split
from documents.pages import Fence, Page
from serving import Certificate, uvicorn
from uv import find_uv_bin

pytestmark = pytest.mark.xdist_group("jwt-chapter")

PAGE = (TEMPLATE / "docs" / "jwt.md").read_text("utf-8")
LAST_STEP = "\n## Several APIs, one key\n"
"""What stands below this heading is done after all the rest, by those who need it."""
LAST_STEP_FILES = re.findall(r"^\+\+\+ b/(.*)$", PAGE.partition(LAST_STEP)[2], re.MULTILINE)

USER, PASSWORD = re.findall(r'username: "(.*)", password: "(.*)"', PAGE)[0]
TRUSTED, STRANGER = "http://localhost", "https://evil.example"
OFFERED = ("Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "WWW-Authenticate")


def fences(markdown: str) -> list[Fence]:
    return Page.parse("docs/jwt.md", markdown).fences


def carry_out(fence: Fence, project: Project) -> dict[str, str]:
    """Do with a fence in a project what the page says; return what each command printed."""
    return STEPS[fence.language](fence, project)


def written(fence: Fence, project: Project) -> dict[str, str]:
    """Write a file, which was not there before."""
    with (project.path / fence.marks["file"]).open("x", encoding="utf-8") as file:
        file.write(fence.text)
    return {}


def changed(fence: Fence, project: Project) -> dict[str, str]:
    """Make a change, as git does."""
    change = project.path.parent / "change.diff"
    change.write_text(fence.text, encoding="utf-8")
    result = project.run("git", "apply", str(change))
    assert result.returncode == 0, result.stderr + fence.text
    return {}


def run(fence: Fence, project: Project) -> dict[str, str]:
    """Run commands; what is shown below them is printed, `...` being anything."""
    told = {}
    for shown in fence.text.removeprefix("$ ").split("\n$ "):
        command, _, output = shown.partition("\n")
        printed = terminal(project, command, fence.marks.get("typed", ""))
        pattern = re.escape(output.strip()).replace(r"\.\.\.", ".*")
        assert not output or re.fullmatch(pattern, printed), printed
        told[command] = printed
    return told


def terminal(project: Project, command: str, typed: str) -> str:
    """Run a command in a terminal, and type a line if it asks for one; return what it prints."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
    own |= {"PATH": f"{Path(find_uv_bin()).parent}{os.pathsep}{own['PATH']}", "NO_COLOR": "1"}
    own.pop("VIRTUAL_ENV", None)
    child = pexpect.spawn(
        "bash", ["-c", command], cwd=project.path, env=own, encoding="utf-8", timeout=120
    )
    printed = ""
    if typed:
        child.expect("Password: ")
        printed = "Password:"
        child.sendline(typed)
    child.expect(pexpect.EOF)
    child.close()
    printed += str(child.before).replace("\r\n", "\n")
    assert child.exitstatus == 0, f"{command}\n{printed}"
    return printed.strip()


STEPS: dict[str, Callable[[Fence, Project], dict[str, str]]] = {
    "python": written,
    "diff": changed,
    "console": run,
    "js": lambda fence, project: {},  # noqa: ARG005
}
"""What is done with a fence of each language; JavaScript has a test of its own."""


@dataclass(frozen=True)
class Chapter:
    """A project in which the chapter was carried out, but for its last step."""

    project: Project
    contract: bytes
    skipped_before: str
    printed: dict[str, str]


@pytest.fixture(scope="module")
def chapter(tmp_path_factory: pytest.TempPathFactory) -> Chapter:
    project = generate(tmp_path_factory.mktemp("jwt") / "out")
    install(project, "3.11")
    contract = (project.path / "tests" / "test_jwt.py").read_bytes()
    before = project.run("pytest", "-q", "-rs", "tests/test_jwt.py", "tests/test_auth.py")
    assert before.returncode == 0, before.stdout
    printed: dict[str, str] = {}
    for fence in fences(PAGE.partition(LAST_STEP)[0]):
        printed |= carry_out(fence, project)
    return Chapter(project, contract, before.stdout, printed)


@contextmanager
def served(
    chapter: Chapter, certificate: Certificate | None = None, **variables: str
) -> Iterator[int]:
    """Serve the API with one user, until the block ends; give its port."""
    project = chapter.project
    users = project.source / "users.py"
    store = users.read_text("utf-8")
    hashing = "import sys, pwdlib; print(pwdlib.PasswordHash.recommended().hash(sys.argv[1]))"
    hashed = project.run("python", "-c", hashing, PASSWORD).stdout.strip()
    users.write_text(store.replace(" = {}\n", f" = {{{USER!r}: {hashed!r}}}\n"), encoding="utf-8")
    python = project.path / ".venv" / "bin" / "python"
    log = project.path / "served.log"
    try:
        with uvicorn(
            python, "hello_api.main:app", log, certificate, folder=project.path, **variables
        ) as server:
            yield server.port
    finally:
        users.write_text(store, encoding="utf-8")


def sent(
    port: int, method: str, path: str, body: Mapping[str, str] | None = None, **headers: str
) -> tuple[HTTPResponse, object]:
    """Send a request; return the answer, and what its JSON says."""
    connection = HTTPConnection("127.0.0.1", port)
    form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection.request(method, path, urlencode(body) if body else None, {**headers, **form})
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    return answer, told


def sign_in(port: int, password: str, origin: str, name: str = USER) -> tuple[HTTPResponse, object]:
    body = {"username": name, "password": password}
    return sent(port, "POST", "/auth/token", body, Origin=origin)


def test_skipped_before(chapter: Chapter) -> None:
    """Until there is a verifier, the contract's tests are skipped by the name of the chapter."""
    assert "JWT authentication chapter" in chapter.skipped_before
    assert "JWT authentication is wired in" not in chapter.skipped_before


def test_contract(chapter: Chapter) -> None:
    """The contract's tests run without an edit, as many as the page says, and all of them pass."""
    assert (chapter.project.path / "tests" / "test_jwt.py").read_bytes() == chapter.contract
    [number] = re.findall(r"the (\d+) tests of `tests/test_jwt.py` run", PAGE)
    assert f" {number} passed in " in chapter.printed["uv run pytest tests/test_jwt.py"]


def test_checks(chapter: Chapter) -> None:
    """The page has linter, formatter and types checked, and all tests run but two of the stub."""
    assert {"uv run ruff check", "uv run ruff format --check", "uv run mypy"} <= {*chapter.printed}
    assert re.search(r" \d+ passed, 2 skipped in ", chapter.printed["uv run pytest"])


def test_nothing_of_the_stub(chapter: Chapter) -> None:
    """Nothing is left of what stood in for the chapter."""
    auth = (chapter.project.source / "auth.py").read_text("utf-8")
    for left in ("noqa", "501", "JWT chapter"):
        assert left not in auth


def test_missing_key(chapter: Chapter) -> None:
    """Without its key the API does not start, and says which variable it lacks."""
    started = "from hello_api.settings import Settings; Settings.model_config['env_file'] = None"
    command = f"{started}; import hello_api.main"
    keyless = chapter.project.run("python", "-c", command, APP_ENVIRONMENT="production")
    assert keyless.returncode == 1
    assert "APP_JWT__SECRET: null" in keyless.stderr
    assert "Traceback" not in keyless.stderr


def test_sign_in(chapter: Chapter) -> None:
    """A trusted page gets a token for the right password alone, and with it what is the user's."""
    with served(chapter) as port:
        answer, given = sign_in(port, PASSWORD, TRUSTED)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        assert answer.headers.get_all(OFFERED[0]) == [TRUSTED]
        assert isinstance(given, dict)
        bearer = f"Bearer {given['access_token']}"
        for path, told in {
            "/me": {"subject": USER},
            "/orders": [{"buyer": USER, "item": "A book"}],
        }.items():
            answer, got = sent(port, "GET", path, Origin=TRUSTED, Authorization=bearer)
            assert (answer.status, got) == (200, told)
            assert answer.headers.get_all(OFFERED[0]) == [TRUSTED]
            answer, got = sent(port, "GET", path, Origin=TRUSTED)
            assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        for name, password in ((USER, "wrong"), ("mallory@example.com", PASSWORD)):
            answer, got = sign_in(port, password, TRUSTED, name)
            assert (answer.status, got) == (401, {"detail": "Name or password is wrong"})
            origin, exposed, asked = (answer.headers[header] for header in OFFERED)
            assert (origin, asked) == (TRUSTED, "Bearer")
            assert "WWW-Authenticate" in exposed
        _, described = sent(port, "GET", "/openapi.json")
        assert '"password": {"scopes": {}, "tokenUrl": "auth/token"}' in json.dumps(described)
        answer, got = sign_in(port, PASSWORD, STRANGER)
        assert (answer.status, answer.headers[OFFERED[0]]) == (403, None)


def test_in_the_browser(chapter: Chapter, tmp_path: Path) -> None:
    """What the page's JavaScript does in a browser is what the comment below it says."""
    require(CHROMIUM)
    certificate = Certificate(tmp_path)
    profile = tmp_path / "profile"
    profile.mkdir()
    scripts = [fence.text for fence in fences(PAGE) if fence.language == "js"]
    with (
        served(chapter, certificate, APP_ENVIRONMENT="production") as port,
        served_pages(certificate.for_server()) as pages,
        launched(
            profile,
            {API.removeprefix("https://"): port, "*": pages},
            [],
            certificate.public_key_hash,
        ) as browser,
    ):
        for script in scripts:
            origin, code, comments = split(script)
            assert evaluated(browser, origin, code, comments[:-1]) == comments


def test_several_apis(chapter: Chapter) -> None:
    """With the last step too, the checks pass, and tokens of and for another API are refused."""
    project = chapter.project
    files = {file: (project.path / file).read_bytes() for file in LAST_STEP_FILES}
    try:
        for fence in fences(PAGE.partition(LAST_STEP)[2]):
            carry_out(fence, project)
        for command in ("ruff check", "ruff format --check", "mypy"):
            result = project.run(*command.split())
            assert result.returncode == 0, result.stdout
        result = project.run("pytest", "-v", "tests/test_jwt.py")
        for kind in ("other issuer", "without iss", "other audience", "without aud"):
            assert f"test_invalid_token[{kind}] PASSED" in result.stdout
    finally:
        for file, content in files.items():
            (project.path / file).write_bytes(content)
