"""What teams add to an API: run in a project, this prints how the API then responds.

Each addition is made to two apps with the same routes, a plain FastAPI and a SecuredFastAPI, and
both are sent the same requests.
"""
# mypy: disable-error-code="import-not-found, misc"

import json
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

TRUSTED, UNTRUSTED = "https://app.example.com", "https://untrusted.invalid"
MAX_BODY = 1_000
PAGES = Path(__file__).with_name("pages")

Requests = Mapping[str, int]
"""Requests for what was added, and the status of each response."""

MCP_CLIENT = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
BODIES: Mapping[str, Any] = {
    "/graphql": {"query": "{ greeting }"},
    "/mcp/": {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": MCP_CLIENT},
}


def gzip(app: FastAPI) -> Requests:
    app.add_middleware(GZipMiddleware, minimum_size=5)
    return {"GET /probe": 200}


def session(app: FastAPI) -> Requests:
    from starlette.middleware.sessions import SessionMiddleware

    app.add_middleware(SessionMiddleware, secret_key="secret")  # noqa: S106

    @app.get("/visit")
    async def visit(request: Request) -> dict[str, int]:
        request.session["visits"] = request.session.get("visits", 0) + 1
        return {"visits": request.session["visits"]}

    return {"GET /visit": 200}


def correlation_id(app: FastAPI) -> Requests:
    from asgi_correlation_id import CorrelationIdMiddleware

    app.add_middleware(CorrelationIdMiddleware)
    return {"GET /probe": 200}


def prometheus(app: FastAPI) -> Requests:
    from prometheus_client import CollectorRegistry
    from prometheus_fastapi_instrumentator import Instrumentator

    Instrumentator(registry=CollectorRegistry()).instrument(app)
    return {"GET /probe": 200}


def slowapi(app: FastAPI) -> Requests:
    from slowapi import Limiter, _rate_limit_exceeded_handler
    from slowapi.errors import RateLimitExceeded
    from slowapi.middleware import SlowAPIASGIMiddleware
    from slowapi.util import get_remote_address

    app.state.limiter = limiter = Limiter(get_remote_address)
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
    app.add_middleware(SlowAPIASGIMiddleware)

    async def limited(request: Request) -> str:  # noqa: ARG001
        return "limited"

    app.get("/limited")(limiter.limit("1/minute")(limited))
    return {"GET /limited": 200, "GET /limited?again": 429}


def raising_middleware(app: FastAPI) -> Requests:
    class Raising(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
            if request.url.path == "/raised":
                raise RuntimeError
            return await call_next(request)

    app.add_middleware(Raising)
    return {"GET /raised": 500}


def early_response(app: FastAPI) -> Requests:
    @app.middleware("http")
    async def maintain(request: Request, call_next: RequestResponseEndpoint) -> Response:
        if request.url.path == "/closed":
            return JSONResponse({"detail": "Closed"}, 503, {"Retry-After": "60"})
        return await call_next(request)

    return {"GET /closed": 503}


def error_envelope(app: FastAPI) -> Requests:
    @app.exception_handler(HTTPException)
    async def on_http_exception(_: Request, error: HTTPException) -> Response:
        return JSONResponse({"error": error.detail}, error.status_code)

    @app.exception_handler(RequestValidationError)
    async def on_invalid_request(_: Request, error: RequestValidationError) -> Response:
        return JSONResponse({"error": len(error.errors())}, 422)

    @app.exception_handler(Exception)
    async def on_exception(_: Request, error: Exception) -> Response:
        return JSONResponse({"error": type(error).__name__}, 500)

    return {"GET /probe/status/401": 401, "GET /probe/status/x": 422, "GET /probe/failure": 500}


def mounted_apis(app: FastAPI) -> Requests:
    from tests.cors.probes import probes

    documented, undocumented = FastAPI(), FastAPI(docs_url=None)
    documented.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
    for path, mounted in {"/v1": documented, "/v2": undocumented}.items():
        mounted.include_router(probes)
        mounted.state.reached = []
        app.mount(path, mounted)
    return {
        "GET /v1/probe": 200,
        "POST /v1/probe": 200,
        "GET /v1/probe/failure": 500,
        "GET /v2/probe": 200,
    }


def another_policy(app: FastAPI) -> Requests:
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
    return {"GET /probe": 200}


def static_files(app: FastAPI) -> Requests:
    app.mount("/static", StaticFiles(directory=PAGES))
    return {"GET /static/index.html": 200, "GET /static/missing.html": 404}


def single_page_app(app: FastAPI) -> Requests:
    app.mount("/", StaticFiles(directory=PAGES, html=True))
    return {"GET /": 200, "GET /index.html": 200, "POST /": 405}


def frontend(app: FastAPI) -> Requests:
    app.frontend("/", directory=PAGES)
    return {"GET /": 200, "GET /index.html": 200}


def strawberry(app: FastAPI) -> Requests:
    import strawberry
    from strawberry.fastapi import GraphQLRouter

    @strawberry.type
    class Query:
        greeting: str = "Hello"

    router = GraphQLRouter(strawberry.Schema(Query), root_value_getter=Query)
    app.include_router(router, prefix="/graphql")
    return {"POST /graphql": 200}


def sqladmin(app: FastAPI) -> Requests:
    from sqladmin import Admin, ModelView
    from sqlalchemy import StaticPool, create_engine
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

    class Base(DeclarativeBase):
        pass

    class Item(Base):
        __tablename__ = "item"
        id: Mapped[int] = mapped_column(primary_key=True)

    class ItemAdmin(ModelView, model=Item):  # type: ignore[call-arg]
        pass

    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    Base.metadata.create_all(engine)
    Admin(app, engine).add_view(ItemAdmin)
    return {"GET /admin/": 200, "GET /admin/item/list": 200}


def a2wsgi(app: FastAPI) -> Requests:
    from a2wsgi import WSGIMiddleware

    def greet(_: object, start_response: Callable[..., object]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"Hello"]

    app.mount("/wsgi", WSGIMiddleware(greet))
    return {"GET /wsgi/": 200, "POST /wsgi/": 200}


def mcp(app: FastAPI) -> Requests:
    from mcp.server import MCPServer

    server = MCPServer("test")
    mounted = server.streamable_http_app(
        streamable_http_path="/", stateless_http=True, json_response=True
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with server.session_manager.run():
            yield

    app.router.lifespan_context = lifespan
    app.mount("/mcp", mounted)
    return {"POST /mcp/": 200}


def dependency(app: FastAPI) -> Requests:
    async def unauthorized() -> None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})

    router = APIRouter(dependencies=[Depends(unauthorized)])
    router.get("/closed")(unauthorized)
    app.include_router(router)
    return {"GET /closed": 401}


def asgi_middleware(app: FastAPI) -> Requests:
    class Teapot:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] == "/teapot":
                await JSONResponse({"detail": "I'm a teapot"}, 418)(scope, receive, send)
            else:
                await self.app(scope, receive, send)

    app.add_middleware(Teapot)
    return {"GET /teapot": 418}


ADDITIONS: Iterable[Callable[[FastAPI], Requests]] = (
    a2wsgi,
    another_policy,
    asgi_middleware,
    correlation_id,
    dependency,
    early_response,
    error_envelope,
    frontend,
    gzip,
    mcp,
    mounted_apis,
    prometheus,
    raising_middleware,
    session,
    single_page_app,
    slowapi,
    sqladmin,
    static_files,
    strawberry,
)


def respond(client: TestClient, request: str, origin: str | None) -> dict[str, Any]:
    """Send a request of a page at an origin, or of no page; return the response."""
    method, path = request.split()
    headers = {} if origin is None else {"Origin": origin}
    if path in BODIES:
        headers["Accept"] = "application/json, text/event-stream"
    response = client.request(
        method,
        path,
        headers=headers,
        json=BODIES.get(path),
        content="x" * (MAX_BODY + 1) if path == "/probe/body" else None,
        follow_redirects=False,
    )
    client.cookies.clear()
    return {
        "status": response.status_code,
        "headers": response.headers.multi_items(),
        "body": response.text,
    }


def exchanges(app: FastAPI, requests: Iterable[str]) -> list[Any]:
    """Return the response to each request, sent by no page, a trusted and an untrusted one."""
    app.state.reached = []
    with TestClient(app, "http://localhost:8000", raise_server_exceptions=False) as client:
        return [
            {"request": request, "origin": origin, **respond(client, request, origin)}
            for origin in (None, TRUSTED, UNTRUSTED)
            for request in requests
        ]


def opens(app: FastAPI, origin: str) -> bool:
    """Return whether a page at an origin can open a WebSocket."""
    try:
        with TestClient(app).websocket_connect("/probe/socket", headers={"Origin": origin}):
            return True
    except WebSocketDisconnect:
        return False


def compared(add: Callable[[FastAPI], Requests]) -> dict[str, Any]:
    """Return how a plain FastAPI responds after an addition, and one that has a policy."""
    from hello_api.cors import SecuredFastAPI, load_policy
    from tests.cors.probes import probes
    from tests.cors.test_responses import RESPONSES

    plain = FastAPI(redirect_slashes=False, max_body_size=MAX_BODY)
    secured = SecuredFastAPI(load_policy("production"), max_body_size=MAX_BODY)
    for app in (plain, secured):
        app.include_router(probes)
        expected = add(app)
    requests = [*expected, *(" ".join(x) for x in RESPONSES.values()), "POST /probe"]
    return {
        "expected": expected,
        "plain": exchanges(plain, requests),
        "secured": exchanges(secured, requests),
        "opened": [opens(secured, origin) for origin in (TRUSTED, UNTRUSTED)],
    }


if __name__ == "__main__":
    PAGES.mkdir()
    (PAGES / "index.html").write_text("<p>Hello</p>")
    json.dump({add.__name__: compared(add) for add in ADDITIONS}, sys.stdout)
