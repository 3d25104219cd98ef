"""The local environment, with the preset `dev`: any localhost origin is trusted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from .browsing import (
    APP,
    BLOCKED,
    DEV_API,
    HOME,
    PREVIEW,
    PUBLIC_UNTRUSTED,
    REBOUND_API,
    UNTRUSTED,
    Browser,
    Fetch,
    Options,
    Outcome,
    ServedAPI,
    blocked,
    engines,
    fetch,
    left_out,
    reads,
)
from .chromium import Chromium
from .firefox import Firefox
from .test_connections import OPEN_SOCKET

CUSTOM: Options = {"headers": {"X-Custom": "1"}}


@pytest.mark.parametrize(
    ("who", "says"),
    [
        (HOME, 200),
        ("http://localhost", 200),
        ("http://localhost:5173", 200),
        ("http://127.0.0.1:3000", 200),
        ("http://[::1]:3000", 200),
        (DEV_API, 200),
        ("http://127.0.0.2:3000", 200),
        ("http://app.localhost:3000", 200),
        ("http://localhost.untrusted.example:3000", BLOCKED),
        ("http://untrusted-localhost:3000", BLOCKED),
        ("http://untrusted.example", BLOCKED),
        (f"{HOME} sandboxed", BLOCKED),
        ("file:///", BLOCKED),
    ],
)
def test_simple_request(browser: Browser, dev_api: ServedAPI, who: str, says: int | None) -> None:
    """Any local page, under any loopback name, reads a response; no other does."""
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
        ("http://untrusted.example", fetch(method="PUT"), blocked("OPTIONS 400")),
        ("http://untrusted.example", fetch(**CUSTOM), blocked("OPTIONS 400")),
        ("http://untrusted.example", fetch(method="POST", mode="no-cors"), blocked("POST 403")),
        (f"{HOME} sandboxed", fetch(method="POST"), blocked("POST 403")),
        ("http://localhost.untrusted.example:3000", fetch(method="POST"), blocked("POST 403")),
    ],
    ids=str,
)
def test_requests(
    browser: Browser, dev_api: ServedAPI, who: str, does: Fetch, outcome: Outcome
) -> None:
    """A local page sends any header and known method; no other page gets through."""
    assert browser.outcome(who, dev_api, does) == outcome


@pytest.mark.parametrize(
    ("who", "does", "outcome"),
    [
        ("https://localhost:5174", fetch(), reads(200, "GET 200")),
        ("https://127.0.0.1", fetch(), reads(200, "GET 200")),
        (APP, fetch(), blocked("GET 200")),
        (UNTRUSTED, fetch(), blocked("GET 200")),
        (UNTRUSTED, fetch(method="PUT"), blocked("OPTIONS 400")),
        (UNTRUSTED, fetch(**CUSTOM), blocked("OPTIONS 400")),
        (UNTRUSTED, fetch(method="POST", mode="no-cors"), blocked("POST 403")),
    ],
    ids=str,
)
def test_secure_page(
    browser: Browser, dev_api: ServedAPI, who: str, does: Fetch, outcome: Outcome
) -> None:
    """A page over https is treated the same, except that Safari sends nothing from it to http."""
    differs = {"webkit": blocked()}  # to Safari's engine, http://localhost is mixed content there
    assert browser.outcome(who, dev_api, does) == differs.get(browser.engine, outcome)


@pytest.mark.parametrize("name", ["http://127.0.0.1:8000", "http://[::1]:8000"])
def test_other_name(browser: Browser, dev_api: ServedAPI, name: str) -> None:
    """A page of localhost may call this machine's other names too, which are other sites."""
    other = replace(dev_api, origin=name)
    assert browser.outcome(HOME, other, fetch(method="PUT")) == reads(200, "OPTIONS 200", "PUT 200")


@pytest.mark.parametrize(
    ("who", "says"), [(HOME, "hello"), (UNTRUSTED, BLOCKED), (f"{HOME} sandboxed", BLOCKED)]
)
def test_websocket(browser: Browser, dev_api: ServedAPI, who: str, says: str | None) -> None:
    """A WebSocket opens for a local page, and for no other."""
    assert browser.run(who, OPEN_SOCKET, dev_api.url("/probe/socket")) == says


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_rebound_name(browser: Browser, dev_api: ServedAPI, method: str) -> None:
    """A page under an attacker's name that leads to this machine is not the API's own."""
    rebound = replace(dev_api, origin=REBOUND_API)
    outcome = browser.outcome(REBOUND_API, rebound, fetch(method=method))
    assert outcome == reads(400, f"{method} 400")
    socket = rebound.url("/probe/socket")
    assert browser.run(REBOUND_API, OPEN_SOCKET, socket) == BLOCKED
    assert rebound.reached(socket) == []


def test_no_preflight_cache(browser: Browser, dev_api: ServedAPI) -> None:
    """The browser asks before each request, so that an edited policy is seen at once."""
    url = dev_api.url("/probe/handler")
    for _ in range(2):
        browser.fetch(HOME, url, method="PUT")
    assert dev_api.arrived(url) == ["OPTIONS 200", "PUT 200"] * 2


IN_FIREFOX = """() => {
    const proxy = "network.proxy.type", spaces = "network.lna.address_space.public.override";
    const who = Services.scriptSecurityManager.createContentPrincipalFromOrigin("%(who)s");
    Services.prefs.setIntPref(proxy, %(proxy)d);
    Services.prefs.setStringPref(spaces, "%(public)s");
    Services.perms.addFromPrincipal(who, "loopback-network", %(permission)d);
}"""
"""Sets preferences, for the proxy hides which servers are local, and a permission of a page."""


@contextmanager
def local_network_permission(browser: Browser, who: str, *, permitted: bool) -> Iterator[None]:
    """Be a user who permits a page to call servers of this machine, or who does not."""
    assert isinstance(browser, Chromium)
    if permitted:
        browser.context.grant_permissions(["local-network-access"], origin=who)
    yield
    browser.context.clear_permissions()


@left_out(
    firefox="its proxy hides which servers are local",
    webkit="WebKit has no permission for local networks",
)
@pytest.mark.parametrize(
    ("who", "permitted", "outcome"),
    [
        (PREVIEW, True, reads(200, "GET 200")),
        (PREVIEW, False, blocked()),
        (PUBLIC_UNTRUSTED, True, blocked("GET 200")),
        (PUBLIC_UNTRUSTED, False, blocked()),
    ],
    ids=str,
)
def test_page_of_the_internet(
    browser: Browser, dev_api: ServedAPI, who: str, *, permitted: bool, outcome: Outcome
) -> None:
    """A page of the Internet needs two permissions to call this machine: its user's and ours."""
    socket = dev_api.url("/probe/socket")
    with local_network_permission(browser, who, permitted=permitted):
        assert browser.outcome(who, dev_api, fetch()) == outcome
        opened = browser.run(who, OPEN_SOCKET, socket)
    assert opened == ("hello" if outcome.status else BLOCKED)
    assert bool(dev_api.arrived(socket)) == permitted


@pytest.mark.parametrize("browser", engines()[1:2], indirect=True)
@pytest.mark.parametrize(
    ("permitted", "outcome"), [(True, reads(200, "GET 200")), (False, blocked())], ids=str
)
def test_page_of_the_internet_in_firefox(
    browser: Browser, api: ServedAPI, dev_api: ServedAPI, *, permitted: bool, outcome: Outcome
) -> None:
    """In Firefox, too, a page of the Internet needs its user's permission to call this machine."""
    assert isinstance(browser, Firefox)
    public = f"127.0.0.1:{api.port}"
    who, local = f"https://{public}", replace(dev_api, origin=f"http://127.0.0.1:{dev_api.port}")
    chosen = {"who": who, "proxy": 0, "public": public, "permission": 1 if permitted else 2}
    browser.chrome(IN_FIREFOX % chosen)
    try:
        assert browser.outcome(who, local, fetch()) == outcome
    finally:
        browser.chrome(IN_FIREFOX % (chosen | {"proxy": 1, "public": "", "permission": 0}))
