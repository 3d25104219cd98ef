"""The APIs that `request_path.py` compares, and the requests that they get.

Each has the same routes and another policy around them. The packages are imported where they are
used: the start of one API does not wait for those of another.
"""

import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple

from fastapi import FastAPI, Request, Response, WebSocket

TRUSTED = "https://app.example.com"
UNTRUSTED = "https://team-0.example.org"
"""Much like the other trusted origins, `https://team-1.example.com` and so on."""

SECRET = "not a secret"  # noqa: S105 - it isn't
TOKEN = "ImEi.VWIYRxYDt1MnBQKgerJ5DcuEl0I"  # noqa: S105
"""What starlette-csrf accepts: "a", signed with that secret."""


class Sent(NamedTuple):
    """A request: its method, or `WEBSOCKET` for a handshake, and its headers."""

    method: str
    headers: Mapping[str, str]


ORIGIN = {"origin": TRUSTED, "cookie": f"csrftoken={TOKEN}", "x-csrftoken": TOKEN}
ASKED = {
    "access-control-request-method": "PATCH",
    "access-control-request-headers": "authorization,content-type",
}
MUCH_ASKED = {"access-control-request-headers": ",".join(["content-type"] * (64 * 1024 // 13))}

ALLOWED = {
    "GET without Origin": Sent("GET", {}),
    "GET": Sent("GET", ORIGIN),
    "POST": Sent("POST", ORIGIN),
    "preflight": Sent("OPTIONS", {"origin": TRUSTED} | ASKED),
    "WebSocket": Sent("WEBSOCKET", ORIGIN),
}
UNTRUSTED_REQUESTS = {
    "GET": Sent("GET", {"origin": UNTRUSTED}),
    "POST": Sent("POST", {"origin": UNTRUSTED}),
    "preflight": Sent("OPTIONS", {"origin": UNTRUSTED} | ASKED),
    "preflight that asks for 64 KiB of headers": Sent(
        "OPTIONS", {"origin": UNTRUSTED} | ASKED | MUCH_ASKED
    ),
    "WebSocket": Sent("WEBSOCKET", {"origin": UNTRUSTED}),
}


def add_routes(app: FastAPI) -> FastAPI:
    """Give an app the routes that are measured, ahead of those it has."""
    others = app.router.routes[:]
    app.router.routes.clear()

    @app.api_route("/measured", methods=["GET", "POST"])
    async def measured() -> dict[str, str]:
        return {"message": "Hello World"}

    @app.websocket("/measured")
    async def accepted(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    app.router.routes.extend(others)
    return app


def bare() -> FastAPI:
    """Return an app without a policy; like a deployed API it has no pages of documentation."""
    return add_routes(FastAPI(openapi_url=None))


def trusted(count: int) -> list[str]:
    """Return this many origins, the one that calls in the middle."""
    others = [f"https://team-{number}.example.com" for number in range(1, count)]
    return [*others[: count // 2], TRUSTED, *others[count // 2 :]]


def generated(origins: list[str]) -> FastAPI:
    """Return the app of the generated project as a server gets it, trusting these origins."""
    os.environ["APP_ENVIRONMENT"] = "production"
    os.environ["APP_CORS__ALLOW_ORIGINS"] = ",".join(origins)
    sys.modules.pop("hello_api.main", None)
    from hello_api.main import app

    return add_routes(app)


def patterns(count: int) -> list[str]:
    """Return this many patterns, the last of which covers the trusted origin."""
    hosts = [x.partition("://")[2] for x in trusted(count) if x != TRUSTED]
    return [*(f"https://*.{host}" for host in hosts), "https://*.example.com"]


def with_cors(app: FastAPI, origins: list[str]) -> FastAPI:
    """Add CORSMiddleware the usual way, with what the generated project allows."""
    from fastapi.middleware.cors import CORSMiddleware

    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["WWW-Authenticate", "Location", "Retry-After"],
    )
    return app


def with_protection() -> FastAPI:
    """Return an app with a package for each part: protection, default headers and CORS."""
    from asgi_cross_origin_protection import (  # type: ignore[import-not-found]
        CrossOriginProtection,
    )
    from secure.middleware import SecureASGIMiddleware  # type: ignore[import-not-found]

    app = bare()
    app.add_middleware(CrossOriginProtection, allowed_origins=[TRUSTED])
    app.add_middleware(SecureASGIMiddleware)
    return with_cors(app, [TRUSTED])


def with_secweb() -> FastAPI:
    """Return an app with default headers and CORS."""
    from Secweb import SecWeb  # type: ignore[import-not-found]

    app = bare()
    SecWeb(app)
    return with_cors(app, [TRUSTED])


def with_tokens() -> FastAPI:
    """Return an app with tokens against cross-site requests, and CORS."""
    from starlette_csrf import CSRFMiddleware  # type: ignore[import-not-found]

    app = bare()
    app.add_middleware(CSRFMiddleware, secret=SECRET)
    return with_cors(app, [TRUSTED])


def with_functions() -> FastAPI:
    """Return an app with three middlewares written the short way, and CORS."""
    app = bare()
    for _ in range(3):

        @app.middleware("http")
        async def middleware(
            request: Request, call_next: Callable[[Request], Awaitable[Response]]
        ) -> Response:
            return await call_next(request)

    return with_cors(app, [TRUSTED])


BARE = "bare FastAPI"
GENERATED = "generated project"
PATTERNS = f"{GENERATED}, 100 patterns"
ORIGINS = f"{GENERATED}, 10,000 origins"
LOGGED = f"{GENERATED}, 1,000 origins, every line logged"
CORS_ORIGINS = "CORSMiddleware, 10,000 origins"

ALL: Mapping[str, Callable[[], FastAPI]] = {
    BARE: bare,
    GENERATED: partial(generated, trusted(1)),
    PATTERNS: partial(generated, patterns(100)),
    ORIGINS: partial(generated, trusted(10_000)),
    LOGGED: partial(generated, trusted(1_000)),
    "CORSMiddleware": lambda: with_cors(bare(), trusted(1)),
    CORS_ORIGINS: lambda: with_cors(bare(), trusted(10_000)),
    "CORSMiddleware + asgi-cross-origin-protection + secure": with_protection,
    "CORSMiddleware + Secweb": with_secweb,
    "CORSMiddleware + starlette-csrf": with_tokens,
    "CORSMiddleware + three BaseHTTPMiddlewares": with_functions,
}
WITH_ONE_ORIGIN = [x for x in ALL if x not in (PATTERNS, ORIGINS, LOGGED, CORS_ORIGINS)]
