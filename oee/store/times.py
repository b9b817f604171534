"""Between integer µs (all of the service) and timestamptz (the database), exact in both directions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PG_EPOCH_US = 946_684_800_000_000
"""2000-01-01, from which PostgreSQL's binary timestamps count [µs since 1970]."""
FAR_US = 4_102_444_800_000_000
"""2100-01-01: later than anything that is stored, and still a datetime."""


def to_us(moment: datetime) -> int:
    """Integer µs since 1970 of an aware datetime."""
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_us(us: int) -> datetime:
    """Aware UTC datetime of integer µs since 1970, held within what the database can store."""
    return EPOCH + timedelta(microseconds=max(min(us, FAR_US), -FAR_US))
