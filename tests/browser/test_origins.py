# ruff: noqa: RUF001 - characters that look alike are what this is about
"""What is accepted and what is suggested for an origin is what Chromium would write."""

import random

import pytest
from playwright.sync_api import Page
from tables import rulebook

from .browsing import Browser, in_chromium
from .chromium import Chromium

DRAWN = 4_000
CHARACTERS = (
    "abcxyz0189-_.ßςẞÄäöüÉéñİıΣσΒβжЖ中文日本かアｱＡａ．。｡ªº²½ﬁﬀ①Ⅷ\u200c\u200d\u00ad\u2060\u0301\u0308ᏣᎳᎩꭰنقהעবাংলাक्ष❤🚀"
    "💩ǆЁẛ̣ÅK:%@!~$&'()*+,;= "
)
PLAIN = CHARACTERS[:20]
SCHEMES = ("https://", "https://", "http://", "HTTPS://", "", "htps://")
ENDS = (".example", ".com", "", ".example.", ".مثال")
PORTS = ("", "", ":443", ":8443", ":80", "/", ":08443")
CASES = {
    "https://straße.example": "https://xn--strae-oqa.example",
    "https://βόλος.example": "https://xn--nxasmm1c.example",
    "https://bücher.example": "https://xn--bcher-kva.example",
    "https://xn--mgba3gch31f060k.example": "https://xn--mgba3gch31f060k.example",
    "https://ᏣᎳᎩ.example": "https://xn--f9dt7l.example",
    "https://[2606:4700::1]x": "https://[2606:4700::1]",
    "htps://app.example.com": "https://app.example.com",
    "app.example.com": "https://app.example.com",
    "http://192.168.1.20:3000": None,
    "http://app.example.com:3000": None,
    "app://notes.example": None,
    "ftp://files.example.com": None,
    "capacitor://localhost": None,
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop": None,
}
"""What is typed, and what is accepted or suggested for a deployed environment."""

BOOK = rulebook()


def meant(text: str) -> str | None:
    """Return an origin that is accepted as it is, or else what is suggested for it."""
    accepted = not BOOK["origin_reasons"](text, local=False)
    suggested: str | None = text if accepted else BOOK["suggest_origin"](text, local=False)
    return suggested


def label(draw: random.Random) -> str:
    characters = PLAIN if draw.random() < 0.3 else CHARACTERS
    text = "".join(draw.choices(characters, k=draw.randint(1, 8)))
    return f"xn--{text.encode('punycode').decode()}" if draw.random() < 0.1 else text


def written(page: Page, texts: list[str]) -> list[str]:
    """Return how Chromium writes the origin of each text, over https, "null" if it is not one."""
    script = "texts => texts.map(x => URL.canParse(x) ? new URL(x).origin : 'null')"
    urls = [
        text if text.lower().startswith("http") else f"https://{text.rpartition('://')[2]}"
        for text in texts
    ]
    return [x.replace("http://", "https://", 1) for x in page.evaluate(script, urls)]


@pytest.mark.parametrize("text", CASES)
def test_case(text: str) -> None:
    """A suggestion is the same site as a browser would write it, or none is made."""
    assert meant(text) == CASES[text]


@in_chromium
def test_drawn_hosts(browser: Browser) -> None:
    """Nothing is accepted or suggested for thousands of hosts that Chromium would not write so."""
    assert isinstance(browser, Chromium)
    draw = random.Random(2_026)  # noqa: S311
    texts = [
        f"{draw.choice(SCHEMES)}{'.'.join(label(draw) for _ in range(draw.randint(1, 2)))}"
        f"{draw.choice(ENDS)}{draw.choice(PORTS)}".strip()
        for _ in range(DRAWN)
    ]
    found = {text: origin for text in texts if (origin := meant(text))}
    assert len(found) > DRAWN / 20
    page = browser.context.new_page()
    right = dict(zip(found, written(page, [*found]), strict=True))
    page.close()
    assert found == right
