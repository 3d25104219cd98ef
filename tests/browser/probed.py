"""The app under test: a generated API, with routes that probe it and a note of what arrives there.

The tests put this file into generated projects; `probed:app` is what uvicorn serves there.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, HTTPException, Request, Response, WebSocket
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    StreamingResponse,
)
from hello_api.main import create_app
from hello_api.settings import Settings
from starlette.requests import HTTPConnection
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FILES = Path(__file__).with_name("files")

arrived: defaultdict[str, list[str]] = defaultdict(list)
"""What has come to the server: methods and statuses by path and query, blocked ones too."""

reached: defaultdict[str, list[str]] = defaultdict(list)
"""What has come as far as a handler: methods by path and query."""

released: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
"""Which streams may go on after their first chunk."""


def target(scope: Scope) -> str:
    return f"{scope['path']}?{scope['query_string'].decode()}"


def method(scope: Scope) -> str:
    return str(scope.get("method", "WEBSOCKET"))


def note(connection: HTTPConnection) -> None:
    reached[target(connection.scope)].append(method(connection.scope))


probes = APIRouter(prefix="/probe", dependencies=[Depends(note)])


@probes.api_route("/handler", methods="GET HEAD POST PUT PATCH DELETE QUERY PURGE OPTIONS".split())
async def echo(request: Request) -> dict[str, str | None]:
    return {name: request.headers.get(name) for name in ("authorization", "cookie")}


@probes.api_route("/sign-in", methods=["POST", "PUT"])
async def receive_form() -> None:
    """Receive what a form of any site may send."""


@probes.get("/status/{status}")
async def respond(status: int) -> Response:
    if status >= 400:
        raise HTTPException(status, f"This is {status}")
    return Response(status_code=status)


@probes.get("/failure")
async def fail() -> None:
    raise RuntimeError


@probes.post("/body")
async def read(request: Request) -> None:
    await request.body()


@probes.get("/headers")
async def show_headers() -> Response:
    headers = {
        "WWW-Authenticate": "Bearer",
        "Location": "/elsewhere",
        "Retry-After": "7",
        "Cache-Control": "max-age=1",
        "ETag": '"e"',
        "X-Internal": "secret",
        "Set-Cookie": "shown=1",
    }
    return Response(headers=headers)


@probes.api_route("/redirect/{status}", methods=["GET", "POST", "PUT"])
async def redirect(status: int, to: str) -> Response:
    return RedirectResponse(to, status)


@probes.get("/stream")
async def stream(name: str) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"
        await released[name].wait()
        yield b"two"

    return StreamingResponse(chunks(), media_type="text/plain")


@probes.get("/stream/release")
async def release(name: str) -> None:
    released[name].set()


@probes.get("/events")
async def send_events() -> Response:
    async def events() -> AsyncIterator[bytes]:
        yield b"data: hello\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@probes.get("/cached")
async def count(request: Request) -> Response:
    """Send what any page may load as a script, and what browsers keep."""
    headers = {"Cache-Control": "max-age=600", "Cross-Origin-Resource-Policy": "cross-origin"}
    calls = str(len(reached[target(request.scope)]))
    return Response(calls, headers=headers, media_type="text/javascript")


@probes.get("/picture")
async def show_picture(shared_with: str | None = None) -> Response:
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
    headers = {"Cross-Origin-Resource-Policy": shared_with} if shared_with else None
    return Response(picture, headers=headers, media_type="image/svg+xml")


@probes.post("/session")
async def sign_in(response: Response, name: str, attributes: str = "SameSite=None") -> None:
    """Set a cookie as a header: below Python 3.14, `set_cookie` can't partition it."""
    cookie = f"{name}=1; Path=/; Secure; HttpOnly; {attributes}"
    response.headers.append("Set-Cookie", cookie)


@probes.delete("/session")
async def sign_out(response: Response, name: str) -> None:
    response.delete_cookie(name, secure=True, httponly=True, samesite="none")


@probes.get("/file")
async def send_file(request: Request) -> Response:
    """Send a file, or a 304 if the client has it, which FileResponse leaves to handlers."""
    file = FILES / "file.txt"
    response = FileResponse(file, stat_result=file.stat())
    if request.headers.get("if-none-match") == response.headers["etag"]:
        return NotModifiedResponse(response.headers)
    return response


@probes.get("/page")
async def show_page(*, framed: bool) -> HTMLResponse:
    """Send a page that reports to the page around it, if it may be framed, that it is shown."""
    headers = {"Content-Security-Policy": "frame-ancestors *"} if framed else None
    return HTMLResponse("<script>parent.postMessage('shown', '*')</script>", headers=headers)


@probes.websocket("/socket")
async def greet(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


class Observed:
    """Notes requests and their statuses, and shows them at /observed: outside of the API."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        noted = False

        async def send_on(message: Message) -> None:
            nonlocal noted
            if not noted:
                arrived[target(scope)].append(f"{method(scope)} {status_of(message)}")
                noted = True
            await send(message)

        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["path"] == "/observed":
            [asked] = parse_qs(scope["query_string"].decode())["target"]
            observed = {"arrived": arrived[asked], "reached": reached[asked]}
            await JSONResponse(observed)(scope, receive, send)
        else:
            await self.app(scope, receive, send_on)


def status_of(message: Message) -> int:
    """Return the status that this first message of a response has on the wire."""
    handshakes = {"websocket.accept": 101, "websocket.close": 403}
    return int(message.get("status") or handshakes[message["type"]])


api = create_app(Settings())
api.include_router(probes)
api.mount("/static", StaticFiles(directory=FILES))
api.frontend("/frontend", directory=FILES)
api.max_body_size = 1_000
app = Observed(api)
