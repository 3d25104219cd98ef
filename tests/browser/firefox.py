"""Firefox, driven by the protocol that it speaks itself: WebDriver BiDi, over a WebSocket."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from serving import SocksHandler, program, tunnel_to
from websockets.sync.client import ClientConnection, connect

from .browsing import Browser

PREFERENCES = {
    "network.proxy.type": 1,
    "network.proxy.socks": "127.0.0.1",
    "network.proxy.socks5_remote_dns": True,
    "network.proxy.allow_hijacking_localhost": True,
    "network.cookie.cookieBehavior": 0,  # cookies of other sites are allowed
    "devtools.jsonview.enabled": False,  # a page of JSON is of its own origin, as elsewhere
    "browser.send_pings": True,
    "security.warn_submit_secure_to_insecure": False,  # its user would be asked first
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.region.network.url": "",
    "browser.safebrowsing.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
}


def require() -> None:
    program("firefox-esr")


class Firefox(Browser):
    engine = "firefox"

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.numbers = count()
        capabilities = {"alwaysMatch": {"acceptInsecureCerts": True}}
        self.call("session.new", capabilities=capabilities)
        self.page = self.call("browsingContext.create", type="tab")["context"]
        self.frame = self.page

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Have the browser do something; return what comes of it."""
        number = next(self.numbers)
        self.connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message: dict[str, Any] = json.loads(self.connection.recv(timeout=60))
            if message.get("id") == number:
                assert message["type"] == "success", message
                return dict(message["result"])

    def chrome(self, script: str) -> Any:
        """Call a JavaScript function in the browser's own window; return what it returns."""
        windows = self.call("browsingContext.getTree", **{"moz:scope": "chrome"})["contexts"]
        return self.evaluate(script, [], windows[0]["context"])

    def console(self) -> list[str]:
        errors = "getMessageArray().filter(x => x instanceof Ci.nsIScriptError)"
        return list(self.chrome(f"() => Services.console.{errors}.map(x => x.errorMessage)"))

    def navigate(self, url: str) -> None:
        self.call("browsingContext.navigate", context=self.page, url=url, wait="complete")
        self.frame = self.page

    def enter_frame(self) -> None:
        [page] = self.call("browsingContext.getTree", root=self.page)["contexts"]
        self.frame = page["children"][0]["context"]

    def evaluate(self, script: str, arguments: Sequence[object], where: str = "") -> Any:
        result = self.call(
            "script.callFunction",
            functionDeclaration=(
                f"async text => JSON.stringify(await ({script})(JSON.parse(text)) ?? null)"
            ),
            arguments=[{"type": "string", "value": json.dumps(arguments)}],
            target={"context": where or self.frame},
            awaitPromise=True,
        )
        assert result["type"] == "success", result
        return json.loads(result["result"]["value"])


@contextmanager
def launched(profile: Path, addresses: Mapping[str, int]) -> Iterator[Firefox]:
    """Launch Firefox, which finds names (also with ports) on ports of loopback."""
    with tunnel_to(addresses, SocksHandler) as port:
        chosen = PREFERENCES | {"network.proxy.socks_port": port}
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(x)});\n" for name, x in chosen.items())
        (profile / "user.js").write_text("".join(lines), "utf-8")
        command = [program("firefox-esr"), "--headless", "--no-remote"]
        command.append("--remote-allow-system-access")  # to the console
        with subprocess.Popen(
            [*command, "--remote-debugging-port", "0", "--profile", str(profile)],
            env=os.environ | {"HOME": str(profile), "TMPDIR": str(profile)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                assert process.stderr is not None
                lines_printed = (re.search(r"ws://\S+", line) for line in process.stderr)
                address = next(found[0] for found in lines_printed if found)
                drain = threading.Thread(target=process.stderr.read, daemon=True)
                drain.start()
                with connect(f"{address}/session", max_size=None, proxy=None) as connection:
                    yield Firefox(connection)
            finally:
                process.terminate()
