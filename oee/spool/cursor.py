"""The cursor: how far the log has been delivered. Two slots written in turn, so that a torn write costs neither."""

from __future__ import annotations

import struct
from pathlib import Path
from zlib import crc32

from oee.spool.disk import Disk
from oee.spool.segments import Position

_SLOT = struct.Struct("<QQQ")  # generation, segment, offset; the CRC-32 of these follows
_CHECKSUM = struct.Struct("<I")
_SLOT_BYTES = 4_096  # each in a disk block of its own


class Cursor:
    """The cursor file. Opening one that is missing or damaged gives `position` None: deliver from the oldest.

    Raises
    ------
    OSError
        The file can't be made or read.
    """

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk = disk
        if not path.exists():
            self._preallocate(path)
        self._fd = disk.open_existing(path, writable=True)
        slots = [self._load(slot) for slot in range(2)]
        self._generation, self.position = max(slots, key=lambda slot: slot[0])

    def save(self, position: Position) -> None:
        """Return once the position is on the medium; raise `OSError` where it may not be."""
        generation = self._generation + 1
        head = _SLOT.pack(generation, position.segment, position.offset)
        self._disk.write_at(self._fd, head + _CHECKSUM.pack(crc32(head)), generation % 2 * _SLOT_BYTES)
        self._disk.sync(self._fd)
        self._generation, self.position = generation, position

    def close(self) -> None:
        """Close the file."""
        self._disk.close(self._fd)

    def _preallocate(self, path: Path) -> None:
        # Its space is taken now: a full disk must not keep the log from draining.
        fd = self._disk.create(path)
        try:
            self._disk.append(fd, bytes(2 * _SLOT_BYTES))
            self._disk.sync(fd)
        finally:
            self._disk.close(fd)
        self._disk.sync_folder(path.parent)

    def _load(self, slot: int) -> tuple[int, Position | None]:
        data = self._disk.read_at(self._fd, _SLOT.size + _CHECKSUM.size, slot * _SLOT_BYTES)
        head, checksum = data[: _SLOT.size], data[_SLOT.size :]
        if len(checksum) != _CHECKSUM.size or _CHECKSUM.unpack(checksum)[0] != crc32(head):
            return 0, None
        generation, segment, offset = _SLOT.unpack(head)
        return generation, Position(segment, offset) if generation else None
