"""The page at `/docs/cors`: a form, and what a browser would do with the request typed there.

It is served in the local environment only, has no script and loads nothing. It calls no route
handler, so a link to it changes nothing.
"""

import re
import shlex
from base64 import b64encode
from collections.abc import Container, Iterable, Iterator
from hashlib import sha256
from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ..document import ConfigurationError
from ..policy import Policy, Source
from ..rulebook import Problem, quoted
from .browser import UNTRUSTED, Call, Check, Exchange, Verdict, verdict_on

TEXT = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
PARTS = dict(re.findall(r"<!-- part: (\w+) -->\n(.*?)\n?(?=<!-- part: |\Z)", TEXT, re.DOTALL))

[STYLE] = re.findall(r"<style>(.*?)</style>", TEXT, re.DOTALL)
STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

GRANTING_HEADERS = {
    "origin": "Access-Control-Allow-Origin",
    "method": "Access-Control-Allow-Methods",
    "header": "Access-Control-Allow-Headers",
}
"""By what is checked, the header without which the browser blocks the request."""

LOCALHOST = "http://localhost:3000"
CHANGED = "environments.toml has changed since the API started: restart it to try the change."
MAX_OFFERED = 100
"""Origins of each kind that the form suggests."""

OFFERED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Html(str):
    """A string of HTML; any other string is escaped where it is put into HTML."""

    __slots__ = ()


def part(name: str, **values: object) -> Html:
    """Return a part of `page.html` with these values in it."""
    escaped = {key: x if isinstance(x, Html) else escape(str(x)) for key, x in values.items()}
    return Html(Template(PARTS[name]).substitute(escaped))


def joined(parts: Iterable[Html]) -> Html:
    """Return parts, one below another."""
    return Html("\n".join(parts))


def options(values: Iterable[str], selected: str = "") -> Html:
    """Return the options of a form field."""
    return joined(
        part("option", value=value, selected=" selected" if value == selected else "")
        for value in values
    )


def headers_part(headers: Iterable[tuple[str, str]], granted: Container[str] = ()) -> Html:
    """Return headers, with those of CORS marked, and among them those that grant something."""
    lines = []
    for name, value in headers:
        title = name.title()
        is_marked = title in {"Origin", "Vary"} or "Access-Control-" in title
        kind = "allowed" if title in granted else "sent"
        lines.append(part("marked" if is_marked else "line", text=f"{title}: {value}", kind=kind))
    return joined(lines)


def received_part(exchange: Exchange) -> Html:
    """Return the headers of a response, and those without which the browser blocks the request."""
    headers = exchange.response.headers
    failed = dict.fromkeys(GRANTING_HEADERS[check.what] for check in exchange.failed)
    granted = {name.title() for name in headers if "access-control-" in name} - failed.keys()
    missing = [part("missing", text=name) for name in failed if name not in headers]
    return joined([headers_part(headers.items(), granted), *missing])


def check_part(check: Check) -> Html:
    """Return a row of the table of what the browser checks."""
    kind = "" if check.is_optional else check.word
    return part("check", **vars(check), word=check.word, kind=kind)


def exchange_part(exchange: Exchange, *, unfolded: bool) -> Html:
    """Return a request and its response as they are sent, and what the browser checks."""
    response = exchange.response
    return part(
        "exchange",
        open=" open" if unfolded else "",
        what=exchange.what,
        method=exchange.method,
        path=exchange.path,
        sent=headers_part(exchange.sent.items()),
        status=f"{response.status} {HTTPStatus(response.status).phrase}",
        received=received_part(exchange),
        checks=joined(map(check_part, exchange.checks)),
    )


def verdict_part(environment: str, call: Call, verdict: Verdict, *, unfolded: bool) -> Html:
    """Return the outcome of a call."""
    sentence = verdict.sentence
    if not verdict.allowed:
        reason = verdict.reason or f"origin {quoted(call.origin)} is not trusted [untrusted-origin]"
        sources = dict.fromkeys(check.source for check in verdict.exchanges[-1].failed)
        sentence = f"{sentence[:-1]}: {reason}. Decided by {' and '.join(sources)}."
    what = f"{call.sent_method} {call.sent_path}"
    return part(
        "verdict",
        kind="allowed" if verdict.allowed else "blocked",
        word="Allowed" if verdict.allowed else "Blocked",
        heading=f"{environment}: {what} from a page at {call.origin}",
        sentence=sentence,
        exchanges=joined(exchange_part(x, unfolded=unfolded) for x in verdict.exchanges),
    )


def typed_call(typed: QueryParams) -> Call:
    """Return the call that was typed into the form."""
    origin, method, path, headers = (
        typed.get(name, "").strip() for name in ("origin", "method", "path", "headers")
    )
    names = tuple(filter(None, re.split(r"[\s,]+", headers)))
    return Call(origin, method or "GET", path or "/", names)


def command_for(environment: str, call: Call) -> str:
    """Return the command that explains the same in a shell."""
    package = str(__package__).rpartition(".")[0]
    words = ["python", "-m", package, "explain", environment, call.origin, call.method]
    return shlex.join([*words, *call.headers, *(["--path", call.path] if call.path != "/" else [])])


class Page:
    """The page of an API that runs with this policy.

    Other environments are explained as if the API had been started there with the same variables.
    """

    def __init__(self, running: Policy) -> None:
        self.running = running

    async def respond(self, request: Request) -> HTMLResponse:
        """Return the page, with status 422 and the reason if there is no verdict to show."""
        typed = request.query_params
        own = request.url.replace(path="", query="")
        calls = [(typed.get("environment", self.running.environment), typed_call(typed))]
        names, verdicts = [self.running.environment], []
        notes: list[object] = []
        try:
            source = self.running.source.read_again()
            names = [*dict.fromkeys([*names, *source.document.tables])]
            if not typed:
                calls = self.first_calls(names, str(own), source)
            for environment, call in calls:
                if problems := [*problems_of(environment, call, names, str(own))]:
                    notes += problems
                    continue
                policy = self.policy_of(environment, source)
                host = own.netloc if policy is self.running else ""
                verdict = await verdict_on(call, policy, host)
                verdicts.append(verdict_part(environment, call, verdict, unfolded=bool(typed)))
            if source.policy_of(self.running.environment) != self.running:
                notes.append(CHANGED)
        except ConfigurationError as error:
            notes.append(error)
        environment, call = calls[0]
        content = part(
            "page",
            title=request.app.title,
            environments=options(names, environment),
            origin=call.origin,
            origins=options([*self.running.examples(MAX_OFFERED), UNTRUSTED]),
            method=call.method,
            methods=options(OFFERED_METHODS),
            path=call.path,
            headers=", ".join(call.headers),
            notes=part("note", text="\n".join(map(str, notes))) if notes else "",
            verdicts=joined(verdicts),
            command=command_for(environment, call),
            documentation=part("documentation") if request.app.openapi_url else "",
        )
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
        return HTMLResponse(content, 200 if verdicts else 422, headers)

    def policy_of(self, environment: str, source: Source) -> Policy:
        """Return the policy of the running API, or the one that it would have elsewhere."""
        is_running = environment == self.running.environment
        return self.running if is_running else source.policy_of(environment)

    def first_calls(self, names: list[str], own: str, source: Source) -> list[tuple[str, Call]]:
        """Return the calls to show first: of a trusted page, if any, and of an untrusted one."""
        calls: list[tuple[str, Call]] = []
        for name in names:
            policy = self.policy_of(name, source)
            pages = [x for x in policy.examples(2) if x != own]
            pages += [LOCALHOST] if policy.allow_origin_regex else []
            allowed = {name.lower() for name in policy.allow_headers}
            headers = ("Authorization",) if {"*", "authorization"} & allowed else ()
            shown = [(name, Call(x, headers=headers)) for x in (*pages[:1], UNTRUSTED)]
            if pages:
                return shown
            calls = calls or shown
        return calls


def problems_of(environment: str, call: Call, names: list[str], own: str) -> Iterator[Problem]:
    """Yield why there is no verdict on a call, given all environments, the running one first."""
    if environment not in names:
        reason = "is not an environment [unknown-environment]"
        yield Problem("Environment", environment, reason, f"choose from {', '.join(names)}")
    if call.origin == own and environment == names[0]:
        reason = "is the API's own origin, to which CORS does not apply [own-origin]"
        yield Problem("Origin", call.origin, reason, "write that of another page")
    yield from call.problems()
