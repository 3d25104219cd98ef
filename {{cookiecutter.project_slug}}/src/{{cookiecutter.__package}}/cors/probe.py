"""Whether what stands before a deployed API leaves the responses as its policy has them.

A proxy may answer preflights itself, add or drop headers, cache a response for one origin and serve
it to another, redirect, or send error pages of its own. So the API gets what browsers would send,
the policy's own middleware around a stub gets the same, and the CORS headers are compared.
"""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.datastructures import Headers

from .explain.browser import Response, Unlogged, ask, stub
from .middleware import PolicyMiddleware
from .policy import Policy
from .rulebook import PATTERN_START, SAFELISTED_METHODS, truncated

UNTRUSTED = "https://untrusted.example"

MAX_ORIGINS = 5
"""Trusted origins of each kind that are tried."""

MANY_BYTES = 1 << 40
"""The length of a body that no server accepts; it is declared, and not sent."""

LONG_QUERY = 12_000
"""Characters: more than the buffers of most proxies hold."""


class ProbeError(Exception):
    """The API can't be reached; the message is a sentence that says why."""


@dataclass(frozen=True)
class Target:
    """A deployed API, the seconds that a response may take, and the certificates to trust."""

    url: str
    timeout: float
    context: ssl.SSLContext | None = None

    def send(self, method: str, headers: dict[str, str], query: str = "") -> Response:
        """Send a request without a body. Raises `ProbeError` if there is no response."""
        url = urlsplit(self.url)
        path = f"{url.path or '/'}?{'&'.join(filter(None, [url.query, query]))}".rstrip("?")
        try:
            connection = self._connection(url.scheme, url.hostname or "", url.port)
            connection.request(method, path, headers=headers)
            received = connection.getresponse()
            connection.close()
        except (OSError, HTTPException, ValueError) as error:
            raise ProbeError(f"{self.url} does not respond to {method}: {error}.") from None
        lines = [
            (x.lower().encode("latin-1"), y.encode("latin-1")) for x, y in received.getheaders()
        ]
        return Response(received.status, Headers(raw=lines))

    def _connection(self, scheme: str, host: str, port: int | None) -> HTTPConnection:
        if scheme == "https":
            return HTTPSConnection(host, port, timeout=self.timeout, context=self.context)
        return HTTPConnection(host, port, timeout=self.timeout)


class Result(NamedTuple):
    """What was sent, for which origin, the status, and what is wrong with the response."""

    what: str
    origin: str
    status: int
    problems: list[str]


def results(target: Target, policy: Policy, *, post: bool) -> Iterator[Result]:
    """Send what browsers send, and yield what comes of it; state-changing requests only if asked.

    Raises `ProbeError` if the API can't be reached.
    """
    api = PolicyMiddleware(stub, policy)
    api.blocked_log = Unlogged(policy.environment)

    def result(what: str, method: str, origin: str, query: str = "", **more: str) -> Result:
        headers = {"Origin": origin} | {x.replace("_", "-"): y for x, y in more.items()}
        received = target.send(method, headers, query)
        expected = asyncio.run(ask(api, method, "/", {"Host": host_of(target), **headers}))
        found = [*problems(received, expected)]
        decided = method == "OPTIONS" or expected.status != 200
        if decided and received.status != expected.status:
            found.insert(0, f"the status is {received.status} instead of {expected.status}")
        return Result(what, origin, received.status, found)

    def preflight(origin: str) -> Result:
        methods = [x for x in policy.allow_methods if x not in SAFELISTED_METHODS]
        names = ",".join(sorted(x.lower() for x in policy.allow_headers if x != "*"))
        requested = {"Access_Control_Request_Method": [*methods, "GET"][0]}
        requested |= {"Access_Control_Request_Headers": names} if names else {}
        return result("preflight", "OPTIONS", origin, **requested)

    origins = trusted_origins(policy)
    for origin in [*origins, UNTRUSTED]:
        yield result("GET", "GET", origin)
        yield preflight(origin)
    name = uuid4().hex
    for origin in [UNTRUSTED, *origins[:2]]:
        yield result("GET of one URL", "GET", origin, f"probe={name}")
    for origin in origins[:1]:
        yield result("GET of a long URL", "GET", origin, f"probe={'x' * LONG_QUERY}")
        with suppress(ProbeError):  # because it waits for the body
            yield result("GET with a large body", "GET", origin, Content_Length=str(MANY_BYTES))
    if post:
        yield result("POST", "POST", UNTRUSTED)


def trusted_origins(policy: Policy) -> list[str]:
    """Return some origins that a policy trusts, of each kind."""
    listed = sorted(policy.allow_origins)
    exact = [x for x in listed if "*" not in x]
    patterns = [x.replace("*", "probe", 1) for x in listed if x.startswith(PATTERN_START)]
    kinds = exact, patterns, sorted(policy.allow_app_origins)
    return [origin for kind in kinds for origin in kind[:MAX_ORIGINS]]


def host_of(target: Target) -> str:
    return urlsplit(target.url).netloc


def problems(received: Response, expected: Response) -> Iterator[str]:
    """Yield what differs between a response and that of the policy itself."""
    location = received.headers.get("location", "")
    if 300 <= received.status < 400 and urlsplit(location).netloc:
        yield f"is redirected to {truncated(location)}, which a preflight can't follow"
    is_cors = "access-control-"
    names = dict.fromkeys(
        x for x in [*expected.headers, *received.headers] if x.startswith(is_cors)
    )
    for name in names:
        got, wanted = received.headers.getlist(name), expected.headers.getlist(name)
        if got == wanted:
            continue
        title = name.title()
        if not got:
            yield f"{title} is missing"
        elif not wanted:
            yield f"{title} is sent though the policy does not: {truncated(', '.join(got))}"
        elif len(got) > 1 or wanted[0] in got[0].split(", "):
            yield f"{title} is sent more than once: {truncated(', '.join(got))}"
        else:
            yield f"{title} is {truncated(got[0])} instead of {truncated(wanted[0])}"
    vary = ",".join(received.headers.getlist("vary")).lower()
    if not {"origin", "*"} & {x.strip() for x in vary.split(",")}:
        yield "Vary does not name Origin, so that a cache may serve it to another origin"
