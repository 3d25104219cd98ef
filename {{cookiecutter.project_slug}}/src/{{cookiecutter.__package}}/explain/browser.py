"""What a browser sends for a page of another origin, and what it makes of the answers.

The answers are those of the policy's own middleware around a stand-in: whatever is asked, no
handler of the API is called, and no refusal is logged.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..cors.middleware import PolicyMiddleware
from ..cors.policy import ENVIRONMENTS_FILE, PRESETS, Policy, read_tables
from ..cors.refusals import Refusals
from ..cors.rulebook import (
    METHOD_RULES,
    PART_RULES,
    REQUEST_HEADER_RULES,
    SHAPE_RULES,
    Fault,
    mended_origin,
    origin_reasons,
    reasons,
    shown,
)
from ..settings import Settings

SAFELISTED_METHODS = frozenset({"GET", "HEAD", "POST"})
SAFELISTED_HEADERS = frozenset({"accept", "accept-language", "content-language"})
"""What needs no preflight: Fetch, "CORS-safelisted method" and "CORS-safelisted request-header".

Content-Type needs none where it says form or plain text; here it stands for JSON.
"""

NORMALISED_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})
"""What browsers write in upper case, and no other method: Fetch, "normalize a method"."""

SENT_YET_NEVER_LISTED = [
    rule.why for rule in SHAPE_RULES + PART_RULES if rule.name in {"null", "scheme", "plain-http"}
]
"""Why no policy lists some of the origins that browsers do send: of these, too, one may ask."""

UNSENDABLE_METHODS = [x for x in METHOD_RULES if x.name in {"method-token", "forbidden-method"}]
UNSENDABLE_HEADERS = [
    x for x in REQUEST_HEADER_RULES if x.name in {"header-token", "forbidden-request-header"}
]

KEPT_IN_PATHS = "/?:@!$&'()*+,;=%"
"""Beside letters and digits; what else is in a path, browsers write in per cent."""


@dataclass(frozen=True)
class Call:
    """What a page calls. `headers` are the names of those that it sets, to whatever value."""

    origin: str
    method: str = "GET"
    path: str = "/"
    headers: tuple[str, ...] = ()

    @property
    def sent_method(self) -> str:
        upper = self.method.upper()
        return upper if upper in NORMALISED_METHODS else self.method

    @property
    def sent_path(self) -> str:
        return quote(self.path, KEPT_IN_PATHS, errors="replace")

    @property
    def asked_headers(self) -> list[str]:
        """The headers that a browser asks for first, in its order."""
        return sorted({name.lower() for name in self.headers} - SAFELISTED_HEADERS)

    def faults(self) -> Iterator[Fault]:
        """Yield why no browser sends this for any page."""
        reasons_why = origin_reasons(self.origin, local=True)
        why = " and ".join(x for x in reasons_why if x not in SENT_YET_NEVER_LISTED)
        if why:
            mended = mended_origin(self.origin, local=True) or "https://app.example.com"
            yield Fault("Origin", self.origin, why, f"write {shown(mended)}")
        for why in reasons(UNSENDABLE_METHODS, self.method):
            yield Fault("Method", self.method, why, "write one such as GET")
        if not self.path.startswith("/"):
            yield Fault("Path", self.path, "does not begin with a slash", "write one such as /")
        for name in self.headers:
            for why in reasons(UNSENDABLE_HEADERS, name):
                yield Fault("Header", name, why, "leave it out")


@dataclass(frozen=True)
class Answer:
    """What is answered to one request."""

    status: int
    headers: Headers

    def grants(self, origin: str) -> bool:
        return self.headers.get("Access-Control-Allow-Origin") == origin

    def items(self, header: str) -> list[str]:
        """Return the items of a header that is a list."""
        return [item.strip() for item in self.headers.get(header, "").split(",")]


@dataclass(frozen=True)
class Check:
    """What the browser looks for in an answer, and what decides whether it is there."""

    what: str
    value: str
    allowed: bool
    decided_by: str


@dataclass(frozen=True)
class Exchange:
    """A request as it is sent, its answer, and what the browser looks for there."""

    what: str
    method: str
    path: str
    sent: dict[str, str]
    answer: Answer
    checks: list[Check]

    @property
    def refused(self) -> list[Check]:
        """The checks that fail; an answer to a request without cookies may be read all the same."""
        return [x for x in self.checks if not x.allowed and x.what != "cookies"]


@dataclass(frozen=True)
class Verdict:
    """What comes of a call: its exchanges in their order, and what the API would log of them."""

    exchanges: list[Exchange]
    logged: str

    @property
    def readable(self) -> bool:
        """Whether the page may read the answer."""
        return not self.exchanges[-1].refused

    @property
    def sentence(self) -> str:
        return f"The page {'may' if self.readable else 'may not'} read the answer."


class UnloggedRefusals(Refusals):
    """Keeps what would be logged: these are refusals that no page has met."""

    told = ""

    def tell(self, what: str, why: Callable[[], str]) -> str:
        self.told = f"Refused {what}: {why()}"
        return self.told


async def stand_in(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer 200 to whatever the policy would let through to the API."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body"})


async def verdict_on(call: Call, settings: Settings, host: str = "") -> Verdict:
    """Return what a browser makes of a call to the API with these settings.

    The call is one without faults. `host` is the name that the API is called by; without it, one
    is taken that it answers to.
    """
    policy = settings.policy
    api = PolicyMiddleware(stand_in, policy)
    api.refusals = api.guard.refusals = refusals = UnloggedRefusals(policy)
    headers = {"Host": host or host_of(policy, call.origin), "Origin": call.origin}
    exchanges = []
    if call.asked_headers or call.sent_method not in SAFELISTED_METHODS:
        asking = headers | {"Access-Control-Request-Method": call.sent_method}
        if call.asked_headers:
            asking["Access-Control-Request-Headers"] = ",".join(call.asked_headers)
        answer = await ask(api, "OPTIONS", call.sent_path, asking)
        checks = preflight_checks(call, settings, answer)
        exchanges.append(Exchange("preflight", "OPTIONS", call.sent_path, asking, answer, checks))
    if not exchanges or not exchanges[0].refused:
        sending = headers | {name.title(): "..." for name in call.headers}
        answer = await ask(api, call.sent_method, call.sent_path, sending)
        checks = request_checks(call, settings, answer)
        exchanges.append(
            Exchange("request", call.sent_method, call.sent_path, sending, answer, checks)
        )
    return Verdict(exchanges, refusals.told)


def host_of(policy: Policy, origin: str) -> str:
    """Return a host that the API answers to, if possible another than that of the origin."""
    hosts = [host.replace("*", "api") for host in policy.allowed_hosts or ()]
    others = [host for host in hosts if host != origin.partition("://")[2]]
    return [*others, *hosts, "api.example"][0]


async def ask(app: ASGIApp, method: str, path: str, headers: dict[str, str]) -> Answer:
    """Send a request without a body to an ASGI application."""
    answers: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
    }
    await app(scope, receive, send)
    return Answer(answers[0]["status"], Headers(raw=answers[0]["headers"]))


def preflight_checks(call: Call, settings: Settings, answer: Answer) -> list[Check]:
    """Return what a browser looks for in the answer to a preflight: Fetch, "CORS-preflight fetch".

    The names of methods differ by case, those of headers do not.
    """
    methods = {*SAFELISTED_METHODS, *answer.items("Access-Control-Allow-Methods")}
    headers = [item.lower() for item in answer.items("Access-Control-Allow-Headers")]
    by = decided_by(settings, "allow_methods")
    checks = [
        origin_check(call, settings, answer),
        Check("method", call.sent_method, call.sent_method in methods, by),
    ]
    by = decided_by(settings, "allow_headers")
    checks += [Check("header", name, name in headers, by) for name in call.asked_headers]
    return checks


def request_checks(call: Call, settings: Settings, answer: Answer) -> list[Check]:
    """Return what a browser looks for in the answer to the request itself: Fetch, "CORS check"."""
    cookies = answer.headers.get("Access-Control-Allow-Credentials") == "true"
    by = decided_by(settings, "allow_credentials")
    return [
        origin_check(call, settings, answer),
        Check("cookies", "if it has any", cookies, by),
    ]


def origin_check(call: Call, settings: Settings, answer: Answer) -> Check:
    """Return whether the origin is granted: by the preset where it is not listed."""
    granted = answer.grants(call.origin)
    is_listed = call.origin in settings.policy.allow_origins
    by = decided_by(settings, "allow_origins")
    preset = f"preset {settings.policy.preset}"
    return Check("origin", call.origin, granted, preset if granted and not is_listed else by)


def decided_by(settings: Settings, key: str) -> str:
    """Return what decides the value of a key: a variable, a line of the file, or a default."""
    policy = settings.policy
    if key in settings.cors:
        return f"APP_CORS__{key.upper()}"
    if key not in read_tables().get(policy.environment, {}):
        return f"preset {policy.preset}" if key in PRESETS[policy.preset] else "default"
    table = ""
    for number, line in enumerate(ENVIRONMENTS_FILE.read_text(encoding="utf-8").splitlines(), 1):
        if header := re.match(r"\s*\[\s*([^]\s]+)\s*]", line):
            table = header[1].strip("\"'")
        elif table == policy.environment and re.match(rf"\s*[\"']?{key}\b", line):
            return f"{ENVIRONMENTS_FILE.name}, line {number}"
    return ENVIRONMENTS_FILE.name
