"""The developers' own environment, with the preset `dev`: every page of this machine is let in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from .browsing import (
    APP,
    BLOCKED,
    DEV_API,
    PREVIEW,
    PUBLIC_STRANGER,
    REBOUND_API,
    STRANGER,
    Browser,
    Fetch,
    Options,
    Outcome,
    ServedAPI,
    blocked,
    fetch,
    reads,
)
from .test_connections import OPEN_SOCKET

pytestmark = pytest.mark.xdist_group("browser")

HOME = "http://localhost:3000"
CUSTOM: Options = {"headers": {"X-Custom": "1"}}


@pytest.mark.parametrize(
    ("who", "says"),
    [
        (HOME, 200),
        ("http://localhost", 200),
        ("http://localhost:5173", 200),
        ("https://localhost:5174", 200),
        ("http://127.0.0.1:3000", 200),
        ("https://127.0.0.1", 200),
        ("http://[::1]:3000", 200),
        (DEV_API, 200),
        ("http://127.0.0.2:3000", BLOCKED),
        ("http://app.localhost:3000", BLOCKED),
        ("http://localhost.stranger.example:3000", BLOCKED),
        ("http://stranger-localhost:3000", BLOCKED),
        (APP, BLOCKED),
        (STRANGER, BLOCKED),
        (f"{HOME} sandboxed", BLOCKED),
        ("file:///", BLOCKED),
    ],
)
def test_simple_request(browser: Browser, dev_api: ServedAPI, who: str, says: int | None) -> None:
    """Any page of localhost, 127.0.0.1 and [::1] reads an answer, and no other does."""
    assert browser.outcome(who, dev_api, fetch()) == reads(says, "GET 200")


@pytest.mark.parametrize(
    ("who", "does", "outcome"),
    [
        (HOME, fetch(method="PUT"), reads(200, "OPTIONS 200", "PUT 200")),
        (HOME, fetch(method="QUERY"), reads(200, "OPTIONS 200", "QUERY 200")),
        (HOME, fetch(**CUSTOM), reads(200, "OPTIONS 200", "GET 200")),
        (HOME, fetch(method="POST", credentials="include"), reads(200, "POST 200")),
        ("http://127.0.0.1:3000", fetch(method="POST", mode="no-cors"), blocked("POST 200")),
        (HOME, fetch(method="PURGE"), blocked("OPTIONS 200")),
        (STRANGER, fetch(method="PUT"), blocked("OPTIONS 400")),
        (STRANGER, fetch(**CUSTOM), blocked("OPTIONS 400")),
        (STRANGER, fetch(method="POST", mode="no-cors"), blocked("POST 403")),
        (f"{HOME} sandboxed", fetch(method="POST"), blocked("POST 403")),
        ("http://app.localhost:3000", fetch(method="POST"), blocked("POST 403")),
    ],
    ids=str,
)
def test_requests(
    browser: Browser, dev_api: ServedAPI, who: str, does: Fetch, outcome: Outcome
) -> None:
    """A page of this machine sends any header and known method; no other page gets through."""
    assert browser.outcome(who, dev_api, does) == outcome


@pytest.mark.parametrize("name", ["http://127.0.0.1:8000", "http://[::1]:8000"])
def test_other_name(browser: Browser, dev_api: ServedAPI, name: str) -> None:
    """A page of localhost may write to this machine's other names too, which are other sites."""
    other = replace(dev_api, origin=name)
    assert browser.outcome(HOME, other, fetch(method="PUT")) == reads(200, "OPTIONS 200", "PUT 200")


@pytest.mark.parametrize(
    ("who", "says"), [(HOME, "hello"), (STRANGER, BLOCKED), (f"{HOME} sandboxed", BLOCKED)]
)
def test_websocket(browser: Browser, dev_api: ServedAPI, who: str, says: str | None) -> None:
    """A WebSocket opens for a page of this machine, and for no other."""
    assert browser.visitor(who).run(OPEN_SOCKET, dev_api.url("/probe/socket")) == says


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_rebound_name(browser: Browser, dev_api: ServedAPI, method: str) -> None:
    """A stranger's name that leads to this machine makes no page one of the API's own."""
    rebound = replace(dev_api, origin=REBOUND_API)
    outcome = browser.outcome(REBOUND_API, rebound, fetch(method=method))
    assert outcome == reads(400, f"{method} 400")
    socket = rebound.url("/probe/socket")
    assert browser.visitor(REBOUND_API).run(OPEN_SOCKET, socket) == BLOCKED
    assert rebound.reached(socket) == []


def test_no_preflight_cache(browser: Browser, dev_api: ServedAPI) -> None:
    """The browser asks before each request, so that an edited policy is seen at once."""
    url = dev_api.url("/probe/handler")
    for _ in range(2):
        browser.visitor(HOME).fetch(url, method="PUT")
    assert dev_api.arrived(url) == ["OPTIONS 200", "PUT 200"] * 2


@contextmanager
def let_into_local_network(browser: Browser, who: str, *, permitted: bool) -> Iterator[None]:
    """Be a user who lets a page call servers of this machine, or who does not."""
    if permitted:
        browser.context.grant_permissions(["local-network-access"], origin=who)
    yield
    browser.context.clear_permissions()


@pytest.mark.parametrize(
    ("who", "permitted", "outcome"),
    [
        (PREVIEW, True, reads(200, "GET 200")),
        (PREVIEW, False, blocked()),
        (PUBLIC_STRANGER, True, blocked("GET 200")),
        (PUBLIC_STRANGER, False, blocked()),
    ],
    ids=str,
)
def test_page_of_the_internet(
    browser: Browser, dev_api: ServedAPI, who: str, *, permitted: bool, outcome: Outcome
) -> None:
    """A page of the Internet needs two permissions to call this machine: its user's and ours."""
    with let_into_local_network(browser, who, permitted=permitted):
        assert browser.outcome(who, dev_api, fetch()) == outcome
