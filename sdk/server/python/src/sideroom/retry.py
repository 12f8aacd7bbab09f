"""Which errors are worth another try, and when."""

from __future__ import annotations

import random
import time

from .errors import SideroomError, Unavailable
from .reasons import Reason

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0
# The server answers each call within 10 seconds, if only that it is overloaded.
ATTEMPT_S = 15.0


def may_be_repeated(error: SideroomError) -> bool:
    """The server says so, or no answer came. All calls that change something carry a request id, so that one
    which did happen is answered again and not done twice."""
    return isinstance(error, Unavailable) or error.reason == Reason.RATE_LIMITED


class Backoff:
    """Waits that grow, each drawn at random so that callers do not come back together."""

    def __init__(self) -> None:
        self._bound = FIRST_WAIT_S

    def reset(self) -> None:
        self._bound = FIRST_WAIT_S

    def next_wait_s(self, error: SideroomError | None = None) -> float:
        wait = random.uniform(self._bound / 2, self._bound)
        self._bound = min(self._bound * 2, LONGEST_WAIT_S)
        asked = error.retry_after_ms if error is not None else None
        return max(wait, (asked or 0) / 1000)


class Attempts:
    """The tries of one call, all of them within its timeout."""

    def __init__(self, timeout_s: float) -> None:
        self._deadline = time.monotonic() + timeout_s
        self._backoff = Backoff()

    def left_s(self) -> float:
        """How long the next try may take."""
        return max(0.001, min(self._deadline - time.monotonic(), ATTEMPT_S))

    def wait_after(self, error: SideroomError) -> float:
        """How long to wait before the next try. Raises the error if there is none."""
        if not may_be_repeated(error):
            raise error
        wait = self._backoff.next_wait_s(error)
        if time.monotonic() + wait >= self._deadline:
            raise error
        return wait
