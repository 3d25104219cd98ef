"""Cookies: which pages may call with them."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from .browsing import (
    API,
    APP,
    COOKIE_API,
    DEV_API,
    PARTNER,
    SIBLING,
    UNTRUSTED,
    Browser,
    Fetch,
    Outcome,
    ServedAPI,
    blocked,
    fetch,
    left_out,
    reads,
)

SIMPLE = fetch()
WITH_COOKIES = fetch(credentials="include")
WITHOUT_COOKIES = fetch(credentials="omit")
PUT_WITH_COOKIES = fetch(credentials="include", method="PUT")
POST_WITH_COOKIES = fetch(credentials="include", method="POST")


@pytest.fixture
def session(browser: Browser) -> Iterator[None]:
    """Sign the browser in at both APIs, with cookies for requests of any site."""
    for origin in (API, COOKIE_API):
        browser.fetch(origin, f"{origin}/probe/session?name=session", method="POST")
    yield
    for origin in (API, COOKIE_API):
        browser.fetch(origin, f"{origin}/probe/session?name=session", method="DELETE")


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(
    ("who", "does", "cookie"),
    [
        (APP, WITH_COOKIES, "session=1"),
        (APP, POST_WITH_COOKIES, "session=1"),
        (APP, PUT_WITH_COOKIES, "session=1"),
        (APP, SIMPLE, None),
        (APP, WITHOUT_COOKIES, None),
        (PARTNER, WITH_COOKIES, "session=1"),
        (COOKIE_API, SIMPLE, "session=1"),
    ],
    ids=str,
)
def test_allowed_credentials(
    browser: Browser, cookie_api: ServedAPI, who: str, does: Fetch, cookie: str | None
) -> None:
    """Where credentials are allowed, a trusted page calls with cookies if it asks for that."""
    response = browser.fetch(who, cookie_api.url(does.path), **does.options)
    assert response
    assert json.loads(response.body)["cookie"] == cookie


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(
    ("who", "does", "arrives"),
    [
        (UNTRUSTED, WITH_COOKIES, "GET 200"),
        (UNTRUSTED, POST_WITH_COOKIES, "POST 403"),
        (UNTRUSTED, PUT_WITH_COOKIES, "OPTIONS 400"),
        (SIBLING, WITH_COOKIES, "GET 200"),
        (SIBLING, POST_WITH_COOKIES, "POST 403"),
        (f"{APP} sandboxed", WITH_COOKIES, "GET 200"),
        (f"{APP} sandboxed", POST_WITH_COOKIES, "POST 403"),
    ],
    ids=str,
)
def test_credentials_of_another(
    browser: Browser, cookie_api: ServedAPI, who: str, does: Fetch, arrives: str
) -> None:
    """No other page reads or writes with the cookies of its visitors."""
    assert browser.outcome(who, cookie_api, does) == blocked(arrives)


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(
    ("who", "does", "outcome"),
    [
        (APP, SIMPLE, reads(200, "GET 200")),
        (APP, WITH_COOKIES, blocked("GET 200")),
        (APP, PUT_WITH_COOKIES, blocked("OPTIONS 200")),
        (API, WITH_COOKIES, reads(200, "GET 200")),
        (UNTRUSTED, WITH_COOKIES, blocked("GET 200")),
    ],
    ids=str,
)
def test_no_credentials(
    browser: Browser, api: ServedAPI, who: str, does: Fetch, outcome: Outcome
) -> None:
    """Where credentials are not allowed, no page at another origin reads what cookies open."""
    assert browser.outcome(who, api, does) == outcome


@pytest.mark.parametrize(
    ("name", "credentials", "kept"), [("included", "include", True), ("omitted", "omit", False)]
)
def test_session(
    browser: Browser, cookie_api: ServedAPI, name: str, credentials: str, *, kept: bool
) -> None:
    """A trusted page signs its user in with a cookie if it asks for credentials."""
    url = cookie_api.url(f"/probe/session?name={name}")
    browser.fetch(APP, url, method="POST", credentials=credentials)
    assert has_cookie(browser, COOKIE_API, cookie_api, name) == kept
    browser.fetch(COOKIE_API, url, method="DELETE")


def has_cookie(browser: Browser, who: str, api: ServedAPI, name: str) -> bool:
    """Return whether the browser sends a cookie to the API for a page that asks for it."""
    response = browser.fetch(who, api.url("/probe/handler"), credentials="include")
    assert response
    return f"{name}=1" in (json.loads(response.body)["cookie"] or "")


@left_out(webkit="its GTK port has a cookie jar that ignores the attribute; Safari's does not")
def test_partitioned_cookie(browser: Browser, cookie_api: ServedAPI) -> None:
    """A partitioned cookie that a page of another site has brought along is for that site alone."""
    attributes = quote("SameSite=None; Partitioned")
    url = cookie_api.url(f"/probe/session?name=partitioned&attributes={attributes}")
    browser.fetch(PARTNER, url, method="POST", credentials="include")
    assert has_cookie(browser, PARTNER, cookie_api, "partitioned")
    assert not has_cookie(browser, COOKIE_API, cookie_api, "partitioned")


def test_cookie_without_same_site(browser: Browser, cookie_api: ServedAPI) -> None:
    """A cookie without SameSite stays at home in Chromium, and in no other engine."""
    url = cookie_api.url("/probe/session?name=plain&attributes=Priority=Low")
    browser.fetch(COOKIE_API, url, method="POST")
    is_sent = has_cookie(browser, PARTNER, cookie_api, "plain")
    assert is_sent == (browser.engine != "chromium")


def test_secure_cookie_of_localhost(browser: Browser, dev_api: ServedAPI) -> None:
    """A browser keeps a `Secure` cookie of http://localhost, except that Safari drops it."""
    browser.fetch(DEV_API, dev_api.url("/probe/session?name=local"), method="POST")
    is_kept = has_cookie(browser, DEV_API, dev_api, "local")
    assert is_kept == (browser.engine != "webkit")
