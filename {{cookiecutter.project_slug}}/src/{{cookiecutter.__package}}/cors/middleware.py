"""The middleware that applies a policy to every request and every response."""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from .blocked_log import BlockedLog
from .policy import Policy
from .protection import Block, find_block, header, hidden_response, untrusted
from .response_headers import RawHeader, default_headers, raw, with_default_headers
from .rulebook import truncated

RESPONSE_STARTS = ("http.response.start", "websocket.http.response.start")

REQUESTED_METHOD = b"access-control-request-method"
MAX_REQUESTED_HEADERS = 4_096
"""Characters of Access-Control-Request-Headers that are read; no page needs as many."""


class PolicyMiddleware(CORSMiddleware):
    """Starlette's CORSMiddleware with a policy, cross-origin protection and default headers.

    Responses get the CORS headers that Starlette would add: those to preflights with Starlette's
    own text, all others in one pass with the default headers. Untrusted origins get none of them.
    """

    def __init__(self, app: ASGIApp, policy: Policy) -> None:
        super().__init__(
            app,
            allow_methods=policy.allow_methods,
            allow_headers=policy.allow_headers,
            allow_credentials=policy.allow_credentials,
            expose_headers=policy.expose_headers,
            max_age=policy.max_age,
        )
        self.policy = policy
        self.blocked_log = BlockedLog(policy.environment)
        self.defaults = default_headers(local=policy.local)
        self.exposed = raw(self.simple_headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            try:
                await self.app(scope, receive, send)
            finally:
                self.blocked_log.close()
            return
        origin = header(scope, b"origin")
        cors: list[RawHeader] = []
        if origin is not None:
            if scope.get("method") == "OPTIONS" and header(scope, REQUESTED_METHOD) is not None:
                await self.preflight(scope)(scope, receive, send)
                return
            if self.policy.trusts(origin.decode("latin-1")):
                cors = [(b"access-control-allow-origin", origin), *self.exposed]

        async def send_with_headers(message: Message) -> None:
            if message["type"] in RESPONSE_STARTS:
                own = message.get("headers", ())
                message = {**message, "headers": with_default_headers(own, self.defaults, cors)}
            await send(message)

        app = self.app
        if block := find_block(self.policy, scope, trusted=bool(cors)):
            app = self.blocked(block, scope)
        elif origin and not cors and (hidden := hidden_response(self.policy, scope)):
            self.log("response", f"response to {request_line(scope)}", hidden, scope)
        await app(scope, receive, send_with_headers)

    def blocked(self, block: Block, scope: Scope) -> ASGIApp:
        """Return the app that answers a blocked request instead of the API."""
        self.log(block.kind, request_line(scope), block.reason, scope)
        detail = block.reason() if self.policy.local else block.detail
        if scope["type"] == "websocket":
            return WebSocketClose(code=1008, reason=detail)
        return JSONResponse({"detail": detail}, status_code=block.status)

    def preflight(self, scope: Scope) -> Response:
        """Return the response to a preflight.

        In the local environment, one that grants a trusted origin too little is a success all the
        same, because browsers then name the method or header that is missing.
        """
        sent = Headers(scope=scope)
        origin, method = sent["origin"], sent["access-control-request-method"]
        names = requested_headers(sent)
        denied: dict[str, Callable[[], str]] = {}
        if not self.policy.trusts(origin):
            denied["origin"] = lambda: untrusted(self.policy, origin)
        if method not in self.allow_methods:
            unlisted = "is not in allow_methods [unlisted-method]"
            denied["method"] = lambda: f"method {truncated(method)} {unlisted}"
        if not all(map(self.is_allowed_header, names)):
            denied["headers"] = lambda: self.header_reason(names)
        if "access-control-request-private-network" in sent:
            denied["private-network"] = lambda: "private-network access is not supported"

        headers = dict(self.preflight_headers)
        if "origin" in denied:
            headers = {"Vary": headers["Vary"]}
        else:
            headers["Access-Control-Allow-Origin"] = origin
            if names and self.allow_all_headers:
                headers["Access-Control-Allow-Headers"] = ",".join(names)
        if not denied:
            return PlainTextResponse("OK", headers=headers)

        def reason() -> str:
            return "; ".join(why() for why in denied.values())

        self.log("preflight", f"preflight for {request_line(scope, method)}", reason, scope)
        is_success = self.policy.local and "origin" not in denied
        text = f"Disallowed CORS {', '.join(denied)}"
        if self.policy.local:
            text = f"Blocked: {reason()}"
        return PlainTextResponse(text, 200 if is_success else 400, headers)

    def is_allowed_header(self, name: str) -> bool:
        return self.allow_all_headers or name.lower() in self.allow_headers

    def header_reason(self, names: list[str]) -> str:
        unlisted = ", ".join(name for name in names if not self.is_allowed_header(name))
        return f"header {truncated(unlisted)} is not in allow_headers [unlisted-header]"

    def log(self, kind: str, what: str, reason: Callable[[], str], scope: Scope) -> None:
        """Log what is blocked, with the fields of the request."""
        headers = Headers(scope=scope)
        self.blocked_log.log_blocked(
            kind,
            what,
            reason,
            origin=headers.get("origin", ""),
            method=scope.get("method", "GET"),
            path=scope["path"],
        )


def request_line(scope: Scope, method: str = "") -> str:
    """Return the method and the path of a request, quoted for a log."""
    return truncated(f"{method or scope.get('method', 'WebSocket')} {scope['path']}")


def requested_headers(preflight: Headers) -> list[str]:
    """Return the names that a preflight asks for, without empty elements: RFC 9110, 5.6.1.2."""
    listed = ",".join(preflight.getlist("access-control-request-headers"))
    return [name for x in listed[:MAX_REQUESTED_HEADERS].split(",") if (name := x.strip(" \t"))]
