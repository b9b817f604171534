"""Answers to pages, reports and the API, all from the results or from the same calculation over the same facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import reduce
from itertools import groupby, pairwise
from operator import add

from oee.calendar import clock_hours
from oee.compute.calculator import Context, context, shift_result, subject, window
from oee.compute.overview import Moments
from oee.compute.service import clock_us
from oee.config.model import LineConfig, PlantConfig
from oee.errors import InputError, NotFoundError
from oee.model import FLAGS, US_PER_S, Segment, ShiftInstance, ShiftResult, WindowResult
from oee.source import LineMoment, LineState, MachineState, RevisionInfo
from oee.store.database import Database, Session, fetch_one
from oee.store.facts import facts_state
from oee.store.instances import StoredInstance, instance_named, instances_in
from oee.store.master import Ids, Master
from oee.store.results import LINE, live_result, published, published_before, published_range, revisions
from oee.store.times import to_us

FRESH_US = 8_000_000
"""A live result older than this is computed anew by the reader: the compute process may be down."""
LOOK_BACK_US = 2 * 86_400_000_000
"""How far back a state is followed for "since when", and how far a production day can reach beyond a range."""


class Results:
    """The one read side (see `oee.source.ResultSource`)."""

    def __init__(self, database: Database, now_us: Callable[[], int] = clock_us) -> None:
        self._database, self._now_us = database, now_us
        self._master = Master(database)
        self._moments = Moments(database, self)

    def moments(self) -> Mapping[str, LineMoment]:
        """All lines as they are now, in the order of the plant file."""
        return self._moments.moments()

    def plant(self) -> PlantConfig:
        """The configuration in force now."""
        return self._master.config_at(self._now_us()).plant

    def now_us(self) -> int:
        """The instant up to which live figures are told [µs UTC]."""
        return self._now_us()

    def state(self, line: str) -> LineState:
        """What the line and its machines are in now."""
        now, ids = self._now_us(), self._ids(line)
        config = self._config(line, now)
        with self._database.transaction() as conn:
            machines = tuple(self._machine_state(conn, ids, line, m, now) for m in config.machines)
        chosen = next(m for m in machines if m.machine == config.rollup.machine)
        return LineState(line, chosen.category, chosen.since_us, chosen.state, chosen.reason, chosen.alive_us, machines)

    def _machine_state(self, conn: Session, ids: Ids, line: str, machine: str, now: int) -> MachineState:
        segments = self._live_segments(conn, ids, line, machine, now)
        last, since = segments[-1], _since(segments)
        if since == segments[0].start_us:
            ctx = self._context(conn, ids, line, machine, now - LOOK_BACK_US, now, now)
            segments = window(ctx, now - LOOK_BACK_US, now).segments
            last, since = segments[-1], _since(segments)
        known = facts_state(conn, ids.machine(line, machine))
        alive = known.through_us if known else None
        return MachineState(machine, last.category, since, last.state, last.reason, alive)

    def _live_segments(self, conn: Session, ids: Ids, line: str, machine: str, now: int) -> Sequence[Segment]:
        """Segments of the running instance up to now: the live result's if it is fresh, else computed."""
        running = instances_in(conn, line, ids.line(line), now, now + 1)
        if running:
            found = live_result(conn, running[0].instance_id, ids.machine(line, machine))
            if found and found.window.segments and now - found.computed_us <= FRESH_US:
                return found.window.segments
        ctx = self._context(conn, ids, line, machine, now - LOOK_BACK_US, now, now)
        return window(ctx, now - LOOK_BACK_US, now).segments

    def current(self, line: str) -> ShiftResult | None:
        """The live result of the running instance; None before the first calendar."""
        now, ids = self._now_us(), self._ids(line)
        with self._database.transaction() as conn:
            running = instances_in(conn, line, ids.line(line), now, now + 1)
            return self._newest(conn, ids, running[0], None, now) if running else None

    def shift(
        self, line: str, production_date: str, shift: str, machine: str | None = None, revision: int | None = None
    ) -> ShiftResult:
        """One shift: the newest revision, the one asked for, or the live result where none is published."""
        now, ids = self._now_us(), self._ids(line)
        with self._database.transaction() as conn:
            stored = self._instance(conn, ids, line, production_date, shift)
            if revision is None:
                return self._newest(conn, ids, stored, machine, now)
            found = published(conn, stored.instance_id, _number(ids, line, machine), revision)
        if found is None:
            raise NotFoundError(f"shift {shift} of {production_date} on line {line!r} has no revision {revision}")
        return found

    def _instance(self, conn: Session, ids: Ids, line: str, day: str, name: str) -> StoredInstance:
        try:
            date.fromisoformat(day)
        except ValueError:
            raise InputError(f"{day!r} is no date; write it as 2026-11-19") from None
        stored = instance_named(conn, line, ids.line(line), day, name)
        if stored is None:
            raise NotFoundError(f"line {line!r} has no shift {name!r} on {day}")
        return stored

    def _newest(self, conn: Session, ids: Ids, stored: StoredInstance, machine: str | None, now: int) -> ShiftResult:
        """What stands for an instance: published, live and fresh, or computed here and now."""
        line = stored.instance.line
        number = _number(ids, line, machine)
        found = published(conn, stored.instance_id, number)
        if found is not None:
            return found
        found = live_result(conn, stored.instance_id, number)
        if found is not None and now - found.computed_us <= FRESH_US:
            return found
        if stored.instance.start_us > now:
            raise NotFoundError(
                f"shift {stored.instance.name} of {stored.instance.production_date} has not started yet"
            )
        if stored.instance.end_us <= min(_first_us(conn, ids, line, now), now):
            shift = f"{stored.instance.name} of {stored.instance.production_date}"
            raise NotFoundError(f"line {line!r} has no data of shift {shift}: its first data are newer")
        span = (stored.instance.start_us, min(stored.instance.end_us, now))
        ctx = self._context(conn, ids, line, machine, *span, now, at_us=stored.instance.start_us)
        return replace(shift_result(ctx, stored.instance), id=f"{stored.instance_id}-{number}-live")

    def shifts(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        """Newest results of the instances that start in the range and have begun, off time included."""
        now, ids = self._now_us(), self._ids(line)
        number = _number(ids, line, machine)
        with self._database.transaction() as conn:
            done = published_range(conn, ids.line(line), number, from_us, to_us)
            first = min(_first_us(conn, ids, line, now), now)
            begun = [
                s
                for s in instances_in(conn, line, ids.line(line), from_us, min(to_us, now))
                if s.instance.start_us >= from_us and s.instance.end_us > first
            ]
            return [done.get(s.instance_id) or self._newest(conn, ids, s, machine, now) for s in begun]

    def days(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        """Sums of all instances of each production day that starts in the range; ratios come after (S-41)."""
        results = self.shifts(line, from_us - LOOK_BACK_US, to_us + LOOK_BACK_US, machine)
        grouped = groupby(results, key=lambda r: r.instance.production_date)
        days = (list(parts) for _, parts in grouped)
        return [_sum(line, parts) for parts in days if from_us <= parts[0].instance.start_us < to_us]

    def window(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> ShiftResult:
        """One result over ``[from, to)``, clipped to what has elapsed."""
        now, ids = self._now_us(), self._ids(line)
        with self._database.transaction() as conn:
            parts = [
                _free(ctx, a, b if b < end else max(to_us, b))
                for ctx, a, b, end in self._stretches(conn, ids, line, machine, from_us, to_us, now)
            ]
        return _union(parts) if len(parts) > 1 else parts[0]

    def hours(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        """Local clock hours clipped to the range and cut at the edges of shifts (S-36)."""
        now, ids = self._now_us(), self._ids(line)
        rows = []
        with self._database.transaction() as conn:
            shifts = [s.instance for s in instances_in(conn, line, ids.line(line), from_us, to_us)]
            edges = {e for s in shifts for e in (s.start_us, s.end_us)}
            for ctx, start, end, _ in self._stretches(conn, ids, line, machine, from_us, to_us, now):
                for hour in clock_hours(start, end, ctx.who.zone):
                    for a, b in _split(hour, edges):
                        inside = next((s for s in shifts if s.start_us <= a < s.end_us), None)
                        rows.append(_free(ctx, a, b, inside))
        return rows

    def _stretches(
        self, conn: Session, ids: Ids, line: str, machine: str | None, from_us: int, to_us: int, now: int
    ) -> Iterator[tuple[Context, int, int, int]]:
        """The elapsed range in stretches that one configuration judges, as it judges the shifts in them (S-12).

        Yields
        ------
        The context of a stretch, its start and end, and the end of the whole elapsed range [µs].
        """
        end = max(min(to_us, now), from_us)
        starts = [s.instance.start_us for s in instances_in(conn, line, ids.line(line), from_us, end)]
        edges = [from_us, *(s for s in starts if from_us < s < end), end]
        judged = [
            (a, b, subject(self._master, line, machine, starts[0] if starts and n == 0 else a))
            for n, (a, b) in enumerate(pairwise(edges))
        ]
        for _, group in groupby(judged, key=lambda j: (id(j[2].plant), j[2].source.id)):
            same = list(group)
            a, b, who = same[0][0], same[-1][1], same[0][2]
            yield context(conn, self._master, ids, who, (a, b), now), a, b, end

    def intervals(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[Segment]:
        """Final categories over the range, tiling what of it has elapsed."""
        return list(self.window(line, from_us, to_us, machine).window.segments)

    def same_before(self, line: str, instance: ShiftInstance) -> ShiftResult | None:
        """The newest published result of the newest earlier shift of the same name."""
        with self._database.transaction() as conn:
            return published_before(conn, self._ids(line).line(line), instance.name, instance.start_us)

    def instances(self, line: str, from_us: int, to_us: int) -> list[ShiftInstance]:
        """Shift instances that overlap the range, those to come too."""
        ids = self._ids(line)
        with self._database.transaction() as conn:
            return [s.instance for s in instances_in(conn, line, ids.line(line), from_us, to_us)]

    def revisions(self, line: str, production_date: str, shift: str) -> list[RevisionInfo]:
        """All published revisions of a line's shift, oldest first."""
        ids = self._ids(line)
        with self._database.transaction() as conn:
            stored = self._instance(conn, ids, line, production_date, shift)
            return [RevisionInfo(*row) for row in revisions(conn, stored.instance_id)]

    def _ids(self, line: str) -> Ids:
        ids = self._master.ids()
        ids.line(line)
        return ids

    def _config(self, line: str, at_us: int) -> LineConfig:
        return subject(self._master, line, None, at_us).line

    def _context(
        self,
        conn: Session,
        ids: Ids,
        line: str,
        machine: str | None,
        start_us: int,
        end_us: int,
        now: int,
        at_us: int | None = None,
    ) -> Context:
        who = subject(self._master, line, machine, end_us if at_us is None else at_us)
        return context(conn, self._master, ids, who, (start_us, max(start_us, end_us)), now)


def _since(segments: Sequence[Segment]) -> int:
    """Since when the last segment's category and reason have been claimed without a break."""
    last, since = segments[-1], segments[-1].start_us
    for s in reversed(segments):
        if (s.category, s.reason) != (last.category, last.reason):
            break
        since = s.start_us
    return since


def _union(parts: list[ShiftResult]) -> ShiftResult:
    """One result of neighbouring stretches that different configurations judge."""
    first, last = parts[0], parts[-1]
    windows = [p.window for p in parts]
    elements = reduce(add, (w.elements for w in windows))
    stops = {s.start_us: s for w in windows for s in w.stops}
    whole = WindowResult(
        windows[0].start_us,
        windows[-1].end_us,
        elements,
        tuple(s for w in windows for s in w.segments),
        tuple(stops.values()),
        tuple(d for w in windows for d in w.decisions),
        tuple(f for f in FLAGS if any(f in w.flags for w in windows)),
        all(w.quality_known for w in windows),
        all(w.ideal_known for w in windows),
    )
    frame = replace(first.instance, end_us=last.instance.end_us)
    line, machine = first.line, first.machine or "line"
    return replace(
        last,
        id=f"{line}-{machine}-{frame.start_us}-{frame.end_us}",
        instance=frame,
        window=whole,
        definition="; ".join(dict.fromkeys(p.definition for p in parts)),
    )


def _first_us(conn: Session, ids: Ids, line: str, now: int) -> int:
    """From when a line has data; now where it has none."""
    row = fetch_one(conn, "facts/line_first", line_id=ids.line(line))
    return to_us(row[0]) if row and row[0] is not None else now


def _number(ids: Ids, line: str, machine: str | None) -> int:
    return LINE if machine is None else ids.machine(line, machine)


def _split(hour: tuple[int, int], edges: set[int]) -> list[tuple[int, int]]:
    cuts = sorted({*hour, *(e for e in edges if hour[0] < e < hour[1])})
    return list(pairwise(cuts))


def _free(ctx: Context, start_us: int, end_us: int, inside: ShiftInstance | None = None) -> ShiftResult:
    """A result over a window that is no instance of its own; it carries the shift it lies in, if one."""
    line = ctx.who.line.id
    name, day = (inside.name, inside.production_date) if inside else ("", "")
    planned = inside.planned if inside else True
    frame = ShiftInstance(line, day, name, start_us, end_us, planned)
    result = shift_result(ctx, replace(frame, planned=False))
    return replace(
        result,
        id=f"{line}-{ctx.who.machine or 'line'}-{start_us}-{end_us}",
        instance=frame,
        status=_status(ctx, end_us),
        cause="asked for",
        target_good_count=None,
        shift_target_good_count=None,
    )


def _status(ctx: Context, end_us: int) -> str:
    """Status of a free window by the clock: live until it ends, final once nothing late is expected any more."""
    if end_us > ctx.now_us:
        return "live"
    late = end_us + ctx.who.plant.policies.lateness_s * US_PER_S > ctx.now_us
    return "provisional" if late else "final"


def _sum(line: str, parts: list[ShiftResult]) -> ShiftResult:
    """Sum the instances of a production day; live as long as any part is."""
    first, last = parts[0], parts[-1]
    day = first.instance.production_date
    elements = reduce(add, (p.window.elements for p in parts))
    flags = tuple(f for f in FLAGS if any(f in p.window.flags for p in parts))
    windows = [p.window for p in parts]
    summed = WindowResult(
        first.window.start_us,
        last.window.end_us,
        elements,
        flags=flags,
        quality_known=all(w.quality_known for w in windows),
        ideal_known=all(w.ideal_known for w in windows),
    )
    order = ("live", "provisional", "final")
    return replace(
        first,
        id=f"{line}-{first.machine or 'line'}-{day}",
        instance=ShiftInstance(line, day, "", first.instance.start_us, last.instance.end_us),
        status=min((p.status for p in parts), key=order.index),
        revision=None,
        computed_us=max(p.computed_us for p in parts),
        window=summed,
        hours=(),
        target_good_count=None,
        shift_target_good_count=None,
    )
