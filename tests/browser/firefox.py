"""Firefox, driven by the protocol that it speaks itself: WebDriver BiDi, over a WebSocket."""

import json
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from serving import tunnel_to
from websockets.sync.client import ClientConnection, connect

from .browsing import BLOCKED, FETCH, Fetch, Outcome, ServedAPI

FIREFOX = Path("/usr/bin/firefox-esr")

PREFERENCES = {
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.ssl": "127.0.0.1",
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.region.network.url": "",
    "browser.safebrowsing.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
}


class Firefox:
    """A browser with one page at a time."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.numbers = count()
        capabilities = {"alwaysMatch": {"acceptInsecureCerts": True}}
        self.call("session.new", capabilities=capabilities)
        self.context = self.call("browsingContext.create", type="tab")["context"]
        self.at = ""

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Have the browser do something; return what comes of it."""
        number = next(self.numbers)
        self.connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message: dict[str, Any] = json.loads(self.connection.recv(timeout=60))
            if message.get("id") == number:
                assert message["type"] == "success", message
                return dict(message["result"])

    def outcome(self, who: str, api: ServedAPI, does: Fetch) -> Outcome:
        """Return what comes of a call, from the page's side and from the server's."""
        if self.at != who:
            self.call("browsingContext.navigate", context=self.context, url=who, wait="complete")
            self.at = who
        url = api.url(does.path)
        result = self.call(
            "script.callFunction",
            functionDeclaration=f"async text => JSON.stringify(await ({FETCH})(JSON.parse(text)))",
            arguments=[{"type": "string", "value": json.dumps([url, does.options])}],
            target={"context": self.context},
            awaitPromise=True,
        )
        assert result["type"] == "success", result
        answer = json.loads(result["result"]["value"])
        status = answer["status"] if answer else BLOCKED
        return Outcome(status, api.arrived(url), api.reached(url))


@contextmanager
def firefox(profile: Path, ports: Mapping[str, int]) -> Iterator[Firefox]:
    """Launch Firefox, for which names lead to ports of loopback, until the block ends."""
    with tunnel_to(ports) as port:
        chosen = PREFERENCES | {"network.proxy.http_port": port, "network.proxy.ssl_port": port}
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(x)});\n" for name, x in chosen.items())
        (profile / "user.js").write_text("".join(lines), "utf-8")
        command = [str(FIREFOX), "--headless", "--no-remote", "--remote-debugging-port", "0"]
        with subprocess.Popen(
            [*command, "--profile", str(profile)],
            env={"HOME": str(profile), "PATH": "/usr/bin:/bin"},
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
