"""File locks that the operating system itself lets go when the last process that holds them is gone."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":  # refused with one clear sentence before anything here is called
    import fcntl

RETRY_S = 0.02


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[int]:
    """Hold the lock on `path` for the length of the block, waiting for it; yield its file descriptor."""
    with _opened(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield descriptor


@contextmanager
def locked_within(path: Path, timeout_s: float) -> Iterator[int]:
    """Hold the lock on `path` alone, yield its file descriptor.

    Raises
    ------
    TimeoutError
        If somebody else still holds it after `timeout_s`.
    """
    deadline_s = time.monotonic() + timeout_s
    with _opened(path) as descriptor:
        while not take_alone(descriptor):
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{path} is still locked after {timeout_s:g} s")
            time.sleep(RETRY_S)
        yield descriptor


def is_held_alone(path: Path) -> bool:
    """Tell whether somebody holds the lock on `path` exclusively, without waiting."""
    if not path.exists():
        return False
    with _opened(path) as descriptor:
        # shared, so that several who ask at once don't take one another for the holder
        return not _try(descriptor, fcntl.LOCK_SH)


def take_alone(descriptor: int) -> bool:
    """Turn the open lock file's lock into an exclusive one, without waiting; tell whether that worked."""
    return _try(descriptor, fcntl.LOCK_EX)


def _try(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
