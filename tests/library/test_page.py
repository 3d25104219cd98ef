"""The page at `/docs/cors` tells what a browser makes of a call, and does nothing else."""

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from httpx2 import Response

from .apis import APIS, HOME, STRANGER, TABLES, ProbedAPI, each_api, granted, preflight
from .subject import explain

PAGE = "/docs/cors"
ORIGIN = "https://explained.example"

each_local_api = pytest.mark.parametrize("api", [x for x in APIS if x.options["local"]], ids=str)


@pytest.fixture
def api() -> ProbedAPI:
    """Return a local API that trusts one origin."""
    return ProbedAPI("explained", HOME, local=True, preset="strict", allow_origins=[ORIGIN])


def ask(api: ProbedAPI, **typed: str) -> Response:
    return api.client.get(PAGE, params=typed)


def text_of(response: Response) -> str:
    """Return the text of a page without its markup."""
    return unescape(re.sub(r"<[^>]*>", "", response.text.partition("</form>")[2]))


def rows_of(response: Response) -> list[list[str]]:
    """Return what a page says that the browser looks for: what, value, verdict, what decides."""
    rows = re.findall(r'<tr><th scope="row">.*?</tr>', response.text)
    return [[unescape(x) for x in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


@each_api
def test_place(api: ProbedAPI) -> None:
    """The page is there on developers' machines, and nowhere else."""
    assert ask(api).status_code == (200 if api.options["local"] else 404)


@each_local_api
def test_first_view(api: ProbedAPI) -> None:
    """At first it shows an allowed call, if any environment trusts a page, and a blocked one."""
    text = text_of(ask(api))
    anyone_is_trusted = api.trusted or any(x["allow_origins"] for x in TABLES.values())
    assert ("Allowed. The page may read the answer." in text) is bool(anyone_is_trusted)
    assert "Blocked. The page may not read the answer: " in text


@pytest.mark.parametrize(
    "call",
    [
        [ORIGIN, "GET"],
        [ORIGIN, "put", "authorization"],
        [ORIGIN, "patch"],
        [ORIGIN, "POST", "content-type", "X-Trace"],
        ["null", "POST"],
        [STRANGER, "DELETE", "X-Trace"],
    ],
    ids=str,
)
def test_same_as_command(
    api: ProbedAPI,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    call: list[str],
) -> None:
    """The page and the command tell the same."""
    monkeypatch.setenv("APP_CORS__LOCAL", "true")
    monkeypatch.setenv("APP_CORS__PRESET", "strict")
    monkeypatch.setenv("APP_CORS__ALLOW_ORIGINS", ORIGIN)
    status = explain.main([HOME, *call])
    *rows, sentence = capsys.readouterr().out.splitlines()
    page = ask(api, origin=call[0], method=call[1], headers=", ".join(call[2:]))
    assert sentence.rstrip(".") in text_of(page)
    assert ("Blocked" in text_of(page)) is bool(status)
    checks = [re.split(" {2,}", x) for x in rows if not x.startswith(("preflight", "request"))]
    assert rows_of(page) == checks


@pytest.mark.parametrize("method", ["PUT", "PURGE"])
@each_local_api
def test_same_as_api(api: ProbedAPI, method: str) -> None:
    """The page shows what the API itself answers: to a preflight, and of CORS to a request."""
    for origin in (*api.trusted[:1], STRANGER):
        page = ask(api, origin=origin, method=method, path="/health", headers="X-Trace")
        shown = text_of(page).lower().splitlines()
        answer = preflight(api.client, "/health", origin, method, "x-trace")
        assert f"http/1.1 {answer.status_code} {answer.reason_phrase}".lower() in shown
        assert {f"{name}: {x}".lower() for name, x in answer.headers.items()} <= {*shown}

        page = ask(api, origin=origin, path="/health")
        assert ("Allowed." in text_of(page)) is api.trusts(origin)
        headers = api.client.get("/health", headers={"Origin": origin}).headers.items()
        answered = [f"{k}: {x}".lower() for k, x in headers if k.startswith("access-control-")]
        shown = text_of(page).lower().splitlines()
        assert [x for x in shown if x.startswith("access-control-")] == answered


def test_host(api: ProbedAPI) -> None:
    """The requests go to the name that the API is called by."""
    page = api.client.get(PAGE, params={"origin": ORIGIN}, headers={"Host": "api.invalid"})
    assert "Host: api.invalid" in text_of(page)


def test_other_environments(api: ProbedAPI) -> None:
    """Every environment can be asked about, and answers for itself."""
    for name, table in TABLES.items():
        for origin in (*table["allow_origins"][:1], STRANGER):
            text = text_of(ask(api, environment=name, origin=origin, method="POST"))
            assert f"{name}: POST / from a page of {origin}" in text
            is_trusted = origin == ORIGIN if name == HOME else origin != STRANGER
            assert ("Allowed." in text) is is_trusted


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_nothing_happens(api: ProbedAPI, caplog: pytest.LogCaptureFixture, method: str) -> None:
    """To look at the page calls no handler, whatever is asked, and fills no log."""
    for origin in ORIGIN, STRANGER:
        page = ask(api, origin=origin, method=method, path="/probe/handler")
        assert f"{method} /probe/handler from a page of {origin}" in text_of(page)
    assert api.reached == []
    assert caplog.records == []


def test_nearest(api: ProbedAPI) -> None:
    """A blocked call is told with the reason, the nearest trusted origin, and what decides."""
    near = ORIGIN.removesuffix("e")
    assert (
        f'Blocked. The page may not read the answer: origin "{near}" is not trusted; '
        f'the nearest that is: "{ORIGIN}". Decided by APP_CORS__ALLOW_ORIGINS.'
    ) in text_of(ask(api, origin=near))


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"environment": "of-no-table"}, '"of-no-table" is no table of environments.toml'),
        ({"origin": ""}, '"" is empty'),
        ({"origin": "https://A.example/"}, 'ends with a slash; write "https://a.example"'),
        ({"origin": "http://testserver"}, "is this API's own"),
        ({"method": "TRACE"}, "is a method that no browser sends"),
        ({"method": "G T"}, "is not the name of a method"),
        ({"path": "health"}, "does not begin with a slash"),
        ({"headers": "Accept, Cookie"}, '"Cookie" is a header that browsers let no page set'),
        ({"headers": "X-Trace:"}, '"X-Trace:" is not the name of a header'),
    ],
    ids=str,
)
def test_fault(api: ProbedAPI, typed: dict[str, str], reason: str) -> None:
    """What no browser sends is told in a sentence, and stays in the form to be mended."""
    page = ask(api, **{"origin": ORIGIN, **typed})
    assert page.status_code == 422
    assert reason in text_of(page)
    assert rows_of(page) == []
    [(name, value)] = typed.items()
    if name != "environment":
        assert f'name="{name}" value="{value}"' in unescape(page.text)


@pytest.mark.parametrize(("max_age", "told"), [("61", "restart it"), ("-1", "does not start")])
def test_edited_policy(
    api: ProbedAPI, monkeypatch: pytest.MonkeyPatch, max_age: str, told: str
) -> None:
    """Until the API is started again the page tells of its policy, and that it has changed."""
    assert told not in text_of(ask(api, origin=ORIGIN))
    monkeypatch.setenv("APP_CORS__MAX_AGE", max_age)
    text = text_of(ask(api, origin=ORIGIN, method="PUT"))
    assert "Allowed." in text
    assert "Access-Control-Max-Age: 600" in text
    assert told in text


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
def test_hostile_value(api: ProbedAPI, name: str) -> None:
    """Whatever is typed, or put into a link to the page, stays text on it."""
    own = Markup(ask(api, origin=STRANGER, method="PUT").text)
    for value in HOSTILE:
        page = ask(api, **{"origin": ORIGIN, name: value})
        assert page.status_code in {200, 422}
        found = Markup(page.text)
        assert found.elements <= own.elements
        assert found.attributes <= own.attributes
        assert found.links == own.links
        assert "set-cookie" not in page.headers


def test_content_security_policy(api: ProbedAPI) -> None:
    """The page runs no script, loads nothing from any host, and sends its form to itself alone."""
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
    assert Markup(page.text).links == {"data:,", "#verdict"}
    assert granted(page) == []
