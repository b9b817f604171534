"""Records that the disk lost → gaps (R4, R7), pure.

Which endpoint's records are lost nobody can tell. So of every endpoint the time between its last proof of life before
the loss and its first one behind it is a gap, and no life is proven for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oee.spool import SpoolAlive, SpoolGap, SpoolLoss, SpoolRecord
from oee.store.gaps import LOST


class Losses:
    """The memory of what the spool gave back so far."""

    def __init__(self) -> None:
        self._through_us: dict[str, int] = {}
        self._count = 0
        self._told_counts: dict[str, int] = {}
        """How many losses were settled, by endpoint."""

    def told(self, records: Sequence[SpoolRecord | SpoolLoss]) -> list[SpoolRecord]:
        """Return the records with gaps in the place of losses."""
        out: list[SpoolRecord] = []
        for record in records:
            if isinstance(record, SpoolLoss):
                self._count += 1
            elif isinstance(record, SpoolAlive):
                out += self._life(record)
            else:
                out.append(record)
        return out

    def _life(self, record: SpoolAlive) -> list[SpoolRecord]:
        name = record.connector
        is_doubtful = bool(record.machines) and self._told_counts.get(name, 0) < self._count
        start_us = min(self._through_us.get(name, record.from_us), record.from_us)
        self._through_us[name] = record.through_us
        if not is_doubtful:
            return [record]
        self._told_counts[name] = self._count
        gap = SpoolGap(name, start_us, record.machines, LOST, record.interval_us)
        alive = replace(record, from_us=record.through_us)
        return [gap, alive] if start_us < record.through_us else [alive]
