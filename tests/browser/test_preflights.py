"""What the browser asks the API for before it makes a request."""

import pytest

from .browsing import (
    ADMIN,
    API,
    APP,
    GRANTED,
    HOME,
    PARTNER,
    SIBLING,
    UNTRUSTED,
    Browser,
    Fetch,
    Options,
    Outcome,
    ServedAPI,
    blocked,
    fetch,
    page_at,
    reads,
)

JSON: Options = {"headers": {"Content-Type": "application/json"}, "body": "{}"}
BEARER: Options = {"headers": {"Authorization": "Bearer token"}}
CUSTOM: Options = {"headers": {"X-Custom": "1"}}
LANGUAGE: Options = {"headers": {"Accept-Language": "fr"}}


@pytest.mark.parametrize(
    ("who", "does", "outcome"),
    [
        (APP, fetch(method="PUT"), reads(200, "OPTIONS 200", "PUT 200")),
        (APP, fetch(method="PATCH"), reads(200, "OPTIONS 200", "PATCH 200")),
        (APP, fetch(method="DELETE"), reads(200, "OPTIONS 200", "DELETE 200")),
        (APP, fetch(method="delete"), reads(200, "OPTIONS 200", "DELETE 200")),
        (APP, fetch(method="HEAD"), reads(200, "HEAD 200")),
        (APP, fetch(method="POST"), reads(200, "POST 200")),
        (PARTNER, fetch(method="PUT"), reads(200, "OPTIONS 200", "PUT 200")),
        (API, fetch(method="PUT"), reads(200, "PUT 200")),
        (API, fetch(method="PURGE"), reads(200, "PURGE 200")),
        (APP, fetch(method="patch"), blocked("OPTIONS 400")),  # stays in lower case
        (APP, fetch(method="PURGE"), blocked("OPTIONS 400")),
        (APP, fetch(method="QUERY"), blocked("OPTIONS 400")),
        (APP, fetch(method="OPTIONS"), blocked("OPTIONS 400")),
        (APP, fetch(method="TRACE"), blocked()),
        (UNTRUSTED, fetch(method="PUT"), blocked("OPTIONS 400")),
        (UNTRUSTED, fetch(method="PATCH"), blocked("OPTIONS 400")),
        (UNTRUSTED, fetch(method="DELETE"), blocked("OPTIONS 400")),
        (SIBLING, fetch(method="DELETE"), blocked("OPTIONS 400")),
        (f"{APP} sandboxed", fetch(method="PUT"), blocked("OPTIONS 400")),
        (f"{APP} data", fetch(method="DELETE"), blocked("OPTIONS 400")),
        (f"{APP} srcdoc", fetch(method="PUT"), reads(200, "OPTIONS 200", "PUT 200")),
    ],
    ids=str,
)
def test_methods(browser: Browser, api: ServedAPI, who: str, does: Fetch, outcome: Outcome) -> None:
    """A trusted page uses the listed methods; no other method, and no other page, gets through."""
    assert browser.outcome(who, api, does) == outcome


@pytest.mark.parametrize(
    ("who", "does", "outcome"),
    [
        (APP, fetch(**BEARER), reads(200, "OPTIONS 200", "GET 200")),
        (PARTNER, fetch(**BEARER), reads(200, "OPTIONS 200", "GET 200")),
        (APP, fetch(method="POST", **JSON), reads(200, "OPTIONS 200", "POST 200")),
        (APP, fetch(**LANGUAGE), reads(200, "GET 200")),
        (APP, fetch(**CUSTOM), blocked("OPTIONS 400")),
        (APP, fetch(method="POST", **CUSTOM), blocked("OPTIONS 400")),
        (UNTRUSTED, fetch(**BEARER), blocked("OPTIONS 400")),
        (UNTRUSTED, fetch(method="POST", **JSON), blocked("OPTIONS 400")),
        (SIBLING, fetch(method="POST", **JSON), blocked("OPTIONS 400")),
    ],
    ids=str,
)
def test_headers(browser: Browser, api: ServedAPI, who: str, does: Fetch, outcome: Outcome) -> None:
    """A trusted page sends the listed headers; no other header, and no other page, gets through."""
    assert browser.outcome(who, api, does) == outcome


def test_bearer_token(browser: Browser, api: ServedAPI) -> None:
    """A bearer token arrives without `allow_credentials`."""
    response = browser.fetch(APP, api.url("/probe/handler"), **BEARER)
    assert response
    assert '"authorization":"Bearer token"' in response.body


@pytest.mark.parametrize(
    ("calls", "arrives"),
    [
        ([(APP, "PUT"), (APP, "PUT")], ["OPTIONS 200", "PUT 200", "PUT 200"]),
        ([(APP, "PUT"), (APP, "DELETE")], ["OPTIONS 200", "PUT 200", "DELETE 200"]),
        ([(APP, "PUT"), (ADMIN, "PUT")], ["OPTIONS 200", "PUT 200", "OPTIONS 200", "PUT 200"]),
        ([(APP, "PUT"), (SIBLING, "PUT")], ["OPTIONS 200", "PUT 200", "OPTIONS 400"]),
        ([(APP, "PURGE"), (APP, "PURGE")], ["OPTIONS 400", "OPTIONS 400"]),
    ],
    ids=str,
)
def test_preflight_cache(
    browser: Browser, api: ServedAPI, calls: list[tuple[str, str]], arrives: list[str]
) -> None:
    """The browser asks once for a page, and again for another page or after a failure."""
    url = api.url("/probe/handler")
    for who, method in calls:
        browser.fetch(who, url, method=method)
    assert api.arrived(url) == arrives


@pytest.mark.parametrize(
    ("who", "does", "outcome"),
    [
        (HOME, fetch(method="PUT"), reads(200, "OPTIONS 200", "PUT 200")),
        (HOME, fetch(method="PURGE"), blocked("OPTIONS 200")),
        (HOME, fetch(**CUSTOM), blocked("OPTIONS 200")),
        (HOME, fetch(method="PUT", **CUSTOM), blocked("OPTIONS 200")),
        ("http://localhost:5173", fetch(method="PUT"), blocked("OPTIONS 400")),
        (f"{HOME} sandboxed", fetch(method="PURGE"), blocked("OPTIONS 400")),
    ],
    ids=str,
)
def test_local_preflights(
    browser: Browser, local_api: ServedAPI, who: str, does: Fetch, outcome: Outcome
) -> None:
    """A local preflight of a trusted page succeeds, and what it does not grant is blocked."""
    assert browser.outcome(who, local_api, does) == outcome


@pytest.mark.parametrize(("seconds", "asked"), [(600, "1"), (0, "2"), (-5, "2")])
@pytest.mark.usefixtures("api")
def test_max_age(browser: Browser, seconds: int, asked: str) -> None:
    """The browser asks before each request if a preflight holds for no time, or for a negative."""
    url = page_at(
        f"https://{browser.engine}.example",
        GRANTED,
        "Access-Control-Allow-Methods: PUT",
        "Access-Control-Expose-Headers: X-Preflights",
        f"Access-Control-Max-Age: {seconds}",
    )
    responses = [browser.fetch(APP, url, method="PUT") for _ in range(2)]
    assert responses[-1]
    assert responses[-1].headers["x-preflights"] == asked
