"""Explain what a browser would do, from the answers that the API itself gives.

Without arguments it prints the policy of every environment. With an environment and an origin it
sends what a browser would send for a page of that origin, and prints what the answers mean. Exit
status: 0 if the page may read the answer, 1 if not, 2 if the configuration can't be used.
"""

import argparse
import asyncio
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message

from .cors.policy import (
    ENVIRONMENTS_FILE,
    KEYS,
    PRESETS,
    ConfigurationError,
    Policy,
    read_tables,
)
from .settings import Settings

SAFELISTED_METHODS = frozenset({"GET", "HEAD", "POST"})
SAFELISTED_HEADERS = frozenset({"accept", "accept-language", "content-language"})
"""What needs no preflight: Fetch, "CORS-safelisted method" and "CORS-safelisted request-header".

Content-Type needs none where it says form or plain text; here it stands for JSON.
"""

Row = Sequence[str]


@dataclass(frozen=True)
class Answer:
    """What the API answers to one request."""

    status: int
    headers: Headers

    def lists(self, header: str, item: str) -> bool:
        """Tell whether a header that is a list has this item, in whatever case."""
        items = self.headers.get(header, "").lower().split(",")
        return item.lower() in [listed.strip() for listed in items]


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


def decided_by(policy: Policy, key: str) -> str:
    """Return what decides the value of a key: a variable, a line of the file, or a default."""
    if f"APP_CORS__{key.upper()}" in os.environ:
        return f"APP_CORS__{key.upper()}"
    table = ""
    for number, line in enumerate(ENVIRONMENTS_FILE.read_text(encoding="utf-8").splitlines(), 1):
        if header := re.match(r"\s*\[\s*([^]\s]+)\s*]", line):
            table = header[1].strip("\"'")
        elif table == policy.environment and re.match(rf"\s*{key}\s*=", line):
            return f"{ENVIRONMENTS_FILE.name}, line {number}"
    return f"preset {policy.preset}" if key in PRESETS[policy.preset] else "default"


def aligned(rows: Iterable[Row]) -> str:
    """Return rows of text as a table."""
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def policy_of(environment: str) -> str:
    """Return the policy of an environment as a table: each option, its value, what decides it."""
    policy = Settings(environment=environment).policy
    rows = []
    for key in KEYS:
        value = getattr(policy, key)
        texts = sorted(value) if isinstance(value, frozenset) else value
        listed = isinstance(texts, tuple | list)
        text = ", ".join(texts) or "none" if listed else str(value).lower()
        if key == "allow_origins" and policy.allow_origin_regex:
            text = f"{text}, and any page of this machine"
        if key == "allowed_hosts" and value is None:
            text = "any"
        rows.append((f"  {key}", text, decided_by(policy, key)))
    return f"{environment}\n{aligned(rows)}"


def verdict(policy: Policy, app: ASGIApp, request: argparse.Namespace) -> tuple[list[Row], bool]:
    """Send what a browser would send; return what it makes of it, and whether the page may read."""
    hosts = [host for host in policy.allowed_hosts or () if "*" not in host]
    headers = {"Host": next(iter(hosts), "localhost"), "Origin": request.origin}
    rows: list[Row] = []

    def judge(what: str, value: str, *, good: bool, key: str) -> bool:
        said = "allowed" if good else "refused"
        rows.append((what, value, said, decided_by(policy, key)))
        return good

    unsafe = [name for name in request.header if name.lower() not in SAFELISTED_HEADERS]
    if unsafe or request.method not in SAFELISTED_METHODS:
        asking = {"Access-Control-Request-Method": request.method}
        if unsafe:
            asking["Access-Control-Request-Headers"] = ",".join(sorted(map(str.lower, unsafe)))
        answer = asyncio.run(ask(app, "OPTIONS", request.path, headers | asking))
        rows.append(("preflight", f"OPTIONS {request.path}", str(answer.status), ""))
        granted = answer.headers.get("Access-Control-Allow-Origin") == request.origin
        good = judge("origin", request.origin, good=granted, key="allow_origins")
        allowed = request.method in SAFELISTED_METHODS or answer.lists(
            "Access-Control-Allow-Methods", request.method
        )
        good &= judge("method", request.method, good=allowed, key="allow_methods")
        for name in unsafe:
            allowed = answer.lists("Access-Control-Allow-Headers", name)
            good &= judge("header", name, good=allowed, key="allow_headers")
        if not good:
            return rows, False
    answer = asyncio.run(ask(app, request.method, request.path, headers))
    rows.append(("request", f"{request.method} {request.path}", str(answer.status), ""))
    granted = answer.headers.get("Access-Control-Allow-Origin") == request.origin
    readable = judge("origin", request.origin, good=granted, key="allow_origins")
    with_cookies = answer.headers.get("Access-Control-Allow-Credentials") == "true"
    judge("cookies", "if it has any", good=with_cookies, key="allow_credentials")
    return rows, readable


def explain(request: argparse.Namespace) -> int:
    """Print what was asked for; return the exit status."""
    if request.environment is None:
        print("\n\n".join(policy_of(name) for name in read_tables()))
        return 0
    settings = Settings(environment=request.environment)
    if request.origin is None:
        print(policy_of(request.environment))
        return 0
    os.environ["APP_ENVIRONMENT"] = request.environment
    from .main import create_app  # noqa: PLC0415 - it makes `app`, for APP_ENVIRONMENT

    rows, readable = verdict(settings.policy, create_app(settings), request)
    print(aligned(rows))
    print(f"The page {'may' if readable else 'may not'} read the answer.")
    return 0 if readable else 1


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}.explain",
        description="Explain what a browser would do, from the answers of the API itself.",
    )
    parser.add_argument("environment", nargs="?", help="a table of environments.toml")
    parser.add_argument("origin", nargs="?", help="whose page asks, https://app.example.com")
    parser.add_argument("method", nargs="?", default="GET", help="what it sends (default: GET)")
    parser.add_argument("header", nargs="*", help="names of the headers that it sets")
    parser.add_argument("--path", default="/", help="what it asks for (default: /)")
    try:
        return explain(parser.parse_args(arguments))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
