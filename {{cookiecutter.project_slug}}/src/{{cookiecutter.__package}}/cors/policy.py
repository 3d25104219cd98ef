"""A policy: one table of `environments.toml`, completed from its preset and checked.

A `Policy` comes only from `load_policy`, which rejects whatever is unsafe or would do nothing, so
that no other code has to check it again.
"""

import re
import tomllib
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any

from starlette.middleware.cors import ALL_METHODS

from .rulebook import (
    EXPOSED_HEADER_RULES,
    LOOPBACK_HOSTS,
    LOOPBACK_ORIGIN,
    REQUEST_HEADER_RULES,
    Problem,
    environment_problems,
    header_problems,
    host_problems,
    max_age_problems,
    method_problems,
    origin_problems,
    quoted,
)

ENVIRONMENTS_FILE = Path(__file__).parent.with_name("environments.toml")

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "strict": {
        "allow_methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        "allow_headers": ["Authorization", "Content-Type"],
        "expose_headers": ["WWW-Authenticate", "Location", "Retry-After"],
        "max_age": 600,
        "allow_origin_regex": None,
    },
    "dev": {
        "allow_methods": ALL_METHODS,
        "allow_headers": ["*"],
        "expose_headers": ["WWW-Authenticate", "Location", "Retry-After"],
        "max_age": 0,
        "allow_origin_regex": LOOPBACK_ORIGIN,
    },
}
"""The options that a table leaves out. Only the local environment may have the `dev` preset."""

DEFAULTS: Mapping[str, Any] = {
    "local": False,
    "preset": "strict",
    "allowed_hosts": None,
    "allow_origins": [],
    "allow_credentials": False,
}
"""The keys that have no preset; in the local environment, `allowed_hosts` are loopback names."""

KEYS: Mapping[str, type] = {
    "local": bool,
    "allowed_hosts": list,
    "preset": str,
    "allow_origins": list,
    "allow_methods": list,
    "allow_headers": list,
    "allow_credentials": bool,
    "expose_headers": list,
    "max_age": int,
}
"""The keys of a table and the types of their values. Those below `preset` are CORSMiddleware's."""

TYPE_NAMES = {bool: "true or false", int: "an integer", list: "a list of strings", str: "a string"}

MAX_COMPARED = 200
"""Characters of an untrusted origin that are compared with the trusted ones."""

MIN_LIKENESS = 0.6
"""How much of two origins has to be the same for the trusted one to be a hint."""

Table = Mapping[str, Any]


class ConfigurationError(Exception):
    """The API can't start with this configuration; the message lists every problem.

    A problem is anything whose text is a sentence: what is wrong, and how to fix it.
    """

    def __init__(self, problems: Sequence[object]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = [f"Cannot start: {count} in the configuration.", *map(str, problems)]
        super().__init__("\n  - ".join(lines))


@dataclass(frozen=True)
class Source:
    """Where a policy was loaded from: a file, and the variables that override one of its tables."""

    file: Path
    overrides: Table
    env_prefix: str

    def variable(self, key: str) -> str:
        """Return the name of the variable that overrides a key."""
        return f"{self.env_prefix}CORS__{key}".upper()


@dataclass(frozen=True)
class Policy:
    """Which origins may do what in one environment.

    The options are CORSMiddleware's, and TrustedHostMiddleware's `allowed_hosts`: the hosts that
    the API accepts in addition to loopback names, or None for any.
    """

    environment: str
    local: bool
    allowed_hosts: tuple[str, ...] | None
    preset: str
    allow_origins: frozenset[str]
    allow_origin_regex: str | None
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    allow_credentials: bool
    expose_headers: tuple[str, ...]
    max_age: int
    source: Source = field(compare=False, repr=False)

    def trusts(self, origin: str) -> bool:
        """Return whether an origin, the value of an Origin header, is trusted."""
        pattern = self.allow_origin_regex
        return origin in self.allow_origins or bool(pattern and re.fullmatch(pattern, origin))

    def allows_host(self, host: str) -> bool:
        """Return whether the API accepts requests for a host, the value of a Host header.

        Loopback names are always accepted: health checks use them, and no page can make them lead
        to another machine.
        """
        if self.allowed_hosts is None:
            return True
        parsed = re.fullmatch(r"(\[[0-9a-f:.]+]|[a-z0-9._-]+)(:[0-9]+)?", host.lower())
        name = parsed[1] if parsed else ""
        allowed = (*LOOPBACK_HOSTS, *self.allowed_hosts)
        return name in allowed or any(name.endswith(x[1:]) for x in allowed if x[0] == "*")

    @cached_property
    def _sorted_origins(self) -> tuple[list[str], list[str]]:
        return sorted(self.allow_origins), sorted(x[::-1] for x in self.allow_origins)

    def closest_origin(self, origin: str) -> str | None:
        """Return the trusted origin that an untrusted one resembles, None if there is none.

        Only its neighbors in both sort orders are compared, those that start or end like it, so
        that the time does not grow with the number of trusted origins.
        """
        origin = origin[:MAX_COMPARED]
        forward, backward = self._sorted_origins
        near = _neighbors(forward, origin)
        near += [x[::-1] for x in _neighbors(backward, origin[::-1])]
        likeness, closest = max(((_likeness(x, origin), x) for x in near), default=(0.0, ""))
        return closest if likeness >= MIN_LIKENESS else None

    def source_of(self, key: str) -> str:
        """Return what decides the value of a key: a variable, a line of the file, or a preset."""
        if key in self.source.overrides:
            return self.source.variable(key)
        if key not in read_tables(self.source.file).get(self.environment, {}):
            return f"preset {self.preset}" if key in PRESETS[self.preset] else "default"
        table = ""
        lines = self.source.file.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            if header := re.match(r"\s*\[\s*([^]\s]+)\s*]", line):
                table = header[1].strip("\"'")
            elif table == self.environment and re.match(rf"\s*[\"']?{key}\b", line):
                return f"{self.source.file.name}, line {number}"
        return self.source.file.name

    def loaded_again(self, environment: str) -> "Policy":
        """Return the policy of an environment as a new start would load it."""
        source = self.source
        return load_policy(environment, source.overrides, source.file, env_prefix=source.env_prefix)


def load_policy(
    environment: str,
    overrides: Table | None = None,
    file: Path = ENVIRONMENTS_FILE,
    *,
    env_prefix: str = "",
) -> Policy:
    """Return the policy of an environment.

    `overrides` are keys of the environment's table that variables set, and that take precedence
    over the file; `env_prefix` is what the names of those variables start with. The whole file is
    checked, not only this table, so that a problem in production's shows on a developer's machine.

    Raises `ConfigurationError` with every problem of the file, the overrides and the name.
    """
    source = Source(file, overrides or {}, env_prefix)
    tables = read_tables(file)
    problems: list[object] = [*environment_problems(file.name, tables)]
    if environment not in tables:
        problems.append(_unknown_environment(environment, [*tables], env_prefix))
    for name, table in tables.items():
        location = f"{file.name} [{name}]"
        for key in table:
            if key not in KEYS:
                problems.append(_unknown_key(location, key, key, {x: x for x in KEYS}))
            elif name != environment or key not in source.overrides:
                problems += _value_problems(f"{location} {key}", key, table)
    options = {**tables.get(environment, {}), **source.overrides}
    variables = {key: source.variable(key) for key in KEYS if key != "local"}
    for key in source.overrides:
        if key in variables:
            problems += _value_problems(variables[key], key, options)
        elif key == "local":
            reason, fix = "can't override the file [local-variable]", f"set it in {file.name}"
            problems.append(Problem("Variable", source.variable(key), reason, fix))
        else:
            problems.append(_unknown_key("Variable", source.variable(key), key, variables))
    problems += _second_local(file, tables)
    if problems:
        raise ConfigurationError(problems)
    return _completed(environment, options, source)


def read_tables(file: Path = ENVIRONMENTS_FILE) -> dict[str, Table]:
    """Return the tables of all environments as they are written.

    Raises `ConfigurationError` if the file is missing, is not TOML, or holds more than tables.
    """
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = f"can't be read as TOML, {error} [unreadable-file]"
        raise ConfigurationError([Problem("Policies", file.name, reason, "fix the file")]) from None
    problems = [
        Problem(file.name, key, "is not a table [no-table]", f"write it below a line like [{key}]")
        for key, table in tables.items()
        if not isinstance(table, dict)
    ]
    if not tables:
        reason, fix = "has no table [no-table]", "write one such as [production]"
        problems.append(Problem("Policies", file.name, reason, fix))
    if problems:
        raise ConfigurationError(problems)
    return tables


def _neighbors(values: list[str], value: str) -> list[str]:
    index = bisect(values, value)
    return values[max(index - 1, 0) : index + 1]


def _likeness(one: str, other: str) -> float:
    """Return how much of two strings is the same at their beginnings and ends, from 0 to 1.

    Unlike difflib's ratio it takes no longer for strings that are chosen to be slow to compare.
    """
    start = _shared_start(one, other)
    end = _shared_start(one[start:][::-1], other[start:][::-1])
    return 2 * (start + end) / (len(one) + len(other))


def _shared_start(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return len([*takewhile(lambda pair: pair[0] == pair[1], pairs)])


def _unknown_environment(environment: str, names: list[str], env_prefix: str) -> object:
    variable = f"{env_prefix}ENVIRONMENT"
    choices = ", ".join(names)
    if not environment:
        local = "for local work, run `cp .env.example .env`"
        return f"{variable} is not set [environment-not-set]; write one of {choices}; {local}."
    close = get_close_matches(environment, names, 1)
    fix = f"write {close[0]}" if close else f"write one of {choices}"
    return Problem(variable, environment, "is not an environment [unknown-environment]", fix)


def _unknown_key(location: str, name: str, key: str, names: Mapping[str, str]) -> Problem:
    """Return the problem of a key that is not known, given the names of those that are."""
    close = get_close_matches(key, names, 1)
    fix = f"write {names[close[0]]}" if close else f"choose from {', '.join(names.values())}"
    return Problem(location, name, "is not a known key [unknown-key]", fix)


def _second_local(file: Path, tables: Mapping[str, Table]) -> Iterator[Problem]:
    local = [name for name, table in tables.items() if table.get("local") is True]
    for name in local[1:]:
        reason = f"is a second local environment beside {quoted(local[0])} [second-local]"
        yield Problem(file.name, name, reason, "keep `local = true` in one of them")


def _has_type(kind: type, value: object) -> bool:
    return type(value) is kind and (
        not isinstance(value, list) or all(isinstance(item, str) for item in value)
    )


def _value_problems(location: str, key: str, table: Table) -> Iterator[Problem]:
    """Yield what is wrong with the value of a key of a table."""
    value, local = table[key], table.get("local") is True
    if not _has_type(KEYS[key], value):
        is_item = KEYS[key] is list and isinstance(value, str) and "[" not in value
        name = TYPE_NAMES[KEYS[key]]
        example = quoted([value]) if is_item else name
        yield Problem(location, value, f"is not {name} [type]", f"write {example}")
    elif key in ("allowed_hosts", "allow_methods") and not value:
        reason = "would allow nothing [empty-list]"
        yield Problem(location, value, reason, "leave the key out, or list what is allowed")
    elif key == "preset" and value not in PRESETS:
        fix = f"write {' or '.join(PRESETS)}"
        yield Problem(location, value, "is not a preset [unknown-preset]", fix)
    elif key == "preset" and value == "dev" and not local:
        reason = "is only for the local environment [dev-preset]"
        yield Problem(location, value, reason, 'write "strict"')
    elif key == "allowed_hosts":
        yield from host_problems(location, value)
    elif key == "allow_origins":
        yield from origin_problems(location, value, local=local)
    elif key == "allow_methods":
        yield from method_problems(location, value)
    elif key == "allow_headers":
        yield from header_problems(location, value, REQUEST_HEADER_RULES)
    elif key == "expose_headers":
        yield from header_problems(location, value, EXPOSED_HEADER_RULES)
    elif key == "max_age":
        yield from max_age_problems(location, value)


def _completed(environment: str, table: Table, source: Source) -> Policy:
    options = {**DEFAULTS, **PRESETS[table.get("preset", "strict")], **table}
    if options["allowed_hosts"] is None and options["local"]:
        options["allowed_hosts"] = LOOPBACK_HOSTS
    for key, value in options.items():
        options[key] = tuple(value) if isinstance(value, list) else value
    options["allow_origins"] = frozenset(options["allow_origins"])
    return Policy(environment=environment, source=source, **options)
