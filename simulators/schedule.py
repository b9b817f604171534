"""Working windows: when machines may run, and how well the crew of the hour does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

FOREVER_US = 2**61
"""A time after everything [µs UTC]; sums of two of them still fit int64."""


class Window(NamedTuple):
    """Working time ``[start_us, end_us)`` [µs UTC] and what its crew does to the machines.

    `slow` multiplies cycle times (at least 1), `trouble` the frequency of stops, `scrap` the reject ratio.
    """

    start_us: int
    end_us: int
    slow: float = 1.0
    trouble: float = 1.0
    scrap: float = 1.0


class Schedule:
    """Ascending windows, drawn from an iterable (endless ones too) only as far as they are asked for."""

    def __init__(self, windows: Iterable[Window]) -> None:
        self._source = iter(windows)
        self._known: list[Window] = []

    def get(self, index: int) -> Window | None:
        """Return the window with this index; None after the last."""
        while len(self._known) <= index:
            window = next(self._source, None)
            if window is None:
                return None
            self._known.append(window)
        return self._known[index]
