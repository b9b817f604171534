"""Store and forward: an append-only log on the collector's disk. A reading counts as collected once it is here.

What it promises: whatever `commit` returned for survives kill -9 and power loss (R1), a damaged place costs
the records it touches and no others (R7), a failed sync is never reported as done (R8).
"""

from oee.spool.records import SpoolAlive, SpoolGap, SpoolLoss, SpoolRecord, SpoolSample, SpoolSkew, SpoolValue
from oee.spool.segments import Position
from oee.spool.spool import Spool, SpoolError

__all__ = [
    "Position",
    "Spool",
    "SpoolAlive",
    "SpoolError",
    "SpoolGap",
    "SpoolLoss",
    "SpoolRecord",
    "SpoolSample",
    "SpoolSkew",
    "SpoolValue",
]
