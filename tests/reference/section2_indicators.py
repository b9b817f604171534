"""Section 2: indicators and losses from elements."""

from __future__ import annotations

from fractions import Fraction

from oee.model import Elements, ProductOutput

Number = Fraction | None


def over(a: Number | int, b: Number | int) -> Number:
    """Zero denominators give null, never 0 or 100 %."""
    return None if a is None or not b else Fraction(a) / Fraction(b)


def ideal_time(outputs: tuple[ProductOutput, ...], of: str) -> Number:
    """Σ cᵢnᵢ or Σ cᵢgᵢ; unknown where a part's ideal cycle is."""
    total = Fraction(0)
    for o in outputs:
        if o.ideal_cycle_us is None:
            return None
        total += o.ideal_cycle_us * getattr(o, f"{of}_count")
    return total


def indicators(e: Elements, quality_known: bool, ideal_known: bool) -> dict[str, Number]:
    """The table of section 2, line by line."""
    pot = e.calendar_us - e.not_scheduled_us
    pbt = pot - e.excluded_us
    k = pbt - e.no_data_us
    apt = k - e.planned_stop_us - e.unplanned_stop_us - e.external_stop_us
    made = ideal_time(e.output, "total") if ideal_known else None
    good = ideal_time(e.output, "good") if ideal_known and quality_known else None
    all_good = ideal_time(e.output + e.unscheduled + e.unknown, "good") if good is not None else None
    n, g, r, w = (sum(getattr(o, f"{of}_count") for o in e.output) for of in ("total", "good", "reject", "rework"))
    p, q = over(made, apt), over(good, made)
    setup = over(apt + e.setup_us, k)
    return {
        "loading": over(pbt, e.calendar_us),
        "availability": over(apt, k),
        "performance": p,
        "quality": q,
        "piece_quality": over(g, n) if quality_known else None,
        "oee": over(good, k),
        "teep": over(all_good, e.calendar_us),
        "ooe": over(good, pot - e.no_data_us),
        "nee": None if setup is None or p is None or q is None else setup * p * q,
        "coverage": None if pbt == 0 else 1 - Fraction(e.no_data_us, pbt),
        "availability_min": over(apt, pbt),
        "availability_max": over(apt + e.no_data_us, pbt),
        "mttr_us": over(e.closed_stop_us, e.closed_stop_count),
        "mtbf_us": over(apt, e.stop_count),
        "scrap_ratio": over(r, n) if quality_known else None,
        "rework_ratio": over(w, n) if quality_known else None,
    }


def losses_us(e: Elements, quality_known: bool, ideal_known: bool) -> dict[str, Number]:
    """The losses between known time and fully productive time [µs]."""
    made = ideal_time(e.output, "total") if ideal_known else None
    good = ideal_time(e.output, "good") if ideal_known and quality_known else None
    startup = ideal_time(e.output, "startup") if made is not None else None
    apt = e.run_us + e.small_stop_us
    return {
        "breakdown": Fraction(e.unplanned_stop_us),
        "setup_adjustment": Fraction(e.planned_stop_us),
        "external": Fraction(e.external_stop_us),
        "small_stops": Fraction(e.small_stop_us),
        "reduced_speed": None if made is None else apt - e.small_stop_us - made,
        "production_rejects": None if made is None or good is None else made - good - startup,
        "startup_rejects": None if made is None or good is None else startup,
    }
