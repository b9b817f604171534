"""S-10: whatever is booked, nothing goes below zero, totals stay, and windows sum however they are cut."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from oee.config.model import Rollup
from oee.kernels.bookings import Booking, book
from oee.kernels.counting import cut_evenly
from oee.kernels.ratios import ideal_good_us, losses, ratios
from oee.kernels.rollup import roll_elements
from oee.model import Cell, Elements, ProductOutput

MIN_US = 60_000_000
LENGTH = 40
MANY = settings(max_examples=150, deadline=None, derandomize=True, database=None)


@st.composite
def shifts(draw: st.DrawFn) -> tuple[list[Cell], list[Booking]]:
    """Cells of one shift minute by minute, and bookings at any second of it."""
    cells = []
    for minute in sorted(draw(st.sets(st.integers(0, LENGTH - 1), max_size=20))):
        good, reject, rework = (draw(st.integers(0, 9)) for _ in range(3))
        product = draw(st.sampled_from([None, "A", "B"]))
        start, total = minute * MIN_US, good + reject + rework
        cells.append(Cell(start, start + MIN_US, total, good, reject, rework, product))
    numbers = draw(st.permutations(range(6)))
    bookings = [
        Booking(
            number,
            draw(st.sampled_from(["scrap", "rework"])),
            draw(st.integers(0, LENGTH * 60)) * MIN_US // 60,
            0,
            draw(st.sampled_from(["A", "B"])),
            draw(st.integers(1, 40)),
            draw(st.booleans()),
        )
        for number in numbers[: draw(st.integers(0, 6))]
    ]
    return cells, bookings


def counts(cells: list[Cell], start_us: int, end_us: int) -> tuple[int, ...]:
    inside = [c for c in cells if start_us <= c.start_us < end_us]
    names = ("total_count", "good_count", "reject_count", "rework_count", "startup_count")
    return tuple(sum(getattr(c, name) for c in inside) for name in names)


@MANY
@given(shifts(), st.lists(st.integers(0, LENGTH * 60), max_size=4))
def test_s10_a_booking_takes_the_same_parts_however_the_time_is_cut(
    shift: tuple[list[Cell], list[Booking]], seconds: list[int]
) -> None:
    cells, bookings = shift
    whole = cut_evenly(cells, sorted({b.at_us for b in bookings}))
    edges = [s * MIN_US // 60 for s in seconds]
    finer = cut_evenly(cells, sorted({b.at_us for b in bookings} | set(edges)))
    made, again = book(whole, bookings, "A"), book(finer, bookings, "A")
    assert counts(made.cells, 0, LENGTH * MIN_US) == counts(again.cells, 0, LENGTH * MIN_US)
    for edge in (b.at_us for b in bookings):
        assert counts(made.cells, 0, edge) == counts(again.cells, 0, edge)
    told = [sorted((d.kind, d.amount) for d in b.decisions) for b in (made, again)]
    assert told[0] == told[1]


@MANY
@given(shifts())
def test_s10_nothing_goes_below_zero_and_what_is_left_over_is_told(shift: tuple[list[Cell], list[Booking]]) -> None:
    cells, bookings = shift
    before = cut_evenly(cells, sorted({b.at_us for b in bookings}))
    made = book(before, bookings, "A")
    for old, new in zip(before, made.cells, strict=True):
        assert min(new.good_count, new.reject_count, new.rework_count, new.startup_count) >= 0
        assert new.total_count == new.good_count + new.reject_count + new.rework_count == old.total_count
        assert new.startup_count <= new.reject_count
        assert replace(new, good_count=0, reject_count=0, rework_count=0, startup_count=0) == replace(
            old, good_count=0, reject_count=0, rework_count=0, startup_count=0
        )
    left = sum(int(d.amount) for d in made.decisions if d.kind == "counts_inconsistent")
    taken = -counts(made.moved, 0, LENGTH * MIN_US)[1]
    assert taken + left == sum(b.count for b in bookings)
    assert sum(int(d.amount) for d in made.decisions if d.kind != "counts_inconsistent") == taken


@MANY
@given(shifts(), st.randoms())
def test_s10_bookings_have_no_order_of_arrival(shift: tuple[list[Cell], list[Booking]], random: object) -> None:
    cells, bookings = shift
    shuffled = list(bookings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert book(cells, bookings, None) == book(cells, shuffled, None)


COUNTS = st.integers(0, 2**32)


@st.composite
def elements(draw: st.DrawFn) -> Elements:
    """Any time, and parts of three products at cycles of any size, start-up rejects among the rejects."""
    made = []
    for product in ("A", "B", None):
        good, reject, rework = draw(COUNTS), draw(COUNTS), draw(COUNTS)
        ideal = Fraction(draw(st.integers(1, 10**10)), draw(st.integers(1, 28_000)))
        startup = draw(st.integers(0, reject))
        made.append(ProductOutput(product, ideal, good + reject + rework, good, reject, rework, startup))
    names = ("planned_stop_us", "unplanned_stop_us", "external_stop_us", "small_stop_us", "run_us", "no_data_us")
    times = {n: draw(st.integers(0, 10**13)) for n in (*names, "excluded_us", "not_scheduled_us")}
    return Elements(calendar_us=sum(times.values()), **times, output=tuple(made))


@MANY
@given(elements(), elements())
def test_section_2_every_loss_closes_the_waterfall_in_seconds_and_in_pieces(a: Elements, b: Elements) -> None:
    """From PBT to fully productive time, exactly: P above 1, mixed products, pooled, machines that count apart."""
    rolled = [
        a,
        roll_elements(Rollup("pooled", "a"), {"a": a, "b": b}),
        roll_elements(Rollup("constraint", "a", None, "b", None), {"a": a, "b": b}),
        roll_elements(Rollup("constraint", "a", "b", "a", "b"), {"a": a, "b": b}),
    ]
    for e in rolled:
        lost, good_us = losses(e), ideal_good_us(e.output)
        assert [loss.name for loss in lost][-2:] == ["production_rejects", "startup_rejects"]
        times = [loss.time_us for loss in lost]
        assert all(t is not None for t in times)
        assert e.planned_busy_us - e.no_data_us - sum(t for t in times if t is not None) == good_us
        if e.total_count:
            mean_us = sum((o.ideal_cycle_us or 0) * o.total_count for o in e.output) / e.total_count
            pieces = [loss.parts_count for loss in lost]
            assert Fraction(e.known_us) / mean_us - sum(n for n in pieces if n is not None) == e.good_count
        r = ratios(e)
        if e.known_us:
            assert r.oee == good_us / e.known_us
            assert None not in (r.first_pass_yield, r.scrap_ratio, r.rework_ratio) or not e.judged_count
        if e.judged_count:
            assert (r.first_pass_yield or 0) + (r.scrap_ratio or 0) + (r.rework_ratio or 0) == 1
