"""A cross-origin policy: one table of `environments.toml`, completed from its preset and checked.

A `Policy` comes from `load_policy` alone, which refuses whatever is unsafe or would do nothing:
the rest of the API need not check again.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from starlette.middleware.cors import ALL_METHODS

from .rulebook import (
    EXPOSED_HEADER_RULES,
    LOOPBACK_HOSTS,
    LOOPBACK_ORIGIN,
    REQUEST_HEADER_RULES,
    Fault,
    environment_faults,
    header_faults,
    host_faults,
    max_age_faults,
    method_faults,
    origin_faults,
    shown,
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
"""What a table leaves out. Only a local environment may have the `dev` preset."""

KEYS: Mapping[str, str] = {
    "local": "true or false",
    "allowed_hosts": "a list of texts",
    "preset": "text",
    "allow_origins": "a list of texts",
    "allow_methods": "a list of texts",
    "allow_headers": "a list of texts",
    "allow_credentials": "true or false",
    "expose_headers": "a list of texts",
    "max_age": "a whole number",
}
"""The keys of a table and what their values are. Those below `preset` are CORSMiddleware's."""

Table = Mapping[str, Any]


class ConfigurationError(Exception):
    """What the API is configured with can't be used; the message names every fault."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        lines = [f"The API does not start: its configuration has {count}.", *map(str, faults)]
        super().__init__("\n  - ".join(lines))


@dataclass(frozen=True)
class Policy:
    """Which pages of which origins may do what, in one environment.

    The options are CORSMiddleware's own, and TrustedHostMiddleware's `allowed_hosts`: the hosts
    under which the API answers beside this machine's own names, or None for any.
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

    def trusts(self, origin: str) -> bool:
        """Tell whether the pages of an origin are trusted, given the text of an Origin header."""
        return origin in self.allow_origins or (
            self.allow_origin_regex is not None
            and re.fullmatch(self.allow_origin_regex, origin) is not None
        )

    def answers_as(self, host: str) -> bool:
        """Tell whether the API answers under a host, given the text of a Host header.

        It always answers to the names of its own machine, by which health checks call it: they
        lead no page to any other machine.
        """
        if self.allowed_hosts is None:
            return True
        name = re.sub(r":[0-9]*$", "", host).lower()
        names = (*LOOPBACK_HOSTS, *self.allowed_hosts)
        return name in names or any(name.endswith(x[1:]) for x in names if x[0] == "*")


def load_policy(environment: str, overrides: Table, file: Path = ENVIRONMENTS_FILE) -> Policy:
    """Return the policy of an environment.

    `overrides` are keys of the environment's table that environment variables set: they count
    instead of what the file says. The whole file is checked, not this one table, so that a fault
    in the table for production shows on a developer's machine.

    Raises `ConfigurationError` with every fault of the file, the overrides and the name.
    """
    tables = read_tables(file)
    faults = [*environment_faults(file.name, tables)]
    if environment not in tables:
        faults.append(_unknown_environment(environment, list(tables)))
    tables[environment] = {**tables.get(environment, {}), **overrides}
    for name, table in tables.items():
        for key, value in table.items():
            overridden = name == environment and key in overrides
            where = f"APP_CORS__{key.upper()}" if overridden else f"{file.name} [{name}] {key}"
            faults += _faults(where, key, value, table)
    faults += _several_local(file, tables)
    if faults:
        raise ConfigurationError(faults)
    return _completed(environment, tables[environment])


def read_tables(file: Path = ENVIRONMENTS_FILE) -> dict[str, Table]:
    """Return the tables of all environments as they are written.

    Raises `ConfigurationError` if the file is missing, is no TOML, or holds more than tables.
    """
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        why = f"can't be read as TOML ({error})"
        raise ConfigurationError([Fault("The policies", file.name, why, "mend the file")]) from None
    faults = [
        Fault(file.name, key, "is not a table", f"write it below a line such as [{key}]")
        for key, table in tables.items()
        if not isinstance(table, dict)
    ]
    if not tables:
        why, mend = "has no table", "write one such as [production]"
        faults.append(Fault("The policies", file.name, why, mend))
    if faults:
        raise ConfigurationError(faults)
    return tables


def _unknown_environment(environment: str, names: list[str]) -> Fault:
    why = "is not an environment of this API" if environment else "names no environment"
    close = get_close_matches(environment, names, 1)
    return Fault("APP_ENVIRONMENT", environment, why, f"write {' or '.join(close or names)}")


def _several_local(file: Path, tables: Mapping[str, Table]) -> Iterator[Fault]:
    local = [name for name, table in tables.items() if table.get("local") is True]
    for name in local[1:]:
        why = f"is a second local environment beside {shown(local[0])}"
        yield Fault(file.name, name, why, "leave `local = true` in one of the two")


def _is_of_kind(kind: str, value: object) -> bool:
    match kind:
        case "true or false":
            return isinstance(value, bool)
        case "a whole number":
            return isinstance(value, int) and not isinstance(value, bool)
        case "text":
            return isinstance(value, str)
        case _:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _faults(where: str, key: str, value: Any, table: Table) -> Iterator[Fault]:
    """Yield what is wrong with the value of one key of a table."""
    local = table.get("local") is True
    if key not in KEYS:
        close = get_close_matches(key, KEYS, 1)
        mend = f"write {close[0]}" if close else f"choose from {', '.join(KEYS)}"
        yield Fault(where, value, "belongs to no option", mend)
    elif not _is_of_kind(KEYS[key], value):
        is_item = KEYS[key] == "a list of texts" and isinstance(value, str) and "[" not in value
        example = shown([value]) if is_item else KEYS[key]
        yield Fault(where, value, f"is not {KEYS[key]}", f"write {example}")
    elif key == "preset" and value not in PRESETS:
        yield Fault(where, value, "is not a preset", f"write {' or '.join(PRESETS)}")
    elif key == "preset" and value == "dev" and not local:
        yield Fault(where, value, "is for a local environment only", 'write "strict"')
    elif key == "allowed_hosts":
        yield from host_faults(where, value)
    elif key == "allow_origins":
        yield from origin_faults(where, value, local=local)
    elif key == "allow_methods":
        yield from method_faults(where, value)
    elif key == "allow_headers":
        yield from header_faults(where, value, REQUEST_HEADER_RULES)
    elif key == "expose_headers":
        yield from header_faults(where, value, EXPOSED_HEADER_RULES)
    elif key == "max_age":
        yield from max_age_faults(where, value)


def _completed(environment: str, table: Table) -> Policy:
    preset = table.get("preset", "strict")
    options = {**PRESETS[preset], **table}
    local = options.get("local", False)
    hosts = options.get("allowed_hosts", LOOPBACK_HOSTS if local else None)
    return Policy(
        environment=environment,
        local=local,
        allowed_hosts=None if hosts is None else tuple(hosts),
        preset=preset,
        allow_origins=frozenset(options.get("allow_origins", ())),
        allow_origin_regex=options["allow_origin_regex"],
        allow_methods=tuple(options["allow_methods"]),
        allow_headers=tuple(options["allow_headers"]),
        allow_credentials=options.get("allow_credentials", False),
        expose_headers=tuple(options["expose_headers"]),
        max_age=options["max_age"],
    )
