"""The few things the spool asks of a file system; the seam at which tests let a disk fail."""

from __future__ import annotations

import os
from pathlib import Path

# fdatasync leaves out times that nobody reads; where a system has none, fsync does more than is needed
_sync = getattr(os, "fdatasync", os.fsync)


class Disk:
    """The real disk. Every method raises `OSError` as the system does."""

    def create(self, path: Path) -> int:
        """Open a new file for appending; fail where it exists."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)

    def open_existing(self, path: Path, *, writable: bool = False) -> int:
        """Open an existing file."""
        return os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)

    def append(self, fd: int, data: bytes) -> None:
        """Write all of `data` at the end."""
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        """Write all of `data` (at most a sector) at `offset`."""
        if os.pwrite(fd, data, offset) != len(data):
            raise OSError("short write")

    def read_at(self, fd: int, size: int, offset: int) -> bytes:
        """Read up to `size` bytes from `offset`."""
        return os.pread(fd, size, offset)

    def size(self, fd: int) -> int:
        """Return the file's length [bytes]."""
        return os.fstat(fd).st_size

    def sync(self, fd: int) -> None:
        """Return once the file's data is on the medium."""
        _sync(fd)

    def truncate(self, fd: int, size: int) -> None:
        """Cut the file to `size` bytes."""
        os.ftruncate(fd, size)

    def close(self, fd: int) -> None:
        """Close the file."""
        os.close(fd)

    def unlink(self, path: Path) -> None:
        """Remove the file."""
        path.unlink()

    def sync_folder(self, path: Path) -> None:
        """Return once the folder's entries are on the medium."""
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
