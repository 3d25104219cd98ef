"""The guard: what CORS would let through to a handler, and what does not get there all the same.

CORS hides the answer from an untrusted page, but by then the request has been carried out. So the
guard keeps away the writes and WebSockets of untrusted origins, by the rule of
CrossOriginProtection in Go's net/http; and requests for other hosts, which is how a page gets at a
developer's machine by a name of its own (DNS rebinding).
"""

from collections.abc import Mapping

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Scope
from starlette.websockets import WebSocketClose

from .policy import Policy
from .refusals import Refusals, shortened

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossOriginGuard:
    """Decides which requests go on to the API."""

    def __init__(self, policy: Policy, refusals: Refusals) -> None:
        self.policy = policy
        self.refusals = refusals

    def refusal(self, scope: Scope, headers: Mapping[bytes, bytes]) -> ASGIApp | None:
        """Return what answers a request in place of the API, None if it may go on."""
        host = headers.get(b"host", b"").decode("latin-1")
        if not self.policy.answers_as(host):
            why = f"host {shortened(host)} is not in allowed_hosts"
            return answering(scope, 400, self.refusals.tell("a request", lambda: why))
        origin = headers.get(b"origin", b"").decode("latin-1")
        is_safe = scope.get("method") in SAFE_METHODS
        if (is_safe and not origin) or self.policy.trusts(origin):
            return None
        same_host = host != "" and origin.partition("://")[2] == host
        if is_safe:
            if not same_host:
                self.refusals.tell("to show an answer", lambda: self.refusals.untrusted(origin))
            return None
        site = headers.get(b"sec-fetch-site", b"").decode("latin-1")
        if site in {"same-origin", "none"} or (not site and (same_host or not origin)):
            return None
        what = "a write" if scope["type"] == "http" else "a WebSocket"
        return answering(scope, 403, self.refusals.tell(what, lambda: self.why(origin, site)))

    def why(self, origin: str, site: str) -> str:
        """Return why a write or a WebSocket is refused, from what its browser said of it."""
        if origin:
            return self.refusals.untrusted(origin)
        return f"it comes from elsewhere, Sec-Fetch-Site {shortened(site)}"


def answering(scope: Scope, status: int, told: str) -> ASGIApp:
    """Return what answers with a status; a handshake with a close, which servers turn into 403."""
    if scope["type"] == "http":
        return JSONResponse({"detail": told}, status_code=status)
    return WebSocketClose(code=1008, reason=told)
