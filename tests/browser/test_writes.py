"""State-changing requests that need no preflight, which cross-origin protection blocks."""

from dataclasses import replace

import pytest

from .browsing import (
    API,
    APP,
    LAN_APIS,
    PARTNER,
    SIBLING,
    UNTRUSTED,
    Browser,
    Fetch,
    Outcome,
    ServedAPI,
    blocked,
    fetch,
    reads,
)

REACHED = reads(200, "POST 200")
REACHED_BLINDLY = blocked("POST 200")
STOPPED = blocked("POST 403")

TEXT = fetch(method="POST", body="a text")
FORM = fetch(
    method="POST", body="a=1", headers={"Content-Type": "application/x-www-form-urlencoded"}
)
BLIND = fetch(method="POST", body="a text", mode="no-cors")
KEPT_ALIVE = fetch(method="POST", body="a text", mode="no-cors", keepalive=True)
UNTYPED = fetch(method="POST")


@pytest.mark.parametrize(
    ("who", "does", "outcome"),
    [
        (APP, TEXT, REACHED),
        (PARTNER, FORM, REACHED),
        (API, UNTYPED, REACHED),
        (APP, BLIND, REACHED_BLINDLY),
        (APP, KEPT_ALIVE, REACHED_BLINDLY),
        (UNTRUSTED, TEXT, STOPPED),
        (UNTRUSTED, FORM, STOPPED),
        (UNTRUSTED, UNTYPED, STOPPED),
        (UNTRUSTED, BLIND, STOPPED),
        (UNTRUSTED, KEPT_ALIVE, STOPPED),
        (SIBLING, TEXT, STOPPED),
        (SIBLING, BLIND, STOPPED),
        ("http://app.example.com", BLIND, STOPPED),
        ("https://app.example.com:8443", BLIND, STOPPED),
        (f"{APP} sandboxed", TEXT, STOPPED),
        (f"{APP} data", BLIND, STOPPED),
        (f"{API} sandboxed", TEXT, STOPPED),
    ],
    ids=str,
)
def test_simple_write(
    browser: Browser, api: ServedAPI, who: str, does: Fetch, outcome: Outcome
) -> None:
    """A request that needs no preflight reaches a handler only if it is a trusted page's."""
    assert browser.outcome(who, api, does) == outcome


SEND_FORM = """async ([url, enctype]) => {
    const frame = document.createElement("iframe");
    frame.name = "response";
    document.body.append(frame);
    const form = document.createElement("form");
    Object.assign(form, {action: url, method: "post", target: frame.name, enctype});
    document.body.append(form);
    const loaded = new Promise(resolve => { frame.onload = resolve; });
    form.submit();
    await loaded;
    frame.remove();
    form.remove();
}"""

SEND_BEACON = """([url]) => { navigator.sendBeacon(url, "a text"); }"""

FOLLOW_PINGING_LINK = """([url]) => {
    const link = document.createElement("a");
    Object.assign(link, {href: "#", ping: url});
    link.click();
}"""


@pytest.mark.parametrize(
    ("who", "reached"),
    [(API, ["POST"]), (APP, ["POST"]), (PARTNER, ["POST"]), (SIBLING, []), (UNTRUSTED, [])],
    ids=str,
)
@pytest.mark.parametrize(
    "way",
    [
        pytest.param((SEND_FORM, "application/x-www-form-urlencoded"), id="form"),
        pytest.param((SEND_FORM, "text/plain"), id="form of text"),
        pytest.param((SEND_BEACON,), id="beacon"),
        pytest.param((FOLLOW_PINGING_LINK,), id="ping"),
    ],
)
def test_write_without_fetch(
    browser: Browser, api: ServedAPI, who: str, way: tuple[str, ...], reached: list[str]
) -> None:
    """Forms, beacons and pings of trusted pages reach a handler, and no others do."""
    script, *arguments = way
    url = api.url("/probe/handler")
    browser.run(who, script, url, *arguments)
    api.wait_for(url)
    assert api.arrived(url) == ["POST 200" if reached else "POST 403"]
    assert api.reached(url) == reached


@pytest.mark.parametrize(
    ("who", "reached"),
    [
        (f"{API} unreferred", ["POST"]),  # known by "Sec-Fetch-Site: same-origin"
        (f"{APP} unreferred", []),  # nothing does
        (f"{UNTRUSTED} unreferred", []),
    ],
    ids=str,
)
def test_form_without_origin(
    browser: Browser, api: ServedAPI, who: str, reached: list[str]
) -> None:
    """A form of a page that hides its origin reaches a handler only from the API's own pages."""
    url = api.url("/probe/handler")
    browser.run(who, SEND_FORM, url, "text/plain")
    assert api.reached(url) == reached


@pytest.mark.parametrize("name", LAN_APIS)
@pytest.mark.parametrize(
    ("page", "reached"),
    [
        ("{name}", ["POST"]),
        ("http://untrusted.example", []),
        ("http://localhost:5173", []),
        ("{other}", []),
        ("{name} sandboxed", []),
    ],
)
def test_own_form_over_http(
    browser: Browser, local_api: ServedAPI, name: str, page: str, reached: list[str]
) -> None:
    """Without Sec-Fetch-Site, which no browser sends over plain http, an API's own forms arrive."""
    api = replace(local_api, origin=name)
    [other] = {*LAN_APIS} - {name}
    url = api.url("/probe/handler")
    browser.run(page.format(name=name, other=other), SEND_FORM, url, "text/plain")
    assert api.arrived(url) == ["POST 200" if reached else "POST 403"]
    assert api.reached(url) == reached
