"""Slows down guessing of passwords: after a few failures each further attempt has to wait, twice as long each time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

FREE_FAILURES = 5
MAX_WAIT_S = 300.0
FORGET_S = 900.0
MAX_KEYS = 10_000


class Throttle:
    """Counts failures per key (a name, an address) in memory; at most `MAX_KEYS` of them, the oldest go first.

    Parameters
    ----------
    clock : monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def attempt(self, *keys: str) -> float:
        """Return 0 and count a failure in advance, or the seconds to wait without counting.

        Counting in advance lets no burst of simultaneous guesses through; `succeed` takes it back.
        """
        with self._lock:
            now = self._clock()
            wait_s = max(self._wait_s(key, now) for key in keys)
            if wait_s <= 0:
                for key in keys:
                    self._store(key, self._count(key, now) + 1, now)
            return max(wait_s, 0.0)

    def succeed(self, *, clear: str, undo: str) -> None:
        """Forget the failures of one key, and take this attempt back from the other.

        The name is cleared. The address is not: who has one account could guess at all others without end.
        """
        with self._lock:
            self._failures.pop(clear, None)
            if undo in self._failures:
                count, last_s = self._failures[undo]
                self._failures[undo] = (count - 1, last_s)

    def _count(self, key: str, now: float) -> int:
        count, last_s = self._failures.get(key, (0, now))
        return count if now - last_s < FORGET_S else 0

    def _wait_s(self, key: str, now: float) -> float:
        count = self._count(key, now)
        if count < FREE_FAILURES:
            return 0.0
        # min() inside: two to the power of a long attack would overflow a float.
        return self._failures[key][1] + min(2.0 ** min(count - FREE_FAILURES, 30), MAX_WAIT_S) - now

    def _store(self, key: str, count: int, now: float) -> None:
        self._failures[key] = (count, now)
        self._failures.move_to_end(key)
        if len(self._failures) > MAX_KEYS:
            self._failures.popitem(last=False)
