"""The middleware that applies a policy to every request and every response."""

import re
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from .blocked_log import BlockedLog
from .policy import Policy
from .protection import Block, find_block, header, hidden_response, untrusted
from .response_headers import RawHeader, default_headers, raw, with_default_headers
from .rulebook import truncated

RESPONSE_STARTS = ("http.response.start", "websocket.http.response.start")

REQUESTED_METHOD = b"access-control-request-method"
REQUESTED_HEADERS = b"access-control-request-headers"

MAX_REQUESTED_HEADERS = 4_096
"""Characters of Access-Control-Request-Headers that are read; no page needs as many."""

PLAIN_LIST = re.compile(rb"[^\s,]+(,[^\s,]+)*")


class PolicyMiddleware(CORSMiddleware):
    """Starlette's CORSMiddleware with a policy, cross-origin protection and default headers.

    Starlette answers the preflights. Other responses get the CORS headers that Starlette would add,
    in one pass with the default headers. Untrusted origins get no CORS headers at all.
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

    def is_allowed_origin(self, origin: str) -> bool:
        return self.policy.trusts(origin)

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
        sent = scope["headers"]
        lines = [value for name, value in sent if name == REQUESTED_HEADERS]
        if lines and (len(lines) > 1 or not is_plain(lines[0])):
            sent = with_requested_list(sent, b",".join(lines))
        headers = Headers(raw=sent)
        response = self.preflight_response(headers)
        if response.status_code == 200:
            return response
        method = headers["access-control-request-method"]
        what = f"preflight for {request_line(scope, method)}"
        self.log("preflight", what, lambda: self.reason(headers), scope)
        trusted = self.is_allowed_origin(headers["origin"])
        if not trusted:
            for name in [x for x in response.headers if x.startswith("access-control-")]:
                del response.headers[name]
        if self.policy.local:
            response.body = response.render(f"Blocked: {self.reason(headers)}")
            response.headers["Content-Length"] = str(len(response.body))
            response.status_code = 200 if trusted else 400
        return response

    def reason(self, preflight: Headers) -> str:
        """Return all that a preflight requests and is not granted."""
        reasons = []
        if not self.is_allowed_origin(preflight["origin"]):
            reasons.append(untrusted(self.policy, preflight["origin"]))
        if (method := preflight["access-control-request-method"]) not in self.allow_methods:
            reasons.append(f"method {truncated(method)} is not in allow_methods")
        names = preflight.get("access-control-request-headers", "").split(",")
        unlisted = [name for name in names if name and name.lower() not in self.allow_headers]
        if unlisted and not self.allow_all_headers:
            reasons.append(f"header {truncated(', '.join(unlisted))} is not in allow_headers")
        return "; ".join(reasons) or "private-network access is not supported"

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


def is_plain(listed: bytes) -> bool:
    """Return whether a list of headers is as browsers write it: no space, no empty element."""
    return len(listed) <= MAX_REQUESTED_HEADERS and PLAIN_LIST.fullmatch(listed) is not None


def with_requested_list(sent: list[RawHeader], listed: bytes) -> list[RawHeader]:
    """Return the headers of a preflight, with this list as its Access-Control-Request-Headers.

    Empty elements are left out: RFC 9110, section 5.6.1.2.
    """
    if len(listed) > MAX_REQUESTED_HEADERS:
        listed = b"(over %d characters)" % MAX_REQUESTED_HEADERS
    names = b",".join([name for x in listed.split(b",") if (name := x.strip())])
    others = [x for x in sent if x[0] != REQUESTED_HEADERS]
    return [*others, (REQUESTED_HEADERS, names)] if names else others
