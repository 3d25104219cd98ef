"""Show the policies, explain what a browser would do, compare revisions, probe a deployed API.

`show` prints the policy of every environment, or of one. `explain` sends what a browser would send
for a page at an origin to the policy, and prints what the responses mean; no route handler is
called. `diff` prints what a change of `environments.toml` changes in effect. `probe` sends what
browsers would send to a deployed API, through whatever stands before it.

Exit status: 0; 1 if the browser would block the request, there is a change, or a response is not
the policy's; 2 if that can't be determined.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib import import_module

from .diff import DiffError, changes, markdown
from .document import ConfigurationError
from .explain.browser import Call, Verdict, verdict_on
from .policy import KEYS, Policy
from .probe import ProbeError, Target, results
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
    rows = [
        (f"  {key}", ", ".join(policy.values_of(key)) or "none", policy.source_of(key))
        for key in KEYS
    ]
    return f"{policy.environment}\n{aligned(rows)}"


def verdict_table(verdict: Verdict) -> str:
    """Return a verdict as a table: each request, and below it what is checked in the response."""
    rows: list[Row] = []
    for x in verdict.exchanges:
        rows.append((x.what, f"{x.method} {x.path}", str(x.response.status), ""))
        rows += [(check.what, check.value, check.word, check.source) for check in x.checks]
    return f"{aligned(rows)}\n{verdict.sentence}"


def show(arguments: argparse.Namespace) -> int:
    """Print the policies; return the exit status."""
    source = settings_class().policy_source()
    names = [arguments.environment] if arguments.environment else [*source.document.tables]
    print("\n\n".join(policy_table(source.policy_of(name)) for name in names))
    return 0


def explain(arguments: argparse.Namespace) -> int:
    """Print what a browser would do; return the exit status."""
    policy = settings_class().policy_source().policy_of(arguments.environment)
    call = Call(arguments.origin, arguments.method, arguments.path, tuple(arguments.header))
    if problems := [*call.problems()]:
        print(*problems, sep="\n", file=sys.stderr)
        return 2
    verdict = asyncio.run(verdict_on(call, policy))
    print(verdict_table(verdict))
    if verdict.line:
        print(f"{policy.environment}: {verdict.line}", file=sys.stderr)
    return 0 if verdict.allowed else 1


def diff(arguments: argparse.Namespace) -> int:
    """Print what has changed in effect; return the exit status."""
    found = changes(arguments.revision)
    if arguments.markdown:
        print(markdown(found))
    else:
        rows = [(x.environment, x.key, x.sign, x.value, x.source) for x in found]
        print(aligned(rows) if rows else "Nothing changes in effect.")
    return 1 if found else 0


def probe(arguments: argparse.Namespace) -> int:
    """Print what comes of requests to a deployed API; return the exit status."""
    target = Target.checked(arguments.url, arguments.timeout, arguments.cacert)
    policy = settings_class().policy_source().policy_of(arguments.environment)
    found = [*results(target, policy, post=arguments.post)]
    findings = dict.fromkeys(str(finding) for x in found for finding in x.findings)
    table = aligned((x.what, x.origin, str(x.status), x.word) for x in found)
    print(table, *findings, sep="\n")
    return 1 if findings else 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    command = argparse.ArgumentParser(
        prog=f"python -m {__package__}",
        description="Show, explain, compare and probe the policies.",
    )
    commands = command.add_subparsers(metavar="show | explain | diff | probe")
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
    compared = commands.add_parser("diff", help="what a change of environments.toml changes")
    compared.set_defaults(run=diff)
    revision = "compared with the file as it stands, or BEFORE..AFTER (default: HEAD)"
    compared.add_argument("revision", nargs="?", default="HEAD", help=revision)
    compared.add_argument("--markdown", action="store_true", help="for a pull request")
    probed = commands.add_parser("probe", help="whether a deployed API responds as its policy says")
    probed.set_defaults(run=probe)
    probed.add_argument("url", help="of a route that a GET may call, such as …/health")
    probed.add_argument("environment", help="a table of environments.toml")
    probed.add_argument("--timeout", type=float, default=10, help="in seconds (default: 10)")
    probed.add_argument("--cacert", metavar="FILE", help="of the authorities to trust, as PEM")
    probed.add_argument("--post", action="store_true", help="also send a POST, to be blocked")
    return command


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit status."""
    parsed = parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except (ConfigurationError, DiffError, ProbeError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `… | head` ends it quietly
    sys.exit(main(sys.argv[1:]))
