"""Whether what stands before a deployed API leaves the responses as its policy has them.

A proxy may answer preflights itself, add or drop headers, cache a response for one origin and serve
it to another, redirect, or send error pages of its own. So the API gets what browsers would send,
the policy's own middleware around a stub gets the same, and the CORS headers are compared.
"""

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import NamedTuple
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request
from uuid import uuid4

from .explain.browser import UNTRUSTED, Response, Unlogged, ask, stub
from .middleware import PolicyMiddleware
from .policy import Policy
from .rulebook import SAFELISTED_METHODS, Problem, quoted, truncated

ALLOW_ORIGIN = "Access-Control-Allow-Origin"
CORS_HEADERS = (
    ALLOW_ORIGIN,
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
)

SENT_HEADERS = {"User-Agent": "Mozilla/5.0 (probe)", "Sec-Fetch-Site": "cross-site"}

MAX_ORIGINS = 5
"""Trusted origins of each kind that are tried."""

LONG_QUERY = "x" * 7_500
"""Every server should take URLs of 8,000 characters: RFC 9110, section 4.1."""

LARGE_BODY = 1 << 40
"""Bytes, more than any limit for bodies; the length is declared, and nothing is sent."""

MAX_BODY_WAIT = 1.0
"""Seconds after which the large body is taken to be accepted: the server waits for it."""

MAX_TIMEOUT = 3_600

URL = re.compile(r"https?://([\w.-]+|\[[0-9a-f:.]+])(:\d+)?([/?][!-~]*)?", re.ASCII | re.IGNORECASE)

FIXES = {
    "no-header": "have the proxy pass on the API's; if it does, deploy the API with this policy",
    "extra-header": "have the proxy add no CORS headers, and its cache heed Vary",
    "repeated-header": "have the proxy add no CORS headers",
    "changed-header": "have the proxy add no CORS headers, and its cache heed Vary",
    "no-vary": "have the proxy pass on the API's, or caches will serve it to other origins",
    "cached": "have the cache heed Vary, or add Origin to its key",
    "redirect": "write that URL, here and in the pages: browsers follow no redirect of a preflight",
    "preflight": "have the proxy pass OPTIONS on to the API, before it asks for a login",
    "other-policy": "deploy the API with this policy, or name the environment that it runs in",
    "error-page": "if the API is running, raise the proxy's limit, or have the API send this",
    "host": "list it, and have the proxy forward the Host header",
    "post": "have the proxy forward the headers Origin and Sec-Fetch-Site",
}
"""What to do about a response that is not the policy's, by the name of what is wrong."""


class ProbeError(Exception):
    """The API can't be probed; the message says why."""


@dataclass(frozen=True)
class Target:
    """A deployed API, the seconds that a response may take, and what sends the requests."""

    url: str
    timeout: float
    opener: OpenerDirector

    @classmethod
    def checked(cls, url: str, timeout: float, cacert: str | None = None) -> "Target":
        """Return a target; `cacert` is a file with the certificates of the authorities to trust.

        Raises `ProbeError` with every problem of these arguments.
        """
        problems, context = [], None
        if not is_url(url):
            fix = "write one such as https://api.example.com/health"
            problems.append(Problem("URL", url, "is not a URL of http or https [probe-url]", fix))
        if not 0 < timeout <= MAX_TIMEOUT:
            reason = f"is not above 0 and at most {MAX_TIMEOUT} seconds [timeout]"
            problems.append(Problem("--timeout", timeout, reason, "write 10"))
        try:
            context = ssl.create_default_context(cafile=cacert)
        except (OSError, ValueError):
            reason, fix = "has no certificate [cacert]", "name a file with certificates as PEM"
            problems.append(Problem("--cacert", cacert, reason, fix))
        if problems:
            raise ProbeError("\n".join(map(str, problems)))
        opener = OpenerDirector()  # follows no redirect
        for handler in ProxyHandler(), HTTPHandler(), HTTPSHandler(context=context):
            opener.add_handler(handler)
        opener.addheaders = []
        return cls(url, timeout, opener)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def send(self, method: str, headers: dict[str, str], query: str) -> HTTPResponse:
        """Send a request without a body. Raises `ProbeError` if there is no response."""
        url = f"{self.url}{'&' if '?' in self.url else '?'}probe={query}"
        request = Request(url, headers=headers, method=method)  # noqa: S310
        timeout = min(self.timeout, MAX_BODY_WAIT) if "Content-Length" in headers else self.timeout
        try:
            with self.opener.open(request, timeout=timeout) as response:
                received: HTTPResponse = response
                return received
        except (OSError, HTTPException, ValueError) as error:
            reason = f"does not respond, {self.failure(error)} [no-response]"
            fix = "check the URL, and where need be set --timeout or --cacert"
            raise ProbeError(str(Problem("URL", self.url, reason, fix))) from None

    def failure(self, error: BaseException) -> str:
        """Return in a few words why there is no response."""
        if isinstance(error, URLError) and isinstance(error.reason, Exception):
            return self.failure(error.reason)
        if isinstance(error, TimeoutError):
            return f"timed out after {self.timeout:g} seconds"
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message.rstrip(".")
        if isinstance(error, OSError):
            return error.strerror or str(error)
        return "not HTTP" if isinstance(error, HTTPException) else str(error)


class Finding(NamedTuple):
    """Why a response is not that of the policy, and the name of what is wrong."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.reason} [{self.name}]; {FIXES[self.name]}."


class Result(NamedTuple):
    """What was sent, for which origin, the status, and what is wrong with the response."""

    what: str
    origin: str
    status: int
    findings: list[Finding]

    @property
    def word(self) -> str:
        """The outcome in a word, or in the names of what is wrong."""
        return ", ".join(x.name for x in self.findings) or "ok"


def is_url(text: str) -> bool:
    try:
        return bool(URL.fullmatch(text)) and urlsplit(text).port != 0
    except ValueError:  # the port is above 65535, or the address is not one of IPv6
        return False


def results(target: Target, policy: Policy, *, post: bool) -> Iterator[Result]:
    """Send what browsers send, and yield what comes of it; state-changing requests only if asked.

    Raises `ProbeError` if the API can't be reached.
    """
    api = PolicyMiddleware(stub, policy)
    api.blocked_log = Unlogged(policy.environment)

    def result(what: str, origin: str, method: str = "GET", query: str = "", **more: str) -> Result:
        headers = {"Origin": origin, **SENT_HEADERS, **more}
        received = target.send(method, headers, query or uuid4().hex)  # in no cache
        expected = asyncio.run(ask(api, method, "/", {"Host": target.host, **headers}))
        found = findings(method, received, expected)
        if not found and method == "GET" and received.status == 400 and policy.allowed_hosts:
            reason = f"GET gets the status 400, as if {quoted(target.host)} were no allowed host"
            found = [Finding("host", reason)]
        return Result(what, origin, received.status, found)

    def preflight(origin: str) -> Result:
        methods = [x for x in policy.allow_methods if x not in SAFELISTED_METHODS]
        names = ",".join(sorted(x.lower() for x in policy.allow_headers if x != "*"))
        requested = {"Access-Control-Request-Method": [*methods, "GET"][0]}
        requested |= {"Access-Control-Request-Headers": names} if names else {}
        return result("preflight", origin, "OPTIONS", **requested)

    origins = policy.examples(MAX_ORIGINS)
    first = {}
    for origin in [*origins, UNTRUSTED]:
        first[origin] = result("GET", origin)
        yield first[origin]
        yield preflight(origin)
    same = uuid4().hex
    for origin in [UNTRUSTED, *origins[:2]]:
        again = result("GET of the same URL", origin, query=same)
        if again.findings and not first[origin].findings and again.status == first[origin].status:
            reason = f"The response for {quoted(origin)} is a cached one for another origin"
            again = again._replace(findings=[Finding("cached", reason)])
        yield again
    for origin in origins[:1]:
        yield result("GET of a long URL", origin, query=LONG_QUERY)
        with suppress(ProbeError):  # if the server waits for the body
            length = {"Content-Length": str(LARGE_BODY)}
            large = result("GET with a large body", origin, **length)
            if large.status == 413:
                yield large
    if post:
        yield result("POST", UNTRUSTED, "POST")


def findings(method: str, received: HTTPResponse, expected: Response) -> list[Finding]:
    """Return what is wrong with a response: not the effects of a mistake, but the mistake."""
    status, wanted = received.status, expected.status
    found = [*header_findings(received, expected)]
    origin = expected.headers.get(ALLOW_ORIGIN, "")
    is_api = "no-vary" not in [x.name for x in found] or received.headers[ALLOW_ORIGIN] == origin
    differs = f"{method} gets the status {status} instead of {wanted}"
    if 300 <= status < 400 and found:
        location = received.headers.get("Location", "").partition("?")[0]
        return [Finding("redirect", f"The response is a redirect to {truncated(location)}")]
    if not is_api and (status >= 500 or (status >= 400 and method == "GET")):
        return [Finding("error-page", f"The {status} response does not come from the API")]
    if method == "OPTIONS" and status != wanted:
        return [Finding("other-policy" if is_api and status == 400 else "preflight", differs)]
    if method == "POST" and status != wanted:
        return [Finding("post", differs)]
    return found


def header_findings(received: HTTPResponse, expected: Response) -> Iterator[Finding]:
    lacking = []
    for name in CORS_HEADERS:
        got, wanted = received.headers.get_all(name, []), expected.headers.getlist(name)
        shown = f"{name} is {truncated(', '.join(got))}"
        if listed(got) == listed(wanted):
            continue
        if not got:
            lacking.append(name)
        elif not wanted:
            yield Finding("extra-header", f"{shown}, and the policy sends none")
        elif len(got) > 1 or wanted[0] in listed(got)[0]:
            yield Finding("repeated-header", f"{shown} instead of {truncated(wanted[0])} once")
        else:
            yield Finding("changed-header", f"{shown} instead of {truncated(wanted[0])}")
    if lacking:
        yield Finding("no-header", f"There is no {', no '.join(lacking)}")
    vary = ",".join(received.headers.get_all("Vary", [])).lower()
    if not {"origin", "*"} & {*listed([vary])[0]}:
        yield Finding("no-vary", "Vary does not name Origin")


def listed(values: list[str]) -> list[list[str]]:
    """Return the items of each value of a header, in one order: proxies may write it anew."""
    return [sorted(x.strip() for x in value.split(",")) for value in values]
