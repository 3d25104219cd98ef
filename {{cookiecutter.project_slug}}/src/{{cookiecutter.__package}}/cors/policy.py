"""A policy: one table of `environments.toml`, completed from its preset and checked.

A `Policy` comes only from a `Source`, which rejects whatever is unsafe or would do nothing, so that
no other code has to check it again.
"""

import json
import re
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property, partial
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from starlette.middleware.cors import ALL_METHODS

from .document import ENVIRONMENTS_FILE, ConfigurationError, Document, Table
from .rulebook import (
    EXPOSED_HEADER_RULES,
    LOOPBACK_HOSTS,
    LOOPBACK_ORIGIN,
    PATTERN_START,
    REQUEST_HEADER_RULES,
    Problem,
    app_origin_problems,
    environment_problems,
    header_problems,
    host_problems,
    max_age_problems,
    method_problems,
    origin_problems,
    post_path_problems,
    quoted,
)

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


class Key(NamedTuple):
    """A key: the type of its value, its default unless the preset has one, and its check."""

    kind: type
    default: Any = None
    problems: Callable[..., Iterator[Problem]] | None = None


KEYS: Mapping[str, Key] = {
    "local": Key(bool, default=False),
    "preset": Key(str, default="strict"),
    "docs": Key(bool),
    "allowed_hosts": Key(list, problems=host_problems),
    "allow_origins": Key(list, default=[]),
    "allow_app_origins": Key(list, default=[], problems=app_origin_problems),
    "allow_methods": Key(list, problems=method_problems),
    "allow_headers": Key(list, problems=partial(header_problems, rules=REQUEST_HEADER_RULES)),
    "expose_headers": Key(list, problems=partial(header_problems, rules=EXPOSED_HEADER_RULES)),
    "max_age": Key(int, problems=max_age_problems),
    "allow_credentials": Key(bool, default=False),
    "cross_site_posts": Key(list, default=[], problems=post_path_problems),
}
"""The keys of a table, which may also stand above the tables for every environment.

Where `local = true`, `docs` is true and `allowed_hosts` are loopback names by default. What is also
an option of CORSMiddleware means the same.
"""

TYPE_NAMES = {bool: "true or false", int: "an integer", list: "a list of strings", str: "a string"}

MAX_COMPARED = 200
"""Characters of an untrusted origin that are compared with the trusted ones."""

MIN_LIKENESS = 0.6
"""How much of two origins has to be the same for the trusted one to be a hint."""

SETS = ("allow_origins", "allow_app_origins", "cross_site_posts")
"""The lists whose order means nothing."""

LABEL = re.compile("[a-z0-9_-]{1,63}")
"""What an asterisk stands for: one label of a host, as browsers write it."""


@dataclass(frozen=True)
class Policy:
    """Which origins may do what in one environment.

    The options are CORSMiddleware's, and TrustedHostMiddleware's `allowed_hosts`: the hosts that
    the API accepts in addition to loopback names, or None for any. `allow_origins` are exact
    origins, and patterns such as `https://*.previews.example.com`; at `cross_site_posts`, forms of
    any site may arrive.
    """

    environment: str
    local: bool
    preset: str
    docs: bool
    allowed_hosts: tuple[str, ...] | None
    allow_origins: frozenset[str]
    allow_origin_regex: str | None
    allow_app_origins: frozenset[str]
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    max_age: int
    allow_credentials: bool
    cross_site_posts: frozenset[str]
    source: "Source" = field(compare=False, repr=False)

    @cached_property
    def _exact_origins(self) -> frozenset[str]:
        return frozenset(x for x in self.allow_origins | self.allow_app_origins if "*" not in x)

    @cached_property
    def _patterns(self) -> frozenset[str]:
        return self.allow_origins - self._exact_origins

    def trusts(self, origin: str) -> bool:
        """Return whether an origin, the value of an Origin header, is trusted."""
        if origin in self._exact_origins:
            return True
        regex = self.allow_origin_regex
        return self.pattern_of(origin) is not None or bool(regex and re.fullmatch(regex, origin))

    def pattern_of(self, origin: str) -> str | None:
        """Return the pattern that covers an origin, None if there is none."""
        if not self._patterns or not origin.startswith("https://"):
            return None
        label, _, domain = origin.removeprefix("https://").partition(".")
        pattern = f"{PATTERN_START}{domain}"
        return pattern if pattern in self._patterns and LABEL.fullmatch(label) else None

    def examples(self, most: int) -> list[str]:
        """Return some trusted origins of each kind: exact ones, of patterns, and of apps."""
        patterns = [x.replace("*", "preview", 1) for x in sorted(self._patterns)]
        exact, apps = sorted(self.allow_origins - self._patterns), sorted(self.allow_app_origins)
        kinds = exact, patterns, apps
        return [origin for kind in kinds for origin in kind[:most]]

    def allows_host(self, host: str) -> bool:
        """Return whether the API accepts requests for a host, the value of a Host header.

        Loopback names are always accepted: health checks use them, and no page can make them lead
        to another machine.
        """
        if self.allowed_hosts is None:
            return True
        parsed = re.fullmatch(r"(\[[0-9a-f:]+]|[a-z0-9._-]+)(:[0-9]+)?", host.lower())
        name = parsed[1] if parsed else ""
        allowed = (*LOOPBACK_HOSTS, *self.allowed_hosts)
        return name in allowed or any(name.endswith(x[1:]) for x in allowed if x[0] == "*")

    @cached_property
    def _sorted_origins(self) -> tuple[list[str], list[str]]:
        origins = self.allow_origins | self.allow_app_origins
        return sorted(origins), sorted(x[::-1] for x in origins)

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

    def values_of(self, key: str) -> list[str]:
        """Return the value of a key, or of each item of its list, for people to read."""
        value = getattr(self, key)
        if key == "allowed_hosts" and value is None:
            return ["any host"]
        if not isinstance(value, frozenset | tuple):
            return [str(value).lower() if isinstance(value, bool) else str(value)]
        is_any = key == "allow_origins" and self.allow_origin_regex
        listed = sorted(value) if isinstance(value, frozenset) else value
        return [*listed, *(["any localhost origin"] if is_any else [])]

    def source_of(self, key: str, item: str = "") -> str:
        """Return what decides a key, or an item of its list: a variable, a line, or a preset."""
        if key in self.source.overrides:
            return self.source.variable(key)
        if key in self.source.document.options(self.environment):
            return self.source.document.line_of(key, self.environment, item)
        return f"preset {self.preset}" if key in PRESETS[self.preset] else "default"


@dataclass(frozen=True)
class Source:
    """What policies are loaded from: a document, and the variables that override its keys."""

    document: Document
    overrides: Table = field(default_factory=dict)
    env_prefix: str = ""

    def variable(self, key: str) -> str:
        """Return the name of the variable that overrides a key."""
        return f"{self.env_prefix}CORS__{key}".upper()

    def read_again(self) -> "Source":
        """Return what a new start would load policies from."""
        return replace(self, document=Document.read(self.document.file))

    def policy_of(self, environment: str) -> "Policy":
        """Return the policy of an environment.

        The whole file is checked, not only this table, so that a problem in production's shows on a
        developer's machine.

        Raises `ConfigurationError` with every problem of the file, the overrides and the name.
        """
        if problems := [*self._problems(environment)]:
            raise ConfigurationError(problems)
        options = {**self.document.options(environment), **self.overrides}
        preset = PRESETS[options.get("preset", "strict")]
        options = {**{key: KEYS[key].default for key in KEYS}, **preset, **options}
        if options["docs"] is None:
            options["docs"] = options["local"]
        if options["allowed_hosts"] is None and options["local"]:
            options["allowed_hosts"] = LOOPBACK_HOSTS
        for key, value in options.items():
            if isinstance(value, list):
                options[key] = frozenset(value) if key in SETS else tuple(value)
        return Policy(environment=environment, source=self, **options)

    def _problems(self, environment: str) -> Iterator[object]:
        document = self.document
        if environment not in document.tables:
            yield _unknown_environment(environment, [*document.tables], self.env_prefix)
        yield from environment_problems(document.name, document.tables)
        for name, key, problem in self._problems_of_keys:
            if name != environment or key not in self.overrides:
                yield problem
        found = [name for name, table in document.tables.items() if _is_local(table)]
        for name in found[1:]:
            reason = f"is a second local environment beside {quoted(found[0])} [second-local]"
            yield Problem(document.name, name, reason, "keep `local = true` in one of them")
        yield from self._problems_of_variables(environment)
        for name in document.tables:
            options = {**document.options(name), **(self.overrides if name == environment else {})}
            yield from _pattern_problems(f"{document.name} [{name}] allow_credentials", options)

    @cached_property
    def _problems_of_keys(self) -> list[tuple[str, str, Problem]]:
        """The problems of the file, each with its table, or none, and its key."""
        found = []
        document, tables = self.document, [*self.document.tables.values()]
        for name, table in {"": document.shared, **document.tables}.items():
            location = f"{document.name} [{name}]" if name else document.name
            for key, value in table.items():
                inheriting = [table] if name else [x for x in tables if key not in x]
                local = all(map(_is_local, inheriting))
                if key not in KEYS:
                    problems = [_unknown_key(location, key, key, {x: x for x in KEYS})]
                elif key == "local" and not name:
                    reason = "stands above the tables [shared-local]"
                    fix = "write it into the table of one environment"
                    problems = [Problem(location, key, reason, fix)]
                else:
                    problems = [*_value_problems(f"{location} {key}", key, value, local=local)]
                found += [(name, key, problem) for problem in problems]
        return found

    def _problems_of_variables(self, environment: str) -> Iterator[Problem]:
        variables = {key: self.variable(key) for key in KEYS if key != "local"}
        local = _is_local(self.document.options(environment))
        for key, value in self.overrides.items():
            if key in variables:
                yield from _value_problems(variables[key], key, value, local=local)
            elif key == "local":
                reason = "can't override the file [local-variable]"
                fix = f"set it in {self.document.name}"
                yield Problem("Variable", self.variable(key), reason, fix)
            else:
                yield _unknown_key("Variable", self.variable(key), key, variables)


def load_policy(
    environment: str,
    overrides: Table | None = None,
    file: Path = ENVIRONMENTS_FILE,
    *,
    env_prefix: str = "",
) -> Policy:
    """Return the policy of an environment.

    `overrides` are keys of the environment's table that variables set, and that take precedence
    over the file; `env_prefix` is what the names of those variables start with.

    Raises `ConfigurationError` with every problem of the file, the overrides and the name.
    """
    return Source(Document.read(file), overrides or {}, env_prefix).policy_of(environment)


def _pattern_problems(location: str, options: Table) -> Iterator[Problem]:
    origins = options.get("allow_origins")
    listed = origins if isinstance(origins, list) else []
    patterns = [x for x in listed if str(x).startswith(PATTERN_START)]
    if patterns and options.get("allow_credentials") is True:
        reason = f"can't be combined with the pattern {quoted(patterns[0])} [pattern-credentials]"
        yield Problem(location, True, reason, "write exact origins")


def _is_local(table: Table) -> bool:
    return table.get("local") is True


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


def decoded(key: str, value: Any) -> Any:
    """Return what a string stands for as the value of a key: a comma-separated list, or JSON."""
    if not isinstance(value, str) or key not in KEYS or KEYS[key].kind is str:
        return value
    if KEYS[key].kind is list and not value.lstrip().startswith("["):
        return [item.strip() for item in value.split(",")] if value.strip() else []
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _has_type(kind: type, value: object) -> bool:
    return type(value) is kind and (
        not isinstance(value, list) or all(isinstance(item, str) for item in value)
    )


def _value_problems(location: str, key: str, value: Any, *, local: bool) -> Iterator[Problem]:
    kind, _, check = KEYS[key]
    if not _has_type(kind, value):
        meant = decoded(key, value)
        example = quoted(meant) if _has_type(kind, meant) else TYPE_NAMES[kind]
        yield Problem(location, value, f"is not {TYPE_NAMES[kind]} [type]", f"write {example}")
    elif key in ("allowed_hosts", "allow_methods") and not value:
        reason = "would allow nothing [empty-list]"
        yield Problem(location, value, reason, "leave the key out, or list what is allowed")
    elif key == "preset" and value not in PRESETS:
        fix = f"write {' or '.join(PRESETS)}"
        yield Problem(location, value, "is not a preset [unknown-preset]", fix)
    elif key == "preset" and value == "dev" and not local:
        reason = "is only for the local environment [dev-preset]"
        yield Problem(location, value, reason, 'write "strict"')
    elif key == "allow_origins":
        yield from origin_problems(location, value, local=local)
    elif check:
        yield from check(location, value)
