"""Settled time, parts and stops → elements: integers that add up over windows and over products (S-13, S-41)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from oee.kernels.ideals import Ideals, split_by_ideals
from oee.kernels.orders import NoOrder
from oee.kernels.products import ideal_of
from oee.kernels.states import STOPPED, Piece
from oee.model import Category, Cell, Elements, ProductOutput, Stop, merge_outputs


@dataclass(frozen=True, slots=True)
class CalculationRules:
    """What the configuration says of judging one machine's facts; part of every result's definition.

    ``break_run_counts`` is the policy of S-27; ``quality_known`` is False for ``reject_source: none`` (S-9).
    ``product`` is what is made where no signal says so, ``ideal_cycle_us`` its cycle or the machine's own;
    ``ideal_cycles`` are those of the products that a signal or an order names; ``later_ideals`` take their place from
    their instants on, inside a shift too (S-12). ``no_order`` and ``changeover`` are policies; None: the stop stays.
    ``startup_us`` is for how long rejects are start-up rejects once the machine runs again after a planned stop.
    """

    min_stop_us: int
    small_stop_max_us: int
    break_run_counts: bool
    product: str | None
    ideal_cycle_us: Fraction | None
    quality_known: bool
    ideal_cycles: Mapping[str, Fraction | None] = field(default_factory=dict)
    later_ideals: tuple[Ideals, ...] = ()
    no_order: NoOrder | None = None
    changeover: Category | None = Category.PLANNED_STOP
    startup_us: int = 0

    @property
    def has_ideal(self) -> bool:
        """Whether any ideal cycle is known."""
        return self.ideal_cycle_us is not None or any(c is not None for c in self.ideal_cycles.values())

    def ideals(self, start_us: int, end_us: int) -> Iterator[tuple[int, int, Ideals]]:
        """``[start, end)`` in stretches of the same ideal cycles (S-12)."""
        first = Ideals(-(2**62), self.ideal_cycle_us, self.ideal_cycles)
        return split_by_ideals((first, *self.later_ideals), start_us, end_us)

    def ideal_of(self, product: str | None, at_us: int) -> Fraction | None:
        """Ideal cycle of a product at an instant [µs per part], None where unknown (S-12)."""
        later = next((i for i in reversed(self.later_ideals) if i.since_us <= at_us), None)
        return later.of(product) if later else ideal_of(product, self.ideal_cycles, self.ideal_cycle_us)


@dataclass(frozen=True, slots=True)
class Tally:
    """What elements are made of: pieces, cells with the category that counts them, stops that count and that end.

    ``started`` holds stops whose first unplanned piece starts, ``closed`` those with any that end: for MTBF and MTTR.
    """

    pieces: Sequence[Piece]
    cells: Sequence[tuple[Cell, Category]]
    started: Sequence[Stop]
    closed: Sequence[Stop]

    def elements(self, rules: CalculationRules) -> Elements:
        """Sum it up."""
        spent = [0] * len(Category)
        setup_us = 0
        for p in self.pieces:
            spent[p.category] += p.end_us - p.start_us
            if p.setup and p.category is Category.PLANNED_STOP:
                setup_us += p.end_us - p.start_us
        made = _made(self.cells, rules)
        outputs = _outputs(made, rules)
        return Elements(
            calendar_us=sum(spent),
            not_scheduled_us=spent[Category.NOT_SCHEDULED],
            excluded_us=spent[Category.EXCLUDED],
            planned_stop_us=spent[Category.PLANNED_STOP],
            unplanned_stop_us=spent[Category.UNPLANNED_STOP],
            external_stop_us=spent[Category.EXTERNAL_STOP],
            small_stop_us=spent[Category.SMALL_STOP],
            run_us=spent[Category.RUN],
            no_data_us=spent[Category.NO_DATA],
            setup_us=setup_us,
            stop_count=len(self.started),
            closed_stop_count=len(self.closed),
            closed_stop_us=sum(s.length_us for s in self.closed),
            stopped_count=sum(m.counts[0] for m in made if m.category in STOPPED),
            output=outputs["output"],
            unscheduled=outputs["unscheduled"],
            unknown=outputs["unknown"],
        )


def started_up(cells: Sequence[Cell], startups: Sequence[tuple[int, int]]) -> Sequence[Cell]:
    """Cells with all rejects of start-ups told as such; elsewhere those that were booked so.

    Parameters
    ----------
    startups : starts and ends in order; cells are cut at both.
    """
    if not startups:
        return cells
    starts = [a for a, _ in startups]
    out = []
    for c in cells:
        k = bisect_right(starts, c.start_us) - 1
        within = k >= 0 and c.start_us < startups[k][1]
        out.append(replace(c, startup_count=c.reject_count) if within else c)
    return out


_KIND = {
    Category.NOT_SCHEDULED: "unscheduled",
    Category.EXCLUDED: "unscheduled",
    Category.NO_DATA: "unknown",
}


@dataclass(frozen=True, slots=True)
class _Made:
    """Parts of one product, category and time of the same ideal cycles, by the first instant that counts any of them.

    ``counts`` are total, good, reject, rework and start-up rejects.
    """

    category: Category
    product: str | None
    at_us: int
    counts: list[int]


def _made(cells: Iterable[tuple[Cell, Category]], rules: CalculationRules) -> Collection[_Made]:
    """Sums over cells of which all have the same ideal cycle and count alike."""
    later_us = [i.since_us for i in rules.later_ideals]
    found: dict[tuple[Category, str | None, int], _Made] = {}
    for c, category in cells:
        key = (category, c.product, bisect_right(later_us, c.start_us))
        made = found.get(key)
        if made is None:
            made = found[key] = _Made(category, c.product or rules.product, c.start_us, [0] * 5)
        n = made.counts
        n[0] += c.total_count
        n[1] += c.good_count
        n[2] += c.reject_count
        n[3] += c.rework_count
        n[4] += c.startup_count
    return found.values()


def _outputs(made: Collection[_Made], rules: CalculationRules) -> dict[str, tuple[ProductOutput, ...]]:
    """Parts per product and ideal cycle, by the category of the instant that counts them (S-13)."""
    found: dict[str, list[ProductOutput]] = {"output": [], "unscheduled": [], "unknown": []}
    for m in made:
        ideal_us = rules.ideal_of(m.product, m.at_us)
        found[_KIND.get(m.category, "output")].append(ProductOutput(m.product, ideal_us, *m.counts))
    return {kind: tuple(o for o in merge_outputs(rows) if _any_of(o)) for kind, rows in found.items()}


def _any_of(o: ProductOutput) -> bool:
    """Whether any part is left: what a booking reverses may leave none."""
    return any((o.total_count, o.good_count, o.reject_count, o.rework_count, o.startup_count))
