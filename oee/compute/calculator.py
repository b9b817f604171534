"""The shell of the calculation: facts, calendar and rules of a line's machine → results of any window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from zoneinfo import ZoneInfo

from oee.calculate import CalculationRules, Settled, cut, cut_by, decided_until, extend, settle
from oee.calendar import PlanPiece, clock_hours, maintenance_windows, plan
from oee.compute.booked import bookings_around, reach_of
from oee.compute.doubts import Doubt, doubts, with_doubts
from oee.compute.edges import with_edges
from oee.compute.entered import entered, joined_span
from oee.compute.reach import DECIDES_US, reach
from oee.compute.rules import by_ideals, calculation_rules, category_of, definition, ideals_timeline
from oee.config.model import LineConfig, MachineConfig, PlantConfig
from oee.errors import NotFoundError
from oee.kernels.bookings import Booking, book
from oee.kernels.products import ProductKey
from oee.kernels.rollup import pools
from oee.model import Category, HourRow, ShiftInstance, ShiftResult, WindowResult
from oee.store.database import Session
from oee.store.facts import (
    facts_state,
    read_facts,
    unknown_before_us,
)
from oee.store.instances import instances_in
from oee.store.master import Ids, Master


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose result it is: a line (``machine`` None) by its constraint machine, or a machine of its own."""

    plant: PlantConfig
    line: LineConfig
    source: MachineConfig
    machine: str | None

    @property
    def zone(self) -> ZoneInfo:
        """Plant time."""
        return ZoneInfo(self.plant.plant.timezone)

    @property
    def method(self) -> str:
        """The roll-up's name, as every answer tells it (S-40)."""
        return self.line.rollup.method if self.machine is None else "machine"

    @property
    def counts_for_others(self) -> bool:
        """Whether the line's products are another machine's to say (S-40)."""
        return not pools(self.line.rollup) and self.source.id != self.line.rollup.machine


def subject(master: Master, line: str, machine: str | None, at_us: int) -> Subject:
    """Resolve a line or machine in the configuration in force at an instant.

    Raises
    ------
    NotFoundError
        The configuration in force has no such line or machine.
    """
    plant = master.config_with(line, machine, at_us)
    if plant is None:
        now = master.config_at(at_us).plant
        if line not in now.lines:
            raise NotFoundError(f"there is no line {line!r}; lines here: {', '.join(now.lines)}")
        raise NotFoundError(f"line {line!r} has no machine {machine!r}; it has: {', '.join(now.lines[line].machines)}")
    config = plant.lines[line]
    return Subject(plant, config, config.machines[machine or config.rollup.machine], machine)


@dataclass(frozen=True, slots=True)
class Context:
    """Settled facts around some windows, and how far they are decided.

    ``by_line`` are bookings not taken yet: of which parts they are, the line's constraint says (`booked_by_line`).
    """

    who: Subject
    rules: CalculationRules
    settled: Settled
    plan: list[PlanPiece]
    through_us: int
    now_us: int
    doubts: tuple[Doubt, ...] = ()
    by_line: tuple[Booking, ...] = ()

    @property
    def decided_us(self) -> int:
        """No later sample changes the class of a standstill that starts before this instant."""
        return decided_until(self.settled, self.rules.small_stop_max_us)


def context(
    conn: Session,
    master: Master,
    ids: Ids,
    who: Subject,
    span_us: tuple[int, int],
    now_us: int,
    edges_us: Sequence[int] = (),
) -> Context:
    """Settle everything over a span, from the run before it to the run after it, told up to ``now``.

    Parts are counted up to the span's ends, and to ``edges_us``, exactly (S-42).
    """
    machine_id = ids.machine(who.line.id, who.source.id)
    state = facts_state(conn, machine_id)
    since_us = span_us[0] - who.source.startup_us  # a start-up that began before reaches into the span
    start_us, end_us, entries = reach(conn, machine_id, state, (since_us, span_us[1]), now_us)
    start_us = _past_unknown(conn, ids, who, start_us, joined_span(entries, (since_us, span_us[1]))[0])
    stored = read_facts(conn, machine_id, start_us, end_us)
    pieces, through_us = stored.pieces, start_us
    if state is not None:
        through_us = state.through_us
        pieces = extend(pieces, through_us, state.hold_until_us, end_us) if end_us > through_us else pieces
    calendar = _plan(conn, ids, who, start_us, end_us)
    ideals = ideals_timeline(((c.effective_us, c.plant) for c in master.configs()), who.line.id, who.source.id)
    rules = by_ideals(calculation_rules(who.plant, who.source), ideals, span_us[0])
    said = entered(master, who.plant, entries)
    settled = settle(pieces, (), stored.decisions, calendar, rules, stored.runs, said)
    booked = bookings_around(conn, ids, who.line.id, who.source.id, span_us)
    reach_us = reach_of(booked, (start_us, end_us))
    if reach_us != (start_us, end_us):
        stored = read_facts(conn, machine_id, *reach_us)
    inner = {*(e for _, e in settled.startups), *(e.from_us or 0 for e in entries if e.kind == "split")}
    edges = {*span_us, *(b.at_us for b, _ in booked), *(e for e in inner if span_us[0] < e < span_us[1])}
    cells = with_edges(conn, master, ids, (who.line.id, who.source.id), stored.cells, {*edges, *edges_us}, through_us)
    by_line = tuple(b for b, _ in booked if b.by_line and who.counts_for_others)
    made = book(cells, [b for b, _ in booked if b not in by_line], rules.product)
    decisions = sorted([*settled.decisions, *made.decisions], key=lambda d: d.at_us)
    settled = replace(settled.with_cells(made.cells, made.moved), decisions=decisions)
    found = doubts(conn, machine_id, start_us, end_us)
    return Context(who, rules, settled, calendar, through_us, now_us, found, by_line)


def _past_unknown(conn: Session, ids: Ids, who: Subject, since_us: int, at_us: int) -> int:
    """Leave out what lies before a day without data: no standstill reaches across it, unless the calendar owns it."""
    end_us = unknown_before_us(conn, ids.machine(who.line.id, who.source.id), since_us, at_us)
    if end_us is None:
        return since_us
    day = _plan(conn, ids, who, end_us - DECIDES_US, end_us)
    return max((p.end_us for p in day if p.category in (None, Category.NOT_SCHEDULED)), default=since_us)


def _plan(conn: Session, ids: Ids, who: Subject, start_us: int, end_us: int) -> list[PlanPiece]:
    shifts = [s.instance for s in instances_in(conn, who.line.id, ids.line(who.line.id), start_us, end_us)]
    calendar = who.plant.calendars[who.line.calendar]
    windows = maintenance_windows(calendar, who.source.id, who.zone)
    pieces = plan(shifts, windows, category_of(who.plant.policies.maintenance))
    return _clip_plan(pieces, start_us, end_us)


def _clip_plan(pieces: Sequence[PlanPiece], start_us: int, end_us: int) -> list[PlanPiece]:
    """Clip to the range; what no instance covers is not scheduled."""
    out: list[PlanPiece] = []
    cursor = start_us
    for p in pieces:
        a, b = max(p.start_us, start_us), min(p.end_us, end_us)
        if a >= b:
            continue
        if a > cursor:
            out.append(PlanPiece(cursor, a, Category.NOT_SCHEDULED))
        out.append(replace(p, start_us=a, end_us=b))
        cursor = b
    if cursor < end_us:
        out.append(PlanPiece(cursor, end_us, Category.NOT_SCHEDULED))
    return out


def window(ctx: Context, start_us: int, end_us: int) -> WindowResult:
    """Cut one window; what lies after now is not part of it (S-35)."""
    end = max(min(end_us, ctx.now_us), start_us)
    return with_doubts(cut(ctx.settled, start_us, end, ctx.rules, live=end < end_us), ctx.doubts)


def by_product(ctx: Context, start_us: int, end_us: int, key: ProductKey) -> list[tuple[str | None, WindowResult]]:
    """`window` per product or order, in the order of their first appearance; None is the time without one.

    The rows' elements sum to the window's. A changeover and its stop belong to what comes in (S-25), parts to what was
    in force as they were made (S-12).
    """
    end = max(min(end_us, ctx.now_us), start_us)
    rows = cut_by(ctx.settled, start_us, end, ctx.rules, key, live=end < end_us)
    return [(name, with_doubts(row, ctx.doubts)) for name, row in rows]


def shift_result(ctx: Context, instance: ShiftInstance) -> ShiftResult:
    """Everything to say of one instance, live while it runs."""
    result = window(ctx, instance.start_us, instance.end_us)
    whole = _planned_spans(ctx, instance)
    hours = tuple(_hour(ctx, whole, a, b) for a, b in _hours(ctx, instance))
    elapsed = _clipped(whole, instance.start_us, min(instance.end_us, ctx.now_us))
    return ShiftResult(
        id="",
        line=ctx.who.line.id,
        machine=ctx.who.machine,
        method=ctx.who.method,
        instance=instance,
        status="live",
        revision=None,
        computed_us=ctx.now_us,
        through_us=min(ctx.through_us, instance.end_us),
        definition=_definition(ctx, (instance.start_us, instance.end_us)),
        cause="live",
        window=result,
        hours=hours,
        target_good_count=_target(ctx, elapsed),
        shift_target_good_count=_target(ctx, whole),
    )


def _definition(ctx: Context, window_us: tuple[int, int]) -> str:
    who = ctx.who
    products = {c.product for c in ctx.settled.cells if window_us[0] <= c.start_us < window_us[1]}
    return definition(who.plant, who.line, who.source, ctx.rules, window_us, products)


def _hours(ctx: Context, instance: ShiftInstance) -> list[tuple[int, int]]:
    return clock_hours(instance.start_us, instance.end_us, ctx.who.zone) if instance.planned else []


def _hour(ctx: Context, planned: Sequence[tuple[int, int]], start_us: int, end_us: int) -> HourRow:
    inside = _clipped(planned, start_us, end_us)
    planned_us = sum(b - a for a, b in inside)  # less breaks and planned maintenance
    elements = window(ctx, start_us, end_us).elements
    return HourRow(start_us, end_us, elements, planned_us, _target(ctx, inside))


def _planned_spans(ctx: Context, instance: ShiftInstance) -> list[tuple[int, int]]:
    """What the plan means for production in an instance."""
    if not instance.planned:
        return []
    calendar = ctx.who.plant.calendars[ctx.who.line.calendar]
    windows = maintenance_windows(calendar, ctx.who.source.id, ctx.who.zone)
    pieces = plan([instance], windows, category_of(ctx.who.plant.policies.maintenance))
    planned = [(p.start_us, p.end_us) for p in pieces if p.category is None]
    return _clipped(planned, instance.start_us, instance.end_us)


def _clipped(spans: Sequence[tuple[int, int]], start_us: int, end_us: int) -> list[tuple[int, int]]:
    clipped = ((max(a, start_us), min(b, end_us)) for a, b in spans)
    return [(a, b) for a, b in clipped if a < b]


def _target(ctx: Context, planned: Sequence[tuple[int, int]]) -> Fraction | None:
    """Good parts that the OEE target asks of planned time; None without a target or an ideal cycle.

    Each stretch asks by the product in force, what is to come by the one in force now. Time without a product asks for
    nothing, unless the machine has a cycle of its own.
    """
    target = ctx.who.line.targets.oee
    if target is None:
        return None
    stretches = [
        (since_us, until_us, run, ideals)
        for a, b in planned
        for c, d, run in ctx.settled.timeline.split(a, b)
        for since_us, until_us, ideals in ctx.rules.ideals(c, d)
    ]
    asked, known = Fraction(0), not stretches and ctx.rules.has_ideal
    for a, b, run, ideals in stretches:
        product = (run and run.product) or ctx.rules.product
        ideal = ideals.of(product)
        if ideal is None and product is not None:
            return None
        if ideal is not None:
            asked, known = asked + (b - a) / ideal, True
    return Fraction(str(target)) * asked if known else None
