"""Show the policies, and explain what a browser would do.

`show` prints the policy of every environment, or of one. `explain` sends what a browser would send
for a page at an origin to the policy, and prints what the responses mean; no route handler is
called. Exit status: 0, or for `explain` 1 if the browser would block the request, and 2 if the
configuration can't be used or no browser sends such a request.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib import import_module

from .explain.browser import Call, Verdict, verdict_on
from .policy import KEYS, ConfigurationError, Policy, read_tables
from .settings import PolicySettings

Row = Sequence[str]


def settings_class() -> type[PolicySettings]:
    """Return the settings that the package around declares, for the names of its variables.

    They are not made: of all settings, the command needs those of the policy alone.
    """
    package = __package__.rpartition(".")[0]
    with suppress(ConfigurationError, SystemExit):  # raised if the module makes them, incomplete
        import_module(f"{package}.settings")
    settings: type[PolicySettings] = PolicySettings
    while declared := settings.__subclasses__():
        settings = declared[-1]
    return settings


def aligned(rows: Iterable[Row]) -> str:
    """Return rows of text as a table."""
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def policy_table(policy: Policy) -> str:
    """Return a policy as a table: each key, its value, and what decides it."""
    rows = []
    for key in KEYS:
        value = getattr(policy, key)
        if isinstance(value, frozenset | tuple):
            value = ", ".join(sorted(value) if isinstance(value, frozenset) else value) or "none"
        if key == "allow_origins" and policy.allow_origin_regex:
            value = f"{value}, and any localhost origin"
        if key == "allowed_hosts" and value is None:
            value = "any"
        text = str(value).lower() if isinstance(value, bool) else str(value)
        rows.append((f"  {key}", text, policy.source_of(key)))
    return f"{policy.environment}\n{aligned(rows)}"


def verdict_table(verdict: Verdict) -> str:
    """Return a verdict as a table: each request, and below it what is checked in the response."""
    rows: list[Row] = []
    for x in verdict.exchanges:
        rows.append((x.what, f"{x.method} {x.path}", str(x.response.status), ""))
        rows += [(check.what, check.value, check.word, check.source) for check in x.checks]
    return f"{aligned(rows)}\n{verdict.sentence}"


def show(settings: type[PolicySettings], arguments: argparse.Namespace) -> int:
    """Print the policies; return the exit status."""
    names = [arguments.environment] if arguments.environment else [*read_tables()]
    print("\n\n".join(policy_table(settings.policy_of(name)) for name in names))
    return 0


def explain(settings: type[PolicySettings], arguments: argparse.Namespace) -> int:
    """Print what a browser would do; return the exit status."""
    policy = settings.policy_of(arguments.environment)
    call = Call(arguments.origin, arguments.method, arguments.path, tuple(arguments.header))
    if problems := [*call.problems()]:
        print(*problems, sep="\n", file=sys.stderr)
        return 2
    verdict = asyncio.run(verdict_on(call, policy))
    print(verdict_table(verdict))
    if verdict.line:
        print(f"{policy.environment}: {verdict.line}", file=sys.stderr)
    return 0 if verdict.readable else 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    command = argparse.ArgumentParser(
        prog=f"python -m {__package__}",
        description="Show the policies, and explain what a browser would do.",
    )
    commands = command.add_subparsers(metavar="show | explain")
    command.set_defaults(run=show, environment=None)
    shown = commands.add_parser("show", help="the effective policy, and what decides each value")
    shown.add_argument("environment", nargs="?", help="a table of environments.toml (default: all)")
    explained = commands.add_parser("explain", help="what a browser would do with a request")
    explained.set_defaults(run=explain)
    explained.add_argument("environment", help="a table of environments.toml")
    explained.add_argument("origin", help="of the page, such as https://app.example.com")
    explained.add_argument("method", nargs="?", default="GET", help="of the request (default: GET)")
    explained.add_argument("header", nargs="*", help="names of the headers that the page sets")
    explained.add_argument("--path", default="/", help="of the request (default: /)")
    return command


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit status."""
    parsed = parser().parse_args(arguments)
    try:
        return int(parsed.run(settings_class(), parsed))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
