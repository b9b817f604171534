"""Indicators from elements (semantics, section 2): ratios come last, exact until the final rounding to a float."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from oee.model import Elements, ProductOutput


@dataclass(frozen=True, slots=True)
class Ratios:
    """Every indicator as an exact fraction, None where its denominator is zero or an input is unknown."""

    availability: Fraction | None
    performance: Fraction | None
    quality: Fraction | None
    oee: Fraction | None
    loading: Fraction | None
    teep: Fraction | None
    ooe: Fraction | None
    nee: Fraction | None
    coverage: Fraction | None
    availability_min: Fraction | None
    availability_max: Fraction | None
    piece_quality: Fraction | None
    scrap_ratio: Fraction | None
    rework_ratio: Fraction | None
    first_pass_yield: Fraction | None
    mttr_us: Fraction | None
    mtbf_us: Fraction | None


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss of the waterfall: ``time_us`` of planned time [µs] and what it cost in parts, None where unknown."""

    name: str
    time_us: Fraction | None
    parts_count: Fraction | None


def divide(numerator: Fraction | int | None, denominator: Fraction | int | None) -> Fraction | None:
    """Divide exactly; zero or unknown denominators give None, never 0 or 100 %."""
    if numerator is None or denominator is None or denominator == 0:
        return None
    if isinstance(numerator, int) and isinstance(denominator, int):
        return Fraction(numerator, denominator)
    return Fraction(numerator) / denominator


def ideal_total_us(outputs: Iterable[ProductOutput]) -> Fraction | None:
    """Σ cᵢnᵢ [µs]; None when parts were made at an unknown ideal cycle."""
    return _weighted((o.ideal_cycle_us, o.total_count) for o in outputs)


def ideal_good_us(outputs: Iterable[ProductOutput]) -> Fraction | None:
    """Σ cᵢgᵢ [µs]; None when parts were made at an unknown ideal cycle."""
    return _weighted((o.ideal_cycle_us, o.good_count) for o in outputs)


def ideal_judged_us(e: Elements) -> Fraction | None:
    """What Q is a share of [µs]: Σ cᵢnᵢ, or Σ cᵢ(gᵢ + rejectᵢ + reworkᵢ) where machines count these apart (S-40)."""
    if not e.counted_apart:
        return ideal_total_us(e.output)
    return _weighted((o.ideal_cycle_us, o.good_count + o.reject_count + o.rework_count) for o in e.output)


def _weighted(pairs: Iterable[tuple[Fraction | None, int]]) -> Fraction | None:
    total = Fraction(0)
    for ideal, count in pairs:
        if ideal is None:
            return None
        total += ideal * count
    return total


def _time_shares(e: Elements) -> dict[str, Fraction | None]:
    """Indicators that need times alone."""
    apt, known, planned = e.actual_production_us, e.known_us, e.planned_busy_us
    return {
        "availability": divide(apt, known),
        "loading": divide(planned, e.calendar_us),
        "coverage": divide(known, planned),
        "availability_min": divide(apt, planned),
        "availability_max": divide(apt + e.no_data_us, planned),
        "mttr_us": divide(e.closed_stop_us, e.closed_stop_count),
        "mtbf_us": divide(apt, e.stop_count),
    }


def _piece_shares(e: Elements, quality_known: bool) -> dict[str, Fraction | None]:
    """Indicators of pieces alone."""
    counts = (e.good_count, e.reject_count, e.rework_count)
    good, scrap, rework = (divide(n, e.judged_count) if quality_known else None for n in counts)
    return {"piece_quality": good, "scrap_ratio": scrap, "rework_ratio": rework, "first_pass_yield": good}


def ratios(e: Elements, *, quality_known: bool = True, ideal_known: bool = True) -> Ratios:
    """Derive every indicator.

    Parameters
    ----------
    e : the summed elements of the window.
    quality_known : False where nothing tells rejects (``reject_source: none``): Q and OEE are null (S-9).
    ideal_known : False where no ideal cycle is known: P, Q and OEE are null although nothing may have been made.
    """
    total = ideal_total_us(e.output) if ideal_known else None
    good = ideal_good_us(e.output) if ideal_known and quality_known else None
    elsewhere = ideal_good_us(e.unscheduled + e.unknown)
    everything = None if good is None or elsewhere is None else good + elsewhere
    judged = total if good is None or not e.counted_apart else ideal_judged_us(e)
    performance, quality = divide(total, e.actual_production_us), divide(good, judged)
    with_setup = divide(e.actual_production_us + e.setup_us, e.known_us)
    return Ratios(
        performance=performance,
        quality=quality,
        oee=divide(good, e.known_us),
        teep=divide(everything, e.calendar_us),
        ooe=divide(good, e.calendar_us - e.not_scheduled_us - e.no_data_us),
        nee=_product(with_setup, performance, quality),
        **_time_shares(e),
        **_piece_shares(e, quality_known),
    )


def _product(*factors: Fraction | None) -> Fraction | None:
    result = Fraction(1)
    for factor in factors:
        if factor is None:
            return None
        result *= factor
    return result


def losses(e: Elements, *, quality_known: bool = True, ideal_known: bool = True) -> tuple[Loss, ...]:
    """Losses that close the waterfall: known time less all of them is the fully productive time Σ cᵢgᵢ [µs].

    Parts are a loss' time over the mean ideal cycle of what was made; rejects are counted as they are. Where machines
    count total, good and reject apart, work in process is a loss of its own, a gain while it is negative (S-40).
    Known time over the mean ideal cycle less the parts of all losses is therefore what was good, in parts.
    """
    total = ideal_total_us(e.output) if ideal_known else None
    good = ideal_good_us(e.output) if ideal_known and quality_known else None
    mean_ideal = divide(total, e.total_count)
    times: dict[str, Fraction | None] = {
        "breakdown": Fraction(e.unplanned_stop_us),
        "setup_adjustment": Fraction(e.planned_stop_us),
        "external": Fraction(e.external_stop_us),
        "small_stops": Fraction(e.small_stop_us),
        "reduced_speed": None if total is None else e.run_us - total,
    }
    rows = [Loss(name, us, divide(us, mean_ideal)) for name, us in times.items()]
    judged = ideal_judged_us(e) if good is not None else None
    return (
        *rows,
        *(_work_in_process(e, total, judged) if e.counted_apart else ()),
        *_rejects(e, None if good is None or judged is None else judged - good, quality_known),
    )


def _rejects(e: Elements, lost_us: Fraction | None, quality_known: bool) -> tuple[Loss, Loss]:
    """What was not good: production rejects, with what is to be reworked, and start-up rejects."""
    startup_us = _weighted((o.ideal_cycle_us, o.startup_count) for o in e.output) if lost_us is not None else None
    others_us = None if lost_us is None or startup_us is None else lost_us - startup_us
    startup = Fraction(e.startup_count) if quality_known else None
    others = Fraction(e.judged_count - e.good_count - e.startup_count) if quality_known else None
    return Loss("production_rejects", others_us, others), Loss("startup_rejects", startup_us, startup)


def _work_in_process(e: Elements, total: Fraction | None, judged: Fraction | None) -> tuple[Loss, ...]:
    parts = None if judged is None or e.wip_count is None else Fraction(e.wip_count)
    return (Loss("work_in_process", None if total is None or judged is None else total - judged, parts),)
