"""Report by exception, pure: of all readings of a tag, those that say something new.

Stored times of a tag always rise. A poll proves that its value is the current one, so a value whose
source time lies before what is stored already takes the time of the poll: stored in the past it would leave
an older value standing as the latest, or make a counter seem to fall.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from connectors.base import Reading, Value
from connectors.status import severity
from oee.spool import SpoolSample


class TagRole(Enum):
    """What a change means: a `VALUE` holds until the next, a `COUNTER` rises between two, a `DELTA` counts anew."""

    VALUE = "value"
    COUNTER = "counter"
    DELTA = "delta"


@dataclass(slots=True)
class _Last:
    """What is known of a tag: the reading last stored, and until when it was seen unchanged."""

    value: Value | None
    status: int
    event_us: int
    stored_us: int
    unchanged_us: int | None = None


class ExceptionFilter:
    """The memory of one tag.

    Parameters
    ----------
    role
        Decides what goes with a change.
    """

    def __init__(self, role: TagRole) -> None:
        self._role = role
        self._last: _Last | None = None

    def samples(self, reading: Reading, event_us: int, holds_us: int) -> list[SpoolSample]:
        """Return what a reading adds to the tag's history, times rising.

        Parameters
        ----------
        reading
            The tag's next reading.
        event_us
            Its event time (see `clock.event_time`).
        holds_us
            An instant at which the value was the current one [µs UTC], if the event lies before it: a poll's.
        """
        last = self._last
        if last is None:
            return self._first(reading, event_us, holds_us)
        if self._is_unchanged(last, reading, event_us):
            last.unchanged_us = max(event_us, holds_us)
            return []
        ts_us = _rising_time(last, reading, event_us)
        closing = self._closing(reading.key, last, ts_us)
        self._last = _Last(reading.value, reading.status, event_us, ts_us)
        return [*closing, _sample(reading, ts_us)]

    def stood(self, through_us: int) -> None:
        """Note that the tag had no other value up to `through_us` [µs UTC]: a subscription would have told."""
        if self._last is not None:
            self._last.unchanged_us = max(through_us, self._last.unchanged_us or through_us)

    def _first(self, reading: Reading, event_us: int, holds_us: int) -> list[SpoolSample]:
        """Store the first reading since the start: when it arose (again, maybe), and that it holds now.

        The second sample counts after a restart, when a later one of before may stand in the database: a Bad
        one, say, while the source time of what is Good again is old. Deltas would count twice.
        """
        out = [_sample(reading, event_us)]
        if self._role is not TagRole.DELTA and event_us < holds_us:
            out.append(_sample(reading, holds_us))
        self._last = _Last(reading.value, reading.status, event_us, out[-1].ts_us)
        return out

    def _is_unchanged(self, last: _Last, reading: Reading, event_us: int) -> bool:
        if self._role is TagRole.DELTA and reading.source_ts_us is not None and event_us != last.event_us:
            return False  # the same count again, at another time, is another count (S-8)
        return reading.value == last.value and severity(reading.status) == severity(last.status)

    def _closing(self, key: str, last: _Last, ts_us: int) -> list[SpoolSample]:
        """Return the last unchanged value at its last poll, so that a line drawn between samples stays true (S-7)."""
        is_number = isinstance(last.value, int | float)
        if self._role is not TagRole.COUNTER or last.unchanged_us is None or not is_number:
            return []
        # The device's clock may be behind ours: the closing sample still comes before the change.
        closing_us = min(last.unchanged_us, ts_us - 1)
        return [SpoolSample(key, closing_us, last.value, last.status)] if closing_us > last.stored_us else []


def _rising_time(last: _Last, reading: Reading, event_us: int) -> int:
    if event_us > last.stored_us:
        return event_us
    if event_us == last.event_us and severity(reading.status) == severity(last.status):
        return last.stored_us + 1  # two values of one instant (S-11)
    return max(reading.receive_ts_us, last.stored_us + 1)


def _sample(reading: Reading, ts_us: int) -> SpoolSample:
    return SpoolSample(reading.key, ts_us, reading.value, reading.status)
