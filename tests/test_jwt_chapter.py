"""docs/jwt.md, carried out: its files, its changes and its commands, in fresh projects."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlencode

import pexpect
import pytest
from browser import chromium
from browser.browsing import API, served_pages
from conftest import TEMPLATE, Project, copy_of, install
from documents.browsers import evaluated, split
from documents.pages import Fence, Page
from serving import Certificate, served_in_thread, uvicorn
from uv import find_uv_bin

PAGE = (TEMPLATE / "docs" / "jwt.md").read_text("utf-8")
CHECKS = ["ruff check", "ruff format --check", "mypy", "mypy tests", "pytest"]

USER, PASSWORD = re.findall(r'username: "(.*)", password: "(.*)"', PAGE)[0]
TRUSTED, UNTRUSTED = "http://localhost", "https://evil.example"
ALLOWED, EXPOSED = "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"


def section(heading: str) -> str:
    """Return what is below a heading, `## Verify tokens`, up to the next of its level or above."""
    level = heading.index(" ")
    return re.split(rf"(?m)^#{{2,{level}}} ", PAGE.partition(f"\n{heading}\n")[2])[0]


PROVIDER = section("## Tokens from an identity provider")
SEVERAL_APIS = section("## Several APIs, one key")
STEPS = {
    "own": {
        "Verify tokens": section("## Verify tokens"),
        "Issue tokens": section("## Issue tokens"),
        "Protect a route": section("## Protect a route"),
    },
    "provider": {
        "Tokens from an identity provider": PROVIDER.partition("\n### Scopes\n")[0],
        "Protect a route": section("## Protect a route"),
        "Scopes": section("### Scopes"),
    },
}
"""The two ways through the page, each on a project of its own, in the order the page gives."""

in_one_process = {way: pytest.mark.xdist_group(f"jwt-{way}") for way in STEPS}
"""Marks the tests of one way, which share its project."""


def fences(markdown: str) -> list[Fence]:
    return Page.parse("docs/jwt.md", markdown).fences


def carry_out(fence: Fence, project: Project) -> dict[str, str]:
    """Do with a fence in a project what the page says; return what each command printed."""
    return ACTIONS[fence.language](fence, project)


def write(fence: Fence, project: Project) -> dict[str, str]:
    """Write a file, which was not there before."""
    with (project.path / fence.marks["file"]).open("x", encoding="utf-8") as file:
        file.write(fence.text)
    return {}


def change(fence: Fence, project: Project) -> dict[str, str]:
    """Make a change, as git does."""
    diff = project.path.parent / "change.diff"
    diff.write_text(fence.text, encoding="utf-8")
    result = project.run("git", "apply", str(diff))
    assert result.returncode == 0, result.stderr + fence.text
    return {}


def run(fence: Fence, project: Project) -> dict[str, str]:
    """Run commands; they print what is shown below them, `...` being anything."""
    printed = {}
    for shown in fence.text.removeprefix("$ ").split("\n$ "):
        command, _, output = shown.partition("\n")
        printed[command] = terminal(project, command, fence.marks.get("typed", ""))
        pattern = re.escape(output.strip()).replace(r"\.\.\.", ".*")
        assert not output or re.fullmatch(pattern, printed[command]), printed[command]
    return printed


def terminal(project: Project, command: str, typed: str) -> str:
    """Run a command in a terminal, and type a line if it asks for one; return what it prints."""
    path = f"{Path(find_uv_bin()).parent}{os.pathsep}{os.environ['PATH']}"
    child = pexpect.spawn(
        "bash",
        ["-c", command],
        cwd=project.path,
        env=project.environment(PATH=path, NO_COLOR="1"),
        encoding="utf-8",
        timeout=120,
    )
    printed = ""
    if typed:
        child.expect("Password: ")
        printed = "Password:"
        child.sendline(typed)
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    printed += str(child.before).replace("\r\n", "\n")
    assert child.exitstatus == 0, f"{command}\n{printed}"
    return printed.strip()


ACTIONS: dict[str, Callable[[Fence, Project], dict[str, str]]] = {
    "python": write,
    "diff": change,
    "console": run,
}
"""What is done with a fence of each language; JavaScript has a test of its own."""


def carry_out_section(markdown: str, project: Project) -> tuple[dict[str, str], list[str]]:
    """Do what a section says; return what each command printed, and what each check that fails.

    A check that the section itself runs, after its last change, has passed.
    """
    printed: dict[str, str] = {}
    passed: set[str] = set()
    for fence in fences(markdown):
        outputs = carry_out(fence, project)
        printed |= outputs
        passed = passed | {*outputs} if outputs else set()
    results = [project.run(*check.split()) for check in CHECKS if f"uv run {check}" not in passed]
    return printed, [result.stdout + result.stderr for result in results if result.returncode]


@dataclass(frozen=True)
class Chapter:
    """A project in which a way through the page was carried out, and what came of it."""

    project: Project
    contract: bytes
    skipped_before: str
    printed: dict[str, str] = field(default_factory=dict)
    failed: dict[str, list[str]] = field(default_factory=dict)


def carry_out_all(steps: Mapping[str, str], project: Project) -> Chapter:
    install(project)
    contract = (project.path / "tests" / "test_jwt.py").read_bytes()
    before = project.run("pytest", "-q", "-rs", "tests/test_jwt.py", "tests/test_auth.py")
    assert before.returncode == 0, before.stdout
    chapter = Chapter(project, contract, before.stdout)
    for name, markdown in steps.items():
        printed, chapter.failed[name] = carry_out_section(markdown, project)
        chapter.printed.update(printed)
    return chapter


@pytest.fixture(scope="module")
def own_chapter(
    generated: Callable[[str], Project], tmp_path_factory: pytest.TempPathFactory
) -> Chapter:
    project = copy_of(generated("defaults"), tmp_path_factory.mktemp("own"))
    return carry_out_all(STEPS["own"], project)


@pytest.fixture(scope="module")
def provider_chapter(
    generated: Callable[[str], Project], tmp_path_factory: pytest.TempPathFactory
) -> Chapter:
    project = copy_of(generated("defaults"), tmp_path_factory.mktemp("provider"))
    return carry_out_all(STEPS["provider"], project)


@pytest.fixture
def chapter(request: pytest.FixtureRequest, way: str) -> Chapter:
    chapter: Chapter = request.getfixturevalue(f"{way}_chapter")
    return chapter


@pytest.fixture
def own(own_chapter: Chapter) -> Project:
    """Return a project whose API issues its tokens."""
    return own_chapter.project


@pytest.fixture
def provider(provider_chapter: Chapter) -> Project:
    """Return a project that verifies the tokens of an identity provider."""
    return provider_chapter.project


@contextmanager
def served(
    project: Project, certificate: Certificate | None = None, **variables: str
) -> Iterator[int]:
    """Serve the API until the block ends; give its port."""
    python = project.path / ".venv" / "bin" / "python"
    log = project.path / "served.log"
    with uvicorn(
        python, "hello_api.main:app", log, certificate, folder=project.path, **variables
    ) as server:
        yield server.port


@contextmanager
def served_with_user(
    project: Project, certificate: Certificate | None = None, **variables: str
) -> Iterator[int]:
    """Serve the API with the user of the page, until the block ends; give its port."""
    users = project.source / "users.py"
    store = users.read_text("utf-8")
    hashing = "import sys, pwdlib; print(pwdlib.PasswordHash.recommended().hash(sys.argv[1]))"
    hashed = project.run("python", "-c", hashing, PASSWORD).stdout.strip()
    users.write_text(store.replace(" = {}\n", f" = {{{USER!r}: {hashed!r}}}\n"), encoding="utf-8")
    try:
        with served(project, certificate, **variables) as port:
            yield port
    finally:
        users.write_text(store, encoding="utf-8")


def send(
    port: int, method: str, path: str, body: Mapping[str, str] | None = None, **headers: str
) -> tuple[HTTPResponse, Any]:
    """Send a request; return the response, and its JSON."""
    connection = HTTPConnection("127.0.0.1", port)
    form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection.request(method, path, urlencode(body) if body else None, {**headers, **form})
    response = connection.getresponse()
    content = json.loads(response.read())
    connection.close()
    return response, content


def get(port: int, path: str, token: str) -> tuple[HTTPResponse, Any]:
    """Send a GET, with a token, as a page at the trusted origin does."""
    return send(port, "GET", path, Origin=TRUSTED, Authorization=f"Bearer {token}")


def sign_in(port: int, password: str, origin: str, name: str = USER) -> tuple[HTTPResponse, Any]:
    body = {"username": name, "password": password}
    return send(port, "POST", "/auth/token", body, Origin=origin)


# --- Either way ---------------------------------------------------------------------------------

each_way = pytest.mark.parametrize(
    "way", [pytest.param(way, marks=in_one_process[way]) for way in STEPS]
)


@each_way
def test_skipped_before(chapter: Chapter) -> None:
    """Until there is a verifier, the contract's tests are skipped by the name of the chapter."""
    assert "JWT authentication chapter" in chapter.skipped_before
    assert "JWT is implemented" not in chapter.skipped_before


@each_way
def test_contract(chapter: Chapter, way: str) -> None:
    """The contract's tests run without an edit, as many as the page says, and all of them pass."""
    assert (chapter.project.path / "tests" / "test_jwt.py").read_bytes() == chapter.contract
    text = " ".join(next(iter(STEPS[way].values())).split())
    [number] = re.findall(r"the (\d+) tests of `tests/test_jwt.py`|there are (\d+) of them", text)
    assert f" {''.join(number)} passed in " in chapter.printed["uv run pytest tests/test_jwt.py"]


@pytest.mark.parametrize(
    ("way", "step"),
    [
        pytest.param(way, step, marks=in_one_process[way])
        for way, steps in STEPS.items()
        for step in steps
    ],
)
def test_checks(chapter: Chapter, step: str) -> None:
    """After each section, linter, formatter, type checker and all tests pass."""
    assert chapter.failed[step] == []


@each_way
def test_checks_of_the_page(chapter: Chapter) -> None:
    """The page has the reader run the checks as well, and skips no test of the contract."""
    printed = chapter.printed
    assert {"uv run ruff check", "uv run ruff format --check", "uv run mypy"} <= {*printed}
    reasons = chapter.project.run("pytest", "-q", "-rs", "tests/test_jwt.py").stdout
    assert "SKIPPED" not in reasons
    assert " passed" in printed["uv run pytest"]


@each_way
def test_nothing_of_the_stub(chapter: Chapter) -> None:
    """Nothing of the stub is left."""
    auth = (chapter.project.source / "auth.py").read_text("utf-8")
    for left in ("noqa", "501", "implemented", "TokenVerifier | None"):
        assert left not in auth


VARIABLES = {
    "own": ["APP_JWT__SECRET"],
    "provider": ["APP_JWT__ISSUER", "APP_JWT__AUDIENCE", "APP_JWT__JWKS_URL"],
}


@each_way
def test_missing_variables(chapter: Chapter, way: str) -> None:
    """Without the settings that verifying takes the API does not start, and says which it lacks."""
    settings = "from hello_api.settings import Settings; Settings.model_config['env_file'] = None"
    command = f"{settings}; import hello_api.main"
    started = chapter.project.run("python", "-c", command, APP_ENVIRONMENT="production")
    assert started.returncode == 1
    assert "Cannot start: 1 problem" in started.stderr
    assert [x for x in VARIABLES[way] if x not in started.stderr] == []
    assert "Traceback" not in started.stderr


# --- Tokens of its own --------------------------------------------------------------------------


@in_one_process["own"]
def test_sign_in(own: Project) -> None:
    """A trusted page gets a token only for the right password, and with it what is the user's."""
    with served_with_user(own) as port:
        response, issued = sign_in(port, PASSWORD, TRUSTED)
        assert (response.status, response.headers["Cache-Control"]) == (200, "no-store")
        assert response.headers.get_all(ALLOWED) == [TRUSTED]
        for path, expected in {
            "/me": {"subject": USER},
            "/orders": [{"buyer": USER, "item": "A book"}],
        }.items():
            response, content = get(port, path, issued["access_token"])
            assert (response.status, content) == (200, expected)
            assert response.headers.get_all(ALLOWED) == [TRUSTED]
            response, _ = send(port, "GET", path, Origin=TRUSTED)
            assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
        for name, password in ((USER, "wrong"), ("mallory@example.com", PASSWORD)):
            response, content = sign_in(port, password, TRUSTED, name)
            assert (response.status, content) == (401, {"detail": "Name or password is wrong"})
            assert response.headers["WWW-Authenticate"] == "Bearer"
            assert response.headers[ALLOWED] == TRUSTED
            assert "WWW-Authenticate" in response.headers[EXPOSED]
        _, described = send(port, "GET", "/openapi.json")
        assert '"password": {"scopes": {}, "tokenUrl": "auth/token"}' in json.dumps(described)
        response, _ = sign_in(port, PASSWORD, UNTRUSTED)
        assert (response.status, response.headers[ALLOWED]) == (403, None)


@in_one_process["own"]
def test_in_the_browser(own: Project, tmp_path: Path) -> None:
    """What the page's JavaScript does in a browser is what the comment below it says."""
    chromium.require()
    certificate = Certificate(tmp_path)
    profile = tmp_path / "profile"
    profile.mkdir()
    scripts = [fence.text for fence in fences(PAGE) if fence.language == "js"]
    with (
        served_with_user(own, certificate, APP_ENVIRONMENT="production") as port,
        served_pages(certificate.for_server()) as pages,
        chromium.launched(
            profile,
            {API.removeprefix("https://"): port, "*": pages},
            [],
            certificate.public_key_hash,
        ) as browser,
    ):
        for script in scripts:
            origin, code, comments = split(script)
            assert evaluated(browser, origin, code, comments[:-1]) == comments


@in_one_process["own"]
def test_several_apis(own: Project) -> None:
    """With issuer and audience, the checks pass, and tokens of and for another API are rejected."""
    changed = re.findall(r"^\+\+\+ b/(.*)$", SEVERAL_APIS, re.MULTILINE)
    files = {file: (own.path / file).read_bytes() for file in changed}
    try:
        _, failed = carry_out_section(SEVERAL_APIS, own)
        assert failed == []
        result = own.run("pytest", "-v", "tests/test_jwt.py")
        for kind in ("other issuer", "without iss", "other audience", "without aud"):
            assert f"test_invalid_token[{kind}] PASSED" in result.stdout
    finally:
        for file, content in files.items():
            (own.path / file).write_bytes(content)


# --- Tokens of an identity provider -------------------------------------------------------------


class KeyHandler(BaseHTTPRequestHandler):
    """Sends the keys of an identity provider, as soon as it may."""

    server: "IdentityProvider"

    def do_GET(self) -> None:
        self.server.requested.set()
        self.server.may_respond.wait(10)
        self.server.responses += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(self.server.keys).encode())

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


class IdentityProvider(ThreadingHTTPServer):
    """A server that publishes the keys of the project's own `tests/tokens.py`, and its tokens."""

    def __init__(self, project: Project) -> None:
        super().__init__(("127.0.0.1", 0), KeyHandler)
        made = "[JWKS, VALID, token(scope='orders:read'), INVALID]"
        script = f"import json; from tests.tokens import *; print(json.dumps({made}))"
        printed = project.run("python", "-c", script).stdout
        self.keys, self.valid, self.scoped, self.invalid = json.loads(printed)
        self.responses = 0
        self.requested, self.may_respond = Event(), Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/keys"


@pytest.fixture
def identity_provider(provider: Project) -> Iterator[IdentityProvider]:
    with IdentityProvider(provider) as server, served_in_thread(server):
        yield server
        server.may_respond.set()


@in_one_process["provider"]
def test_provider(provider: Project, identity_provider: IdentityProvider) -> None:
    """Tokens are verified with the published keys, which are fetched once, forgeries or not."""
    identity_provider.may_respond.set()
    with served(provider, APP_JWT__JWKS_URL=identity_provider.url) as port:
        response, content = get(port, "/me", identity_provider.valid)
        assert (response.status, content) == (200, {"subject": USER})
        for kind, token in identity_provider.invalid.items():
            response, _ = get(port, "/me", token)
            assert response.status == 401, kind
            assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        assert identity_provider.responses == 1


@in_one_process["provider"]
def test_scopes(provider: Project, identity_provider: IdentityProvider) -> None:
    """A token without the scope gets a 403 that a trusted page can read, as RFC 6750 says."""
    identity_provider.may_respond.set()
    with served(provider, APP_JWT__JWKS_URL=identity_provider.url) as port:
        response, content = get(port, "/orders", identity_provider.scoped)
        assert (response.status, content) == (200, [{"buyer": USER, "item": "A book"}])
        response, _ = get(port, "/orders", identity_provider.valid)
        challenge = 'Bearer error="insufficient_scope", scope="orders:read"'
        assert (response.status, response.headers["WWW-Authenticate"]) == (403, challenge)
        assert response.headers[ALLOWED] == TRUSTED
        assert "WWW-Authenticate" in response.headers[EXPOSED]
        response, _ = send(port, "POST", "/auth/token")
        assert response.status == 404


@in_one_process["provider"]
def test_slow_provider(provider: Project, identity_provider: IdentityProvider) -> None:
    """While the keys are fetched, the API goes on serving other requests."""
    with (
        served(provider, APP_JWT__JWKS_URL=identity_provider.url) as port,
        ThreadPoolExecutor() as pool,
    ):
        waiting = pool.submit(get, port, "/me", identity_provider.valid)
        assert identity_provider.requested.wait(10)
        response, _ = send(port, "GET", "/health")
        assert (response.status, waiting.done()) == (200, False)
        identity_provider.may_respond.set()
        assert waiting.result()[0].status == 200


@in_one_process["provider"]
def test_unreachable_provider(provider: Project, identity_provider: IdentityProvider) -> None:
    """Without keys no token is accepted, and no user is sent to sign in again: 503."""
    with served(provider, APP_JWT__JWKS_URL="http://127.0.0.1:9/keys") as port:
        response, content = get(port, "/me", identity_provider.valid)
        assert (response.status, response.headers["Retry-After"]) == (503, "10")
        assert "subject" not in content
        assert response.headers[ALLOWED] == TRUSTED
