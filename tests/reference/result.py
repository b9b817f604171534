"""Sections 1 and 2: elements of any window, and of a product's or an order's share of it; stops and flags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from oee.model import FLAGS, Category, Elements, ProductOutput
from reference.case import Case, Span
from reference.section2_indicators import ideal_time
from reference.section3_bookings import Moved, booked, placed
from reference.section3_counters import Counters, Decision, Made
from reference.section4_people import Stop
from reference.section4_pieces import STANDING, Piece, recut
from reference.section4_products import Made as ProductAndOrder
from reference.section4_products import ideal_of
from reference.section4_profiles import RUN, STOPS
from reference.section4_silence import dead_counters, said
from reference.section4_standstills import final, startups
from reference.section5_calendar import Calendar, hours

Name = str | None
ToldDecision = tuple[int, str, str, str]
"""When, which signal, what and how much."""
DAY_US = 86_400_000_000
NOTHING = Made(0, 0, 0)


@dataclass(frozen=True)
class ToldStop:
    """A stop as a window tells it; ``end_us`` is None while it goes on past the window's end."""

    start_us: int
    end_us: int | None
    category: Category
    reason: Name
    length_us: int
    in_window_us: int
    counted: bool


@dataclass(frozen=True)
class Told:
    """What the rules make of a window."""

    elements: Elements
    stops: tuple[ToldStop, ...]
    decisions: tuple[ToldDecision, ...]
    flags: tuple[str, ...]
    ideal_known: bool


class Answer:
    """Everything that the rules say of a case."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.calendar = Calendar(case)
        self.windows = asked(case, self.calendar)
        self.counters = Counters(case)
        words = said(case, self.counters)
        self.bookings = placed(case, [(s.start_us, s.end_us) for s in self.calendar.shifts])
        edges = {*(t for w in self.windows for t in w), *(t for _, *span in self.bookings for t in span)}
        found, self.stops, self.standstills = final(case, self.calendar, words, [*edges, *(t for t, _ in case.later)])
        self.startups = startups(case, found)
        self.pieces = recut(found, [t for span in self.startups for t in span])
        runs = [(s.start_us, s.end_us) for s in words if s.category is RUN]
        self.counters.deal(runs)
        at = {p.start_us: self.counters.made(p.start_us, runs) for p in self.pieces}
        at |= {p.end_us: self.counters.made(p.end_us, runs) for p in self.pieces}
        counted = [at[p.end_us].since(at[p.start_us]) for p in self.pieces]
        rows = [(p.start_us, self.name(p.made, "product"), n) for p, n in zip(self.pieces, counted, strict=True)]
        self.parts, taken = booked(rows, self.bookings)
        self.moved = [p for p, n, before in zip(self.pieces, self.parts, counted, strict=True) if n.made != before]
        gone = [Decision(t, signal, "counts_incomplete", Fraction(0)) for t, signal in dead_counters(case)]
        gone += [Decision(t.at_us, "good", t.kind, Fraction(t.count)) for t in taken]
        self.decisions = sorted((d.at_us, d.signal, d.kind, str(d.amount)) for d in (*self.counters.decisions, *gone))

    def window(self, window: Span) -> Told:
        return self.share(window, lambda _: True)

    def rows(self, window: Span, key: str) -> dict[Name, Told]:
        """Rows of group_by product or order."""
        names = dict.fromkeys(
            name
            for p, n in zip(self.pieces, self.parts, strict=True)
            if inside(p, window)
            for name in (self.name(p.owner, key), *([self.name(p.made, key)] if n.made != NOTHING else []))
        )
        return {name: self.share(window, lambda made, n=name: self.name(made, key) == n) for name in names}

    def name(self, made: ProductAndOrder, key: str) -> Name:
        return (made[0] or self.case.machine.product) if key == "product" else made[1]

    def share(self, window: Span, is_mine: Callable[[ProductAndOrder], bool]) -> Told:
        """Time belongs to the owner, a part to what was in force (S-12, S-25); stops see `counted_us` and their end."""
        mine = [p for p in self.pieces if inside(p, window) and is_mine(p.owner)]
        made = [(p, n) for p, n in zip(self.pieces, self.parts, strict=True) if inside(p, window) and is_mine(p.made)]
        spent = {c: sum(p.length_us for p in mine if p.category is c) for c in Category}
        long = [(s, self.counted_us(s)) for s in self.stops]
        started = [s for s, t in long if t is not None and within(t, window) and is_mine(self.owner_at(t))]
        closed = [
            s
            for s, t in long
            if t is not None and window[0] < s.end_us <= window[1]
            if is_mine(self.owner_at(s.end_us - 1))
        ]
        e = Elements(
            calendar_us=sum(spent.values()),
            **{f"{c.word}_us": us for c, us in spent.items()},
            setup_us=sum(p.length_us for p in mine if p.setup and p.category is Category.PLANNED_STOP),
            stop_count=len(started),
            closed_stop_count=len(closed),
            closed_stop_us=sum(self.stood_us(s) for s in closed),
            stopped_count=sum(n.made.total for p, n in made if p.category in STOPS),
            output=self.outputs(made, lambda c: kind(c) == "output"),
            unscheduled=self.outputs(made, lambda c: kind(c) == "unscheduled"),
            unknown=self.outputs(made, lambda c: kind(c) == "unknown"),
        )
        stops = tuple(t for s in self.stops for t in self.told(s, window) if is_mine(self.stop_owner(t, s, window)))
        decisions = tuple(d for d in self.decisions if within(d[0], window) and is_mine(self.owner_at(d[0])))
        asked = [(p.owner, p) for p in mine] + [(p.made, p) for p, n in made if n.made != NOTHING]
        cycles = [ideal_of(self.case, self.name(m, "product"), p.start_us) for m, p in asked]
        ideal_known = any(c is not None for c in cycles)
        corrected = any(p.corrected for p in mine) or any(p in self.moved for p, _ in made)
        flags = self.flags(e, mine, stops, decisions, ideal_known, window, corrected)
        return Told(e, stops, decisions, flags, ideal_known)

    def owner_at(self, us: int) -> ProductAndOrder:
        return next(p.owner for p in self.pieces if p.start_us <= us < p.end_us)

    def stop_owner(self, told: ToldStop, s: Stop, window: Span) -> ProductAndOrder:
        counted_us = self.counted_us(s) if told.counted else None
        return self.owner_at(max(s.start_us, window[0]) if counted_us is None else counted_us)

    def inner(self, s: Stop) -> list[Piece]:
        """What stood of a stop; a merged one may have run in between."""
        return [p for p in self.pieces if p.category in STANDING and s.start_us <= p.start_us < s.end_us]

    def stood_us(self, s: Stop) -> int:
        return sum(p.length_us for p in self.inner(s))

    def counted_us(self, s: Stop) -> int | None:
        """Decided: a stop counts where its first unplanned time starts."""
        return next((p.start_us for p in self.inner(s) if p.category is Category.UNPLANNED_STOP), None)

    def outputs(
        self, made: Sequence[tuple[Piece, Moved]], wanted: Callable[[Category], bool]
    ) -> tuple[ProductOutput, ...]:
        """S-13: by the category of the instant that counts a part; S-12: by the product in force then."""
        rows = {}
        for p, n in made:
            if wanted(p.category) and n.made != NOTHING:
                product = self.name(p.made, "product")
                rows.setdefault((product, ideal_of(self.case, product, p.start_us)), []).append((p, n))
        found = []
        for product, ideal in sorted(rows, key=lambda of: (of[0] or "", of[1] or 0)):
            mine = rows[product, ideal]
            g, r, w = (sum(getattr(n.made, of) for _, n in mine) for of in ("good", "reject", "rework"))
            startup = sum(self.startup_rejects(p, n) for p, n in mine)
            if g or r or w:
                found.append(ProductOutput(product, ideal, g + r + w, g, r, w, startup))
        return tuple(found)

    def startup_rejects(self, p: Piece, n: Moved) -> int:
        """Section 2: rejects within a start-up, or booked so."""
        return n.made.reject if any(a <= p.start_us < b for a, b in self.startups) else n.startup

    def told(self, s: Stop, window: Span) -> list[ToldStop]:
        """Decided: a stop in a window is told as it stood at its end; its category and reason are the longest."""
        in_window_us = sum(p.length_us for p in self.inner(s) if inside(p, window))
        if in_window_us == 0:
            return []
        goes_on = s.end_us > window[1]
        so_far = [p for p in self.inner(s) if p.end_us <= window[1]]
        spent: dict[tuple[Category, Name], int] = {}
        for p in [p for p in so_far if p.category in STOPS] or so_far:
            spent[p.category, p.reason] = spent.get((p.category, p.reason), 0) + p.length_us
        category, reason = max(spent, key=lambda key: (spent[key], -key[0]))
        counted_us = self.counted_us(s)
        counted = counted_us is not None and within(counted_us, window)
        end_us = None if goes_on else s.end_us
        return [ToldStop(s.start_us, end_us, category, reason, sum(p.length_us for p in so_far), in_window_us, counted)]

    def flags(
        self,
        e: Elements,
        mine: Sequence[Piece],
        stops: Sequence[ToldStop],
        decisions: Sequence[ToldDecision],
        ideal_known: bool,
        window: Span,
        corrected: bool,
    ) -> tuple[str, ...]:
        """The closed list of section 2, as far as it comes from samples."""
        made = ideal_time(e.output, "total")
        everything = e.output + e.unscheduled + e.unknown
        raised = {kind for _, _, kind, _ in decisions}
        conditions = {
            "performance_over_100": made is not None and made > e.actual_production_us,
            "ideal_cycle_missing": not ideal_known or any(o.ideal_cycle_us is None for o in everything),
            "state_unmapped": any(p.unmapped and p.category is Category.NO_DATA for p in mine),
            "parts_while_stopped": e.stopped_count > 0,
            "parts_unscheduled": bool(e.unscheduled),
            "parts_in_no_data": bool(e.unknown),
            "coverage_low": 100 * e.known_us < 95 * e.planned_busy_us,  # decided: below 95 %
            "stop_open": any(self.is_open(t, window) for t in stops),
            "corrected": corrected,
        }
        raised |= {flag for flag, holds in conditions.items() if holds}
        return tuple(flag for flag in FLAGS if flag in raised)

    def is_open(self, told: ToldStop, window: Span) -> bool:
        """S-23: open at the end of data and undecided; at the end of the data itself, however long."""
        s = next(s for s in self.stops if s.start_us == told.start_us)
        open_ = next(
            (x for x in self.standstills if x.is_open and s.start_us < x.end_us and x.start_us < s.end_us), None
        )
        if open_ is None or told.end_us is not None or open_.start_us >= window[1]:
            return False
        return open_.length_us <= self.case.machine.small_stop_max_us or self.case.now_us <= window[1]


def asked(case: Case, calendar: Calendar) -> list[Span]:
    """Shifts, their hours and the windows of the case, as far as now."""
    since_us = case.first_us - DAY_US
    spans = [(s.start_us, s.end_us) for s in calendar.shifts if since_us <= s.start_us < case.now_us]
    spans += [hour for a, b in spans for hour in hours(case, a, b)]
    found = [(a, min(b, case.now_us)) for a, b in (*spans, *case.windows)]
    return [(a, b) for a, b in dict.fromkeys(found) if a < b]


def kind(category: Category) -> str:
    """S-13: parts outside planned time, parts of unknown time, and those that ratios are made of."""
    if category in (Category.NOT_SCHEDULED, Category.EXCLUDED):
        return "unscheduled"
    return "unknown" if category is Category.NO_DATA else "output"


def inside(p: Piece, window: Span) -> bool:
    return window[0] <= p.start_us and p.end_us <= window[1]


def within(us: int, window: Span) -> bool:
    return window[0] <= us < window[1]
