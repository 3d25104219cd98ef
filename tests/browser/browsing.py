"""Browsers, the pages that they visit, and the servers that they find under any name."""

import json
import ssl
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest
from serving import served_in_thread

# --- The engines --------------------------------------------------------------------------------

ENGINES = ("chromium", "firefox", "webkit")


def engines(**left_out: str) -> list[object]:
    """Return a parameter for each engine, all tests of one of them in one process."""
    return [
        pytest.param(
            engine,
            marks=[
                pytest.mark.xdist_group(engine),
                pytest.mark.skipif(engine in left_out, reason=left_out.get(engine, "")),
            ],
        )
        for engine in ENGINES
    ]


in_chromium = pytest.mark.parametrize("browser", engines()[:1], indirect=True)
"""For tests that are not about what browsers decide."""


def left_out(**reasons: str) -> pytest.MarkDecorator:
    """Leave engines out of a test that they can't express, for these reasons."""
    return pytest.mark.parametrize("browser", engines(**reasons), indirect=True)


# --- Who is who ---------------------------------------------------------------------------------

API = "https://api.example.com"
"""The production of a strict project without cookies."""

COOKIE_API = "https://cookies.example.com"
"""The production of a project that allows credentials."""

DEV_API = "http://localhost:8000"
"""The local environment of that project, with the preset `dev`."""

LOCAL_API = "http://localhost:8001"
"""The local environment of the strict project."""

LAN_APIS = ("http://api.lan:8001", "http://192.168.1.20:8001")
"""Names for the same server that no browser considers secure, and that the server accepts."""

REBOUND_API = "http://rebound.example:8000"
"""An attacker's name for the same server, which makes its page one of the same origin."""

APP = "https://app.example.com"
"""Trusted; of the same site as the APIs."""

ADMIN = "https://admin.example.com"
"""Trusted as well."""

PARTNER = "https://partner.example.net"
"""Trusted; of another site."""

SIBLING = "https://blog.example.com"
"""Not trusted, although of the same site."""

UNTRUSTED = "https://untrusted.example"
"""Not trusted; of another site."""

HOME = "http://localhost:3000"
"""A local page, trusted by both local environments."""

PREVIEW = "https://preview.example.org"
"""Trusted by the local environment; the browser takes its address for a public one."""

PUBLIC_UNTRUSTED = "https://preview.example.com"
"""Not trusted; the browser takes its address for a public one."""

FRAMES = {
    "sandboxed": '<iframe sandbox="allow-scripts allow-forms" srcdoc="a frame"></iframe>',
    "data": '<iframe src="data:text/html,a frame"></iframe>',
    "srcdoc": '<iframe srcdoc="a frame"></iframe>',
    **{
        policy: f'<iframe srcdoc="<meta name=referrer content={policy}>"></iframe>'
        for policy in ("no-referrer", "same-origin", "strict-origin-when-cross-origin")
    },
}
"""Frames of a page. The origin of the first two is `null`, that of the others is their page's; the
last ones are named after their referrer policy.
"""

# --- What they do, and what comes of it ---------------------------------------------------------

BLOCKED = None
"""What a page learns of a response that its browser blocks: nothing, not even the status."""

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
class Response:
    """A response as a page may read it."""

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

    What got a 200 has reached a handler, unless it was a preflight.
    """
    done = [x.removesuffix(" 200") for x in arrived if x.endswith(" 200")]
    return Outcome(status, [*arrived], [method for method in done if method != "OPTIONS"])


def blocked(*arrived: str) -> Outcome:
    """Expect that a page reads nothing, after these methods and statuses at the server."""
    return reads(BLOCKED, *arrived)


FETCH = """async ([url, options]) => {
    try {
        const signal = AbortSignal.timeout(10_000);
        const response = await fetch(url, {signal, ...options});
        if (response.type.startsWith("opaque")) return null;
        const {status, headers} = response;
        return {status, body: await response.text(), headers: Object.fromEntries(headers)};
    } catch (error) {
        if (error instanceof TypeError) return null;
        throw error;
    }
}"""
"""A request that the browser does not send, or whose response it blocks, is a TypeError."""

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
        """Wait for a request whose end no page learns of."""
        deadline = time.monotonic() + 10
        while not self.arrived(url):
            assert time.monotonic() < deadline, f"nothing arrives at {url}"
            time.sleep(0.01)

    def _observed(self, url: str) -> dict[str, list[str]]:
        called = urlsplit(url)
        target = urlencode({"target": f"{called.path}?{called.query}"})
        root = f"{called.scheme}://127.0.0.1:{self.port}"
        context = self.trust if called.scheme == "https" else None
        with urlopen(f"{root}/observed?{target}", context=context) as observed:  # noqa: S310
            return dict(json.load(observed))


GRANTED = "Access-Control-Allow-Origin: ORIGIN"
"""A header for `page_at`, which grants whatever origin asks."""


def page_at(origin: str, *headers: str, **said: object) -> str:
    """Return the URL of a page with these headers, and with a status or a script of its own."""
    return f"{origin}/?{urlencode({'header': headers, **said}, doseq=True)}"


class PageHandler(BaseHTTPRequestHandler):
    """Serves an empty page under any name and path, or what its query says: see `page_at`.

    With `redirect=URL`, it leads there, with CORS for anyone. A page says how many preflights
    there have been for it, in the header X-Preflights.
    """

    preflights: ClassVar[Counter[str]] = Counter()

    @property
    def url(self) -> str:
        return f"{self.headers['Host']}{self.path}"

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if location := query.get("redirect"):
            found = {"status": ["307"]}
            found["header"] = [f"Location: {location[0]}", "Access-Control-Allow-Origin: ORIGIN"]
            query = found
        self.send_response(int(query.get("status", ["200"])[0]))
        for header in query.get("header", []):
            name, _, value = header.partition(": ")
            self.send_header(name, value.replace("ORIGIN", self.headers["Origin"] or "*"))
        self.send_header("Content-Type", "text/html")
        self.send_header("X-Preflights", str(self.preflights[self.url]))
        self.end_headers()
        [script] = query.get("script", [""])
        page = f"<!doctype html><title>A page</title><script>{script}</script>"
        self.wfile.write(page.encode())

    do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815

    def do_OPTIONS(self) -> None:
        self.preflights[self.url] += 1
        self.do_GET()

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


# --- The browsers -------------------------------------------------------------------------------

ADD_FRAME = """([html]) => new Promise(resolve => {
    document.body.innerHTML = html;
    document.querySelector("iframe").onload = () => resolve();
})"""


class Browser(ABC):
    """A browser in which any name leads to the servers of the tests, with one page at a time."""

    engine: str
    at = ""

    def run(self, who: str, script: str, *arguments: object) -> Any:
        """Call a JavaScript function with a list of these arguments; return what it resolves to.

        It runs in a page at an origin, or ("ORIGIN sandboxed") in a frame of such a page.
        """
        if self.at != who:
            self.at = ""
            address, _, frame = who.partition(" ")
            self.navigate(address)
            if frame:
                self.evaluate(ADD_FRAME, [FRAMES[frame]])
                self.enter_frame()
            self.at = who
        return self.evaluate(script, arguments)

    def fetch(self, who: str, url: str, **options: Any) -> Response | None:
        response = self.run(who, FETCH, url, options)
        return Response(**response) if response else BLOCKED

    def outcome(self, who: str, api: ServedAPI, does: Fetch) -> Outcome:
        """Return what comes of a call, from the page's side and from the server's."""
        url = api.url(does.path)
        response = self.fetch(who, url, **does.options)
        status = response.status if response else BLOCKED
        return Outcome(status, api.arrived(url), api.reached(url))

    def watched(self, scripts: Sequence[tuple[str, str]]) -> Callable[[], list[str]]:
        """Run each of these scripts in a page at its origin; return how to read the console."""
        for who, script in scripts:
            self.run(who, script)
        return self.console

    def console(self) -> list[str]:
        """Return what the console has said so far, as far as the engine shows it."""
        raise NotImplementedError

    @abstractmethod
    def navigate(self, url: str) -> None:
        """Go to another page."""

    @abstractmethod
    def enter_frame(self) -> None:
        """Be in the only frame of the page from now on."""

    @abstractmethod
    def evaluate(self, script: str, arguments: Sequence[object]) -> Any:
        """Call a JavaScript function where the browser is."""
