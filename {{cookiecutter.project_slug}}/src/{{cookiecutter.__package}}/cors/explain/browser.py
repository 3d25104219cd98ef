"""What a browser sends for a page at another origin, and what it checks in the responses.

The responses are those of the policy's own middleware around a stub: no route handler of the API is
called, and nothing is logged.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..blocked_log import BlockedLog
from ..middleware import PolicyMiddleware
from ..policy import Policy
from ..rulebook import (
    METHOD_RULES,
    NORMALIZED_METHODS,
    REQUEST_HEADER_RULES,
    SAFELISTED_METHODS,
    Problem,
    origin_reasons,
    quoted,
    reasons,
    suggest_origin,
)

SAFELISTED_HEADERS = frozenset({"accept", "accept-language", "content-language"})
"""Headers that need no preflight: Fetch, "CORS-safelisted request-header".

Content-Type needs none where it says form or plain text; here it stands for JSON.
"""

UNTRUSTED = "https://untrusted.example"

NEVER_TRUSTED = ("[null]", "[scheme]", "[plain-http]")
"""Rules that origins break that no policy can list, but browsers do send."""

NEVER_SENT = (
    "[method-token]",
    "[forbidden-method]",
    "[header-token]",
    "[forbidden-request-header]",
)
"""Rules that methods and headers break that no browser sends."""

KEPT_IN_PATHS = "/?:@!$&'()*+,;=%"
"""In addition to letters and digits; browsers percent-encode everything else in a path."""


@dataclass(frozen=True)
class Call:
    """A request of a script; `headers` are the names of those that it sets, to any value."""

    origin: str
    method: str = "GET"
    path: str = "/"
    headers: tuple[str, ...] = ()

    @property
    def sent_method(self) -> str:
        upper = self.method.upper()
        return upper if upper in NORMALIZED_METHODS else self.method

    @property
    def sent_path(self) -> str:
        return quote(self.path, KEPT_IN_PATHS, errors="replace")

    @property
    def route(self) -> str:
        """The path as servers hand it to the API: decoded, and without the query."""
        return unquote(self.path.partition("?")[0])

    @property
    def requested_headers(self) -> list[str]:
        """The headers that a preflight asks for, in the order of browsers."""
        return sorted({name.lower() for name in self.headers} - SAFELISTED_HEADERS)

    def is_form_for(self, policy: Policy) -> bool:
        """Whether a form can send it, to a path at which the policy expects forms of any site."""
        is_simple = self.sent_method == "POST" and not self.requested_headers
        return is_simple and self.route in policy.cross_site_posts

    def problems(self) -> Iterator[Problem]:
        """Yield why no browser sends this request."""
        why = origin_reasons(self.origin, local=True)
        if found := [x for x in why if not x.endswith(NEVER_TRUSTED)]:
            example = suggest_origin(self.origin, local=True) or "https://app.example.com"
            yield Problem("Origin", self.origin, " and ".join(found), f"write {quoted(example)}")
        for reason in reasons(METHOD_RULES, self.method):
            if reason.endswith(NEVER_SENT):
                yield Problem("Method", self.method, reason, "write one such as GET")
        if not self.path.startswith("/"):
            reason = "does not begin with a slash [path-slash]"
            yield Problem("Path", self.path, reason, "write one such as /")
        for name in self.headers:
            for reason in reasons(REQUEST_HEADER_RULES, name):
                if reason.endswith(NEVER_SENT):
                    yield Problem("Header", name, reason, "leave it out")


class Response(NamedTuple):
    """A response, as far as a browser checks it for CORS."""

    status: int
    headers: Headers


@dataclass(frozen=True)
class Check:
    """Something that a browser checks in a response, and what in the policy decides it."""

    what: str
    value: str
    allowed: bool
    source: str

    @property
    def word(self) -> str:
        """The outcome in a word."""
        return "allowed" if self.allowed else "not allowed" if self.is_optional else "blocked"

    @property
    def is_optional(self) -> bool:
        """Whether the page may read the response all the same: of a request without cookies."""
        return self.what == "credentials"


@dataclass(frozen=True)
class Exchange:
    """A request as it is sent, the response, and what the browser checks in it."""

    what: str
    method: str
    path: str
    sent: dict[str, str]
    response: Response
    checks: list[Check]

    @property
    def failed(self) -> list[Check]:
        """The checks that make the browser block the request."""
        return [x for x in self.checks if not x.allowed and not x.is_optional]


@dataclass(frozen=True)
class Verdict:
    """The outcome of a call: its exchanges in order, why it is blocked, and the line to log."""

    exchanges: list[Exchange]
    reason: str
    line: str

    @property
    def readable(self) -> bool:
        """Whether the page may read the response."""
        return not self.exchanges[-1].failed

    @property
    def allowed(self) -> bool:
        """Whether the request does what it is for: of a cross-site post, to reach the API."""
        return self.readable or self.exchanges[-1].checks[0].what == "cross-site post"

    @property
    def sentence(self) -> str:
        reaches = "The form reaches the API. " if self.allowed and not self.readable else ""
        return f"{reaches}The page {'may' if self.readable else 'may not'} read the response."


class Unlogged(BlockedLog):
    """Keeps the last reason instead of logging it: no page was blocked."""

    line = reason = ""

    def log_blocked(
        self, kind: str, request: str, reason: Callable[[], str], **fields: str
    ) -> None:
        self.reason = reason()
        self.line = f"blocked {request}: {self.reason}"


async def stub(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Respond with 200 to whatever the policy would let through to the API."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body"})


async def verdict_on(call: Call, policy: Policy, host: str = "") -> Verdict:
    """Return what a browser does with a call that has no problems.

    `host` is the host of the API; without it, one is chosen that the policy allows.
    """
    api = PolicyMiddleware(stub, policy)
    api.blocked_log = log = Unlogged(policy.environment)
    headers = {"Host": host or host_of(policy, call.origin), "Origin": call.origin}
    path = call.sent_path
    exchanges = []
    if call.requested_headers or call.sent_method not in SAFELISTED_METHODS:
        sent = headers | {"Access-Control-Request-Method": call.sent_method}
        if call.requested_headers:
            sent["Access-Control-Request-Headers"] = ",".join(call.requested_headers)
        response = await ask(api, "OPTIONS", call.route, sent)
        checks = preflight_checks(call, policy, response)
        exchanges.append(Exchange("preflight", "OPTIONS", path, sent, response, checks))
    if not exchanges or not exchanges[0].failed:
        sent = headers | {name.title(): "..." for name in call.headers}
        if call.is_form_for(policy):
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        response = await ask(api, call.sent_method, call.route, sent)
        checks = request_checks(call, policy, response)
        exchanges.append(Exchange("request", call.sent_method, path, sent, response, checks))
    return Verdict(exchanges, log.reason, log.line)


def host_of(policy: Policy, origin: str) -> str:
    """Return a host that the policy allows, if possible another than that of the origin."""
    hosts = [host.replace("*", "api") for host in policy.allowed_hosts or ()]
    others = [host for host in hosts if host != origin.partition("://")[2]]
    return [*others, *hosts, "api.example"][0]


async def ask(app: ASGIApp, method: str, path: str, headers: dict[str, str]) -> Response:
    """Send a request without a body to an ASGI application."""
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    sent = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": sent}
    await app(scope, receive, send)
    return Response(messages[0]["status"], Headers(raw=messages[0]["headers"]))


def preflight_checks(call: Call, policy: Policy, response: Response) -> list[Check]:
    """Return what a browser checks in the response to a preflight: Fetch, "CORS-preflight fetch".

    Method names are case-sensitive, header names are not.
    """
    allowed = response.headers.get("Access-Control-Allow-Methods", "").split(", ")
    methods = {*SAFELISTED_METHODS, *allowed}
    headers = re.split(", *", response.headers.get("Access-Control-Allow-Headers", "").lower())
    origin = origin_check(call, policy, response)
    if not origin.allowed:
        return [origin]
    source = policy.source_of("allow_methods")
    method = Check("method", call.sent_method, call.sent_method in methods, source)
    source = policy.source_of("allow_headers")
    names = call.requested_headers
    return [origin, method, *(Check("header", name, name in headers, source) for name in names)]


def request_checks(call: Call, policy: Policy, response: Response) -> list[Check]:
    """Return what a browser checks in the response to the request itself: Fetch, "CORS check"."""
    origin = origin_check(call, policy, response)
    if call.is_form_for(policy) and not origin.allowed:
        source = policy.source_of("cross_site_posts", call.route)
        return [Check("cross-site post", call.route, allowed=True, source=source), origin]
    credentials = response.headers.get("Access-Control-Allow-Credentials") == "true"
    source = policy.source_of("allow_credentials")
    return [origin, Check("credentials", "if cookies are sent", credentials, source)]


def origin_check(call: Call, policy: Policy, response: Response) -> Check:
    """Return whether the origin is granted: by an entry of a list, or by the preset."""
    granted = response.headers.get("Access-Control-Allow-Origin") == call.origin
    entry = policy.pattern_of(call.origin) or call.origin
    key = "allow_app_origins" if entry in policy.allow_app_origins else "allow_origins"
    by_preset = granted and entry not in policy.allow_origins | policy.allow_app_origins
    source = f"preset {policy.preset}" if by_preset else policy.source_of(key, entry)
    return Check("origin", call.origin, granted, source)
