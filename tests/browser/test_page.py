"""The page at /docs/cors, as newcomers find it; and that it tells what the browser really does."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from .browsing import (
    APP,
    COOKIE_API,
    DEV_API,
    PARTNER,
    SIBLING,
    STRANGER,
    Browser,
    ServedAPI,
    fetch,
)

pytestmark = pytest.mark.xdist_group("browser")

HOME = "http://localhost:3000"
READABLE = "Allowed. The page may read the response."
PAGE = f"{DEV_API}/docs/cors"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give a page in whose console nothing may be reported, such as a violation of its policy."""
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


def test_newcomer(page: Page) -> None:
    """Whoever opens the page sees an allowed and a blocked call, asks for another, and is told."""
    page.goto(PAGE)
    allowed, blocked = verdicts(page)
    assert allowed == READABLE
    reason = 'origin "https://untrusted.example" is not trusted'
    assert blocked.startswith(f"Blocked. The page may not read the response: {reason}")

    page.get_by_label("Environment").select_option("production")
    page.get_by_label("Origin of the page").fill(f"{APP}m")
    page.get_by_label("Method").fill("put")
    page.get_by_label("Custom request headers").fill("Authorization")
    page.get_by_role("button", name="Check request").click()
    expect(page.get_by_role("heading", level=2)).to_have_text(
        f"production: PUT / from a page at {APP}m"
    )
    [told] = verdicts(page)
    closest = f'(closest trusted origin: "{APP}")'
    assert f'origin "{APP}m" is not trusted {closest}. Decided by' in told
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


def test_looks(page: Page) -> None:
    """Its style is let in by its own policy, and it fits a narrow screen, on light and on dark."""
    page.set_viewport_size({"width": 360, "height": 640})
    grounds = set()
    for scheme in "light", "dark":
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{PAGE}?origin={STRANGER}{'.longlong' * 20}&headers=x-{'long' * 20}")
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
    DEV_API: ("development", [HOME, "http://127.0.0.1:5173", STRANGER, f"{HOME} sandboxed"]),
    COOKIE_API: ("production", [APP, PARTNER, SIBLING, "http://app.example.com"]),
}
"""For each API its environment, and pages that call it."""


@pytest.mark.parametrize(
    ("called", "who"), [(called, who) for called, (_, pages) in WHO.items() for who in pages]
)
def test_truth(
    browser: Browser, page: Page, apis: Mapping[str, ServedAPI], called: str, who: str
) -> None:
    """Verdict, requests and statuses on the page are those of a browser that makes the call."""
    environment, _ = WHO[called]
    origin = "null" if " " in who else who
    for method, headers in CALLS:
        asked = {"environment": environment, "origin": origin, "path": "/probe/handler"}
        page.goto(f"{PAGE}?{urlencode({**asked, 'method': method, 'headers': ','.join(headers)})}")
        told = page.locator("summary code").all_inner_texts()
        arrived = [f"{sent.split()[0]} {status[:3]}" for sent, status in in_pairs(told)]
        outcome = browser.outcome(who, apis[called], fetch(method=method, headers=headers))
        assert (method, headers, arrived) == (method, headers, outcome.arrived)
        assert (verdicts(page) == [READABLE]) is (outcome.status is not None)


def in_pairs(texts: list[str]) -> list[tuple[str, str]]:
    """Return texts in pairs."""
    return list(zip(texts[::2], texts[1::2], strict=True))
