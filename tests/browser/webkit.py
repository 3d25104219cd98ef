"""WebKit, Safari's engine, in its GTK port: driven by WebDriver, over HTTP."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from itertools import takewhile
from pathlib import Path
from typing import Any

from serving import SocksHandler, program, tunnel_to, wait_for_server

from .browsing import Browser, page_at

END = "There is no more to do"


def minibrowser() -> str:
    """Return the browser around the engine, which Debian puts in no PATH."""
    folders = (str(path) for path in Path("/usr/lib").glob("*/webkit2gtk-4.1"))
    return program("MiniBrowser", "webkit2gtk-driver", os.pathsep.join(folders))


def require() -> None:
    minibrowser()
    program("WebKitWebDriver", "webkit2gtk-driver")
    program("Xvfb", "xvfb")


class WebKit(Browser):
    engine = "webkit"

    def __init__(self, driver: int, proxy: int, environment: Mapping[str, str]) -> None:
        self.driver = driver
        self.proxy = f"--proxy=socks5://127.0.0.1:{proxy}"
        self.environment = environment
        self.session = "/session"
        arguments = ["--automation", "--cookies-policy=always", self.proxy]
        capabilities = {
            "acceptInsecureCerts": True,
            "webkitgtk:browserOptions": {"binary": minibrowser(), "args": arguments},
        }
        started = self.call("POST", capabilities={"alwaysMatch": capabilities})
        self.session += f"/{started['sessionId']}"

    def call(self, method: str, path: str = "", **parameters: Any) -> Any:
        """Have the browser do something; return what comes of it."""
        with closing(HTTPConnection("127.0.0.1", self.driver, timeout=60)) as connection:
            connection.request(method, self.session + path, json.dumps(parameters))
            response = connection.getresponse()
            value = json.load(response)["value"]
        assert response.status == 200, value
        return value

    def watched(self, scripts: Sequence[tuple[str, str]]) -> Callable[[], list[str]]:
        """Run the scripts without WebDriver, whose private session keeps its console to itself.

        Each page goes on to the next one, and the last one says so.
        """
        then = f"console.log({END!r})"
        for who, script in reversed(scripts):
            url = page_at(who, script=f"({script})([]).finally(() => {{ {then} }})")
            then = f"location = {json.dumps(url)}"
        options = ["--ignore-tls-errors", "--enable-write-console-messages-to-stdout=true"]
        command = [minibrowser(), self.proxy, *options, url]
        with subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, b"")
            messages = [*takewhile(lambda line: not line.endswith(f" {END}\n".encode()), lines)]
            process.terminate()
        return lambda: [message.decode().rstrip() for message in messages]

    def navigate(self, url: str) -> None:
        self.call("POST", "/frame", id=None)
        self.call("POST", "/url", url=url)

    def enter_frame(self) -> None:
        frame = self.call("POST", "/element", using="css selector", value="iframe")
        self.call("POST", "/frame", id=frame)

    def evaluate(self, script: str, arguments: Sequence[object]) -> Any:
        function = f"return ({script})([...arguments])"
        return self.call("POST", "/execute/sync", script=function, args=arguments)


@contextmanager
def display() -> Iterator[str]:
    """Give a screen that nobody sees."""
    command = [program("Xvfb"), "-displayfd", "1", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            assert process.stdout is not None
            number = next(line for line in process.stdout if line.strip().isdigit())
            yield f":{number.decode().strip()}"
        finally:
            process.terminate()


@contextmanager
def driver(environment: Mapping[str, str]) -> Iterator[int]:
    """Run WebDriver's server for WebKit; give its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with subprocess.Popen(
        [program("WebKitWebDriver"), f"--port={port}"],
        env=environment,
        start_new_session=True,
    ) as process:
        try:
            wait_for_server(port)
            yield port
        finally:
            os.killpg(process.pid, signal.SIGTERM)


@contextmanager
def launched(profile: Path, addresses: Mapping[str, int]) -> Iterator[WebKit]:
    """Launch WebKit, which finds names (also with ports) on ports of loopback."""
    with tunnel_to(addresses, SocksHandler) as proxy, display() as screen:
        own = {"DISPLAY": screen, "HOME": str(profile), "TMPDIR": str(profile)}
        own["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
        environment = os.environ | own
        with driver(environment) as port:
            yield WebKit(port, proxy, environment)
