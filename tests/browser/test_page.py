"""The page at /docs/cors, as newcomers find it; and whether it says what browsers really do."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from .browsing import (
    APP,
    COOKIE_API,
    DEV_API,
    HOME,
    PARTNER,
    SIBLING,
    UNTRUSTED,
    Browser,
    ServedAPI,
    fetch,
    in_chromium,
)
from .chromium import Chromium

UNSECURED = "http://untrusted.example"
"""Not trusted; for Safari's engine, a page over https could not call a local API over http."""

READABLE = "Allowed. The page may read the response."
PAGE = f"{DEV_API}/docs/cors"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give a page in whose console nothing may be reported, such as a violation of its policy."""
    assert isinstance(browser, Chromium)
    page = browser.context.new_page()
    reported: list[str] = []
    page.on("console", lambda message: reported.append(message.text))
    page.on("pageerror", lambda error: reported.append(str(error)))
    yield page
    page.close()
    assert reported == []


def verdicts(page: Page) -> list[str]:
    """Return the verdicts that can be seen."""
    return page.locator(".verdict").all_inner_texts()


@in_chromium
def test_newcomer(page: Page) -> None:
    """A newcomer sees an allowed and a blocked call, and the outcome of any other."""
    page.goto(PAGE)
    allowed, blocked = verdicts(page)
    assert allowed == READABLE
    reason = 'origin "https://untrusted.example" is not trusted [untrusted-origin]'
    assert blocked.startswith(f"Blocked. The page may not read the response: {reason}")

    page.get_by_label("Environment").select_option("production")
    page.get_by_label("Origin of the page").fill(f"{APP}m")
    page.get_by_label("Method").fill("put")
    page.get_by_label("Custom request headers").fill("Authorization")
    page.get_by_role("button", name="Check request").click()
    expect(page.get_by_role("heading", level=2)).to_have_text(
        f"production: PUT / from a page at {APP}m"
    )
    [verdict] = verdicts(page)
    closest = f'(closest trusted origin: "{APP}")'
    assert f'origin "{APP}m" is not trusted [untrusted-origin] {closest}. Decided by' in verdict
    assert page.get_by_label("The preflight").inner_text().splitlines() == [
        "OPTIONS / HTTP/1.1",
        "Host: api.example",
        f"Origin: {APP}m",
        "Access-Control-Request-Method: PUT",
        "Access-Control-Request-Headers: authorization",
    ]

    page.get_by_label("Origin of the page").fill(APP)
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_have_text(READABLE)


@in_chromium
def test_looks(page: Page) -> None:
    """Its style is allowed by its own policy, and it fits a narrow screen, on light and on dark."""
    page.set_viewport_size({"width": 360, "height": 640})
    grounds = set()
    for scheme in "light", "dark":
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{PAGE}?origin={UNTRUSTED}{'.longlong' * 20}&headers=x-{'long' * 20}")
        assert len(verdicts(page)) == 1
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


CALLS = [
    ("GET", {}),
    ("HEAD", {"Accept-Language": "fr"}),
    ("POST", {}),
    ("post", {"Content-Type": "application/json"}),
    ("put", {"Authorization": "Bearer token"}),
    ("patch", {}),  # stays in lower case
    ("PURGE", {}),
    ("DELETE", {"X-Custom": "1", "Accept": "text/plain"}),
]

WHO = {
    DEV_API: ("development", [HOME, "http://127.0.0.1:5173", UNSECURED, f"{HOME} sandboxed"]),
    COOKIE_API: ("production", [APP, PARTNER, SIBLING, "http://app.example.com"]),
}
"""For each API its environment, and pages that call it."""


SHOWN = """() => ["summary code", ".verdict"].map(
    selector => Array.from(document.querySelectorAll(selector), element => element.innerText)
)"""


@pytest.mark.parametrize(
    ("called", "who"), [(called, who) for called, (_, pages) in WHO.items() for who in pages]
)
def test_truth(browser: Browser, apis: Mapping[str, ServedAPI], called: str, who: str) -> None:
    """Verdict, requests and statuses on the page are those of a browser that makes the call."""
    environment, _ = WHO[called]
    asked = {"environment": environment, "path": "/probe/handler"}
    asked["origin"] = "null" if " " in who else who
    shown = []
    for method, headers in CALLS:
        query = urlencode({**asked, "method": method, "headers": ",".join(headers)})
        shown.append(browser.run(f"{PAGE}?{query}", SHOWN))
    for (method, headers), (requests, seen) in zip(CALLS, shown, strict=True):
        arrived = [f"{sent.split()[0]} {status[:3]}" for sent, status in in_pairs(requests)]
        outcome = browser.outcome(who, apis[called], fetch(method=method, headers=headers))
        assert (method, headers, arrived) == (method, headers, outcome.arrived)
        assert (seen == [READABLE]) is (outcome.status is not None)


def in_pairs(texts: list[str]) -> list[tuple[str, str]]:
    """Return texts in pairs."""
    return list(zip(texts[::2], texts[1::2], strict=True))
