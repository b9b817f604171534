"""All lines as they are now, for four queries however many lines there are: what the plant overview shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oee.glance import Glance, glance
from oee.kernels.rollup import pools
from oee.model import ShiftInstance
from oee.source import LineMoment, LineState, ResultSource
from oee.store.database import Database, Session, fetch
from oee.store.glances import glance_of
from oee.store.instances import coming_instances, running_instances
from oee.store.times import from_us, to_us

FRESH_US = 30_000_000
"""A live result up to this old stands on the overview; an older one is computed anew by the reader."""


class Moments:
    """Reads all lines at once; a glance is kept until its live result is computed anew."""

    def __init__(self, database: Database, source: ResultSource) -> None:
        self._database, self._source = database, source
        self._glances: dict[tuple[int, int], Glance] = {}
        self._since_us: dict[str, tuple[object, int]] = {}

    def moments(self) -> Mapping[str, LineMoment]:
        """All lines of the plant, in its order."""
        plant, now = self._source.plant(), self._source.now_us()
        with self._database.snapshot() as conn:
            running = {s.instance.line: s for s in running_instances(conn, now)}
            fresh = self._fresh(conn, [s.instance_id for s in running.values()], now)
            alive = {(line, m): to_us(at) for line, m, at in fetch(conn, "overview/alive")}
            outside = [n for n in plant.lines if n not in running or not _works(running[n].instance)]
            coming = {i.line: i for i in coming_instances(conn, outside, now)} if outside else {}
        found = {}
        for line, config in plant.lines.items():
            seen = fresh.get(running[line].instance_id) if line in running else None
            single = not pools(config.rollup)
            if seen is not None and seen.result.window.segments and single:
                state = self._state(line, seen, alive.get((line, config.rollup.machine)))
            else:
                state = self._source.state(line)
            found[line] = LineMoment(state, seen or self._anew(line), coming.get(line))
        return found

    def _anew(self, line: str) -> Glance | None:
        """Computed here and now: the compute process may be down."""
        current = self._source.current(line)
        return None if current is None else glance(current)

    def _state(self, line: str, seen: Glance, alive_us: int | None) -> LineState:
        """The state of the last segment; where it began before the shift, its start is looked up once."""
        last, since_us = seen.result.window.segments[-1], seen.since_us
        if seen.before:
            key = (since_us, last.category, last.reason)
            if self._since_us.get(line, ((), 0))[0] != key:
                self._since_us[line] = (key, self._source.state(line).since_us)
            since_us = min(self._since_us[line][1], since_us)
        return LineState(line, last.category, since_us, last.state, last.reason, alive_us, ())

    def _fresh(self, conn: Session, instances: Sequence[int], now_us: int) -> dict[int, Glance]:
        """Glances by instance; those that were read before are not read again."""
        rows = fetch(conn, "overview/live", instances=list(instances), since=from_us(now_us - FRESH_US))
        known = self._glances
        self._glances = {
            (number, at := to_us(computed)): known.get((number, at))
            or glance_of(text, f"{number}-0-live", at, definition)
            for number, computed, definition, text in rows
        }
        return {number: seen for (number, _), seen in self._glances.items()}


def _works(instance: ShiftInstance) -> bool:
    return instance.planned and not instance.cancelled
