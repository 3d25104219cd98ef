"""`environments.toml` as it was read: its tables, and where each key stands."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .rulebook import Problem

ENVIRONMENTS_FILE = Path(__file__).parent.with_name("environments.toml")

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
class Document:
    """`environments.toml` as it was read: a table for each environment, and the keys above them."""

    file: Path
    text: str
    shared: Table
    tables: Mapping[str, Table]

    @property
    def name(self) -> str:
        return self.file.name

    @classmethod
    def read(cls, file: Path = ENVIRONMENTS_FILE) -> "Document":
        """Read a file. Raises `ConfigurationError` if it is missing or can't be parsed."""
        try:
            return cls.parse(file.read_bytes(), file)
        except OSError as error:
            raise _unreadable(file, error) from None

    @classmethod
    def parse(cls, content: bytes, file: Path) -> "Document":
        """Read the content of a file. Raises `ConfigurationError` if it can't be parsed."""
        try:
            text = content.decode()
            values = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise _unreadable(file, error) from None
        tables = {key: value for key, value in values.items() if isinstance(value, dict)}
        if not tables:
            reason, fix = "has no table [no-table]", "write one such as [production]"
            raise ConfigurationError([Problem("Policies", file.name, reason, fix)])
        shared = {key: value for key, value in values.items() if key not in tables}
        return cls(file, text, shared, tables)

    def options(self, environment: str) -> dict[str, Any]:
        """Return the keys that hold for an environment, without defaults."""
        return {**self.shared, **self.tables.get(environment, {})}

    def line_of(self, key: str, environment: str, item: str) -> str:
        """Return where a key that holds for an environment stands, or an item of its list."""
        wanted = environment if key in self.tables[environment] else ""
        table, found = "", 0
        for number, line in enumerate(self.text.splitlines(), 1):
            if header := re.match(r"\s*\[\s*([^]\s\"',]+|\"[^\"]*\"|'[^']*')\s*]\s*(#.*)?$", line):
                table = header[1].strip("\"'")
            elif table == wanted and re.match(rf"\s*[\"']?{key}\b", line):
                found = number
            if found and (not item or re.search(rf"[\"']{re.escape(item)}[\"']", line)):
                return f"{self.name}, line {number}"
        return f"{self.name}, line {found}" if found else self.name


def _unreadable(file: Path, error: Exception) -> ConfigurationError:
    reason = f"can't be read as TOML, {error} [unreadable-file]"
    return ConfigurationError([Problem("Policies", file.name, reason, "fix the file")])
