"""The APIs under test: one for each environment, with its policy and with routes of this suite.

What a policy promises is worked out here once more, from what `environments.toml` says and from
what the presets are documented to be, independently of the code under test.
"""

import asyncio
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message

from .probes import MAX_BODY, probes
from .subject import SecuredFastAPI, load_policy, main

FILE = tomllib.loads(Path(main.__file__).with_name("environments.toml").read_text("utf-8"))
TABLES = {name: table for name, table in FILE.items() if isinstance(table, dict)}
SHARED = {key: value for key, value in FILE.items() if key not in TABLES}
DEFAULTS: Mapping[str, Any] = {
    "local": False,
    "preset": "strict",
    "allow_origins": [],
    "allow_app_origins": [],
    "allow_credentials": False,
    "cross_site_posts": [],
}
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "strict": {
        "allow_methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        "allow_headers": ["Authorization", "Content-Type"],
        "expose_headers": ["WWW-Authenticate", "Location", "Retry-After"],
        "max_age": 600,
    },
    "dev": {
        "allow_methods": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY"],
        "allow_headers": ["*"],
        "expose_headers": ["WWW-Authenticate", "Location", "Retry-After"],
        "max_age": 0,
    },
}
LABEL = "[a-z0-9_-]{1,63}"
OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])"
LOCALHOST = re.compile(
    rf"https?://(({LABEL}\.)*localhost|127\.{OCTET}\.{OCTET}\.{OCTET}|\[::1\])"
    r"(:[1-9][0-9]{0,4})?"
)
LOCALHOST_ORIGIN = "http://127.0.0.1:5173"
UNTRUSTED = "https://untrusted.invalid"


@dataclass
class Response:
    """What an app sends back, message by message."""

    messages: list[Message]

    @property
    def status(self) -> int:
        """The status; what servers send for a WebSocket, 403 if it is closed before it is open."""
        opened = {"websocket.accept": 101, "websocket.close": 403}
        start = self.messages[0]
        return opened.get(start["type"]) or int(start["status"])

    @property
    def headers(self) -> Headers:
        return Headers(raw=self.messages[0].get("headers", []))

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)

    @property
    def allowed_origins(self) -> list[str]:
        """Every Access-Control-Allow-Origin; browsers accept one at most."""
        return self.headers.getlist("Access-Control-Allow-Origin")

    @property
    def cors_headers(self) -> list[str]:
        return [name for name in self.headers if name.startswith("access-control-")]

    def items(self, name: str) -> set[str]:
        """Return the items of a header that is a list."""
        items = ",".join(self.headers.getlist(name)).split(",")
        return {item.strip() for item in items if item.strip()}


def send(
    app: ASGIApp, method: str, path: str, headers: Mapping[str, str | None], body: bytes = b""
) -> Response:
    """Send a request to an app, with the headers that are not None; "WebSocket" is a handshake."""
    sent = {"Host": "testserver", **headers}
    is_socket = method == "WebSocket"
    scope: dict[str, Any] = {
        "type": "websocket" if is_socket else "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws" if is_socket else "http",
        "server": ("testserver", 80),
        "client": ("testclient", 50000),
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "subprotocols": [],
        "headers": [(x.lower().encode(), y.encode()) for x, y in sent.items() if y is not None],
    }
    if not is_socket:
        scope["method"] = method
    request = [
        {"type": "websocket.connect"}
        if is_socket
        else {"type": "http.request", "body": body, "more_body": False}
    ]
    messages: list[Message] = []

    async def receive() -> Message:
        return request.pop() if request else {"type": "http.disconnect"}

    async def keep(message: Message) -> None:
        messages.append(message)

    async def run() -> None:
        try:
            await app(scope, receive, keep)
        except Exception:  # noqa: BLE001 - servers log what a handler raises, after the response
            assert Response(messages).status == 500

    asyncio.run(run())
    return Response(messages)


def preflight(app: ASGIApp, origin: str, method: str, names: str | None = None) -> Response:
    """Send what a browser sends before a request with this method and headers of these names."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": names,
    }
    return send(app, "OPTIONS", "/probe", headers)


class API:
    """The API of an environment, and what its policy promises."""

    def __init__(self, environment: str) -> None:
        table = {**SHARED, **TABLES[environment]}
        preset = table.get("preset", "strict")
        self.environment = environment
        self.is_dev = preset == "dev"
        self.options = {**DEFAULTS, **PRESETS[preset], **table}
        listed = [*self.options["allow_origins"], *self.options["allow_app_origins"]]
        localhost = [LOCALHOST_ORIGIN] if self.is_dev else []
        self.trusted = [*(x.replace("*", "preview", 1) for x in listed), *localhost]
        texts = [re.escape(x).replace(r"\*", LABEL) for x in listed]
        self.patterns = [*map(re.compile, texts), *([LOCALHOST] if localhost else [])]
        self.app = SecuredFastAPI(load_policy(environment), max_body_size=MAX_BODY)
        self.app.include_router(probes)
        self.reached: list[str] = []
        self.app.state.reached = self.reached

    def __str__(self) -> str:
        return self.environment

    @property
    def host(self) -> str:
        """A host that the API accepts, and that is in no trusted origin or lookalike."""
        listed = ["localhost"] if self.options["local"] else self.options.get("allowed_hosts")
        return f"{(listed or ['api.invalid'])[0].replace('*', 'any')}:4711"

    def trusts(self, origin: str | None) -> bool:
        return any(pattern.fullmatch(origin or "") for pattern in self.patterns)

    def send(self, method: str, path: str, **headers: str | None) -> Response:
        """Send a request with these headers, where `_` in a name stands for a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = b"x" * (MAX_BODY + 1) if path == "/probe/body" else b""
        return send(self.app, method, path, {"Host": self.host, **named}, body)


APIS = [API(environment) for environment in TABLES]

each_api = pytest.mark.parametrize("api", APIS, ids=str)
each_origin = pytest.mark.parametrize(
    ("api", "origin"),
    [(api, origin) for api in APIS for origin in (*api.trusted, UNTRUSTED, None)],
    ids=str,
)
"""Each trusted one, an untrusted one, and none at all."""
