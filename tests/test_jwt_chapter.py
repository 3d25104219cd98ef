"""The JWT pages, carried out: their files, their changes and their commands, in fresh projects."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlencode

import pexpect
import pytest
from browser import chromium
from browser.browsing import API, served_pages
from conftest import TEMPLATE, Project, generate, install
from documents.browsers import evaluated, split
from documents.pages import Fence, Page
from documents.shells import in_powershell, not_portable, on_path
from serving import Certificate, served_in_thread, uvicorn

PAGE, PROVIDER = (
    (TEMPLATE / "docs" / name).read_text("utf-8") for name in ("jwt.md", "jwt-provider.md")
)

CDN = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/*"
SWAGGER_UI = Path(str(files("fastapi_swagger"))) / "resources"
"""The files that `/docs` gets from that CDN."""

USER, PASSWORD = re.findall(r'username: "(.*)", password: "(.*)"', PAGE)[0]
TRUSTED, UNTRUSTED = "http://localhost", "https://evil.example"
ALLOWED, EXPOSED = "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"


def section(heading: str, page: str = PAGE) -> str:
    """Return what is below a heading of the second level, up to the next one."""
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def fences(markdown: str) -> list[Fence]:
    return Page.parse("docs/jwt.md", markdown).fences


[EVERY_CHECK] = fences(section("How to follow this page"))
CHECKS = [*EVERY_CHECK.text.splitlines(), "uv run mypy tests"]

SEVERAL_APIS = section("Several APIs, one key")
STEPS = {
    "own": {name: section(name) for name in ("Verify tokens", "Issue tokens", "Protect a route")},
    "provider": {
        "Verify tokens": PROVIDER.partition("\n## Require a scope\n")[0],
        "Require a scope": section("Require a scope", PROVIDER),
    },
}
"""The two pages, each on a project of its own: what to do before all checks pass again."""

in_one_process = {way: pytest.mark.xdist_group(f"jwt-{way}") for way in STEPS}
"""Marks the tests of one way, which share its project."""


def carry_out(fence: Fence, project: Project) -> None:
    """Do with a fence in a project what the page says."""
    ACTIONS[fence.language](fence, project)


def write(fence: Fence, project: Project) -> None:
    """Create a file, or replace one."""
    file = project.path / (fence.marks.get("file") or fence.marks["replace"])
    assert file.exists() == ("replace" in fence.marks)
    file.write_text(fence.text, encoding="utf-8")


def change(fence: Fence, project: Project) -> None:
    """Make a change as the page says; nothing depends on spaces at the end of the block."""
    (project.path / "change.diff").write_text(f"{fence.text.rstrip()}\n", encoding="utf-8")
    assert terminal(project, "git apply change.diff") == ""


def run(fence: Fence, project: Project) -> None:
    """Paste commands; they print what is shown below them, `...` being anything."""
    assert not not_portable(fence.text)
    assert in_powershell(fence.text) == fence.text.rstrip()
    printed = terminal(project, fence.text, fence.marks.get("typed", ""))
    pattern = re.escape((fence.output or "...").strip()).replace(r"\.\.\.", ".*")
    assert re.fullmatch(pattern, printed, re.DOTALL), printed


def nothing(fence: Fence, project: Project) -> None:
    """Leave what a command prints: it is compared where the command is run."""


def terminal(project: Project, commands: str, typed: str = "") -> str:
    """Paste commands into a terminal, and type a line if asked for it; return what is printed."""
    child = pexpect.spawn(
        "bash",
        ["-ec", commands],
        cwd=project.path,
        env=project.environment(PATH=on_path(project.path.parent), NO_COLOR="1"),
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
    assert child.exitstatus == 0, f"{commands}\n{printed}"
    return printed.strip()


ACTIONS: dict[str, Callable[[Fence, Project], None]] = {
    "python": write,
    "diff": change,
    "sh": run,
    "text": nothing,
}
"""What is done with a fence of each language; JavaScript has a test of its own."""


def failed_checks(project: Project) -> list[str]:
    """Return what each check prints that fails on a project."""
    path = on_path(project.path.parent)
    results = [project.run(*check.split(), PATH=path) for check in CHECKS]
    return [result.stdout + result.stderr for result in results if result.returncode]


@dataclass(frozen=True)
class Chapter:
    """A project in which a way through the page was carried out, and what came of it."""

    project: Project
    contract: bytes
    skipped_before: str
    failed: dict[str, list[str]] = field(default_factory=dict)


def carry_out_all(steps: Mapping[str, str], output: Path) -> Chapter:
    project = generate(output)
    install(project)
    contract = (project.path / "tests" / "test_jwt.py").read_bytes()
    before = project.run("pytest", "-q", "-rs", "tests/test_jwt.py", "tests/test_auth.py")
    assert before.returncode == 0, before.stdout
    chapter = Chapter(project, contract, before.stdout)
    for name, markdown in steps.items():
        for fence in fences(markdown):
            if "tested-by" not in fence.marks:
                carry_out(fence, project)
        chapter.failed[name] = failed_checks(project)
    return chapter


@pytest.fixture(scope="module")
def own_chapter(tmp_path_factory: pytest.TempPathFactory) -> Chapter:
    return carry_out_all(STEPS["own"], tmp_path_factory.mktemp("own") / "out")


@pytest.fixture(scope="module")
def provider_chapter(tmp_path_factory: pytest.TempPathFactory) -> Chapter:
    return carry_out_all(STEPS["provider"], tmp_path_factory.mktemp("provider") / "out")


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
    with served(project, certificate, **variables) as port:
        users.write_text(store, encoding="utf-8")
        yield port


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
def test_contract(chapter: Chapter) -> None:
    """The contract's tests run without an edit, and none of them is skipped any more."""
    assert (chapter.project.path / "tests" / "test_jwt.py").read_bytes() == chapter.contract
    printed = chapter.project.run("pytest", "-q", "tests/test_jwt.py").stdout
    assert re.search(r"^\d+ passed in ", printed, re.MULTILINE), printed


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


@pytest.fixture(scope="module")
def browser(
    own_chapter: Chapter, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[chromium.Chromium]:
    """Return Chromium, which finds the API in production, with documentation and the user."""
    chromium.require()
    folder = tmp_path_factory.mktemp("browser")
    certificate = Certificate(folder)
    profile = folder / "profile"
    profile.mkdir()
    variables = {"APP_ENVIRONMENT": "production", "APP_CORS__DOCS": "true"}
    with (
        served_with_user(own_chapter.project, certificate, **variables) as port,
        served_pages(certificate.for_server()) as pages,
        chromium.launched(
            profile,
            {API.removeprefix("https://"): port, "*": pages},
            [],
            certificate.public_key_hash,
        ) as browser,
    ):
        yield browser


@in_one_process["own"]
def test_in_the_browser(browser: chromium.Chromium) -> None:
    """What the page's JavaScript does in a browser is what the comment below it says."""
    for script in [fence.text for fence in fences(PAGE) if fence.language == "js"]:
        origin, code, comments = split(script)
        assert evaluated(browser, origin, code, comments[:-1]) == comments


@in_one_process["own"]
def test_authorize(browser: chromium.Chromium) -> None:
    """Once a user has signed in by the button of `/docs`, it sends their token."""
    page = browser.context.new_page()
    page.route(CDN, lambda route: route.fulfill(path=SWAGGER_UI / Path(route.request.url).name))
    page.goto(f"{API}/docs")
    read_me = page.locator("#operations-authentication-read_me_me_get")
    response = read_me.locator(".live-responses-table .response")
    read_me.locator(".opblock-summary-control").click()
    read_me.get_by_role("button", name="Try it out").click()
    read_me.get_by_role("button", name="Execute").click()
    response.get_by_text("Send a bearer token").wait_for()
    page.locator(".auth-wrapper > .authorize").click()
    dialog = page.locator(".modal-ux")
    dialog.locator("#oauth_username").fill(USER)
    dialog.locator("#oauth_password").fill(PASSWORD)
    dialog.locator(".auth-btn-wrapper .authorize").click()
    dialog.get_by_text("Logout").wait_for()
    dialog.locator(".auth-btn-wrapper .btn-done").click()
    read_me.get_by_role("button", name="Execute").click()
    response.get_by_text(f'"subject": "{USER}"').wait_for()
    page.close()


@in_one_process["own"]
def test_several_apis(own: Project) -> None:
    """With issuer and audience, the checks pass, and tokens of and for another API are rejected."""
    changed = re.findall(r"^\+\+\+ b/(.*)$", SEVERAL_APIS, re.MULTILINE)
    files = {file: (own.path / file).read_bytes() for file in changed}
    try:
        for fence in fences(SEVERAL_APIS):
            carry_out(fence, own)
        assert failed_checks(own) == []
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
