"""Writes that browsers send without asking: CORS hides their answers, and the guard stops them."""

import pytest

from .browsing import (
    API,
    APP,
    PARTNER,
    SIBLING,
    STRANGER,
    Browser,
    Fetch,
    Outcome,
    ServedAPI,
    blocked,
    fetch,
    reads,
)

pytestmark = pytest.mark.xdist_group("browser")

LET_IN = reads(200, "POST 200")
LET_IN_BLINDLY = blocked("POST 200")
REFUSED = blocked("POST 403")

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
        (APP, TEXT, LET_IN),
        (PARTNER, FORM, LET_IN),
        (API, UNTYPED, LET_IN),
        (APP, BLIND, LET_IN_BLINDLY),
        (APP, KEPT_ALIVE, LET_IN_BLINDLY),
        (STRANGER, TEXT, REFUSED),
        (STRANGER, FORM, REFUSED),
        (STRANGER, UNTYPED, REFUSED),
        (STRANGER, BLIND, REFUSED),
        (STRANGER, KEPT_ALIVE, REFUSED),
        (SIBLING, TEXT, REFUSED),
        (SIBLING, BLIND, REFUSED),
        ("http://app.example.com", BLIND, REFUSED),
        ("https://app.example.com:8443", BLIND, REFUSED),
        (f"{APP} sandboxed", TEXT, REFUSED),
        (f"{APP} data", BLIND, REFUSED),
        (f"{API} sandboxed", TEXT, REFUSED),
    ],
    ids=str,
)
def test_simple_write(
    browser: Browser, api: ServedAPI, who: str, does: Fetch, outcome: Outcome
) -> None:
    """A write that needs no preflight reaches a handler only if it is a trusted page's."""
    assert browser.outcome(who, api, does) == outcome


SEND_FORM = """async ([url, enctype]) => {
    const frame = document.createElement("iframe");
    frame.name = "answer";
    document.body.append(frame);
    const form = document.createElement("form");
    Object.assign(form, {action: url, method: "post", target: frame.name, enctype});
    document.body.append(form);
    const answered = new Promise(resolve => { frame.onload = resolve; });
    form.submit();
    await answered;
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
    [(API, ["POST"]), (APP, ["POST"]), (PARTNER, ["POST"]), (SIBLING, []), (STRANGER, [])],
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
    browser.visitor(who).run(script, url, *arguments)
    api.wait_for(url)
    assert api.arrived(url) == ["POST 200" if reached else "POST 403"]
    assert api.reached(url) == reached


@pytest.mark.parametrize(
    ("who", "reached"),
    [
        (f"{API} unreferred", ["POST"]),  # "Sec-Fetch-Site: same-origin" tells it from strangers
        (f"{APP} unreferred", []),  # nothing does
        (f"{STRANGER} unreferred", []),
    ],
    ids=str,
)
def test_form_without_origin(
    browser: Browser, api: ServedAPI, who: str, reached: list[str]
) -> None:
    """A form of a page that hides its origin reaches a handler only from the API's own pages."""
    url = api.url("/probe/handler")
    browser.visitor(who).run(SEND_FORM, url, "text/plain")
    assert api.reached(url) == reached
