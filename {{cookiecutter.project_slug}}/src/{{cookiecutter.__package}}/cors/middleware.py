"""How a policy is wired: one middleware, around everything that answers."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .answers import DEFAULT_HEADERS, DEPLOYED_HEADERS, RawHeaders, completed, raw
from .guard import CrossOriginGuard
from .policy import Policy
from .refusals import Refusals, shortened

PREFLIGHT = b"access-control-request-method"
"""The header that makes a preflight of an OPTIONS request with an Origin."""

PREFLIGHT_HEADERS = (
    b"origin",
    PREFLIGHT,
    b"access-control-request-headers",
    b"access-control-request-private-network",
)
"""What the answer to a preflight depends on."""

LONGEST_REQUEST_HEADERS = 4_096
"""Characters of Access-Control-Request-Headers that are looked at; no page needs as many."""

GRANTED_PREFLIGHTS = 256
"""How many answers to different preflights are remembered: a page has few."""


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
        return PolicyMiddleware(super().build_middleware_stack(), self.policy)


class PolicyMiddleware(CORSMiddleware):
    """Starlette's CORSMiddleware with the options of a policy, its guard, and headers of answers.

    What is overridden decides nothing about CORS: preflights are answered by Starlette, remembered
    if granted and told of if not; other answers get the headers that Starlette would give them,
    in one go with the others, which takes half the time.
    """

    def __init__(self, app: ASGIApp, policy: Policy) -> None:
        super().__init__(
            app,
            allow_origins=policy.allow_origins,
            allow_origin_regex=policy.allow_origin_regex,
            allow_methods=policy.allow_methods,
            allow_headers=policy.allow_headers,
            allow_credentials=policy.allow_credentials,
            expose_headers=policy.expose_headers,
            max_age=policy.max_age,
        )
        self.policy = policy
        self.refusals = Refusals(policy)
        self.guard = CrossOriginGuard(policy, self.refusals)
        self.defaults = raw(DEFAULT_HEADERS if policy.local else DEFAULT_HEADERS | DEPLOYED_HEADERS)
        self.exposed = raw(self.simple_headers)
        self.granted: dict[tuple[bytes | None, ...], Response] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = dict(reversed(scope["headers"]))  # of several of a name, the first one counts
        origin = headers.get(b"origin")
        if origin is not None and scope.get("method") == "OPTIONS" and PREFLIGHT in headers:
            await self.preflight_answer(scope, headers)(scope, receive, send)
            return
        cors = self.cors_headers(origin)

        async def send_completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                message = {**message, "headers": completed(own, cors, self.defaults)}
            await send(message)

        app = self.guard.refusal(scope, headers) or self.app
        await app(scope, receive, send_completed)

    def cors_headers(self, origin: bytes | None) -> RawHeaders:
        """Return what Starlette would say of CORS to an origin."""
        if origin is None:
            return []
        if self.is_allowed_origin(origin.decode("latin-1")):
            return [(b"access-control-allow-origin", origin), *self.exposed]
        return self.exposed

    def preflight_answer(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Response:
        """Return Starlette's answer to a preflight, which is remembered if it grants."""
        asked = tuple(headers.get(name) for name in PREFLIGHT_HEADERS)
        answer = self.granted.get(asked) or self.preflight_response(Headers(scope=scope))
        if answer.status_code == 200 and len(self.granted) < GRANTED_PREFLIGHTS:
            self.granted[asked] = answer
        return answer

    def preflight_response(self, request_headers: Headers) -> Response:
        asked = request_headers.get("access-control-request-headers")
        if asked and len(asked) > LONGEST_REQUEST_HEADERS:
            request_headers = request_headers.mutablecopy()
            request_headers["access-control-request-headers"] = f"{asked[:100]}..."
        response = super().preflight_response(request_headers)
        if response.status_code != 200:
            told = self.refusals.tell("a preflight", lambda: self.why(request_headers))
            if self.policy.local:
                response.body = response.render(told)
                response.headers["Content-Length"] = str(len(response.body))
        return response

    def why(self, headers: Headers) -> str:
        """Return all that is wrong with a preflight."""
        origin = headers["origin"]
        method = headers["access-control-request-method"]
        asked = headers.get("access-control-request-headers")
        names = [] if asked is None or self.allow_all_headers else asked.split(",")
        unlisted = [x.strip() for x in names if x.strip().lower() not in self.allow_headers]
        reasons = [] if self.is_allowed_origin(origin) else [self.refusals.untrusted(origin)]
        if method not in self.allow_methods:
            reasons.append(f"method {shortened(method)} is not in allow_methods")
        if unlisted:
            reasons.append(f"header {shortened(', '.join(unlisted))} is not in allow_headers")
        return " and ".join(reasons) or "it asks for what no policy allows"
