"""Routes that the tests add to an API, to see what reaches a handler and what answers look like."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, HTTPException, Request, Response, WebSocket
from fastapi.responses import StreamingResponse

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
WRITES = ("POST", "PUT", "PATCH", "DELETE", "PURGE")

probes = APIRouter(prefix="/probe", include_in_schema=False)


@probes.api_route("/handler", methods=[*SAFE_METHODS, *WRITES])
async def note_request(request: Request) -> None:
    request.app.state.reached.append(request.method)


@probes.websocket("/socket")
async def note_handshake(websocket: WebSocket) -> None:
    websocket.app.state.reached.append("WebSocket")
    await websocket.accept()
    await websocket.close()


@probes.get("/status/{status}")
async def answer(status: int) -> Response:
    if status >= 400:
        raise HTTPException(status)
    return Response(status_code=status, headers={"Location": "/"})


@probes.get("/failure")
async def fail() -> None:
    raise RuntimeError


@probes.get("/body")
async def read(request: Request) -> None:
    await request.body()


@probes.get("/stream")
async def stream() -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in (b"one ", b"two ", b"three"):
            yield chunk

    return StreamingResponse(chunks(), headers={"Vary": "Accept-Encoding"})
