"""Results of machines by hand: a shift of one hour, planned to the last second."""

from __future__ import annotations

from fractions import Fraction

from oee.model import (
    Category,
    CounterDecision,
    Elements,
    HourRow,
    ProductOutput,
    Segment,
    ShiftInstance,
    ShiftResult,
    Stop,
    WindowResult,
)

S_US = 1_000_000
HOUR_US = 3600 * S_US
SHIFT = ShiftInstance("packing", "2026-03-02", "early", 0, HOUR_US)


def output(
    ideal_s: int | None, total: int, good: int, reject: int, rework: int = 0, product: str = "A"
) -> ProductOutput:
    ideal_us = None if ideal_s is None else Fraction(ideal_s * S_US)
    return ProductOutput(product, ideal_us, total, good, reject, rework)


def machine_result(
    machine: str,
    *made: ProductOutput,
    stop_s: int = 0,
    no_data_s: int = 0,
    target_count: Fraction | int | None = None,
    flags: tuple[str, ...] = (),
    decided: str | None = None,
    quality_known: bool = True,
) -> ShiftResult:
    """One machine's shift: a stop at its start, no data at its end, run between."""
    stop_us, no_data_us = stop_s * S_US, no_data_s * S_US
    edges = ((0, stop_us, Category.UNPLANNED_STOP), (stop_us, HOUR_US - no_data_us, Category.RUN))
    spans = (*edges, (HOUR_US - no_data_us, HOUR_US, Category.NO_DATA))
    elements = Elements(
        calendar_us=HOUR_US,
        unplanned_stop_us=stop_us,
        run_us=HOUR_US - stop_us - no_data_us,
        no_data_us=no_data_us,
        stop_count=int(stop_us > 0),
        output=made,
    )
    window = WindowResult(
        0,
        HOUR_US,
        elements,
        tuple(Segment(a, b, category) for a, b, category in spans if a < b),
        (Stop(0, stop_us, Category.UNPLANNED_STOP, "JAM", stop_us, stop_us, counted=True),) if stop_us else (),
        (CounterDecision(9, "total", decided, "1", "why"),) if decided else (),
        flags,
        quality_known,
    )
    target = None if target_count is None else Fraction(target_count)
    hour = HourRow(0, HOUR_US, elements, HOUR_US, target)
    return ShiftResult(
        id="",
        line="packing",
        machine=machine,
        method="machine",
        instance=SHIFT,
        status="live",
        revision=None,
        computed_us=HOUR_US,
        through_us=HOUR_US,
        definition=f"definition of {machine}",
        cause="live",
        window=window,
        hours=(hour,),
        target_good_count=target,
        shift_target_good_count=target,
    )
