"""Measure requests to several APIs in turn, in this process or in servers."""

from collections.abc import Callable, Iterable, Mapping
from statistics import median
from typing import TypedDict

from wirings import BARE, Sent


class Turns(TypedDict):
    """What requests take: the bare FastAPI in seconds, each API as a ratio to that; and outcomes.

    An outcome is `allowed`, `blocked` or `fails`; what fails has no ratio.
    """

    seconds: dict[str, float]
    ratios: dict[str, dict[str, float]]
    outcomes: dict[str, dict[str, str]]


def take_turns(
    rounds: int,
    apis: Iterable[str],
    requests: Mapping[str, Sent],
    outcome: Callable[[str, Sent], str],
    seconds: Callable[[str, Sent], float],
) -> Turns:
    """Send each request to all APIs in turn, each time to the bare FastAPI first.

    The median of the rounds counts.
    """
    others = [name for name in apis if name != BARE]
    outcomes = {name: {x: outcome(name, sent) for x, sent in requests.items()} for name in others}
    units: dict[str, list[float]] = {request: [] for request in requests}
    ratios: dict[str, dict[str, list[float]]] = {
        name: {x: [] for x, kind in of.items() if kind != "fails"} for name, of in outcomes.items()
    }
    for _ in range(rounds):
        for request, sent in requests.items():
            # A bare FastAPI knows no preflights.
            unit = Sent("GET", {}) if sent.method == "OPTIONS" else sent
            for name in others:
                if request in ratios[name]:
                    units[request].append(seconds(BARE, unit))
                    ratios[name][request].append(seconds(name, sent) / units[request][-1])
    return {
        "seconds": {request: median(times) for request, times in units.items()},
        "ratios": {
            name: {request: median(times) for request, times in columns.items()}
            for name, columns in ratios.items()
        },
        "outcomes": outcomes,
    }
