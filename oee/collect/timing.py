"""Polling grid and back-off, pure."""

from __future__ import annotations

import math
from random import Random

FIRST_DELAY_S = 0.1


def next_tick(previous_s: float, interval_s: float, now_s: float) -> tuple[float, int]:
    """Return the next time on the grid `previous + k × interval` that is not past, and how many were missed.

    Parameters
    ----------
    previous_s
        The tick just served, on a monotonic clock.
    interval_s
        The grid's step.
    now_s
        The time now, on the same clock.
    """
    steps = max(1, math.ceil((now_s - previous_s) / interval_s))
    return previous_s + steps * interval_s, steps - 1


def backoff_s(failures: int, cap_s: float, random: Random) -> float:
    """Return how long to wait after so many failures in a row: full jitter, so that devices don't come in step."""
    return random.uniform(0.0, min(cap_s, FIRST_DELAY_S * 2 ** min(failures, 30)))
