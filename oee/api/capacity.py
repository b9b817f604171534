"""How much is served at a time: shares of the files that this process may open, and how long a peer may keep us."""

from __future__ import annotations

import resource
from dataclasses import dataclass

MAX_CONNECTIONS = 1000
"""More than a plant's screens and programs; fewer where the process may open few files."""
SEND_S = 60.0
"""Who takes nothing of an answer for so long is let go."""
REQUEST_S = 30.0
"""So long a request may take to arrive."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """Connections in all, event streams in all and of one asker, and connections that wait to be accepted."""

    connections: int
    streams: int
    streams_each: int
    backlog: int


def capacity(files_count: int) -> Capacity:
    """Share out the files that a process may open.

    Half is for connections, so that the database, the spool and the devices have theirs. Half of those at most are
    streams, so that somebody can always ask; half of these one asker's. A burst stays within the rest: asyncio accepts
    a whole backlog at a time, and some of them before the first is counted.
    """
    connections = max(min(MAX_CONNECTIONS, files_count // 2), 8)
    return Capacity(connections, connections // 2, connections // 4, max(min(128, files_count // 16), 1))


def own_capacity() -> Capacity:
    """Share out what this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return capacity(2 * MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else soft)
