"""What the spool holds, and its bytes.

Names (tags, machines, connectors) are written once a segment and numbered; a record carries the number. The
payload starts with its kind u8; times are i64 µs UTC, numbers keep all their 64 bits.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from oee.spool.frame import frame

SpoolValue = float | int | str | bool

DEFAULT_INTERVAL_US = 1_000_000
_REASON_CHARS = 500


@dataclass(frozen=True, slots=True)
class SpoolSample:
    """A value of tag `key` ("line/machine/signal") at `ts_us`; None where its `status` (StatusCode) is Bad."""

    key: str
    ts_us: int
    value: SpoolValue | None
    status: int


@dataclass(frozen=True, slots=True)
class SpoolAlive:
    """Proof of life, and the watermark: all that `connector` knows up to `through_us` stands before this record.

    `machines` ("line/machine") were alive all through `[from_us, through_us]`; none of them where the
    endpoint could not be reached. `interval_us` is how often life is proven when all is well.
    """

    connector: str
    from_us: int
    through_us: int
    machines: tuple[str, ...]
    interval_us: int = DEFAULT_INTERVAL_US


@dataclass(frozen=True, slots=True)
class SpoolGap:
    """From `from_us` on `machines` are not collected from `connector`, for this `reason`; life ends it (R4)."""

    connector: str
    from_us: int
    machines: tuple[str, ...]
    reason: str
    interval_us: int = DEFAULT_INTERVAL_US


@dataclass(frozen=True, slots=True)
class SpoolSkew:
    """Readings of `machines` from `connector` in `[from_us, through_us]` have the collector's time (R11).

    The device's clock was off. The record stands before the samples that it tells of.
    """

    connector: str
    from_us: int
    through_us: int
    machines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpoolLoss:
    """Here stood records that can't be read any more. Only read, never written."""


SpoolRecord = SpoolSample | SpoolAlive | SpoolGap | SpoolSkew

_NAME, _ALIVE_BEFORE, _ALIVE, _GAP, _SKEW = 1, 2, 3, 4, 5
_NONE, _FLOAT, _INT, _UINT, _TEXT, _BOOL = 16, 17, 18, 19, 20, 21
_NAME_HEAD = struct.Struct("<QBI")  # sequence, kind, number of the name; UTF-8 follows
# sequence, kind, connector, from, through, count of machines; a u32 for each follows. Written by version 0.1.
_ALIVE_BEFORE_HEAD = struct.Struct("<QBIqqI")
_ALIVE_HEAD = struct.Struct(
    "<QBIqqqI"
)  # sequence, kind, connector, from, through, interval, count of machines; u32 each
_SKEW_HEAD = struct.Struct("<QBIqqI")  # sequence, kind, connector, from, through, count of machines; u32 each
_GAP_HEAD = struct.Struct("<QBIqqI")  # sequence, kind, connector, from, interval, count of machines; u32 each, reason
_SAMPLE_HEAD = struct.Struct("<QBIqI")  # sequence, kind, tag, time, status; the value follows
_SAMPLE_FLOAT = struct.Struct("<QBIqId")
_SAMPLE_INT = struct.Struct("<QBIqIq")
_SAMPLE_UINT = struct.Struct("<QBIqIQ")
_SAMPLE_BOOL = struct.Struct("<QBIqI?")
_KIND_AT = 8
_INT_LIMIT = 2**63


class Encoder:
    """Records → bytes of one segment. Numbers names as they first appear, and writes them before they are used.

    Parameters
    ----------
    next_sequence
        The number of the segment's first record.
    """

    def __init__(self, next_sequence: int) -> None:
        self.next_sequence = next_sequence
        self._numbers: dict[str, int] = {}

    def encode(self, records: Iterable[SpoolRecord]) -> bytes:
        """Return the records' bytes, in order.

        Raises
        ------
        ValueError
            A record is too long, or an integer has more than 64 bits.
        """
        out: list[bytes] = []
        for record in records:
            if isinstance(record, SpoolSample):
                number = self._number(record.key, out)
                body = _sample_body(self.next_sequence, number, record)
            elif isinstance(record, SpoolAlive):
                body = self._alive_body(record, out)
            elif isinstance(record, SpoolSkew):
                body = self._skew_body(record, out)
            else:
                body = self._gap_body(record, out)
            out.append(frame(body))
            self.next_sequence += 1
        return b"".join(out)

    def _number(self, name: str, out: list[bytes]) -> int:
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._numbers)
            # Twice: a damaged byte may cost one record (R7), and not a name that thousands need.
            for _ in range(2):
                out.append(frame(_NAME_HEAD.pack(self.next_sequence, _NAME, number) + name.encode()))
                self.next_sequence += 1
        return number

    def _alive_body(self, record: SpoolAlive, out: list[bytes]) -> bytes:
        connector, machines = self._source(record, out)
        span = record.from_us, record.through_us, record.interval_us
        return _ALIVE_HEAD.pack(self.next_sequence, _ALIVE, connector, *span, len(record.machines)) + machines

    def _skew_body(self, record: SpoolSkew, out: list[bytes]) -> bytes:
        connector, machines = self._source(record, out)
        span = record.from_us, record.through_us
        return _SKEW_HEAD.pack(self.next_sequence, _SKEW, connector, *span, len(record.machines)) + machines

    def _gap_body(self, record: SpoolGap, out: list[bytes]) -> bytes:
        connector, machines = self._source(record, out)
        span = record.from_us, record.interval_us
        head = _GAP_HEAD.pack(self.next_sequence, _GAP, connector, *span, len(record.machines))
        return head + machines + record.reason[:_REASON_CHARS].encode(errors="replace")

    def _source(self, record: SpoolAlive | SpoolGap | SpoolSkew, out: list[bytes]) -> tuple[int, bytes]:
        """Number a record's names: before its own head, since writing a name takes a sequence number."""
        connector = self._number(record.connector, out)
        machines = [self._number(machine, out) for machine in record.machines]
        return connector, struct.pack(f"<{len(machines)}I", *machines)


def _sample_body(sequence: int, number: int, sample: SpoolSample) -> bytes:
    value = sample.value
    if isinstance(value, float):
        return _SAMPLE_FLOAT.pack(sequence, _FLOAT, number, sample.ts_us, sample.status, value)
    if isinstance(value, bool):
        return _SAMPLE_BOOL.pack(sequence, _BOOL, number, sample.ts_us, sample.status, value)
    if isinstance(value, int):
        layout, kind = (_SAMPLE_INT, _INT) if value < _INT_LIMIT else (_SAMPLE_UINT, _UINT)
        return layout.pack(sequence, kind, number, sample.ts_us, sample.status, value)
    if value is None:
        return _SAMPLE_HEAD.pack(sequence, _NONE, number, sample.ts_us, sample.status)
    return _SAMPLE_HEAD.pack(sequence, _TEXT, number, sample.ts_us, sample.status) + value.encode()


class Decoder:
    """Bytes of one segment → records; learns the names on the way."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def decode(self, body: bytes) -> SpoolRecord | None:
        """Return the record in a sound body, None for one that only names something.

        Raises
        ------
        KeyError, ValueError, struct.error
            The body is sound and yet no record: its name is lost, or another version wrote it.
        """
        kind = body[_KIND_AT]
        if kind in _VALUES:
            _, _, number, ts_us, status = _SAMPLE_HEAD.unpack_from(body)
            return SpoolSample(self._names[number], ts_us, _VALUES[kind](body), status)
        if kind in (_ALIVE, _ALIVE_BEFORE):
            return self._alive(body, kind)
        if kind == _GAP:
            return self._gap(body)
        if kind == _SKEW:
            _, _, connector, from_us, through_us, count = _SKEW_HEAD.unpack_from(body)
            machines, _ = self._machines(body, _SKEW_HEAD.size, count)
            return SpoolSkew(self._names[connector], from_us, through_us, machines)
        if kind == _NAME:
            self._names[_NAME_HEAD.unpack_from(body)[2]] = body[_NAME_HEAD.size :].decode()
            return None
        raise ValueError(f"unknown kind of record: {kind}")

    def _alive(self, body: bytes, kind: int) -> SpoolAlive:
        if kind == _ALIVE_BEFORE:
            _, _, connector, from_us, through_us, count = _ALIVE_BEFORE_HEAD.unpack_from(body)
            machines, _ = self._machines(body, _ALIVE_BEFORE_HEAD.size, count)
            return SpoolAlive(self._names[connector], from_us, through_us, machines)
        _, _, connector, from_us, through_us, interval_us, count = _ALIVE_HEAD.unpack_from(body)
        machines, _ = self._machines(body, _ALIVE_HEAD.size, count)
        return SpoolAlive(self._names[connector], from_us, through_us, machines, interval_us)

    def _gap(self, body: bytes) -> SpoolGap:
        _, _, connector, from_us, interval_us, count = _GAP_HEAD.unpack_from(body)
        machines, end = self._machines(body, _GAP_HEAD.size, count)
        return SpoolGap(self._names[connector], from_us, machines, body[end:].decode(), interval_us)

    def _machines(self, body: bytes, at: int, count: int) -> tuple[tuple[str, ...], int]:
        numbers = struct.unpack_from(f"<{count}I", body, at)
        return tuple(self._names[number] for number in numbers), at + 4 * count


def sequence_of(body: bytes) -> int:
    """Return a body's sequence number."""
    return int.from_bytes(body[:_KIND_AT], "little")


_VALUES: dict[int, Callable[[bytes], SpoolValue | None]] = {
    _NONE: lambda _: None,
    _FLOAT: lambda body: _SAMPLE_FLOAT.unpack(body)[5],
    _INT: lambda body: _SAMPLE_INT.unpack(body)[5],
    _UINT: lambda body: _SAMPLE_UINT.unpack(body)[5],
    _TEXT: lambda body: body[_SAMPLE_HEAD.size :].decode(),
    _BOOL: lambda body: _SAMPLE_BOOL.unpack(body)[5],
}
