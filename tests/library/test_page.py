"""The page at `/docs/cors` shows what a browser would do with a request, and does nothing else."""

import base64
import hashlib
import re
import shlex
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hello_api.cors import SecuredFastAPI, load_policy
from hello_api.cors.__main__ import main
from hello_api.settings import Settings
from httpx2 import Response

from .apis import LOCAL, UNTRUSTED, preflight, routes, send

PAGE = "/docs/cors"
ORIGIN = "https://explained.example"
PRODUCTION_ORIGIN = "https://app.example.com"
TABLES = f"""
[production]
allow_origins = ["{PRODUCTION_ORIGIN}"]

[home]
local = true
allow_origins = ["{ORIGIN}"]
"""
RESTART = "environments.toml has changed since the API started: restart it to try the change."


def api_of(tables: str, environment: str = "home") -> SecuredFastAPI:
    """Return an API, with a policy of this file, that notes what reaches a handler."""
    file = Path("environments.toml")
    file.write_text(tables, "utf-8")
    api = SecuredFastAPI(load_policy(environment, None, file), title="A & B")
    api.include_router(routes)
    api.state.reached = []
    return api


@pytest.fixture
def api() -> SecuredFastAPI:
    """Return a local API that trusts one origin."""
    return api_of(TABLES)


def ask(api: SecuredFastAPI, **typed: str) -> Response:
    return TestClient(api, base_url="http://localhost").get(PAGE, params=typed)


def text_of(response: Response) -> str:
    """Return the text of a page below the form, without its markup."""
    return unescape(re.sub(r"<[^>]*>", "", response.text.partition("</form>")[2]))


def rows_of(response: Response) -> list[list[str]]:
    """Return what the browser checks: what, value, verdict, what decides."""
    rows = re.findall(r'<tr><th scope="row">.*?</tr>', response.text)
    return [[unescape(x) for x in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def test_place(api: SecuredFastAPI) -> None:
    """The page is served in the local environment, and nowhere else."""
    page = ask(api)
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<title>CORS of A &amp; B</title>" in page.text
    assert ask(api_of(TABLES, "production")).status_code == 404


def test_first_view(api: SecuredFastAPI) -> None:
    """At first it shows a call of a trusted page, and one of an untrusted page."""
    page = ask(api)
    text = text_of(page)
    assert f"home: GET / from a page at {ORIGIN}" in text
    assert f"home: GET / from a page at {UNTRUSTED.replace('invalid', 'example')}" in text
    assert text.count("Allowed. The page may read the response.") == 1
    assert text.count("Blocked. The page may not read the response: ") == 1
    assert ["header", "authorization", "allowed", "preset strict"] in rows_of(page)
    assert '<option value="home" selected>home</option>' in page.text
    assert '<option value="production">production</option>' in page.text
    assert f'<option value="{ORIGIN}">' in page.text
    assert "<details>" in page.text
    assert "<details open>" in ask(api, origin=ORIGIN).text


def test_first_view_without_origins() -> None:
    """Where no page is trusted, another environment's trusted page is shown, or none."""
    text = text_of(ask(api_of(TABLES.replace(ORIGIN, "http://localhost"))))
    assert f"production: GET / from a page at {PRODUCTION_ORIGIN}" in text
    assert "Allowed." in text
    text = text_of(ask(api_of("[home]\nlocal = true")))
    assert "home: GET / from a page at https://untrusted.example" in text
    assert "Allowed." not in text
    text = text_of(ask(api_of('[home]\nlocal = true\npreset = "dev"')))
    assert "home: GET / from a page at http://localhost:3000" in text
    assert ["origin", "http://localhost:3000", "allowed", "preset dev"] in rows_of(
        ask(api_of('[home]\nlocal = true\npreset = "dev"'))
    )


def test_first_view_without_authorization() -> None:
    """Where a page may not send Authorization, none is shown to."""
    page = ask(api_of(TABLES + "allow_headers = []\n"))
    assert f"home: GET / from a page at {ORIGIN}" in text_of(page)
    assert "authorization" not in text_of(page).lower().replace("/docs", "")


@pytest.mark.parametrize(
    "call",
    [
        [ORIGIN, "GET"],
        [ORIGIN, "put", "authorization"],
        [ORIGIN, "patch"],
        [ORIGIN, "POST", "content-type", "X-Trace"],
        ["null", "POST"],
        [UNTRUSTED, "PURGE", "X-Trace"],
    ],
    ids=str,
)
def test_same_as_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, call: list[str]
) -> None:
    """The page and the command show the same, and the page names the command."""
    monkeypatch.setenv("APP_ENVIRONMENT", LOCAL)
    monkeypatch.setenv("APP_CORS__ALLOW_ORIGINS", ORIGIN)
    status = main(["explain", LOCAL, *call])
    *rows, sentence = capsys.readouterr().out.splitlines()
    api = SecuredFastAPI(Settings().policy)
    page = ask(api, origin=call[0], method=call[1], headers=", ".join(call[2:]))
    assert sentence.rstrip(".") in text_of(page)
    assert ("Blocked" in text_of(page)) is bool(status)
    checks = [re.split(" {2,}", x) for x in rows if not x.startswith(("preflight", "request"))]
    assert rows_of(page) == checks
    words = ["python", "-m", "hello_api.cors", "explain", LOCAL, *call]
    assert f": {shlex.join(words)}." in text_of(page)


def test_command_with_path(api: SecuredFastAPI) -> None:
    """The command has the path if it is another than the first one, and is safe to paste."""
    text = text_of(ask(api, origin=ORIGIN, path="/a;b c", headers="x"))
    assert f"hello_api.cors explain home {ORIGIN} GET x --path '/a;b c'." in text


@pytest.mark.parametrize("method", ["PUT", "PURGE"])
def test_same_as_api(api: SecuredFastAPI, method: str) -> None:
    """The page shows what the API itself answers: to a preflight, and of CORS to a request."""
    for origin in (ORIGIN, UNTRUSTED):
        page = ask(api, origin=origin, method=method, path="/health", headers="X-Trace")
        shown = text_of(page).lower().splitlines()
        response = preflight(api, method, "x-trace", Origin=origin)
        assert any(line.startswith(f"http/1.1 {response.status} ") for line in shown)
        assert {f"{name}: {x}".lower() for name, x in response.headers.items()} <= {*shown}

        page = ask(api, origin=origin, path="/health")
        headers = send(api, "GET", "/health", Origin=origin).headers.items()
        sent = [f"{k}: {x}".lower() for k, x in headers if k.startswith("access-control-")]
        shown = text_of(page).lower().splitlines()
        missing = [] if sent else ["access-control-allow-origin is missing"]
        assert [x for x in shown if x.startswith("access-control-")] == sent + missing


def test_exchange(api: SecuredFastAPI) -> None:
    """A request is shown as it is sent, with the headers of CORS marked, and so is the response."""
    page = ask(api, origin=ORIGIN, method="put", path="/a b", headers="x-one Authorization,,")
    assert (
        'HTTP/1.1\nHost: localhost\n<mark class="sent">Origin: https://explained.example</mark>\n'
        '<mark class="sent">Access-Control-Request-Method: PUT</mark>\n'
        '<mark class="sent">Access-Control-Request-Headers: authorization,x-one</mark>'
    ) in page.text
    assert "<code>OPTIONS /a%20b</code>, response <code>200 OK</code>" in page.text
    assert '<mark class="allowed">Access-Control-Allow-Methods: ' in page.text
    assert '<mark class="sent">Access-Control-Allow-Headers: ' in page.text
    assert '<mark class="sent">Vary: Origin, ' in page.text
    assert "\nContent-Type: text/plain" in page.text
    page = ask(api, origin=ORIGIN, headers="Authorization")
    assert "The request: GET /, response 200 OK" in text_of(page)
    assert "Authorization: ..." in text_of(page)


def test_missing_header(api: SecuredFastAPI) -> None:
    """The header without which the browser blocks is shown as missing, and nothing as allowed."""
    missing = "Access-Control-Allow-Origin is missing"
    for options in {"method": "PUT"}, {"path": "/health"}:
        page = ask(api, origin=UNTRUSTED, **options)
        assert f'<mark class="missing">{missing}</mark>' in page.text
        assert '<mark class="allowed">' not in page.text
    assert missing not in ask(api, origin=ORIGIN).text


def test_documentation(api: SecuredFastAPI) -> None:
    """The page and the documentation of the routes lead to each other, if both are served."""
    assert '<a href="../docs">' in ask(api).text
    closed = SecuredFastAPI(api.policy, openapi_url=None)
    assert '<a href="../docs">' not in ask(closed).text


def test_cross_site_post() -> None:
    """A form of any site to a listed path is allowed, though its page reads nothing."""
    api = api_of(f'cross_site_posts = ["/auth/callback"]\n{TABLES}')
    text = text_of(ask(api, origin="null", method="POST", path="/auth/callback"))
    assert "Allowed. The form reaches the API. The page may not read the response." in text
    assert "Content-Type: application/x-www-form-urlencoded" in text
    assert "Blocked." in text_of(ask(api, origin="null", method="POST", path="/auth"))
    headers = "Content-Type"
    blocked = ask(api, origin="null", method="POST", path="/auth/callback", headers=headers)
    assert "Blocked." in text_of(blocked)
    script = ask(api, origin=ORIGIN, method="POST", path="/auth/callback", headers=headers)
    assert "Content-Type: ..." in text_of(script)


def test_host(api: SecuredFastAPI) -> None:
    """The requests go to the host by which the page was asked for, or elsewhere to another."""
    client = TestClient(api, base_url="http://127.0.0.1:8000")
    page = client.get(PAGE, params={"origin": ORIGIN})
    assert "Host: 127.0.0.1:8000" in text_of(page)
    page = client.get(PAGE, params={"origin": ORIGIN, "environment": "production"})
    assert "Host: api.example\n" in text_of(page)


def test_other_environments(api: SecuredFastAPI) -> None:
    """Every environment can be asked about, and has its own policy."""
    for name, trusted in ("home", ORIGIN), ("production", PRODUCTION_ORIGIN):
        for origin in ORIGIN, PRODUCTION_ORIGIN, UNTRUSTED:
            text = text_of(ask(api, environment=name, origin=origin, method="POST"))
            assert f"{name}: POST / from a page at {origin}" in text
            assert ("Allowed." in text) is (origin == trusted)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_nothing_happens(
    api: SecuredFastAPI, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    """Looking at the page calls no handler, whatever is typed, and fills no log."""
    for origin in ORIGIN, UNTRUSTED:
        page = ask(api, origin=origin, method=method)
        assert f"{method} / from a page at {origin}" in text_of(page)
    assert api.state.reached == []
    assert [x for x in caplog.records if x.name.startswith("hello_api")] == []


def test_blocked(api: SecuredFastAPI) -> None:
    """A blocked call is shown with the reason, the closest trusted origin, and what decides."""
    close = ORIGIN.removesuffix("e")
    page = ask(api, origin=close)
    assert (
        f'Blocked. The page may not read the response: origin "{close}" is not trusted '
        f'[untrusted-origin] (closest trusted origin: "{ORIGIN}"). '
        "Decided by environments.toml, line 7."
    ) in text_of(page)
    assert '<section class="blocked">' in page.text
    assert '<td class="blocked">blocked</td>' in page.text
    assert '<td class="">not allowed</td>' in page.text
    page = ask(api, origin=ORIGIN, method="PURGE", headers="x-one")
    assert (
        'not read the response: method "PURGE" is not in allow_methods [unlisted-method]; header '
        '"x-one" is not in allow_headers [unlisted-header]. Decided by preset strict.'
    ) in text_of(page)
    page = ask(api, origin=ORIGIN)
    assert '<section class="allowed">' in page.text
    assert '<td class="allowed">allowed</td>' in page.text


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        (
            {"environment": "none"},
            (
                'Environment: "none" is not an environment [unknown-environment]; '
                "choose from home, production."
            ),
        ),
        (
            {"origin": ""},
            'Origin: "" is empty [empty]; write "https://app.example.com".',
        ),
        (
            {"origin": f"{ORIGIN}/"},
            f'Origin: "{ORIGIN}/" ends with a slash [trailing-slash]; write "{ORIGIN}".',
        ),
        (
            {"origin": "http://localhost"},
            (
                'Origin: "http://localhost" is the API\'s own origin, to which CORS does not apply '
                "[own-origin]; write that of another page."
            ),
        ),
        ({"method": "G T"}, 'Method: "G T" is not a method name [method-token]; '),
        ({"path": "health"}, 'Path: "health" does not begin with a slash [path-slash]; '),
        ({"headers": "Accept, Cookie"}, 'Header: "Cookie" is a forbidden request header: '),
        ({"headers": "X-Trace:"}, 'Header: "X-Trace:" is not a header name [header-token]; '),
    ],
    ids=str,
)
def test_problem(api: SecuredFastAPI, typed: dict[str, str], problem: str) -> None:
    """What no browser sends is reported in a sentence, and stays in the form to be corrected."""
    page = ask(api, **{"origin": ORIGIN, **typed})
    assert page.status_code == 422
    assert problem in text_of(page)
    assert '<section class="blocked problem">' in page.text
    assert rows_of(page) == []
    [(name, value)] = typed.items()
    if name != "environment":
        assert f'name="{name}" value="{value}"' in unescape(page.text)


def test_own_origin_elsewhere(api: SecuredFastAPI) -> None:
    """The API's own origin here is another page's in another environment."""
    assert ask(api, environment="production", origin="http://localhost").status_code == 200


def test_defaults(api: SecuredFastAPI) -> None:
    """An empty method is GET, and an empty path the root."""
    page = ask(api, origin=f" {ORIGIN} ", method=" ", path="", headers=" ")
    assert f"home: GET / from a page at {ORIGIN}" in text_of(page)


@pytest.mark.parametrize(
    ("tables", "note", "rows"),
    [
        (TABLES, "", True),
        (f"{TABLES}max_age = 61\n", RESTART, True),
        (f"{TABLES}max_age = -1\n", "Cannot start: 1 problem in the configuration.", True),
        ("[", "Cannot start: 1 problem in the configuration.", False),
    ],
)
def test_edited_file(api: SecuredFastAPI, tables: str, note: str, rows: bool) -> None:  # noqa: FBT001
    """Until the API is restarted the page shows its policy, and that the file has changed."""
    Path("environments.toml").write_text(tables, "utf-8")
    page = ask(api, origin=ORIGIN, method="PUT")
    text = text_of(page)
    assert ("Allowed." in text) is rows
    assert ("Access-Control-Max-Age: 600" in text) is rows
    assert page.status_code == (200 if rows else 422)
    for line in RESTART, "Cannot start: 1 problem in the configuration.":
        assert (line in text) is (line == note)


class Markup(HTMLParser):
    """The elements and attributes of a page, as browsers find them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str | None] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value for name, value in attrs if name in {"href", "src", "action"}}


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "/</code></pre></option></select><iframe>",
    "/$origin ${title} $$",
    "/\r\nSet-Cookie: a=b",
    "/\x00\x1b[2J\ufffe\u202e",
    "/" + 500 * "<b>",
]


@pytest.mark.parametrize("name", ["environment", "origin", "method", "path", "headers"])
def test_hostile_value(api: SecuredFastAPI, name: str) -> None:
    """Whatever is typed, or put into a link to the page, stays text on it."""
    own = Markup(ask(api, origin=UNTRUSTED, method="PUT").text)
    for value in HOSTILE:
        page = ask(api, **{"origin": ORIGIN, name: value})
        assert page.status_code in {200, 422}
        found = Markup(page.text)
        assert found.elements <= own.elements
        assert found.attributes <= own.attributes
        assert found.links == own.links
        assert "set-cookie" not in page.headers


def test_content_security_policy(api: SecuredFastAPI) -> None:
    """The page runs no script, loads nothing from any host, and sends its form to itself only."""
    page = ask(api)
    [style] = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    directives = dict(x.split(" ", 1) for x in page.headers["Content-Security-Policy"].split("; "))
    assert directives == {
        "default-src": "'none'",
        "style-src": f"'sha256-{style_hash}'",
        "img-src": "data:",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert Markup(page.text).links == {"data:,", "#verdict", "../docs"}
    assert send(api, "GET", PAGE, Origin=UNTRUSTED).cors_headers == []
