"""Segments: files named by the sequence number of their first record, so that their order is their names'."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from oee.spool.disk import Disk
from oee.spool.frame import MAX_RECORD_BYTES, Frame, frames
from oee.spool.records import sequence_of

_SUFFIX = ".seg"
_CHUNK_BYTES = 2 * MAX_RECORD_BYTES


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the log: the segment's first sequence number, and the offset [bytes] in its file."""

    segment: int
    offset: int


def segment_path(folder: Path, segment: int) -> Path:
    """Return the file of a segment."""
    return folder / f"{segment:020d}{_SUFFIX}"


def list_segments(folder: Path) -> list[int]:
    """Return the first sequence numbers of the segments on disk, ascending."""
    return sorted(int(path.stem) for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdigit())


def walk(disk: Disk, fd: int, start: int, limit: int) -> Iterator[Frame]:
    """Walk through a file's records and damaged stretches from `start` to `limit` [bytes]; offsets are the file's."""
    at = start
    while at < limit:
        data = disk.read_at(fd, min(_CHUNK_BYTES, limit - at), at)
        base = at
        for found in frames(data, base, is_end=base + len(data) >= limit):
            at = found.end
            yield found
        if at == base:  # the file is shorter than it should be: what is missing can't be read
            return


def cut_torn_tail(disk: Disk, path: Path) -> tuple[int | None, int]:
    """Cut off what a crash left half written at the end of a segment.

    Returns
    -------
    tuple
        The last sound record's sequence number (None: there is none), and the count of bytes cut off.
    """
    fd = disk.open_existing(path, writable=True)
    try:
        size, end, last = disk.size(fd), 0, None
        for found in walk(disk, fd, 0, size):
            if found.body is not None:
                end, last = found.end, sequence_of(found.body)
        if end < size:
            disk.truncate(fd, end)
            disk.sync(fd)
        return last, size - end
    finally:
        disk.close(fd)
