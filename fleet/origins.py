"""Which origins a project trusts, by the rules of this template."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .projects import Project, read_file
from .reports import FleetError, shown
from .template import document, policy, rulebook


@dataclass(frozen=True)
class Trust:
    """Something that an environment trusts, and the line that says so."""

    path: str
    environment: str
    key: str
    value: str
    file: str
    line: int | None
    credentials: bool

    @property
    def row(self) -> tuple[str, ...]:
        where = self.file if self.line is None else f"{self.file}, line {self.line}"
        credentials = "credentials" if self.credentials else ""
        cells = self.environment, self.key, self.value, where, credentials
        return shown(self.path), *cells


def check_origin(origin: str) -> None:
    """Raise `FleetError` if no browser sends this as an origin: nothing would ever trust it."""
    url = rulebook.Url.split(origin)
    rules = rulebook.SHAPE_RULES, rulebook.PART_RULES
    reasons = rulebook.reasons(rules[0], url)[:1] or rulebook.reasons(rules[1], url)
    if reasons and not rulebook.APP_ORIGIN.fullmatch(origin):
        meant = rulebook.suggest_origin(origin, local=True)
        fix = rulebook.quoted(meant) if meant else "an origin such as https://app.example.com"
        problem = rulebook.Problem("Origin", origin, " and ".join(reasons), f"write {fix}")
        raise FleetError(str(problem))


def trusts(project: Project, origin: str | None = None) -> list[Trust]:
    """Return what a project trusts, or how it trusts an origin.

    Raises `FleetError` with every problem of a file that its API would not start with.
    """
    file = project.policy_file
    try:
        source = policy.Source(document.Document.parse(read_file(file), file))
        policies = [source.policy_of(name) for name in source.document.tables]
    except document.ConfigurationError as error:
        raise FleetError("\n  - ".join([f"{file.name}:", *map(str, error.problems)])) from None
    name = file.relative_to(project.folder).as_posix()
    return [
        Trust(project.path, x.environment, key, value, name, _line(source), x.allow_credentials)
        for x in policies
        for key, value, source in _trusted(x, origin)
    ]


def _trusted(found: Any, origin: str | None) -> Iterator[tuple[str, str, str]]:
    """Yield each key, value and source of what a policy trusts, or of what covers an origin."""
    for key in "allow_origins", "allow_app_origins":
        for value in sorted(getattr(found, key)):
            if origin is None or value in (origin, found.pattern_of(origin)):
                yield key, value, found.source_of(key, value)
    regex = found.allow_origin_regex
    if regex and (origin is None or re.fullmatch(regex, origin)):
        yield "preset", "any localhost origin", found.source_of("preset")
    if origin is None:
        for path in sorted(found.cross_site_posts):
            yield "cross_site_posts", path, found.source_of("cross_site_posts", path)


def _line(source: str) -> int | None:
    found = re.search(r", line (\d+)$", source)
    return int(found[1]) if found else None
