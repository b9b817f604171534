"""Records in a file: magic, length, CRC-32, sequence, payload; and how to find the next one after damage.

Layout, little-endian: magic u16 · length of the body u32 · CRC-32 of the body u32 · body, which is the
sequence u64 and the payload. The magic only makes the search fast; the CRC decides.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

MAX_BODY_BYTES = 1 << 20
_HEADER = struct.Struct("<HII")
HEADER_BYTES = _HEADER.size
_SEQUENCE_BYTES = 8
_MAGIC = 0xA55E
_MAGIC_BYTES = struct.pack("<H", _MAGIC)
MAX_RECORD_BYTES = HEADER_BYTES + MAX_BODY_BYTES


class Frame(NamedTuple):
    """A sound record's body at `start` (of its header), or a damaged stretch (`body` is None), up to `end`."""

    start: int
    end: int
    body: bytes | None


def frame(body: bytes) -> bytes:
    """Return the record of a body (sequence and payload).

    Raises
    ------
    ValueError
        The body is longer than a record may be.
    """
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"a spool record holds {MAX_BODY_BYTES} bytes at most, this one has {len(body)}")
    return _HEADER.pack(_MAGIC, len(body), crc32(body)) + body


def frames(data: bytes, base: int, *, is_end: bool) -> Iterator[Frame]:
    """Walk through records.

    Parameters
    ----------
    data
        Bytes that start where a record starts (or should).
    base
        The offset of `data` in its file; the frames' offsets are the file's.
    is_end
        Whether nothing follows `data` in the file; else a stretch cut off by its end is left for the next call.

    Yields
    ------
    Frame
        Sound records and damaged stretches, in order, without gap.
    """
    at = 0
    while at < len(data):
        end = _sound_end(data, at)
        if end:
            yield Frame(base + at, base + end, data[at + HEADER_BYTES : end])
            at = end
            continue
        end = _next_sound(data, at + 1)
        if end < 0:
            # A record may begin within the last bytes and go on behind them: those are for the next call.
            given_up = len(data) if is_end else len(data) - MAX_RECORD_BYTES
            if given_up > at:
                yield Frame(base + at, base + given_up, None)
            return
        yield Frame(base + at, base + end, None)
        at = end


def _sound_end(data: bytes, at: int) -> int:
    """Return where the sound record at `at` ends, 0 if there is none."""
    if len(data) - at < HEADER_BYTES:
        return 0
    magic, length, checksum = _HEADER.unpack_from(data, at)
    end: int = at + HEADER_BYTES + length
    if magic != _MAGIC or not _SEQUENCE_BYTES < length <= MAX_BODY_BYTES or end > len(data):
        return 0
    return end if crc32(data[at + HEADER_BYTES : end]) == checksum else 0


def _next_sound(data: bytes, at: int) -> int:
    while (at := data.find(_MAGIC_BYTES, at)) >= 0:
        if _sound_end(data, at):
            return at
        at += 1
    return -1
