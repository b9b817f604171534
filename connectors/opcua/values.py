"""What a server answered → readings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from asyncua import ua

from connectors import status
from connectors.base import Reading, Value, usable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def reading_of(key: str, given: ua.DataValue, server_us: int | None, now_us: int) -> Reading:
    """Return a reading.

    Parameters
    ----------
    server_us
        The server's time when it answered [µs UTC]; None: the value's own server timestamp has to do.
    now_us
        This computer's time of the answer.
    """
    code = given.StatusCode.value if given.StatusCode is not None else status.GOOD
    value, code = usable(_plain(given.Value), code)
    if server_us is None:
        server_us = microseconds(given.ServerTimestamp)
    return Reading(key, value, code, microseconds(given.SourceTimestamp), server_us, now_us)


def microseconds(time: object) -> int | None:
    """Return a time in µs UTC; None for none, and for the null time of 1601."""
    if not isinstance(time, datetime):
        return None
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    since = (aware - _EPOCH) // _MICROSECOND
    return since if since > 0 else None


def _plain(variant: ua.Variant | None) -> Value | object | None:
    """Return a variant's value; arrays and structures stay what they are, and `usable` turns them down."""
    value = variant.Value if variant is not None else None
    return value.Text if isinstance(value, ua.LocalizedText) else value
