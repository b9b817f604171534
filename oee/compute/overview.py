"""All lines as they are now, for four queries however many lines there are: what the plant overview shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from time import monotonic

from oee.compute.states import rolled_state
from oee.config.model import LineConfig, MachineConfig
from oee.glance import Glance, glance
from oee.kernels.rollup import pools
from oee.model import Category, Segment, ShiftInstance
from oee.source import LineMoment, LineState, MachineState, ResultSource
from oee.store.database import Database, Session, fetch
from oee.store.glances import glance_of
from oee.store.instances import coming_instances, running_instances
from oee.store.times import to_us

FRESH_US = 8_000_000
"""A glance up to this old is what its line is in; the state of an older one holds as long as its machine's data may."""
MAX_AGE_US = 60_000_000
"""How long the state of an old glance holds, where its machine names no greatest age of its own."""
COMPUTED_PER_VIEW = 3
"""How many lines one view may compute by itself: the rest follow in the next views."""
KEPT_S = 15.0
"""How long a line that had no glance at all is shown as it was computed then."""

Alive = Mapping[tuple[str, str], int]


class Moments:
    """Reads all lines at once; a glance is kept until its live result is computed anew."""

    def __init__(self, database: Database, source: ResultSource) -> None:
        self._database, self._source = database, source
        self._glances: dict[tuple[int, int], Glance | None] = {}
        self._since_us: dict[str, tuple[object, int]] = {}
        self._computed: dict[str, tuple[float, LineMoment]] = {}

    def moments(self) -> Mapping[str, LineMoment]:
        """All lines of the plant, in its order."""
        plant, now = self._source.plant(), self._source.now_us()
        with self._database.snapshot() as conn:
            running = {s.instance.line: s.instance for s in running_instances(conn, now)}
            glances = self._newest(conn)
            alive = {(line, m): to_us(at) for line, m, at in fetch(conn, "overview/alive")}
            outside = [n for n in plant.lines if n not in running or not _works(running[n])]
            coming = {i.line: i for i in coming_instances(conn, outside, now)} if outside else {}
        found, left = dict[str, LineMoment](), COMPUTED_PER_VIEW
        for line, config in plant.lines.items():
            seen = glances.get(line)
            if seen is None:
                found[line], cost = self._without_glance(line, coming.get(line), left)
            else:
                state = state_of(config, seen, alive, now)
                state, cost = self._whole(state, seen, left)
                found[line] = LineMoment(state, seen, coming.get(line))
            left -= cost
        return found

    def _newest(self, conn: Session) -> dict[str, Glance]:
        """Glances by line; those that were read before are not read again."""
        known = self._glances
        self._glances = {
            (number, at := to_us(computed)): known.get((number, at))
            or glance_of(text, f"{number}-0-live", at, definition)
            for number, computed, definition, text in fetch(conn, "overview/live")
        }
        readable = (seen for seen in self._glances.values() if seen is not None)
        return {seen.result.line: seen for seen in readable if seen.result.window.segments}

    def _without_glance(self, line: str, coming: ShiftInstance | None, left: int) -> tuple[LineMoment, int]:
        """A line that the compute process has not come to: computed here, seldom; else it has no figures yet."""
        at_s, kept = self._computed.get(line, (-KEPT_S, None))
        if kept is not None and (monotonic() - at_s < KEPT_S or left <= 0):
            return kept, 0
        if left <= 0:
            unknown = LineState(line, Category.NO_DATA, self._source.now_us(), None, None, None, ())
            return LineMoment(unknown, None, coming), 0
        current = self._source.current(line)
        moment = LineMoment(self._source.state(line), None if current is None else glance(current), coming)
        self._computed[line] = (monotonic(), moment)
        return moment, 1

    def _whole(self, state: LineState, seen: Glance, left: int) -> tuple[LineState, int]:
        """Where a fresh state is as old as its window, it may be older: its start is looked up once."""
        now, start_us = self._source.now_us(), seen.result.window.start_us
        if state.since_us > start_us or now - seen.result.computed_us > FRESH_US:
            return state, 0
        key, cost = (start_us, state.category, state.reason), 0
        if self._since_us.get(state.line, ((), 0))[0] != key:
            if left <= 0:
                return state, 0
            self._since_us[state.line], cost = (key, self._source.state(state.line).since_us), 1
        return replace(state, since_us=min(self._since_us[state.line][1], state.since_us)), cost


def _works(instance: ShiftInstance) -> bool:
    return instance.planned and not instance.cancelled


def state_of(config: LineConfig, seen: Glance, alive: Alive, now_us: int) -> LineState:
    """What a line is in by its glance: who is no longer proven alive is not claimed to run (S-26).

    Parameters
    ----------
    alive : until when each (line, machine) is proven alive [µs UTC].
    """
    segments = {s.machine or config.rollup.machine: s for s in seen.result.window.segments}
    told = [m for m in config.machines.values() if pools(config.rollup) or m.id == config.rollup.machine]
    machines = tuple(_machine_state(m, segments.get(m.id), seen, alive.get((config.id, m.id)), now_us) for m in told)
    category, since_us, machine = rolled_state(config.rollup, machines)
    alive_us = max((m.alive_us for m in machines if m.alive_us is not None), default=None)
    return LineState(config.id, category, since_us, machine.state, machine.reason, alive_us, machines)


def _machine_state(
    machine: MachineConfig, last: Segment | None, seen: Glance, alive_us: int | None, now_us: int
) -> MachineState:
    """An old glance tells nothing of what came after it, whatever proves life since."""
    end_us = seen.result.window.end_us
    stale = now_us - seen.result.computed_us > FRESH_US
    known_us = min(alive_us, end_us) if alive_us is not None and stale else alive_us
    old = stale and (known_us is None or now_us - known_us > (machine.max_age_us or MAX_AGE_US))
    off = last is not None and last.category is Category.NOT_SCHEDULED and now_us < seen.result.instance.end_us
    if last is None or (old and not off):
        since_us = end_us if known_us is None else known_us
        return MachineState(machine.id, Category.NO_DATA, since_us, None, None, known_us)
    return MachineState(machine.id, last.category, last.start_us, last.state, last.reason, known_us)
