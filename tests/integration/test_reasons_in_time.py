"""S-54, S-51: a reason is what the tree in force at the stop makes of it, and a change of the tree is rehearsed."""

from datetime import timedelta
from pathlib import Path

from corrections_fixture import DAY_US, PLANT, Corrected, at, stop_at

from oee.compute.master_data import rehearse_apply
from oee.compute.service import mark_again
from oee.store.database import Database
from oee.store.master import Master
from oee.store.times import from_us

STOPPED = ("06:00 state RUN", "06:00 good 0", "07:40 state DOWN", "07:50 state RUN", "10:00 good 3600", "10:00 state RUN")


def tree(name: str, category: str) -> str:
    return PLANT + f"  - {{code: NEW, name: {name}, category: {category}}}\n"
