"""Routes of this suite: they note what reaches a handler, and respond in every way."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, HTTPException, Request, Response, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
STATE_CHANGING_METHODS = ("POST", "PUT", "PATCH", "DELETE", "PURGE")
MAX_BODY = 1_000

OWN_POLICY = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}
"""Headers that no handler may send: the policy is the API's."""

probes = APIRouter(prefix="/probe", include_in_schema=False)


@probes.api_route("", methods=[*SAFE_METHODS, *STATE_CHANGING_METHODS])
async def note_request(request: Request) -> Response:
    request.app.state.reached.append(request.method)
    return PlainTextResponse("reached", headers=OWN_POLICY)


@probes.websocket("/socket")
async def note_handshake(websocket: WebSocket) -> None:
    websocket.app.state.reached.append("WebSocket")
    await websocket.accept()


@probes.get("/status/{status}")
async def respond(status: int) -> Response:
    if status >= 400:
        raise HTTPException(status, headers=OWN_POLICY)
    return Response(status_code=status, headers={"Location": "/", **OWN_POLICY})


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

    return StreamingResponse(chunks(), headers={"Vary": "Accept-Encoding", **OWN_POLICY})
