"""When a value arose: rule R11, pure.

The source time counts, whatever its age: an old time is a true time. But it is only as good as the device's
clock, whose error shows as the difference between the device's time when it answered and ours.
"""

from __future__ import annotations

from typing import NamedTuple

from connectors.base import Reading

SKEW_LIMIT_US = 5_000_000


class EventTime(NamedTuple):
    """When a value arose [µs UTC], and whether the device's own time had to be put aside."""

    ts_us: int
    is_skewed: bool


def event_time(reading: Reading, skew_limit_us: int = SKEW_LIMIT_US) -> EventTime:
    """Return a reading's event time (R11).

    Parameters
    ----------
    reading
        What a connector gave. Protocols without time (Modbus) have the receive time, unflagged.
    skew_limit_us
        The largest error of the device's clock at which its times are believed [µs].

    Returns
    -------
    EventTime
        The source time if the clock's error is known and within the limit and it is not in the future; else
        the receive time, flagged.
    """
    if reading.source_ts_us is None:
        return EventTime(reading.receive_ts_us, is_skewed=False)
    if reading.server_ts_us is None or reading.source_ts_us > reading.receive_ts_us:
        return EventTime(reading.receive_ts_us, is_skewed=True)
    if abs(reading.server_ts_us - reading.receive_ts_us) > skew_limit_us:
        return EventTime(reading.receive_ts_us, is_skewed=True)
    return EventTime(reading.source_ts_us, is_skewed=False)
