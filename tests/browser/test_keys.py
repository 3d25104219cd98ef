"""What keys beyond exact origins let in: previews, the local network, forms of other sites."""

from urllib.request import Request, urlopen

import pytest

from .browsing import (
    APP,
    BLOCKED,
    UNTRUSTED,
    Browser,
    Fetch,
    Outcome,
    ServedAPI,
    blocked,
    fetch,
    reads,
)
from .test_writes import SEND_FORM

PREVIEW = "https://pr-7.previews.example.com"
SIGN_IN = "/probe/sign-in"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("who", "does", "outcome"),
    [
        (PREVIEW, fetch(), reads(200, "GET 200")),
        (PREVIEW, fetch(method="PUT"), reads(200, "OPTIONS 200", "PUT 200")),
        (PREVIEW, fetch(method="POST", body="a text"), reads(200, "POST 200")),
        ("https://PR-8.Previews.example.com", fetch(), reads(200, "GET 200")),
        ("https://previews.example.com", fetch(), blocked("GET 200")),
        ("https://a.b.previews.example.com", fetch(method="PUT"), blocked("OPTIONS 400")),
        ("https://pr-7.previews.example.com:8443", fetch(), blocked("GET 200")),
        ("http://pr-7.previews.example.com", fetch(), blocked("GET 200")),
        ("https://pr-7.previews.example.com.untrusted.example", fetch(), blocked("GET 200")),
        ("https://pr-7.evilpreviews.example.com", fetch(method="POST"), blocked("POST 403")),
        (f"{PREVIEW} sandboxed", fetch(method="POST"), blocked("POST 403")),
    ],
    ids=str,
)
def test_preview(browser: Browser, api: ServedAPI, who: str, does: Fetch, outcome: Outcome) -> None:
    """A page whose host has one label instead of a pattern's asterisk is trusted, and no other."""
    assert browser.outcome(who, api, does) == outcome


@pytest.mark.parametrize("who", [UNTRUSTED, f"{UNTRUSTED} sandboxed", f"{APP} no-referrer"])
@pytest.mark.parametrize(("path", "reached"), [(SIGN_IN, ["POST"]), ("/probe/handler", [])])
def test_form_of_another_site(
    browser: Browser, api: ServedAPI, who: str, path: str, reached: list[str]
) -> None:
    """A form of any site arrives at the listed path, and at no other."""
    url = api.url(path)
    browser.run(who, SEND_FORM, url, FORM)
    assert api.arrived(url) == ["POST 200" if reached else "POST 403"]
    assert api.reached(url) == reached


@pytest.mark.parametrize(
    ("does", "outcome"),
    [
        (fetch(SIGN_IN, method="POST", body="a text"), blocked("POST 200")),
        (fetch(SIGN_IN, method="POST"), blocked("POST 403")),
        (fetch(SIGN_IN, method="PUT"), blocked("OPTIONS 400")),
        (
            fetch(SIGN_IN, method="POST", headers={"Content-Type": "application/json"}, body="{}"),
            blocked("OPTIONS 400"),
        ),
    ],
    ids=str,
)
def test_script_of_another_site(
    browser: Browser, api: ServedAPI, does: Fetch, outcome: Outcome
) -> None:
    """A script sends to that path what a form could send, and nothing else, and reads nothing."""
    assert browser.outcome(UNTRUSTED, api, does) == outcome


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("http://frontend:3000", 200),
        ("http://192.168.1.30:3000", 200),
        ("http://frontend:5173", BLOCKED),
        ("http://192.168.1.31:3000", BLOCKED),
        ("http://frontend.untrusted.example:3000", BLOCKED),
    ],
)
def test_local_network(browser: Browser, local_api: ServedAPI, who: str, says: int | None) -> None:
    """In the local environment, a page of a container or a phone is trusted over plain http."""
    assert browser.outcome(who, local_api, fetch()) == reads(says, "GET 200")


@pytest.mark.parametrize(
    ("origin", "granted"),
    [("capacitor://localhost", True), ("ionic://localhost", False), ("https://localhost", False)],
)
def test_web_view(api: ServedAPI, origin: str, granted: bool) -> None:  # noqa: FBT001
    """What a web view sends for an installed app is granted to that app's origin only."""
    address = f"https://127.0.0.1:{api.port}/probe/handler"
    asked = Request(address, headers={"Origin": origin})
    with urlopen(asked, context=api.trust) as response:  # noqa: S310
        assert response.headers["Access-Control-Allow-Origin"] == (origin if granted else None)
