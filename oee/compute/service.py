"""One round of computing: instances, interpretation, closed shifts, live results; the ledger says what is due (R19)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from time import monotonic
from typing import TypeVar

import structlog

from oee.compute.interpreter import interpret_dirty, mark_outdated
from oee.compute.plan import Planner
from oee.compute.rolled import Look, all_results, every_machine
from oee.errors import DatabaseConflict, DatabaseUnavailable
from oee.model import US_PER_S
from oee.store.database import Database, Session, fetch, run
from oee.store.instances import instance_numbered, instances_in
from oee.store.master import Ids, Master
from oee.store.results import DueShift, claim_due, claim_live, close_due, publish, put_live, set_status, touch
from oee.store.samples import TEXT_SIGNALS
from oee.store.times import FAR_US, from_us, to_us

_log = structlog.get_logger()
COLLECTOR_TIMEOUT_US = 120 * US_PER_S
"""A collector that has not reported for so long is left out of the watermark and blocks nothing (S-50)."""
CLOSE_BUDGET_S = 1.0
US_PER_DAY = 86_400 * US_PER_S
ATTEMPTS = 3


def clock_us() -> int:
    """The wall clock [µs UTC]."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    machines: int
    shifts: int


@dataclass(frozen=True, slots=True)
class Only:
    """Shifts of some lines that overlap ``[from_us, to_us)``."""

    lines: tuple[str, ...]
    from_us: int
    to_us: int


class ComputeService:
    """Everything that turns samples into results, over one database; any number of processes may run one each."""

    def __init__(self, database: Database, now_us: Callable[[], int] = clock_us) -> None:
        self.database, self.now_us = database, now_us
        self.master = Master(database)
        self._planner = Planner(database, self.master)
        self._patient_until_us = 0
        self._rules_checked = False

    def tick(
        self, *, live: bool = True, close: bool = True, budget_s: float = CLOSE_BUDGET_S, only: Only | None = None
    ) -> Round:
        """Do what is due once; cheap when nothing is. Interpretation and live results come before closed shifts.

        Parameters
        ----------
        live : write live results of what runs now.
        close : publish shifts that are over.
        budget_s : time for closed shifts; the rest of a backlog waits for the next round, live results do not.
        only : close no other shifts than these.
        """
        if not self.master.configs():
            return Round(0, 0)
        if not self._rules_checked:
            again(partial(mark_outdated, self.database))
            self._rules_checked = True
        machines = again(partial(interpret_dirty, self.database, self.master, self.now_us()))
        ids = self.master.ids()
        for line in self._planner.lines():
            guarded(partial(self._planner.ensure_line, ids, line, self.now_us()), line)
        lines = self._lines(self.now_us())
        if live:
            for line in lines:
                guarded(partial(self._live, ids, line, self.now_us()), line)
        shifts = self._close(ids, lines, self.now_us(), monotonic() + budget_s, only) if close else 0
        return Round(machines, shifts)

    def be_patient(self) -> None:
        """After an outage collectors bring their backlog: for a while none of them counts as dead (R14)."""
        self._patient_until_us = self.now_us() + COLLECTOR_TIMEOUT_US

    def recompute(self, only: Only | None = None) -> Round:
        """Compute until nothing is due any more, of all shifts or of these only."""
        total = Round(0, 0)
        while True:
            done = self.tick(live=False, budget_s=inf, only=only)
            if done == Round(0, 0):
                return total
            total = Round(total.machines + done.machines, total.shifts + done.shifts)

    def drop_old(self) -> None:
        """Drop raw samples beyond their retention, whole days of them; facts and results stay (S-55).

        Nothing is dropped before it is interpreted: the next time will do. First the edge is told, while nobody writes
        samples: what is older by then is interpreted, and whoever brings older ones later is told that they are late.
        Text values and speeds in force stay, from the edge on: states go by them.
        """
        now = self.now_us()
        if not self.master.configs():
            return
        days = self.master.config_at(now).plant.policies.retention_days
        before = from_us((now // US_PER_DAY - days) * US_PER_DAY)
        chunks = bool(self.database.rows("samples/is_hypertable"))
        with self.database.transaction() as conn:
            run(conn, "samples/hold_facts", before=before)
            run(conn, "samples/hold_writers")
            if fetch(conn, "samples/unread_before", before=before)[0][0]:
                return
            run(conn, "samples/note_kept", before=before)
        with self.database.transaction() as conn:
            run(conn, "samples/keep_in_force", before=before, signals=sorted({*TEXT_SIGNALS, "speed"}))
            run(conn, "samples/drop_chunks" if chunks else "samples/delete_old", before=before)

    def _lines(self, now_us: int) -> list[str]:
        return list(self.master.config_at(now_us).plant.lines)

    def _live(self, ids: Ids, line: str, now_us: int) -> int:
        """Overwrite the live results of the instance that runs now, unless another worker is at it."""
        with self.database.transaction() as conn:
            current = instances_in(conn, line, ids.line(line), now_us, now_us + 1)
            if not current or not claim_live(conn, current[0].instance_id):
                return 0
            look = self._look(conn, ids, now_us)
            found = every_machine(look, current[0])
            results = all_results(look, found, current[0].instance) if found else {}
            for machine_id, result in sorted(results.items()):
                put_live(conn, current[0].instance_id, machine_id, result)
            return len(current)

    def _look(self, conn: Session, ids: Ids, now_us: int) -> Look:
        """What was claimed is computed by the configuration that stood when it was claimed, not by one before."""
        return Look(conn, self.master, self.master.catch_up(conn, ids), now_us)

    def _close(self, ids: Ids, lines: list[str], now_us: int, until_s: float, only: Only | None) -> int:
        """Publish what the watermarks have passed, a shift of each line in turn.

        Each line has its newest due shift published whatever the time: no line's backlog keeps the others waiting.

        Returns
        -------
        How many shifts were published anew or changed their status.
        """
        seen: list[int] = []
        changed = 0
        waiting = deque(line for line in lines if only is None or line in only.lines)
        first_turns = len(waiting)
        while waiting and (first_turns > 0 or monotonic() < until_s):
            first_turns -= 1
            line = waiting.popleft()
            done = guarded(partial(self._close_newest, ids, line, now_us, seen, only), line)
            if done is not None:
                changed += done
                waiting.append(line)
        return changed

    def _close_newest(self, ids: Ids, line: str, now_us: int, seen: list[int], only: Only | None) -> int | None:
        """Publish the newest due shift of a line not seen in this round, in one transaction (R18); None if none is."""
        lateness_us = self.master.config_at(now_us).plant.policies.lateness_s * US_PER_S
        with self.database.transaction() as conn:
            watermark = self._watermark(conn, line, now_us)
            span_us = (only.from_us, only.to_us) if only else (-FAR_US, FAR_US)
            due = claim_due(conn, ids.line(line), watermark, now_us - lateness_us, seen, span_us)
            if due is None:
                return None
            late = due.end_us + lateness_us <= now_us
            status = self._publish(conn, ids, line, due, now_us, final=late)
        seen.append(due.instance_id)
        return int(due.done_version < due.input_version or status != due.status)

    def _watermark(self, conn: Session, line: str, now_us: int) -> int:
        """Least ``delivered_through`` of the line's live collectors; a dead one blocks nothing."""
        plant = self.master.config_at(now_us).plant
        machines = plant.lines[line].machines.values()
        sources = sorted({s.connector for m in machines for s in m.signals.values() if s.connector})
        rows = fetch(conn, "samples/progress_of", sources=sources)
        patient = now_us < self._patient_until_us
        live = [
            to_us(through)
            for _, through, reported, _ in rows
            if patient or now_us - to_us(reported) < COLLECTOR_TIMEOUT_US
        ]
        return min([*live, now_us])

    def _publish(self, conn: Session, ids: Ids, line: str, due: DueShift, now_us: int, *, final: bool) -> str:
        look = self._look(conn, ids, now_us)
        stored = instance_numbered(conn, line, due.instance_id)
        found = every_machine(look, stored)
        decided = found is None or all(c.decided_us >= due.end_us for c in found.contexts.values())
        status = "final" if final and decided else "provisional"
        results = all_results(look, found, stored.instance) if found else {}
        for machine_id, result in results.items():
            told = replace(result, through_us=stored.instance.end_us)
            number = publish(conn, due.instance_id, machine_id, told, due.cause, due.author)
            set_status(conn, number, status, now_us)
        close_due(conn, due, status)
        return status


Done = TypeVar("Done")


def again(work: Callable[[], Done]) -> Done:
    """Do again, up to three times in all, what another worker's transaction stood in the way of."""
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except DatabaseConflict:
            _log.info("another worker's transaction stood in the way; once more")
    return work()


def guarded(work: Callable[[], Done | None], what: str) -> Done | None:
    """Run one line's work; what breaks it is told and must not stop the other lines."""
    try:
        return again(work)
    except DatabaseUnavailable:
        raise
    except Exception:  # noqa: BLE001 - a fault of one line, whatever it is, must not stop a plant
        _log.exception("computing failed for one line; the others go on", line=what)
        return None


def mark_again(database: Database, lines: list[str], from_us_: int, to_us_: int) -> None:
    """Have the shifts of a range computed again; unchanged ones keep their revision.

    Machines are marked before shifts, in the order in which the interpretation holds them: nobody waits in a ring.
    """
    ids = Master(database).ids()
    with database.transaction() as conn:
        for line in lines:
            params = {"from": from_us(from_us_), "to": from_us(to_us_)}
            run(conn, "samples/dirty_line", line_id=ids.line(line), **params)
            touch(conn, ids.line(line), from_us_, to_us_, "recompute asked for")
