"""Chromium, driven by Playwright."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright
from serving import program

from .browsing import Browser


def require() -> None:
    program("chromium")


class Chromium(Browser):
    engine = "chromium"

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        [self.page] = context.pages
        self.frame = self.page.main_frame
        self.messages: list[str] = []
        self.page.on("console", lambda message: self.messages.append(message.text))

    def console(self) -> list[str]:
        self.page.wait_for_timeout(10)
        return self.messages

    def navigate(self, url: str) -> None:
        self.page.goto(url)
        self.frame = self.page.main_frame

    def enter_frame(self) -> None:
        self.frame = self.page.frames[-1]

    def evaluate(self, script: str, arguments: Sequence[object]) -> Any:
        return self.frame.evaluate(script, arguments)


@contextmanager
def launched(
    profile: Path, addresses: Mapping[str, int], public: Sequence[int], key: str
) -> Iterator[Chromium]:
    """Launch Chromium, which finds names (also with ports, also by patterns) on ports of loopback.

    It accepts the one certificate of that key for any name, as if an authority had signed it: so
    that pages are secure contexts, and responses are cached. Cookies of other sites are allowed:
    whether they are is up to a browser's users. Servers on public ports count as machines of the
    Internet.
    """
    preferences = profile / "Default" / "Preferences"
    preferences.parent.mkdir()
    preferences.write_text(json.dumps({"profile": {"cookie_controls_mode": 0}}))
    names = ", ".join(f"MAP {name} 127.0.0.1:{port}" for name, port in addresses.items())
    overrides = ",".join(f"127.0.0.1:{port}=public" for port in public)
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch_persistent_context(
            profile,
            executable_path=program("chromium"),
            args=[
                "--no-proxy-server",
                f"--host-resolver-rules={names}",
                f"--ignore-certificate-errors-spki-list={key}",
                f"--ip-address-space-overrides={overrides}",
            ],
        ) as context,
    ):
        yield Chromium(context)
