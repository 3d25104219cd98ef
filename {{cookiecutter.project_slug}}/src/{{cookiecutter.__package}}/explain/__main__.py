"""Explain what a browser would do, from the answers that the policy of the API gives.

Without arguments it prints the policy of every environment. With an environment and an origin it
asks what a browser would ask for a page of that origin, and prints what the answers mean; no
handler of the API is called. Exit status: 0 if the page may read the answer, 1 if not, 2 if the
configuration can't be used, or no browser sends what is asked about.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence

from ..cors.policy import KEYS, ConfigurationError, read_tables
from ..settings import Settings
from .browser import Call, Verdict, decided_by, verdict_on

Row = Sequence[str]


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
    settings = Settings(environment=environment)
    policy = settings.policy
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
        rows.append((f"  {key}", text, decided_by(settings, key)))
    return f"{environment}\n{aligned(rows)}"


def told(verdict: Verdict) -> str:
    """Return a verdict as a table: each request, and below it what its answer is looked at for."""
    rows: list[Row] = []
    for sent in verdict.exchanges:
        rows.append((sent.what, f"{sent.method} {sent.path}", str(sent.answer.status), ""))
        rows += [
            (x.what, x.value, "allowed" if x.allowed else "refused", x.decided_by)
            for x in sent.checks
        ]
    return f"{aligned(rows)}\n{verdict.sentence}"


def explain(asked: argparse.Namespace) -> int:
    """Print what was asked for; return the exit status."""
    if asked.environment is None:
        print("\n\n".join(policy_of(name) for name in read_tables()))
        return 0
    settings = Settings(environment=asked.environment)
    if asked.origin is None:
        print(policy_of(asked.environment))
        return 0
    call = Call(asked.origin, asked.method, asked.path, tuple(asked.header))
    if faults := [*call.faults()]:
        print(*faults, sep="\n", file=sys.stderr)
        return 2
    verdict = asyncio.run(verdict_on(call, settings))
    print(told(verdict))
    if verdict.logged:
        print(f"{asked.environment}: {verdict.logged}", file=sys.stderr)
    return 0 if verdict.readable else 1


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}",
        description="Explain what a browser would do, from the answers of the API's own policy.",
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
