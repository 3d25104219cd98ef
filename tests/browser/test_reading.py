"""Who may read which responses, and how much of them."""

import pytest

from .browsing import (
    ADMIN,
    API,
    APP,
    BLOCKED,
    GRANTED,
    PARTNER,
    SIBLING,
    UNTRUSTED,
    Browser,
    Fetch,
    ServedAPI,
    fetch,
    left_out,
    page_at,
    reads,
)


@pytest.mark.parametrize(
    ("who", "says"),
    [
        (APP, 200),
        (ADMIN, 200),
        (PARTNER, 200),
        (API, 200),
        ("https://APP.Example.com", 200),  # browsers write hosts in lower case
        ("https://app.example.com:443", 200),  # and leave default ports out
        (f"{APP} srcdoc", 200),
        (UNTRUSTED, BLOCKED),
        (SIBLING, BLOCKED),
        ("https://example.com", BLOCKED),
        ("https://app.example.com:8443", BLOCKED),
        ("http://app.example.com", BLOCKED),
        ("https://app.example.com.", BLOCKED),
        ("https://app.example.co", BLOCKED),
        ("https://app.example.com.untrusted.example", BLOCKED),
        ("https://untrusted-app.example.com", BLOCKED),
        ("https://sub.app.example.com", BLOCKED),
        ("https://app-example.com", BLOCKED),
        ("https://\u0430pp.example.com", BLOCKED),  # a Cyrillic a
        ("http://localhost:3000", BLOCKED),
        (f"{APP} sandboxed", BLOCKED),
        (f"{APP} data", BLOCKED),
        (f"{API} sandboxed", BLOCKED),
        ("file:///", BLOCKED),
    ],
)
def test_simple_request(browser: Browser, api: ServedAPI, who: str, says: int | None) -> None:
    """A page reads a response if its origin is listed, exactly so, and not otherwise."""
    assert browser.outcome(who, api, fetch()) == reads(says, "GET 200")


ERRORS = [
    (fetch("/me"), 401, "Send a bearer token"),
    (fetch("/probe/status/403"), 403, "This is 403"),
    (fetch("/no/route"), 404, "Not Found"),
    (fetch("/health/"), 404, "Not Found"),  # not a redirection, which would lose the origin
    (fetch("/health", method="PUT"), 405, "Method Not Allowed"),
    (fetch("/probe/body", method="POST", body="x" * 2_000), 413, "Content Too Large"),
    (fetch("/probe/status/word"), 422, "int_parsing"),
    (fetch("/probe/failure"), 500, "Internal Server Error"),
    (fetch("/auth/token", method="POST"), 501, "Token issuing is not implemented"),
    (fetch("/probe/status/503"), 503, "This is 503"),
]


each_error = pytest.mark.parametrize("error", ERRORS, ids=lambda error: str(error[1]))


@each_error
def test_error_of_trusted_page(
    browser: Browser, api: ServedAPI, error: tuple[Fetch, int, str]
) -> None:
    """A trusted page reads what is wrong, whatever is."""
    does, status, body = error
    response = browser.fetch(APP, api.url(does.path), **does.options)
    assert response
    assert response.status == status
    assert body in response.body


@each_error
@pytest.mark.parametrize("who", [UNTRUSTED, f"{APP} sandboxed"])
def test_error_of_another(
    browser: Browser, api: ServedAPI, who: str, error: tuple[Fetch, int, str]
) -> None:
    """No other page learns of an error, and its state-changing requests never cause it."""
    does, status, _ = error
    rejected = {"PUT": "OPTIONS 400", "POST": "POST 403"}
    outcome = browser.outcome(who, api, does)
    assert outcome.status == BLOCKED
    assert outcome.arrived == [rejected.get(does.options.get("method", "GET"), f"GET {status}")]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("WWW-Authenticate", "Bearer"),
        ("Location", "/elsewhere"),
        ("Retry-After", "7"),
        ("Cache-Control", "max-age=1"),  # every page may read this one
        ("ETag", None),
        ("X-Internal", None),
        ("Set-Cookie", None),
        ("Access-Control-Allow-Origin", None),
    ],
)
def test_headers(browser: Browser, api: ServedAPI, header: str, says: str | None) -> None:
    """A trusted page reads the headers of a response that are exposed, and no others."""
    response = browser.fetch(APP, api.url("/probe/headers"))
    assert response
    assert response.headers.get(header.lower()) == says


@pytest.mark.parametrize(
    ("who", "does", "says"),
    [
        (APP, fetch("/probe/redirect/307?to=/health"), 200),
        (APP, fetch("/probe/redirect/307?to=/probe/handler", method="PUT"), 200),
        (APP, fetch("/probe/redirect/303?to=/health", method="POST"), 200),
        (APP, fetch("/probe/redirect/307?to=/health", redirect="error"), BLOCKED),
        (APP, fetch(f"/probe/redirect/307?to={UNTRUSTED}"), BLOCKED),
        (UNTRUSTED, fetch("/probe/redirect/307?to=/health"), BLOCKED),
        (UNTRUSTED, fetch(f"/probe/redirect/307?to={UNTRUSTED}"), BLOCKED),
    ],
    ids=str,
)
def test_redirection(
    browser: Browser, api: ServedAPI, who: str, does: Fetch, says: int | None
) -> None:
    """A trusted page follows a redirection within the API, as far as it may read all responses."""
    assert browser.outcome(who, api, does).status == says


@pytest.mark.parametrize(("method", "arrives"), [("GET", "GET 200"), ("POST", "POST 403")])
@pytest.mark.parametrize("who", [APP, API, UNTRUSTED])
def test_redirection_from_untrusted_server(
    browser: Browser, api: ServedAPI, who: str, method: str, arrives: str
) -> None:
    """What an untrusted server redirects to the API comes from no trusted origin."""
    url = api.url("/probe/handler")
    redirecting = page_at("https://redirecting.example", f"Location: {url}", GRANTED, status=307)
    assert browser.fetch(who, redirecting, method=method) == BLOCKED
    assert api.arrived(url) == [arrives]


FETCH_BLINDLY = """([url]) => fetch(url, {mode: "no-cors"}).then(
    response => response.type,
    () => null,
)"""

EMBED = """([url, crossOrigin]) => new Promise(resolve => {
    const picture = Object.assign(new Image(), {crossOrigin});
    picture.onload = () => resolve("shown");
    picture.onerror = () => resolve(null);
    picture.src = url;
})"""

LOCATION = "() => location.href"

FRAME = """([url]) => new Promise(resolve => {
    const frame = document.createElement("iframe");
    const onload = () => setTimeout(() => resolve(null), 500);
    onmessage = message => resolve(message.data);
    Object.assign(frame, {src: url, onload});
    document.body.append(frame);
}).finally(() => document.querySelector("iframe").remove())"""


@pytest.mark.parametrize(
    ("who", "says"), [(API, "basic"), (APP, BLOCKED), (SIBLING, BLOCKED), (UNTRUSTED, BLOCKED)]
)
def test_blind_request(browser: Browser, api: ServedAPI, who: str, says: str | None) -> None:
    """No page at another origin gets a response into its memory that the policy has not granted."""
    assert browser.run(who, FETCH_BLINDLY, api.url("/probe/handler")) == says


@pytest.mark.parametrize(
    ("who", "picture", "says"),
    [
        (API, ("", None), "shown"),
        (APP, ("", None), BLOCKED),  # although it is trusted, and of the same site
        (APP, ("", "anonymous"), "shown"),  # a CORS request
        (UNTRUSTED, ("", "anonymous"), BLOCKED),
        (APP, ("?shared_with=same-site", None), "shown"),
        (PARTNER, ("?shared_with=same-site", None), BLOCKED),
        (UNTRUSTED, ("?shared_with=cross-origin", None), "shown"),
    ],
)
def test_embedded_picture(
    browser: Browser, api: ServedAPI, who: str, picture: tuple[str, str | None], says: str | None
) -> None:
    """A page embeds a picture if it may read it and asks to, or if the route shares it."""
    query, attribute = picture
    url = api.url(f"/probe/picture{query}")
    assert browser.run(who, EMBED, url, attribute) == says


@pytest.mark.parametrize("who", [API, APP, UNTRUSTED])
@pytest.mark.parametrize(("framed", "says"), [(False, None), (True, "shown")])
def test_frame(
    browser: Browser, api: ServedAPI, who: str, says: str | None, *, framed: bool
) -> None:
    """No page shows a response in a frame, to be clicked on, unless a handler says so."""
    url = api.url(f"/probe/page?framed={framed}")
    assert browser.run(who, FRAME, url) == says
    assert api.arrived(url) == ["GET 200"]


@left_out(
    firefox="Firefox ignores Strict-Transport-Security with a certificate that no authority issued"
)
@pytest.mark.usefixtures("apis")
def test_strict_transport(browser: Browser) -> None:
    """A browser that has called a deployed API over TLS calls it in no other way."""
    browser.run(API, LOCATION)
    assert browser.run(API.replace("https", "http"), LOCATION) == f"{API}/"
