"""What a page's JavaScript does in Chromium: its value, and what the browser's console says."""

import json
import re
import time
from typing import Any

from browser.chromium import Chromium

LONGEST_WAIT = 2
"""Seconds for the browser to say in its console what the page shows."""


def split(text: str) -> tuple[str, str, list[str]]:
    """Return the origin that a script runs on, the script, and the comments that end it.

    A comment that is indented goes on with the one above it.
    """
    origin = re.match(r"// on (\S+)\n", text)
    if not origin:
        raise ValueError("its first line does not name an origin: `// on https://app.example.com`")
    below = text[origin.end() :]
    comments = re.search(r"(?m)(^//.*\n?)*\Z", below)[0]  # type: ignore[index]
    if not comments:
        raise ValueError("no comment at its end shows what comes of it")
    script = below.removesuffix(comments)
    return origin[1], script, re.sub(r"\n//  +", " ", comments).splitlines()


def evaluated(browser: Chromium, origin: str, script: str, messages: list[str]) -> list[str]:
    """Run a script as in the console of a page; return comments that show what came of it.

    The last is the value of the last expression, or the error; above it, such of these messages as
    the browser's console says too.
    """
    page = browser.context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"// {message.text}"))
    page.goto(origin)
    session = browser.context.new_cdp_session(page)
    result = session.send(
        "Runtime.evaluate",
        {"expression": script, "replMode": True, "awaitPromise": True, "returnByValue": True},
    )
    deadline = time.monotonic() + LONGEST_WAIT
    while not set(messages) <= set(said) and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    page.close()
    missing = [message for message in messages if message not in said]
    shown = [x for x in said if x.startswith("// Access to")] if missing else messages
    return [*shown, f"// {outcome(result)}"]


def outcome(result: dict[str, Any]) -> str:
    """Return a value as JSON, or an error as its first line."""
    if thrown := result.get("exceptionDetails"):
        return str(thrown["exception"].get("description", thrown["text"])).split("\n")[0]
    value = result["result"]
    return json.dumps(value["value"], ensure_ascii=False) if "value" in value else value["type"]
