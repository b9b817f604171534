"""The spool as the service sees it: one writer, one reader, one cursor, under one lock."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from oee.errors import OeeError
from oee.spool.cursor import Cursor
from oee.spool.disk import Disk
from oee.spool.reader import Reader
from oee.spool.records import SpoolLoss, SpoolRecord
from oee.spool.segments import Position, cut_torn_tail, list_segments, segment_path
from oee.spool.writer import Writer

SEGMENT_BYTES = 16 * 2**20


class SpoolError(OeeError):
    """The collector's buffer on disk can't be used, or did not take what it was given."""


class Spool:
    """An open spool. Use `Spool.open`.

    One thread may append and commit while another reads and reports deliveries.
    """

    def __init__(self, folder: Path, disk: Disk, segment_bytes: int) -> None:
        self._folder = folder
        self._disk = disk
        folder.mkdir(parents=True, exist_ok=True)
        self._lock_fd = _lock(folder / "lock")
        try:
            self._cursor = Cursor(disk, folder / "cursor")
            next_sequence, self.torn_bytes = self._recover()
            self._writer = Writer(disk, folder, next_sequence, segment_bytes)
            self._reader = Reader(disk, folder, self._cursor.position or Position(0, 0))
        except BaseException:
            os.close(self._lock_fd)
            raise

    @classmethod
    def open(cls, path: Path, *, disk: Disk | None = None, segment_bytes: int = SEGMENT_BYTES) -> Self:
        """Open the spool in a folder, making it where there is none, and mend what a crash left.

        Parameters
        ----------
        path
            The folder; used by one process at a time.
        disk
            The file system; another one in tests.
        segment_bytes
            The size of a segment file, the unit in which disk space is given back.

        Raises
        ------
        SpoolError
            Another process uses the folder, or it can't be read or written.
        """
        with _explained(path):
            return cls(Path(path), disk or Disk(), segment_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def damaged_count(self) -> int:
        """How many records could not be read and were passed over, since the spool was opened."""
        return self._reader.damaged_count

    def append_batch(self, records: Sequence[SpoolRecord]) -> None:
        """Write records in order. They are durable once `commit` has returned.

        Raises
        ------
        SpoolError
            The disk did not take them. All since the last commit must be appended again.
        ValueError
            A record can't be written at all (see `Encoder.encode`); the same holds for the others.
        """
        with _explained(self._folder):
            self._writer.append(records)

    def commit(self) -> None:
        """Return once everything appended is on the medium.

        Raises
        ------
        SpoolError
            It may not be. All since the last commit must be appended again.
        """
        with _explained(self._folder):
            self._writer.commit()

    def read(self, max_records: int) -> tuple[list[SpoolRecord | SpoolLoss], Position]:
        """Return the next committed records, in order, losses among them, and the place behind them.

        Each call goes on where the last one ended; after a restart reading starts at what was delivered.

        Raises
        ------
        SpoolError
            The disk can't be read.
        """
        with _explained(self._folder):
            return self._reader.read(max_records, self._writer.committed)

    def delivered(self, position: Position) -> None:
        """Take note that everything before `position` is in the database, and give back disk space.

        Raises
        ------
        SpoolError
            It could not be noted: after a restart the records may be read again.
        """
        if position == self._cursor.position:
            return
        with _explained(self._folder):
            self._cursor.save(position)  # before the files go: a cursor must never point behind lost ones
            for segment in list_segments(self._folder):
                if segment < position.segment:
                    self._disk.unlink(segment_path(self._folder, segment))

    def close(self) -> None:
        """Close the files and give the lock back; what was not committed is not promised."""
        self._reader.close()
        self._writer.close()
        self._cursor.close()
        os.close(self._lock_fd)

    def _recover(self) -> tuple[int, int]:
        """Mend the last segment; return the next sequence number and the bytes that were half written."""
        segments = list_segments(self._folder)
        if not segments:
            # A file of n bytes held fewer than n records: this number is surely behind the delivered ones.
            position = self._cursor.position or Position(0, 0)
            return position.segment + position.offset + 1, 0
        last, torn_bytes = cut_torn_tail(self._disk, segment_path(self._folder, segments[-1]))
        known = self._cursor.position.segment if self._cursor.position else 0
        return max(segments[-1] if last is None else last, known) + 1, torn_bytes


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SpoolError(f"spool {folder}: {error.strerror or error}") from error


def _lock(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise SpoolError(f"spool {path.parent}: another collector uses it; stop that one first") from None
    return fd
