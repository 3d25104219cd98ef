"""The log of blocked requests, limited in rate."""

import logging
from collections.abc import Callable
from threading import Timer

logger = logging.getLogger(__package__)

LINES_PER_MINUTE = 60
"""Of each kind: a flood of requests neither fills the disk nor hides those of another kind."""

MINUTE = 60.0
"""Seconds."""


class BlockedLog:
    """Logs what one environment blocks, and counts what is left out."""

    def __init__(self, environment: str) -> None:
        self.environment = environment
        self.counts: dict[str, int] = {}
        self.timers: dict[str, Timer] = {}

    def log_blocked(
        self, kind: str, request: str, reason: Callable[[], str], **fields: str
    ) -> None:
        """Log that a request of this kind is blocked; the reason is asked for only if it is logged.

        The fields, and `environment`, `kind` and `reason`, become attributes of the log record.
        """
        count = self.counts[kind] = self.counts.get(kind, 0) + 1
        if count == 1:
            self.timers[kind] = timer = Timer(MINUTE, self.end_minute, (kind,))
            timer.daemon = True
            timer.start()
        if count <= LINES_PER_MINUTE:
            why = reason()
            extra = {"environment": self.environment, "kind": kind, "reason": why, **fields}
            logger.warning("%s: blocked %s: %s", self.environment, request, why, extra=extra)
        elif count == LINES_PER_MINUTE + 1:
            self._warn(kind, f"over {LINES_PER_MINUTE} a minute, the rest is counted")

    def end_minute(self, kind: str) -> None:
        """Log how many requests of a kind were left out, and begin again."""
        self.timers.pop(kind).cancel()
        left_out = self.counts.pop(kind) - LINES_PER_MINUTE
        if left_out > 0:
            self._warn(kind, f"{left_out} more in the last minute")

    def close(self) -> None:
        """Log what has been left out so far: the API shuts down."""
        for kind in [*self.timers]:
            self.end_minute(kind)

    def _warn(self, kind: str, text: str) -> None:
        extra = {"environment": self.environment, "kind": kind}
        logger.warning("%s: blocked %s: %s", self.environment, kind, text, extra=extra)
