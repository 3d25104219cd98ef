"""How a policy is wired: CORSMiddleware around everything, and the guard just inside it."""

from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from .policy import Policy

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossOriginAPI(FastAPI):
    """A FastAPI on which nothing can come to stand outside its cross-origin policy.

    Starlette builds the stack of middlewares at the first request, with those of `add_middleware`
    inside the one that answers unhandled exceptions. Wrapping the stack as a whole puts the
    policy's headers on every answer, a 500 and a 413 as well.
    """

    def __init__(self, policy: Policy, **options: Any) -> None:
        super().__init__(redirect_slashes=False, **options)
        self.policy = policy

    def build_middleware_stack(self) -> ASGIApp:
        return CORSMiddleware(
            CrossOriginGuard(super().build_middleware_stack(), self.policy),
            allow_origins=self.policy.allow_origins,
            allow_origin_regex=self.policy.allow_origin_regex,
            allow_methods=self.policy.allow_methods,
            allow_headers=self.policy.allow_headers,
            allow_credentials=self.policy.allow_credentials,
            expose_headers=self.policy.expose_headers,
            max_age=self.policy.max_age,
        )


class CrossOriginGuard:
    """Keeps from the handlers what CORS lets through: writes and WebSockets of untrusted origins.

    CORS hides the answer from an untrusted page, but by then the request has been carried out. The
    rule is that of CrossOriginProtection in Go's net/http. CORS headers from inside are dropped, so
    that no route and no mounted app has a policy of its own.
    """

    def __init__(self, app: ASGIApp, policy: Policy) -> None:
        self.app = app
        self.policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http":
            send = without_cors_headers(send)
            if scope["method"] not in SAFE_METHODS and not self.lets_in(Headers(scope=scope)):
                app = JSONResponse({"detail": "The origin is not trusted"}, status_code=403)
        elif scope["type"] == "websocket" and not self.lets_in(Headers(scope=scope)):
            app = WebSocketClose(code=1008, reason="The origin is not trusted")
        await app(scope, receive, send)

    def lets_in(self, headers: Headers) -> bool:
        """Tell whether a write or a handshake with these headers may reach its handler."""
        origin = headers.get("origin", "")
        if self.policy.trusts(origin):
            return True
        if site := headers.get("sec-fetch-site"):
            return site in {"same-origin", "none"}
        _, _, host = origin.partition("://")
        return not origin or (host != "" and host == headers.get("host"))


def without_cors_headers(send: Send) -> Send:
    """Return what sends a response on, without the CORS headers that it came with."""

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                (name, value)
                for name, value in message.get("headers", ())
                if not name.startswith(b"access-control-")
            ]
        await send(message)

    return send_on
