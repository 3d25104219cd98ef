"""The page at /docs/cors: what a newcomer finds there, and that it tells what browsers do."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal
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
    Outcome,
    ServedAPI,
    fetch,
)

pytestmark = pytest.mark.xdist_group("browser")

HOME = "http://localhost:3000"
PAGE = f"{DEV_API}/docs/cors"
READABLE = "Allowed. The page may read the answer."

PLACES = {"development": DEV_API, "production": COOKIE_API}
"""The API that really is what the page tells of each environment."""

CALLS: list[tuple[str, list[str]]] = [
    ("GET", []),
    ("GET", ["Authorization"]),
    ("GET", ["Accept-Language"]),
    ("HEAD", []),
    ("POST", []),
    ("POST", ["X-Custom"]),
    ("put", []),
    ("patch", []),
    ("PATCH", ["Authorization", "Content-Type"]),
    ("QUERY", []),
    ("PURGE", []),
]
"""Methods as a page writes them, and the headers that it sets."""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give a page of which nothing may be reported in the console: no violation of its policy."""
    page = browser.context.new_page()
    reported: list[str] = []
    page.on("console", lambda message: reported.append(message.text))
    page.on("pageerror", lambda error: reported.append(str(error)))
    yield page
    page.close()
    assert reported == []


def verdicts(page: Page) -> list[str]:
    return page.locator(".verdict").all_inner_texts()


def test_newcomer(page: Page, dev_api: ServedAPI) -> None:  # noqa: ARG001
    """Whoever opens the page sees an allowed and a blocked call, asks for another, and is told."""
    page.goto(PAGE)
    allowed, refused = verdicts(page)
    assert allowed == READABLE
    assert refused.startswith('Blocked. The page may not read the answer: origin "https://stranger')

    page.get_by_label("Environment").select_option("production")
    page.get_by_label("Origin of the page").fill(f"{APP}m")
    page.get_by_label("Method").fill("put")
    page.get_by_label("Headers that it sets").fill("Authorization")
    page.get_by_role("button", name="Ask the policy").click()
    expect(page.get_by_role("heading", level=2)).to_have_text(
        f"production: PUT / from a page of {APP}m"
    )
    [told] = verdicts(page)
    assert f'origin "{APP}m" is not trusted; the nearest that is: "{APP}". Decided by' in told
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


def test_looks(page: Page, dev_api: ServedAPI) -> None:  # noqa: ARG001
    """It fits a narrow screen whatever is typed, and is light or dark as its reader likes."""
    page.set_viewport_size({"width": 360, "height": 640})
    long = {"origin": f"https://{'long' * 15}.example", "headers": f"x-{'long' * 20}"}
    grounds = set()
    schemes: list[Literal["light", "dark"]] = ["light", "dark"]
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{PAGE}?{urlencode(long)}")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


def told_of(page: Page, environment: str, origin: str, method: str, headers: list[str]) -> Outcome:
    """Return what the page says will come of a call."""
    asked = {"environment": environment, "origin": origin, "method": method}
    asked |= {"path": "/probe/handler", "headers": ", ".join(headers)}
    page.goto(f"{PAGE}?{urlencode(asked)}")
    [verdict] = verdicts(page)
    summaries = " ".join(page.locator("summary").all_inner_texts())
    arrived = [" ".join(x) for x in re.findall(r"(\S+) /\S+ is answered (\d+)", summaries)]
    is_sent = [x for x in arrived if not x.startswith("OPTIONS ")]
    status = int(is_sent[0].split()[1]) if verdict == READABLE else None
    return Outcome(status, arrived, [x.split()[0] for x in is_sent if x.endswith(" 200")])


@pytest.mark.parametrize("environment", PLACES)
@pytest.mark.parametrize("who", [HOME, APP, PARTNER, SIBLING, STRANGER, f"{APP} sandboxed"])
def test_truth(
    browser: Browser, apis: Mapping[str, ServedAPI], page: Page, who: str, environment: str
) -> None:
    """What the page says of a call is what the browser then does: verdict, requests, statuses."""
    api = apis[PLACES[environment]]
    origin = "null" if who.endswith("sandboxed") else who
    said, done = {}, {}
    for method, headers in CALLS:
        does = fetch(method=method, headers=dict.fromkeys(headers, "1"))
        said[method, *headers] = told_of(page, environment, origin, method, headers)
        done[method, *headers] = browser.outcome(who, api, does)
    assert said == done
