"""The writing end of the log: append, then commit. Any failure ends the segment; the next append starts a new one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from oee.spool.disk import Disk
from oee.spool.records import Encoder, SpoolRecord
from oee.spool.segments import Position, segment_path


class Writer:
    """Appends to one segment after another.

    A segment is never appended to again once it was closed: not after a restart, and not after an error,
    when the system may have dropped what it could not write and call the next sync a success (R8).

    Parameters
    ----------
    disk, folder
        Where to write.
    next_sequence
        Greater than any sequence number in the folder.
    segment_bytes
        A segment that has reached this size is followed by a new one.
    """

    def __init__(self, disk: Disk, folder: Path, next_sequence: int, segment_bytes: int) -> None:
        self._disk = disk
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._next_sequence = next_sequence
        self._encoder: Encoder | None = None
        self._fd = -1
        self._written = Position(next_sequence, 0)
        self.committed = Position(next_sequence, 0)
        """Up to here everything is on the medium; read by the other end, maybe from another thread."""

    def append(self, records: Sequence[SpoolRecord]) -> None:
        """Write records, durable only after `commit`; after an error all since the last commit must be given again."""
        if not records:
            return
        try:
            encoder = self._encoder or self._start_segment()
            data = encoder.encode(records)
            self._disk.append(self._fd, data)
        except BaseException:
            self._abandon()
            raise
        self._written = Position(self._written.segment, self._written.offset + len(data))

    def commit(self) -> None:
        """Return once all that was appended is on the medium."""
        if self._written == self.committed:
            return
        try:
            self._disk.sync(self._fd)
        except BaseException:
            self._abandon()
            raise
        self.committed = self._written
        if self._written.offset >= self._segment_bytes:
            self._end_segment()

    def close(self) -> None:
        """Close the segment; what was not committed is not promised."""
        if self._encoder is not None:
            self._end_segment()

    def _start_segment(self) -> Encoder:
        path = segment_path(self._folder, self._next_sequence)
        self._fd = self._disk.create(path)
        self._encoder = Encoder(self._next_sequence)
        self._written = Position(self._next_sequence, 0)
        self._disk.sync_folder(self._folder)
        return self._encoder

    def _end_segment(self) -> None:
        if self._encoder is not None:
            # at least one further, so that the next segment has a name of its own
            self._next_sequence = max(self._encoder.next_sequence, self._next_sequence + 1)
        self._encoder = None
        self._disk.close(self._fd)

    def _abandon(self) -> None:
        if self._encoder is None:
            return
        kept = self.committed.offset if self.committed.segment == self._written.segment else 0
        with suppress(OSError):  # a tidy end, no more: what is left there would be read as damaged, or delivered twice
            self._disk.truncate(self._fd, kept)
        with suppress(OSError):
            self._end_segment()
        self._written = self.committed
