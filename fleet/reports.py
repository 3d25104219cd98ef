"""What a command has found: problems, tables, JSON, and the exit status."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, TextIO, TypeVar

from .template import NAME, VERSION, rulebook

Item = TypeVar("Item")
Found = TypeVar("Found")


class FleetError(Exception):
    """A project, or a folder, can't be examined or updated; the message says why."""


@dataclass(frozen=True)
class Problem:
    """What can't be determined, and where."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{shown(self.path)}: {self.message}"


@dataclass
class Report:
    """The results of a command in the order of the projects, and what could not be determined."""

    results: list[Any] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    status: int = 0

    @property
    def exit_status(self) -> int:
        return 2 if self.problems else self.status

    def as_json(self) -> str:
        """Return the report as JSON, in ASCII."""
        content = {
            "template": {"name": NAME, "version": VERSION},
            "results": [asdict(result) for result in self.results],
            "problems": [asdict(problem) for problem in self.problems],
            "exit_status": self.exit_status,
        }
        return json.dumps(content, indent=2)


def shown(name: str) -> str:
    """Return a name as it is, or in quotes where it would not be read as one word."""
    plain = name.isprintable() and not set(name) & set(" \"'\\")
    return name if plain and name else str(rulebook.quoted(name))


def one_line(text: str) -> str:
    """Return a program's message on one line of limited length."""
    return " ".join(text.split())[: rulebook.MAX_VALUE]


def write(stream: TextIO | None, text: str) -> None:
    """Write lines at once, without control characters for the terminal."""
    if stream is None:
        return
    visible = "".join(
        x if x.isprintable() or x == "\n" else x.encode("unicode_escape").decode() for x in text
    )
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(f"{visible}\n".encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        discard(stream)


def discard(stream: TextIO) -> None:
    """Discard what is still to be written to a stream whose reader is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def aligned(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of text as a table."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def side_by_side(
    task: Callable[[Item], Found], items: Sequence[Item], name: Callable[[Item], str]
) -> Iterator[Found | Problem]:
    """Yield what a task returns for each item, in order; whatever it raises is a problem."""

    def attempt(item: Item) -> Found | Problem:
        try:
            return task(item)
        except FleetError as error:
            return Problem(name(item), str(error))
        except OSError as error:
            return Problem(name(item), f"{one_line(error.strerror or str(error))}.")
        except Exception as error:  # noqa: BLE001 - whatever happens to one stops no other
            return Problem(name(item), f"{type(error).__name__}: {one_line(str(error))}.")

    with ThreadPoolExecutor(os.cpu_count()) as executor:
        yield from executor.map(attempt, items)
