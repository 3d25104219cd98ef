"""Cross-origin protection: blocks requests that CORS alone would let reach a handler.

CORS only hides the response from an untrusted page; by then the request has been carried out. The
rule is that of CrossOriginProtection in Go's net/http. Requests for a host that is not allowed are
blocked as well: that is how a page reaches a developer's machine by a name of its own (DNS
rebinding).
"""

from collections.abc import Callable
from typing import NamedTuple

from starlette.types import Scope

from .policy import Policy
from .rulebook import SAFE_METHODS, quoted, truncated

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""What a form can send: HTML, "Form control infrastructure", attribute `enctype`."""


class Block(NamedTuple):
    """A block: its kind, the response's status and detail, and the reason to log."""

    kind: str
    status: int
    detail: str
    reason: Callable[[], str]


def find_block(policy: Policy, scope: Scope, *, trusted: bool) -> Block | None:
    """Return why a request, whose origin the policy trusts or not, may not reach the API."""
    if policy.allowed_hosts is not None and not policy.allows_host(text(scope, b"host")):
        why = f"host {truncated(text(scope, b'host'))} is not in allowed_hosts [unlisted-host]"
        return Block("host", 400, "Host not allowed", lambda: why)
    if trusted or scope.get("method") in SAFE_METHODS or is_cross_site_post(policy, scope):
        return None
    origin, host, site = (text(scope, x) for x in (b"origin", b"host", b"sec-fetch-site"))
    if site in ("same-origin", "none") or (not site and (not origin or is_own(origin, host))):
        return None
    kind = "request" if scope["type"] == "http" else "websocket"

    def reason() -> str:
        if origin:
            return untrusted(policy, origin)
        return f"cross-site request without an Origin header (Sec-Fetch-Site: {truncated(site)})"

    return Block(kind, 403, "Cross-origin request blocked", reason)


def is_cross_site_post(policy: Policy, scope: Scope) -> bool:
    """Return whether a request may come from a form of any site: it is granted nothing of CORS."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if scope.get("method") != "POST" or path not in policy.cross_site_posts:
        return False
    return text(scope, b"content-type").partition(";")[0].strip().lower() in FORM_TYPES


def hidden_response(policy: Policy, scope: Scope) -> Callable[[], str] | None:
    """Return why the page at an untrusted origin can't read a response, None if it can."""
    origin = text(scope, b"origin")
    if scope.get("method") not in SAFE_METHODS or is_own(origin, text(scope, b"host")):
        return None
    return lambda: untrusted(policy, origin)


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return the value of a header, the first one of several, None if it is missing."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


def text(scope: Scope, name: bytes) -> str:
    """Return the value of a header as text, empty if it is missing."""
    return (header(scope, name) or b"").decode("latin-1")


def is_own(origin: str, host: str) -> bool:
    """Return whether an origin is that of the API itself, according to the Host header."""
    return host != "" and origin.partition("://")[2] == host


def untrusted(policy: Policy, origin: str) -> str:
    """Return why an origin is blocked, with the trusted one that it resembles."""
    closest = policy.closest_origin(origin)
    hint = f" (closest trusted origin: {quoted(closest)})" if closest else ""
    return f"origin {truncated(origin)} is not trusted [untrusted-origin]{hint}"
