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
        (f"{API} no-referrer", ["POST"]),  # known by "Sec-Fetch-Site: same-origin"
        (f"{API} same-origin", ["POST"]),
        (f"{APP} no-referrer", []),
        (f"{APP} same-origin", []),  # although of the same site
        (f"{PARTNER} same-origin", []),
        (f"{APP} strict-origin-when-cross-origin", ["POST"]),
        (f"{UNTRUSTED} no-referrer", []),
    ],
)
def test_form_and_referrer_policy(
    browser: Browser, api: ServedAPI, who: str, reached: list[str]
) -> None:
    """A form is sent with `Origin: null` by a page whose referrer policy hides it from the API."""
    url = api.url("/probe/handler")
    browser.run(who, SEND_FORM, url, "text/plain")
    assert api.reached(url) == reached


@pytest.mark.parametrize("policy", ["no-referrer", "same-origin"])
def test_beacon_and_referrer_policy(browser: Browser, api: ServedAPI, policy: str) -> None:
    """Firefox and Safari send a beacon as they send a form; Chromium with the page's origin."""
    url = api.url("/probe/handler")
    browser.run(f"{APP} {policy}", SEND_BEACON, url)
    api.wait_for(url)
    assert api.reached(url) == (["POST"] if browser.engine == "chromium" else [])


@pytest.mark.parametrize("policy", ["no-referrer", "same-origin"])
def test_fetch_and_referrer_policy(browser: Browser, api: ServedAPI, policy: str) -> None:
    """A `fetch` is sent with the page's origin, whatever its referrer policy is."""
    assert browser.outcome(f"{APP} {policy}", api, TEXT) == REACHED


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
