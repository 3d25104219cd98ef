"""Tells of refusals: in the log, and on developers' machines in the answer as well."""

import logging
import time
from collections.abc import Callable
from difflib import get_close_matches
from itertools import islice

from .policy import Policy
from .rulebook import shown

logger = logging.getLogger(__name__)

LINES_A_MINUTE = 60
"""No flood of requests shall fill a disk: what is left out is counted, and told a minute later."""

LONGEST_VALUE = 200
"""Characters of what a stranger sent that a line shows."""

COMPARED_ORIGINS = 1_000
"""The nearest trusted origin is looked for among these many, in about 20 microseconds each."""


class Refusals:
    """The refusals in one environment."""

    def __init__(self, policy: Policy, clock: Callable[[], float] = time.monotonic) -> None:
        self.policy = policy
        self.clock = clock
        self.minute = clock()
        self.count = 0

    def tell(self, what: str, why: Callable[[], str]) -> str:
        """Log a refusal; return what its answer may say: the reason only on developers' machines.

        The reason is asked for when it is told, which in a flood it is not.
        """
        environment = self.policy.environment
        if self.clock() - self.minute >= 60:
            if self.count > LINES_A_MINUTE:
                left_out = self.count - LINES_A_MINUTE
                logger.warning("%s: refused %d times more", environment, left_out)
            self.minute, self.count = self.clock(), 0
        self.count += 1
        if self.count > LINES_A_MINUTE and not self.policy.local:
            return f"Refused {what}"
        told = f"Refused {what}: {why()}"
        if self.count <= LINES_A_MINUTE:
            logger.warning("%s: %s", environment, told)
        return told if self.policy.local else f"Refused {what}"

    def untrusted(self, origin: str) -> str:
        """Return why an origin is refused, with the trusted one that comes nearest to it."""
        compared = sorted(islice(self.policy.allow_origins, COMPARED_ORIGINS))
        nearest = get_close_matches(origin[:LONGEST_VALUE], compared, 1)
        hint = f"; the nearest that is: {shown(nearest[0])}" if nearest else ""
        return f"origin {shortened(origin)} is not trusted{hint}"


def shortened(value: str) -> str:
    """Return what a stranger sent, quoted for one line of a log, and cut to its beginning."""
    cut = value[:LONGEST_VALUE]
    return shown(cut) if cut == value else f"{shown(cut)}..."
