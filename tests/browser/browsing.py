"""A browser, the pages of its visitors, and the servers that it finds under any name."""

import json
import os
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import BrowserContext, Frame, Page, sync_playwright
from serving import served_in_thread

CHROMIUM = Path("/usr/bin/chromium")


def require(browser: Path) -> None:
    """Skip without a browser; where tests decide about a change, fail."""
    if not browser.exists():
        stop = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        stop(f"there is no {browser}: install it (Debian: apt-get install {browser.name})")


# --- Who is who ---------------------------------------------------------------------------------

API = "https://api.example.com"
"""The production of a strict project without cookies."""

COOKIE_API = "https://cookies.example.com"
"""The production of a project that allows credentials."""

DEV_API = "http://localhost:8000"
"""The developers' own environment of that project, with the preset `dev`."""

REBOUND_API = "http://rebound.example:8000"
"""A stranger's name for the same server, which makes its page one of the same origin."""

APP = "https://app.example.com"
"""Trusted; of the same site as the APIs."""

ADMIN = "https://admin.example.com"
"""Trusted as well."""

PARTNER = "https://partner.example.net"
"""Trusted; of another site."""

SIBLING = "https://blog.example.com"
"""Not trusted, although of the same site."""

STRANGER = "https://stranger.example"
"""Not trusted; of another site."""

PREVIEW = "https://preview.example.org"
"""Trusted by the developers' environment; the browser takes its address for a public one."""

PUBLIC_STRANGER = "https://preview.example.com"
"""Not trusted; the browser takes its address for a public one."""

FRAMES = {
    "sandboxed": '<iframe sandbox="allow-scripts" src="/frame"></iframe>',
    "data": '<iframe src="data:text/html,a frame"></iframe>',
    "srcdoc": '<iframe srcdoc="a frame"></iframe>',
    "unreferred": '<iframe srcdoc="<meta name=referrer content=no-referrer>"></iframe>',
}
"""Frames of a page. The origin of the first two is `null`, that of the others is their page's; but
the last sends its forms with `Origin: null`, as pages do that keep their address to themselves.
"""

# --- What they do, and what comes of it ---------------------------------------------------------

BLOCKED = None
"""What a page learns of an answer that the browser doesn't let it read: nothing, no status even."""

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Fetch:
    """What a page calls `fetch` with: the path, and the options by their own names."""

    path: str
    options: Options

    def __str__(self) -> str:
        options = [f"{name}={value}" for name, value in self.options.items() if name != "body"]
        return " ".join([self.path.removeprefix("/probe"), *options])


def fetch(path: str = "/probe/handler", **options: Any) -> Fetch:
    return Fetch(path, options)


@dataclass(frozen=True)
class Answer:
    """An answer as a page may read it."""

    status: int
    body: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What a page reads, a status or nothing; what arrives at the server; what a handler gets."""

    status: int | None
    arrived: list[str]
    reached: list[str]

    def __str__(self) -> str:
        return f"{self.status or 'blocked'} after {' and '.join(self.arrived) or 'nothing'}"


def reads(status: int | None, *arrived: str) -> Outcome:
    """Expect that a page reads this status, after these methods and statuses at the server.

    What has been answered with 200 has reached a handler, unless it was a preflight.
    """
    done = [x.removesuffix(" 200") for x in arrived if x.endswith(" 200")]
    return Outcome(status, [*arrived], [method for method in done if method != "OPTIONS"])


def blocked(*arrived: str) -> Outcome:
    """Expect that a page reads nothing, after these methods and statuses at the server."""
    return reads(BLOCKED, *arrived)


FETCH = """async ([url, options]) => {
    try {
        const signal = AbortSignal.timeout(10_000);
        const answer = await fetch(url, {signal, ...options});
        if (answer.type.startsWith("opaque")) return null;
        const {status, headers} = answer;
        return {status, body: await answer.text(), headers: Object.fromEntries(headers)};
    } catch (error) {
        if (error instanceof TypeError) return null;
        throw error;
    }
}"""
"""A request that the browser refuses to make, or whose answer it hides, is a TypeError."""

# --- The servers --------------------------------------------------------------------------------


@dataclass(frozen=True)
class ServedAPI:
    """An API under test, under the name that the browser knows it by, and on its port."""

    origin: str
    port: int
    trust: ssl.SSLContext
    numbers: Iterator[int] = field(default_factory=count)

    def url(self, path: str) -> str:
        """Return a URL that has not been called before, and that no cache knows."""
        return f"{self.origin}{path}{'&' if '?' in path else '?'}case={next(self.numbers)}"

    def arrived(self, url: str) -> list[str]:
        """Return the methods and statuses of what has arrived there, preflights too."""
        return self._observed(url)["arrived"]

    def reached(self, url: str) -> list[str]:
        """Return the methods of what a handler has been called for there."""
        return self._observed(url)["reached"]

    def wait_for(self, url: str) -> None:
        """Wait for a request whose end no page is told of."""
        deadline = time.monotonic() + 10
        while not self.arrived(url):
            assert time.monotonic() < deadline, f"nothing arrives at {url}"
            time.sleep(0.01)

    def _observed(self, url: str) -> dict[str, list[str]]:
        called = urlsplit(url)
        target = urlencode({"target": f"{called.path}?{called.query}"})
        root = f"{called.scheme}://127.0.0.1:{self.port}"
        context = self.trust if called.scheme == "https" else None
        with urlopen(f"{root}/observed?{target}", context=context) as told:  # noqa: S310
            return dict(json.load(told))


class PageHandler(BaseHTTPRequestHandler):
    """Answers with an empty page, under any name and path; or redirects, with CORS for anyone."""

    def do_GET(self) -> None:
        redirection = parse_qs(urlsplit(self.path).query).get("redirect")
        self.send_response(307 if redirection else 200)
        if redirection:
            self.send_header("Location", redirection[0])
            self.send_header("Access-Control-Allow-Origin", self.headers["Origin"] or "*")
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>A page</title>")

    do_POST = do_GET  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


class PageServer(ThreadingHTTPServer):
    """Serves pages; browsers open connections that they never use, and that is no error."""

    def handle_error(self, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def served_pages(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve pages on a free port until the block ends."""
    with PageServer(("127.0.0.1", 0), PageHandler) as server:
        if context:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        with served_in_thread(server):
            yield server.server_port


# --- The browser --------------------------------------------------------------------------------

MOST_OPEN = 8
"""Pages stay open for the next tests; more than these few would fill the memory."""


class Visitor:
    """A page, or a frame of one, that calls an API."""

    def __init__(self, page: Page, frame: Frame) -> None:
        self.page = page
        self.frame = frame

    def run(self, script: str, *arguments: object) -> Any:
        """Run a JavaScript function there, with a list of these arguments."""
        return self.frame.evaluate(script, arguments)

    def fetch(self, url: str, **options: Any) -> Answer | None:
        answer = self.run(FETCH, url, options)
        return Answer(**answer) if answer else BLOCKED


class Browser:
    """Chromium, in which any name leads to the servers of the tests."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.open: dict[str, Visitor] = {}

    def visitor(self, who: str) -> Visitor:
        """Return a page of an origin, or ("ORIGIN sandboxed") a frame of such a page."""
        visitor = self.open.pop(who, None) or self._visit(who)
        self.open[who] = visitor
        for name in [*self.open][:-MOST_OPEN]:
            self.open.pop(name).page.close()
        return visitor

    def _visit(self, who: str) -> Visitor:
        address, _, kind = who.partition(" ")
        page = self.context.new_page()
        page.goto(address)
        if not kind:
            return Visitor(page, page.main_frame)
        page.set_content(FRAMES[kind], wait_until="load")
        return Visitor(page, page.frames[-1])

    def outcome(self, who: str, api: ServedAPI, does: Fetch) -> Outcome:
        """Return what comes of a call, from the page's side and from the server's."""
        url = api.url(does.path)
        answer = self.visitor(who).fetch(url, **does.options)
        status = answer.status if answer else BLOCKED
        return Outcome(status, api.arrived(url), api.reached(url))


@contextmanager
def launched(
    profile: Path, addresses: Mapping[str, int], public: Sequence[int], key: str
) -> Iterator[Browser]:
    """Launch a browser that finds names (also with ports, also by patterns) on ports of loopback.

    It takes the one certificate of that key for any name, as if an authority had signed it: so that
    pages are secure contexts, and answers are cached. Cookies of other sites are let in: whether
    browsers do is up to their users. Servers on public ports count as machines of the Internet.
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
            executable_path=CHROMIUM,
            args=[
                "--no-proxy-server",
                f"--host-resolver-rules={names}",
                f"--ignore-certificate-errors-spki-list={key}",
                f"--ip-address-space-overrides={overrides}",
            ],
        ) as context,
    ):
        yield Browser(context)
