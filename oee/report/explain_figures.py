"""Each indicator as a formula over named quantities with their exact values (semantics, section 2). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod

from oee.kernels.ratios import ideal_good_us, ideal_judged_us, ideal_total_us, losses
from oee.model import Elements, ShiftResult, WindowResult
from oee.report.explain_amounts import amount_text
from oee.report.kpi import knowns
from oee.report.words import missing_reason

TIME, PARTS, STOPS, RATIO = "us", "parts", "stops", "ratio"


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something that a formula names: exact, in µs, parts or stops; None where it is unknown."""

    symbol: str
    words: str
    value: Fraction | None
    unit: str


@dataclass(frozen=True, slots=True)
class Figure:
    """An indicator: the product of its numerators over the product of its denominators.

    ``value`` is what answers show [ratio, or µs for mean times]; ``why`` says why there is none.
    """

    name: str
    words: str
    formula: str
    numerators: tuple[Quantity, ...]
    denominators: tuple[Quantity, ...]
    value: Fraction | None
    unit: str
    why: str

    @property
    def inputs(self) -> tuple[Quantity, ...]:
        """All that it is made from."""
        return self.numerators + self.denominators

    @property
    def calculation(self) -> str:
        """The formula with its numbers, ``22,680 s / 25,200 s``."""
        above, below = ([amount_text(q.value, q.unit) for q in side] for side in (self.numerators, self.denominators))
        divisor = below[0] if len(below) == 1 else f"({' × '.join(below)})"
        return f"{' × '.join(above)} / {divisor}"

    @property
    def again(self) -> Fraction | None:
        """The value worked out anew from the inputs."""
        below = [q.value for q in self.denominators]
        above = [q.value for q in self.numerators]
        known = [v for v in (*above, *below) if v is not None]
        if len(known) < len(self.inputs) or 0 in below:
            return None
        return prod(known[: len(above)], start=Fraction(1)) / prod(known[len(above) :], start=Fraction(1))


@dataclass(frozen=True, slots=True)
class LossRow:
    """A loss of the waterfall [µs, parts], exact, None where unknown."""

    name: str
    words: str
    formula: str
    time_us: Fraction | None
    parts_count: Fraction | None


_Formula = tuple[str, str, str, tuple[str, ...], tuple[str, ...]]
_FORMULAS: tuple[_Formula, ...] = (
    ("availability", "Availability", "A = APT / K", ("APT",), ("K",)),
    ("performance", "Performance", "P = Σcn / APT", ("Σcn",), ("APT",)),
    ("quality", "Quality, by ideal time", "Q = Σcg / Σcj", ("Σcg",), ("Σcj",)),
    ("oee", "OEE", "OEE = Σcg / K", ("Σcg",), ("K",)),
    ("loading", "Loading", "Loading = PBT / calendar", ("PBT",), ("calendar",)),
    ("teep", "TEEP", "TEEP = Σcg of everything made / calendar", ("Σcg of all",), ("calendar",)),
    ("ooe", "OOE", "OOE = Σcg / (POT − no data)", ("Σcg",), ("POT − no data",)),
    (
        "nee",
        "NEE",
        "NEE = (APT + setup) / K × P × Q",
        ("APT + setup", "Σcn", "Σcg"),
        ("K", "APT", "Σcj"),
    ),
    ("coverage", "Coverage", "coverage = K / PBT = 1 − no data / PBT", ("K",), ("PBT",)),
    ("availability_min", "Availability, at least", "A_min = APT / PBT", ("APT",), ("PBT",)),
    ("availability_max", "Availability, at most", "A_max = (APT + no data) / PBT", ("APT + no data",), ("PBT",)),
    ("piece_quality", "First pass yield (piece quality)", "Σg / Σj", ("Σg",), ("Σj",)),
    ("scrap_ratio", "Scrap ratio", "Σreject / Σj", ("Σreject",), ("Σj",)),
    ("rework_ratio", "Rework ratio", "Σrework / Σj", ("Σrework",), ("Σj",)),
    (
        "mttr_us",
        "Mean time to repair",
        "MTTR = time of closed stops / closed stops",
        ("closed time",),
        ("closed stops",),
    ),
    ("mtbf_us", "Mean time between failures", "MTBF = APT / stops", ("APT",), ("stops",)),
)
_LOSSES = {
    "breakdown": ("Breakdown", "unplanned stops"),
    "setup_adjustment": ("Setup and adjustment", "planned stops"),
    "external": ("Starved or blocked", "external stops"),
    "small_stops": ("Idling and minor stops", "small stops"),
    "reduced_speed": ("Reduced speed", "run − Σcn"),
    "work_in_process": ("Work in process", "Σcn − Σcj"),
    "production_rejects": ("Production rejects", "Σc·(reject + rework), less start-up rejects"),
    "startup_rejects": ("Start-up rejects", "Σc·rejects of the start-up"),
}


def quantities(window: WindowResult) -> dict[str, Quantity]:
    """All that formulas name, by symbol."""
    e = window.elements
    rows = [*_times(e), *_ideal_times(window), *_pieces(window), *_stops(e)]
    return {q.symbol: q for q in rows}


def _times(e: Elements) -> list[Quantity]:
    scheduled = e.calendar_us - e.not_scheduled_us
    rows = (
        ("calendar", "calendar time", e.calendar_us),
        ("POT", "planned operation time: calendar − not scheduled", scheduled),
        ("PBT", "planned busy time: POT − excluded", e.planned_busy_us),
        ("K", "known time: PBT − no data", e.known_us),
        ("APT", "actual production time: run + small stops", e.actual_production_us),
        ("APT + setup", "production time and setup", e.actual_production_us + e.setup_us),
        ("APT + no data", "production time, had all time without data been so", e.actual_production_us + e.no_data_us),
        ("POT − no data", "scheduled time less time without data", scheduled - e.no_data_us),
    )
    return [Quantity(symbol, words, Fraction(us), TIME) for symbol, words, us in rows]


def _ideal_times(window: WindowResult) -> list[Quantity]:
    e = window.elements
    total = ideal_total_us(e.output) if window.ideal_known else None
    good = ideal_good_us(e.output) if window.ideal_known and window.quality_known else None
    every = None if good is None else ideal_good_us(e.output + e.unscheduled + e.unknown)
    rows = (
        ("Σcn", "ideal time of all parts made in K", total),
        ("Σcg", "ideal time of good parts made in K", good),
        ("Σcg of all", "ideal time of every good part, unscheduled ones too", every),
    )
    made = [Quantity(symbol, words, us, TIME) for symbol, words, us in rows]
    if e.counted_apart:
        judged = None if good is None else ideal_judged_us(e)
        made.append(Quantity("Σcj", "ideal time of judged parts: good, reject and rework", judged, TIME))
    return made


def _pieces(window: WindowResult) -> list[Quantity]:
    e, known = window.elements, window.quality_known
    rows = (
        ("Σg", "good parts made in K", e.good_count if known else None),
        ("Σn", "parts made in K", e.total_count),
        *((("Σj", "judged parts", e.judged_count),) if e.counted_apart else ()),
        ("Σreject", "rejects", e.reject_count if known else None),
        ("Σrework", "parts to rework", e.rework_count if known else None),
    )
    return [Quantity(symbol, words, None if n is None else Fraction(n), PARTS) for symbol, words, n in rows]


def _stops(e: Elements) -> list[Quantity]:
    return [
        Quantity("stops", "unplanned stops that start here", Fraction(e.stop_count), STOPS),
        Quantity("closed stops", "unplanned stops that end here", Fraction(e.closed_stop_count), STOPS),
        Quantity("closed time", "full length of the stops that end here", Fraction(e.closed_stop_us), TIME),
    ]


def figures(result: ShiftResult, values: dict[str, Fraction | None]) -> tuple[Figure, ...]:
    """Every indicator.

    Parameters
    ----------
    values : what answers show, by name (see `oee.kernels.ratios.Ratios`).
    """
    known = quantities(result.window)
    return tuple(_figure(formula, known, values, result.window) for formula in _FORMULAS)


def _named(text: str, known: dict[str, Quantity]) -> str:
    """Judged parts are all parts, unless other machines count these apart (S-40)."""
    return text if "Σj" in known else text.replace("Σcj", "Σcn").replace("Σj", "Σn")


def _figure(
    formula: _Formula, known: dict[str, Quantity], values: dict[str, Fraction | None], window: WindowResult
) -> Figure:
    name, words, text, above, below = formula
    numerators, denominators = (tuple(known[_named(s, known)] for s in side) for side in (above, below))
    value, is_time = values[name], name.endswith("_us")
    return Figure(
        name,
        words,
        _named(text, known),
        numerators,
        denominators,
        value,
        TIME if is_time else RATIO,
        "" if value is not None else _why(name, denominators, window),
    )


def _why(name: str, below: tuple[Quantity, ...], window: WindowResult) -> str:
    """Say why there is no value: a zero to divide by, or something unknown."""
    zero = next((q for q in below if q.value == 0), None)
    return f"{zero.symbol} is 0" if zero is not None else missing_reason(name, window)


def loss_rows(window: WindowResult) -> tuple[LossRow, ...]:
    """All losses that there are, with what each is."""
    return tuple(
        LossRow(loss.name, *_LOSSES.get(loss.name, (loss.name.replace("_", " "), "")), loss.time_us, loss.parts_count)
        for loss in losses(window.elements, **knowns(window))
    )
