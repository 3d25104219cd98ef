"""The page at `/docs/cors`: a form, and what a browser makes of the call that is typed there.

It is for developers' machines alone, has no script, loads nothing, and whoever makes a browser
show it changes nothing: it asks as `browser` does, and not the API.
"""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Iterator
from hashlib import sha256
from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ..cors.policy import ConfigurationError, Policy, read_tables
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


def exchange_shown(exchange: Exchange) -> Html:
    """Return a request and its answer as they are sent, and what the browser looks for there."""
    answer = exchange.answer
    return part(
        "exchange",
        what=exchange.what,
        method=exchange.method,
        path=exchange.path,
        sent=headers_shown(exchange.sent.items()),
        status=f"{answer.status} {HTTPStatus(answer.status).phrase}",
        answered=headers_shown(answer.headers.items()),
        checks=joined(map(check_shown, exchange.checks)),
    )


def verdict_shown(environment: str, call: Call, verdict: Verdict) -> Html:
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
        exchanges=joined(map(exchange_shown, verdict.exchanges)),
    )


def typed_call(typed: QueryParams) -> Call:
    """Return the call that is typed into the form."""
    origin, method, path, headers = (
        typed.get(name, "").strip() for name in ("origin", "method", "path", "headers")
    )
    names = tuple(filter(None, re.split(r"[\s,]+", headers)))
    return Call(origin, method or "GET", path or "/", names)


def worked_calls(policies: Iterable[Policy], own_origin: str) -> list[tuple[str, Call]]:
    """Return what is shown at first: calls of a trusted page, if there is one, and of another."""
    calls: list[tuple[str, Call]] = []
    for policy in policies:
        trusted = sorted(policy.allow_origins - {own_origin})
        trusted += [LOOPBACK_PAGE] if policy.allow_origin_regex else []
        allowed_headers = {name.lower() for name in policy.allow_headers}
        headers = ("Authorization",) if {"*", "authorization"} & allowed_headers else ()
        calls = [(policy.environment, Call(x, headers=headers)) for x in (*trusted[:1], STRANGER)]
        if trusted:
            break
    return calls


def faults_of(environment: str, call: Call, names: list[str], own_origin: str) -> Iterator[Fault]:
    """Yield why there is no verdict on a call."""
    if environment not in names:
        why = "is no table of environments.toml"
        yield Fault("Environment", environment, why, f"choose from {', '.join(names)}")
    if call.origin == own_origin and environment == names[0]:
        why = "is this API's own, whose pages need no leave of CORS"
        yield Fault("Origin", call.origin, why, "write that of another page")
    yield from call.faults()


def page_for(running: Settings) -> Callable[[Request], Awaitable[HTMLResponse]]:
    """Return what answers with the page, in an API that runs with these settings.

    What is asked about another environment is answered as if the API were started in that one.
    The page answers 422, and why, to what there is no verdict on.
    """

    def settings_of(environment: str) -> Settings:
        return running if environment == running.environment else Settings(environment=environment)

    async def page(request: Request) -> HTMLResponse:
        typed = request.query_params
        host = request.url.netloc
        own_origin = f"{request.url.scheme}://{host}"
        names, notes, verdicts = [running.environment], [], []
        environment, call = typed.get("environment", names[0]), typed_call(typed)
        try:
            names = [*dict.fromkeys([*names, *read_tables()])]
            if typed:
                calls = [(environment, call)]
            else:
                calls = worked_calls((settings_of(name).policy for name in names), own_origin)
                environment, call = calls[0]
            for name, asked in calls:
                notes += [part("note", text=x) for x in faults_of(name, asked, names, own_origin)]
                if not notes:
                    settings = settings_of(name)
                    verdict = await verdict_on(asked, settings, host if settings is running else "")
                    verdicts.append(verdict_shown(name, asked, verdict))
            if Settings(environment=names[0], cors=running.cors).policy != running.policy:
                notes.append(part("note", text=CHANGED))
        except ConfigurationError as error:
            notes.append(part("note", text=error))
        content = part(
            "page",
            title=request.app.title,
            command=f"{__package__} {environment} {call.origin} {call.method} ...",
            environments=options(names, environment),
            origin=call.origin,
            origins=options([*sorted(running.policy.allow_origins), STRANGER]),
            method=call.method,
            methods=options(OFFERED_METHODS),
            path=call.path,
            headers=", ".join(call.headers),
            notes=joined(notes),
            verdicts=joined(verdicts),
        )
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
        return HTMLResponse(content, 200 if verdicts else 422, headers)

    return page
