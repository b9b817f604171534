"""The reading end of the log: batches in order, from the cursor to what is committed."""

from __future__ import annotations

import struct
from pathlib import Path

from oee.spool.disk import Disk
from oee.spool.frame import Frame
from oee.spool.records import Decoder, SpoolLoss, SpoolRecord, sequence_of
from oee.spool.segments import Position, list_segments, segment_path, walk


class Reader:
    """Reads one segment after another.

    Parameters
    ----------
    disk, folder
        Where to read.
    start
        The first place that has not been delivered.
    """

    def __init__(self, disk: Disk, folder: Path, start: Position) -> None:
        self._disk = disk
        self._folder = folder
        self._start = start
        self._fd = -1
        self._at = Position(start.segment, 0)
        self._decoder = Decoder()
        self._expected_sequence = start.segment
        self.damaged_count = 0
        """Records that could not be read and were passed over."""

    def read(self, max_count: int, committed: Position) -> tuple[list[SpoolRecord | SpoolLoss], Position]:
        """Return the next records, at most `max_count`, and the place behind them. Losses stand where they were found.

        Raises
        ------
        OSError
            The disk can't be read; the same records come with the next call.
        """
        records: list[SpoolRecord | SpoolLoss] = []
        while len(records) < max_count and self._open(committed):
            self._fill(records, max_count, self._limit(committed))
            if len(records) < max_count and not self._leave(committed):
                break
        return records, max(self._at, self._start)

    def close(self) -> None:
        """Close the segment being read."""
        if self._fd >= 0:
            self._disk.close(self._fd)
            self._fd = -1

    def _open(self, committed: Position) -> bool:
        """Have a segment open; tell whether there is one."""
        if self._fd >= 0:
            return True
        segment = next((s for s in list_segments(self._folder) if s >= self._at.segment), None)
        if segment is None or segment > committed.segment:
            return False
        self._fd = self._disk.open_existing(segment_path(self._folder, segment))
        # From its beginning, even where a part was delivered: the names stand there.
        self._at = Position(segment, 0)
        self._decoder = Decoder()
        self._expected_sequence = segment
        return True

    def _leave(self, committed: Position) -> bool:
        """Close a segment that was read to its end; tell whether another may follow."""
        if self._at.segment >= committed.segment:
            return False
        self.close()
        self._at = Position(self._at.segment + 1, 0)
        return True

    def _limit(self, committed: Position) -> int:
        return committed.offset if self._at.segment == committed.segment else self._disk.size(self._fd)

    def _fill(self, records: list[SpoolRecord | SpoolLoss], max_count: int, limit: int) -> None:
        segment, end = self._at.segment, self._at.offset
        delivered = self._start.offset if segment == self._start.segment else 0
        for found in walk(self._disk, self._fd, end, limit):
            end = found.end
            damaged_before = self.damaged_count
            record = self._take(found, is_last=end == limit)
            if self.damaged_count > damaged_before and end > delivered:
                records.append(SpoolLoss())
            if record is not None and end > delivered:
                records.append(record)
                if len(records) >= max_count:
                    break
        self._at = Position(segment, end)

    def _take(self, found: Frame, *, is_last: bool) -> SpoolRecord | None:
        if found.body is None:
            # Behind the last sound record no sequence number tells how many are missing: it counts as one.
            self.damaged_count += is_last
            return None
        sequence = sequence_of(found.body)
        if sequence > self._expected_sequence:
            self.damaged_count += sequence - self._expected_sequence
        self._expected_sequence = sequence + 1
        try:
            return self._decoder.decode(found.body)
        except (KeyError, ValueError, struct.error):
            self.damaged_count += 1
            return None
