"""What an explanation rests on: every sum that must hold, worked out from the parts and set beside the whole. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction

from oee.config.model import Rollup
from oee.evidence import Evidence
from oee.kernels.rollup import counters, pools
from oee.model import SCALAR_ELEMENTS, Category, Elements, ProductOutput, ShiftResult, Stop
from oee.report.explain_figures import Figure, LossRow, quantities

KINDS = (("output", ""), ("unscheduled", "unscheduled "), ("unknown", "no-data "))
"""Where elements keep parts, and the word before what is outside known planned time (S-13)."""
COUNTS = tuple(f.name for f in fields(ProductOutput) if f.name.endswith("_count"))


@dataclass(frozen=True, slots=True)
class Sum:
    """One sum: what is added up, what it must come to, and what it comes to [µs, parts, stops, ratio]."""

    of: str
    whole: str
    parts_value: Fraction
    whole_value: Fraction

    @property
    def equal(self) -> bool:
        """Whether it holds, exactly."""
        return self.parts_value == self.whole_value


def sums_of(e: Evidence, shown: tuple[Figure, ...], lost: tuple[LossRow, ...], rollup: Rollup) -> tuple[Sum, ...]:
    """Every sum that holds for a result with this evidence.

    Parameters
    ----------
    shown, lost : indicators and losses as they are told.
    rollup : how the line's machines make its figures.
    """
    result = e.result
    return (
        *_categories(result),
        *_stops(e),
        *_rows("hours", result.window.elements, [h.elements for h in result.hours]),
        *_rows("parts", result.window.elements, [p.window.elements for p in e.parts]),
        *_shares(result, e.machines, rollup),
        *_waterfall(result, lost),
        *(
            Sum(f"formula of {f.name}", f.name, f.again, f.value)
            for f in shown
            if f.value is not None and f.again is not None
        ),
        *_product(result, shown),
    )


def _categories(result: ShiftResult) -> Iterable[Sum]:
    e, segments = result.window.elements, result.window.segments
    every = sum(getattr(e, f"{c.word}_us") for c in Category)
    yield Sum("all categories", "calendar_us", Fraction(every), Fraction(e.calendar_us))
    if not segments:
        return
    for c in Category:
        spent = sum(s.end_us - s.start_us for s in segments if s.category is c)
        yield Sum(f"segments of {c.word}", f"{c.word}_us", Fraction(spent), Fraction(getattr(e, f"{c.word}_us")))
    setup = sum(s.end_us - s.start_us for s in segments if s.setup and s.category is Category.PLANNED_STOP)
    yield Sum("segments of setup", "setup_us", Fraction(setup), Fraction(e.setup_us))


def closed_stops(result: ShiftResult) -> list[Stop] | None:
    """The stops that end in the window and have unplanned time; None where a revision of before does not tell."""
    stops = result.window.stops
    return None if any(s.closed is None for s in stops) else [s for s in stops if s.closed]


def _stops(e: Evidence) -> Iterable[Sum]:
    """A product's row lists a stop where it starts, and counts it as closed where it ends: maybe in another row."""
    window = e.result.window
    if not window.segments:
        return
    started = sum(s.counted for s in window.stops)
    yield Sum("counted stops", "stop_count", Fraction(started), Fraction(window.elements.stop_count))
    closed = None if e.share else closed_stops(e.result)
    if closed is not None:
        count, length = len(closed), sum(s.length_us for s in closed)
        yield Sum("closed stops", "closed_stop_count", Fraction(count), Fraction(window.elements.closed_stop_count))
        yield Sum(
            "lengths of closed stops", "closed_stop_us", Fraction(length), Fraction(window.elements.closed_stop_us)
        )


def flat(e: Elements) -> dict[str, int]:
    """All elements by name, parts per kind, product and ideal cycle; what is zero is left out."""
    found: dict[str, int] = {name: getattr(e, name) for name in SCALAR_ELEMENTS}
    for kind, word in KINDS:
        for o in getattr(e, kind):
            for count in COUNTS:
                key = f"{word}{count} of {product_words(o)}"
                found[key] = found.get(key, 0) + getattr(o, count)
    return {name: n for name, n in found.items() if n}


def product_words(o: ProductOutput) -> str:
    """A product and its ideal cycle, ``A at 5.75 s``."""
    cycle = "no known cycle" if o.ideal_cycle_us is None else f"{Fraction(o.ideal_cycle_us, 1_000_000)} s"
    return f"{o.product or 'no product'} at {cycle}"


def _rows(what: str, whole: Elements, rows: Iterable[Elements]) -> Iterable[Sum]:
    """Sums of rows over time, one per element."""
    flats = [flat(row) for row in rows]
    if not flats:
        return
    wanted = flat(whole)
    for name in dict.fromkeys(name for row in (wanted, *flats) for name in row):
        added = sum(row.get(name, 0) for row in flats)
        yield Sum(f"{what}: {name}", name, Fraction(added), Fraction(wanted.get(name, 0)))


def _shares(result: ShiftResult, machines: Mapping[str, ShiftResult], rollup: Rollup) -> Iterable[Sum]:
    """What machines bring to a line: all of it where they are pooled, else times, or counts, of each (S-40)."""
    whole, by = result.window.elements, {m: r.window.elements for m, r in machines.items()}
    if pools(rollup) and by:
        yield from _rows("machines", whole, by.values())
        return
    if rollup.machine in by:
        for name in SCALAR_ELEMENTS:
            if name != "stopped_count" or not whole.counted_apart:
                own = Fraction(getattr(by[rollup.machine], name))
                yield Sum(f"{rollup.machine}: {name}", name, own, Fraction(getattr(whole, name)))
    total, good, reject = counters(rollup)
    booked = 0 if good == reject else _booked(result, good)
    also = f", and {booked} booked on {good}" if booked else ""
    for machine, counts, more, words in (
        (total, ("total_count",), 0, ""),
        (good, ("good_count",), 0, ""),
        (reject, ("reject_count", "rework_count"), booked, also),
    ):
        if machine in by:
            brought, told = (sum(everything(e, count) for count in counts) for e in (by[machine], whole))
            yield Sum(f"{machine}: {counts[0]}, all of it{words}", counts[0], Fraction(brought + more), Fraction(told))


def _booked(result: ShiftResult, machine: str) -> int:
    """Parts booked on one of a line's machines (S-10)."""
    told = (d for d in result.window.decisions if d.machine == machine and d.kind in ("scrap", "rework"))
    return sum(int(d.amount) for d in told)


def everything(e: Elements, count: str) -> int:
    """Parts of all kinds: in known, unscheduled and unknown time."""
    return sum(getattr(o, count) for kind, _ in KINDS for o in getattr(e, kind))


def _waterfall(result: ShiftResult, lost: tuple[LossRow, ...]) -> Iterable[Sum]:
    """Known time less all losses is the fully productive time."""
    known = quantities(result.window)
    good, k = known["Σcg"].value, known["K"].value
    times = [loss.time_us for loss in lost if loss.time_us is not None]
    if good is not None and k is not None and len(times) == len(lost):
        yield Sum("K less all losses", "Σcg", k - sum(times, Fraction(0)), good)


def _product(result: ShiftResult, shown: tuple[Figure, ...]) -> Iterable[Sum]:
    """OEE = A·P·Q where all three exist; work in process stands between them on a line counted apart (S-40)."""
    by = {f.name: f.value for f in shown}
    a, p, q, oee = (by[name] for name in ("availability", "performance", "quality", "oee"))
    if a is not None and p is not None and q is not None and oee is not None:
        known = quantities(result.window)
        if "Σcj" not in known or known["Σcn"].value == known["Σcj"].value:
            yield Sum("A × P × Q", "oee", a * p * q, oee)
