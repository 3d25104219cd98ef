"""APIs with a policy and with routes that note what reaches them, and requests to an app."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, WebSocket
from hello_api.cors import SecuredFastAPI, load_policy
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TRUSTED, UNTRUSTED = "https://app.example.com", "https://untrusted.invalid"
LOCAL, DEPLOYED = "development", "production"
ENVIRONMENTS = (LOCAL, DEPLOYED)

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
STATE_CHANGING_METHODS = ("POST", "PUT", "PATCH", "DELETE", "PURGE")

routes = APIRouter(include_in_schema=False)


@routes.api_route("/", methods=[*SAFE_METHODS, *STATE_CHANGING_METHODS])
async def note_request(request: Request) -> None:
    request.app.state.reached.append(request.method)


@routes.websocket("/")
async def note_handshake(websocket: WebSocket) -> None:
    websocket.app.state.reached.append("WebSocket")
    await websocket.accept()


@routes.get("/status/{status}")
async def fail(status: int) -> None:
    raise HTTPException(status)


async def stub(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Respond with 200 to everything."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body"})


def api_of(environment: str, **options: Any) -> SecuredFastAPI:
    """Return an API that trusts `TRUSTED`, unless these options of its policy say otherwise."""
    api = SecuredFastAPI(load_policy(environment, {"allow_origins": [TRUSTED], **options}))
    api.include_router(routes)
    api.state.reached = []
    return api


@dataclass
class Response:
    """What an app sends back, message by message."""

    messages: list[Message]

    @property
    def status(self) -> int:
        """The status; what servers send for a WebSocket, 403 if it is closed before it is open."""
        start = self.messages[0]
        opened = {"websocket.accept": 101, "websocket.close": 403}
        return opened.get(start["type"]) or int(start["status"])

    @property
    def headers(self) -> Headers:
        sent = self.messages[0].get("headers", [])
        return Headers(raw=[(name.lower(), value) for name, value in sent])

    @property
    def body(self) -> str:
        return b"".join(message.get("body", b"") for message in self.messages).decode()

    @property
    def allowed_origins(self) -> list[str]:
        """Every Access-Control-Allow-Origin; browsers accept one at most."""
        return self.headers.getlist("Access-Control-Allow-Origin")

    @property
    def cors_headers(self) -> list[str]:
        return [name for name in self.headers if name.startswith("access-control-")]

    def items(self, name: str) -> list[str]:
        """Return the items of a header that is a list, all of its lines together."""
        items = ",".join(self.headers.getlist(name)).split(",")
        return [item.strip() for item in items if item.strip()]


def lines(headers: Mapping[str, str | list[str] | None]) -> Iterable[tuple[bytes, bytes]]:
    """Yield each header as it is sent: a list has several lines, and None is not sent."""
    for name, value in headers.items():
        for line in value if isinstance(value, list) else [value]:
            if line is not None:
                yield name.lower().encode(), line.encode("latin-1")


def send(
    app: ASGIApp, method: str, path: str = "/", /, **headers: str | list[str] | None
) -> Response:
    """Send a request, where `_` in the name of a header stands for a hyphen.

    The method "WebSocket" is a handshake. What a handler raises is left to its response, a 500.
    """
    is_socket = method == "WebSocket"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    scope: dict[str, Any] = {
        "type": "websocket" if is_socket else "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws" if is_socket else "http",
        "server": ("localhost", 80),
        "client": ("localhost", 50_000),
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [*lines({"Host": "localhost"} | named)],
        "extensions": {"websocket.http.response": {}},
    }
    if not is_socket:
        scope["method"] = method
    request: list[Message] = [
        {"type": "websocket.connect"} if is_socket else {"type": "http.request", "body": b""}
    ]
    messages: list[Message] = []

    async def receive() -> Message:
        return request.pop() if request else {"type": "http.disconnect"}

    async def keep(message: Message) -> None:
        messages.append(message)

    async def run() -> None:
        try:
            await app(scope, receive, keep)
        except Exception:
            if not messages or messages[0].get("status") != 500:
                raise

    asyncio.run(run())
    return Response(messages)


def preflight(
    app: ASGIApp,
    method: str = "GET",
    names: str | list[str] | None = None,
    /,
    **headers: str | list[str] | None,
) -> Response:
    """Send what a browser sends before a request with this method and headers of these names."""
    requested = {"Access_Control_Request_Method": method, "Access_Control_Request_Headers": names}
    return send(app, "OPTIONS", **{"Origin": TRUSTED, **requested, **headers})


def reaches(app: FastAPI, method: str, **headers: str | None) -> bool:
    """Return whether a request reaches a handler."""
    app.state.reached.clear()
    response = send(app, method, **headers)
    assert (response.status in {101, 200}) is bool(app.state.reached)
    return bool(app.state.reached == [method])
