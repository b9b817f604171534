"""When a value arose: rule R11, pure.

The source time counts even if it is old: an old time is a true time, up to a month for a value that was polled. But it
is only as good as the device's clock, whose error shows as the difference between the device's time when it answered
and ours.
"""

from __future__ import annotations

from typing import NamedTuple

from connectors.base import Reading

SKEW_LIMIT_US = 5_000_000
POLLED_AGE_LIMIT_US = 31 * 86_400_000_000
"""A poll asks for the present. Servers stamp values that were never written with 1601 or 2000: such a time is no time,
and believing it would lay out shifts for decades."""


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
        The source time if the clock's error is known and within the limit, and it is neither in the future nor
        more than a month old; else the receive time, flagged.
    """
    if reading.source_ts_us is None:
        return EventTime(reading.receive_ts_us, is_skewed=False)
    if reading.server_ts_us is None or reading.source_ts_us > reading.receive_ts_us:
        return EventTime(reading.receive_ts_us, is_skewed=True)
    if reading.receive_ts_us - reading.source_ts_us > POLLED_AGE_LIMIT_US:
        return EventTime(reading.receive_ts_us, is_skewed=True)
    if abs(reading.server_ts_us - reading.receive_ts_us) > skew_limit_us:
        return EventTime(reading.receive_ts_us, is_skewed=True)
    return EventTime(reading.source_ts_us, is_skewed=False)
