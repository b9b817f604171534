"""Who was alive at one endpoint, from when to when, and who was not and why (R4), pure.

A machine is alive while any of its tags is Good.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from connectors.base import Batch, Reading
from connectors.status import describe, is_good
from oee.collect.endpoint import ConnectorPlan
from oee.spool import SpoolAlive, SpoolGap, SpoolRecord


class Life:
    """The memory of one endpoint's machines. It outlives connections.

    Parameters
    ----------
    plan
        The endpoint.
    """

    def __init__(self, plan: ConnectorPlan) -> None:
        self._plan = plan
        self._machine_of = {tag.key: tag.machine_key for tag in plan.tags}
        self._machines = sorted(set(self._machine_of.values()))
        self._longest_pause_us = round(max(2 * plan.interval_s, plan.longest_poll_s) * 1e6)
        self._statuses: dict[str, dict[str, int]] = {}
        """By machine and tag, of this connection."""
        self._good_since_us: dict[str, int] = {}
        self._first_us: int | None = None
        """Up to where this connection's first word reached."""
        self._alive: frozenset[str] = frozenset()
        self._missing: frozenset[str] = frozenset()
        """Machines of which a gap was told that has not ended."""
        self._through_us: int | None = None

    def polled(self, readings: Sequence[Reading], now_us: int) -> list[SpoolRecord]:
        """Return gaps and proof of life of a poll that had come in whole at `now_us`."""
        records: list[SpoolRecord] = []
        if self._through_us is not None and now_us - self._through_us > self._longest_pause_us:
            # Nobody was looking: this process, or the computer, stood still.
            records += self._gaps(self._alive, "no poll: the collector stood still", self._through_us)
            self._forget()
        self._hear(readings, now_us, now_us)
        return records + self._told(now_us, is_whole=True)

    def published(self, batch: Batch) -> list[SpoolRecord]:
        """Return gaps and proof of life of a publication."""
        self._hear(batch.readings, batch.through_us, batch.receive_ts_us)
        return self._told(batch.through_us, is_whole=batch.through_us != self._first_us)

    def missed(self, now_us: int, reason: str) -> list[SpoolRecord]:
        """Return what it means that the endpoint could not be reached, or not any more, for `reason`."""
        records = self._gaps(self._machines, reason, now_us if self._through_us is None else self._through_us)
        self._forget()
        self._through_us = now_us
        return [*records, self._proof(now_us, now_us, ())]

    def _forget(self) -> None:
        """What is heard from now on says nothing of the time before."""
        self._statuses.clear()
        self._good_since_us.clear()
        self._first_us = None
        self._alive = frozenset()

    def _hear(self, readings: Iterable[Reading], through_us: int, now_us: int) -> None:
        """Take note of each tag's status and since when a machine is Good.

        First values hold from where the connection's word begins; what is Good later may be so only from now on.
        """
        self._first_us = through_us if self._first_us is None else self._first_us
        since_us = through_us if through_us == self._first_us else now_us
        for reading in readings:
            machine = self._machine_of[reading.key]
            self._statuses.setdefault(machine, {})[reading.key] = reading.status
        for machine, statuses in self._statuses.items():
            if not any(map(is_good, statuses.values())):
                self._good_since_us.pop(machine, None)
            elif machine not in self._good_since_us:
                self._good_since_us[machine] = since_us

    def _told(self, through_us: int, *, is_whole: bool) -> list[SpoolRecord]:
        """Return who was not alive and who was. `is_whole`: all tags had time to say how they are."""
        alive = frozenset(m for m, since_us in self._good_since_us.items() if since_us <= through_us)
        before_us = through_us if self._through_us is None else min(self._through_us, through_us)
        records: list[SpoolRecord] = []
        for machine in self._machines:
            if is_whole and machine not in alive:
                start_us = before_us if machine in self._alive else through_us
                records += self._gaps([machine], self._reason(machine), start_us)
        starts: dict[int, list[str]] = defaultdict(list)
        for machine in sorted(alive):
            starts[before_us if machine in self._alive else self._good_since_us[machine]].append(machine)
        self._alive, self._missing, self._through_us = alive, self._missing - alive, through_us
        return [
            *records,
            *(self._proof(start_us, through_us, starts[start_us]) for start_us in sorted(starts)),
            *([] if starts else [self._proof(through_us, through_us, ())]),
        ]

    def _reason(self, machine: str) -> str:
        codes = sorted({code for code in self._statuses.get(machine, {}).values() if not is_good(code)})
        return f"no value is Good ({', '.join(map(describe, codes))})" if codes else "no value has come"

    def _gaps(self, machines: Iterable[str], reason: str, from_us: int) -> list[SpoolRecord]:
        """Return the beginning of a gap of those machines that have none yet."""
        new = frozenset(machines) - self._missing
        self._missing |= new
        return [SpoolGap(self._plan.name, from_us, tuple(sorted(new)), reason, self._plan.interval_us)] if new else []

    def _proof(self, from_us: int, through_us: int, machines: Sequence[str]) -> SpoolAlive:
        return SpoolAlive(self._plan.name, from_us, through_us, tuple(machines), self._plan.interval_us)
