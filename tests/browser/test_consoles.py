"""What the console says of a blocked request: what docs/how-to/find-out-why.md quotes."""

import re
import time
from collections.abc import Mapping

from conftest import TEMPLATE

from .browsing import (
    API,
    APP,
    GRANTED,
    HOME,
    LOCAL_API,
    PREVIEW,
    UNTRUSTED,
    Browser,
    ServedAPI,
    page_at,
)

PAGE = (TEMPLATE / "docs" / "how-to" / "find-out-why.md").read_text("utf-8")
NAMES = {"chromium": "Chromium", "firefox": "Firefox", "webkit": "Safari"}
"""What the page calls the engines."""

HANDLER = f"{API}/probe/handler"
TRACED = "{headers: {'X-Trace': '1'}}"


def call(url: str, options: str = "{}") -> str:
    return f"async () => {{ await fetch({url!r}, {options}).catch(() => {{}}); }}"


SCRIPTS = [
    (UNTRUSTED, call(HANDLER)),
    (UNTRUSTED, call(HANDLER, "{method: 'PUT'}")),
    (
        UNTRUSTED,
        f"() => new Promise(done => {{ new WebSocket('{API}/probe/socket').onerror = done; }})",
    ),
    (APP, call(HANDLER, TRACED)),
    (APP, call(HANDLER, "{credentials: 'include'}")),
    (APP, call(HANDLER, "{mode: 'no-cors'}")),
    (APP, call(page_at("https://proxy.example", status=502))),
    (APP, call(page_at("https://proxy.example", GRANTED, GRANTED))),
    (APP, call(page_at("https://proxy.example", "Access-Control-Allow-Origin: https://a.example"))),
    (
        APP,
        call(page_at("https://proxy.example", GRANTED, "Location: /", status=308), TRACED),
    ),
    (HOME, call(f"{LOCAL_API}/probe/handler", TRACED)),
    (HOME, call(f"{LOCAL_API}/probe/handler", "{method: 'patch'}")),
    (PREVIEW, call(f"{LOCAL_API}/probe/handler")),
]


def test_words(browser: Browser, apis: Mapping[str, ServedAPI]) -> None:
    """What the page quotes of each browser's console is what the console says."""
    assert apis
    quoted = re.findall(rf"(?ms)^- {NAMES[browser.engine]}: `+(.*?)`+$", PAGE)
    assert quoted
    read = browser.watched(SCRIPTS)
    deadline = time.monotonic() + 10
    while missing := [text for text in quoted if not is_said(text, read())]:
        assert time.monotonic() < deadline, "\n".join([*missing, "is not said:", *read()])


def is_said(text: str, messages: list[str]) -> bool:
    """Return whether a message ends with a text, in which … stands for anything."""
    words = re.escape(" ".join(text.split())).replace("…", ".*")
    return any(re.search(f"{words}$", message, re.MULTILINE) for message in messages)
