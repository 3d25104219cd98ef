"""The page at `/docs/cors`: a form, and what a browser makes of the call that is typed there.

It is for developers' machines alone, has no script, loads nothing, and whoever makes a browser
show it changes nothing: it asks as `browser` does, and not the API.
"""

import re
import shlex
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ..cors.policy import ConfigurationError, read_tables
from ..cors.rulebook import Fault, shown
from ..settings import Settings
from .browser import Call, Check, Exchange, Verdict, verdict_on

TEXT = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
PARTS = dict(re.findall(r"<!-- part: (\w+) -->\n(.*?)\n?(?=<!-- part: |\Z)", TEXT, re.DOTALL))

[STYLE] = re.findall(r"<style>(.*?)</style>", TEXT, re.DOTALL)
STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

STRANGER = "https://stranger.example"
LOOPBACK_PAGE = "http://localhost:3000"
CHANGED = "environments.toml has changed since the API was started: restart it to try the change."
OFFERED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Html(str):
    """Text that is HTML. All other text is escaped where it is put into HTML."""

    __slots__ = ()


def part(name: str, **values: object) -> Html:
    """Return a part of `page.html` with these values in it."""
    escaped = {key: x if isinstance(x, Html) else escape(str(x)) for key, x in values.items()}
    return Html(Template(PARTS[name]).substitute(escaped))


def joined(parts: Iterable[Html]) -> Html:
    """Return parts one below the other."""
    return Html("\n".join(parts))


def options(values: Iterable[str], selected: str = "") -> Html:
    """Return what can be chosen in a form."""
    return joined(
        part("option", value=value, selected=" selected" if value == selected else "")
        for value in values
    )


def headers_shown(headers: Iterable[tuple[str, str]]) -> Html:
    """Return headers as they are sent, those marked that CORS goes by."""
    lines = []
    for name, value in headers:
        is_marked = name.lower() in {"origin", "vary"} or "access-control-" in name.lower()
        line = f"{name.title()}: {value}"
        lines.append(part("marked" if is_marked else "line", text=line))
    return joined(lines)


def check_shown(check: Check) -> Html:
    """Return a row of the table of what the browser looks for."""
    word = "allowed" if check.allowed else "refused"
    kind = "" if check.what == "cookies" else word
    return part("check", **vars(check), word=word, kind=kind)


def exchange_shown(exchange: Exchange, *, unfolded: bool) -> Html:
    """Return a request and its answer as they are sent, and what the browser looks for there."""
    answer = exchange.answer
    return part(
        "exchange",
        open=" open" if unfolded else "",
        what=exchange.what,
        method=exchange.method,
        path=exchange.path,
        sent=headers_shown(exchange.sent.items()),
        status=f"{answer.status} {HTTPStatus(answer.status).phrase}",
        answered=headers_shown(answer.headers.items()),
        checks=joined(map(check_shown, exchange.checks)),
    )


def verdict_shown(environment: str, call: Call, verdict: Verdict, *, unfolded: bool) -> Html:
    """Return what comes of a call."""
    sentence = verdict.sentence
    if not verdict.readable:
        why = verdict.logged.partition(": ")[2] or f"origin {shown(call.origin)} is not trusted"
        deciders = dict.fromkeys(x.decided_by for x in verdict.exchanges[-1].refused)
        sentence = f"{sentence[:-1]}: {why}. Decided by {' and '.join(deciders)}."
    what = f"{call.sent_method} {call.sent_path}"
    return part(
        "verdict",
        kind="allowed" if verdict.readable else "refused",
        word="Allowed" if verdict.readable else "Blocked",
        heading=f"{environment}: {what} from a page of {call.origin}",
        sentence=sentence,
        exchanges=joined(exchange_shown(x, unfolded=unfolded) for x in verdict.exchanges),
    )


def typed_call(typed: QueryParams) -> Call:
    """Return the call that is typed into the form."""
    origin, method, path, headers = (
        typed.get(name, "").strip() for name in ("origin", "method", "path", "headers")
    )
    names = tuple(filter(None, re.split(r"[\s,]+", headers)))
    return Call(origin, method or "GET", path or "/", names)


def command_for(environment: str, call: Call) -> str:
    """Return the command that asks the same in a shell."""
    words = ["python", "-m", str(__package__), environment, call.origin, call.method]
    return shlex.join([*words, *call.headers, *(["--path", call.path] if call.path != "/" else [])])


class Page:
    """The page of an API that runs with these settings.

    What is asked about another environment is answered as if the API were started in that one.
    """

    def __init__(self, running: Settings) -> None:
        self.running = running

    async def answer(self, request: Request) -> HTMLResponse:
        """Answer a request for the page: with 422, and why, if there is no verdict to show."""
        typed = request.query_params
        own = request.url.replace(path="", query="")
        calls = [(typed.get("environment", self.running.environment), typed_call(typed))]
        names, verdicts = [self.running.environment], []
        notes: list[object] = []
        try:
            names = [*dict.fromkeys([*names, *read_tables()])]
            if not typed:
                calls = self.worked_calls(names, str(own))
            for environment, call in calls:
                if faults := [*faults_of(environment, call, names, str(own))]:
                    notes += faults
                    continue
                settings = self.settings_of(environment)
                host = own.netloc if settings is self.running else ""
                verdict = await verdict_on(call, settings, host)
                verdicts.append(verdict_shown(environment, call, verdict, unfolded=bool(typed)))
            if self.settings_now().policy != self.running.policy:
                notes.append(CHANGED)
        except ConfigurationError as error:
            notes.append(error)
        environment, call = calls[0]
        content = part(
            "page",
            title=request.app.title,
            environments=options(names, environment),
            origin=call.origin,
            origins=options([*sorted(self.running.policy.allow_origins), STRANGER]),
            method=call.method,
            methods=options(OFFERED_METHODS),
            path=call.path,
            headers=", ".join(call.headers),
            notes=part("note", text="\n".join(map(str, notes))) if notes else "",
            verdicts=joined(verdicts),
            command=command_for(environment, call),
        )
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
        return HTMLResponse(content, 200 if verdicts else 422, headers)

    def settings_of(self, environment: str) -> Settings:
        """Return the settings of the running API, or those that it would have elsewhere."""
        is_running = environment == self.running.environment
        return self.running if is_running else Settings(environment=environment)

    def settings_now(self) -> Settings:
        """Return the settings that the running API would have if it were started again."""
        return Settings(environment=self.running.environment, cors=self.running.cors)

    def worked_calls(self, environments: Iterable[str], own_origin: str) -> list[tuple[str, Call]]:
        """Return what is shown at first: calls of a trusted page, if any is, and of a stranger."""
        calls: list[tuple[str, Call]] = []
        for environment in environments:
            policy = self.settings_of(environment).policy
            pages = sorted(policy.allow_origins - {own_origin})
            pages += [LOOPBACK_PAGE] if policy.allow_origin_regex else []
            allowed = {name.lower() for name in policy.allow_headers}
            headers = ("Authorization",) if {"*", "authorization"} & allowed else ()
            worked = [(environment, Call(x, headers=headers)) for x in (*pages[:1], STRANGER)]
            if pages:
                return worked
            calls = calls or worked
        return calls


def faults_of(environment: str, call: Call, names: list[str], own_origin: str) -> Iterator[Fault]:
    """Yield why there is no verdict on a call, given all environments, the running one first."""
    if environment not in names:
        why = "is no table of environments.toml"
        yield Fault("Environment", environment, why, f"choose from {', '.join(names)}")
    if call.origin == own_origin and environment == names[0]:
        why = "is this API's own, whose pages ask no permission"
        yield Fault("Origin", call.origin, why, "write that of another page")
    yield from call.faults()
