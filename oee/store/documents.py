"""Results as JSON documents and back: exact integers and fractions, nothing derived."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from typing import Any

from oee.model import (
    SCALAR_ELEMENTS,
    Category,
    Charge,
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

OUTPUTS = ("output", "unscheduled", "unknown")
LISTS = ("segments", "stops", "decisions", "hours", "charges")
"""What a brief document leaves out."""


def _fraction(value: Fraction | None) -> str | None:
    return None if value is None else str(value)


def _unfraction(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def elements_document(e: Elements) -> dict[str, Any]:
    """Elements as plain JSON."""
    document: dict[str, Any] = {name: getattr(e, name) for name in SCALAR_ELEMENTS}
    for name in OUTPUTS:
        document[name] = [_output(o) for o in getattr(e, name)]
    return document | ({"counted_apart": True} if e.counted_apart else {})


def _output(o: ProductOutput) -> list[Any]:
    """Parts as plain JSON; without start-up rejects they read as they did before these were told."""
    counts = [o.total_count, o.good_count, o.reject_count, o.rework_count]
    return [o.product, _fraction(o.ideal_cycle_us), *counts, *([o.startup_count] if o.startup_count else [])]


def elements_of(document: dict[str, Any]) -> Elements:
    """Elements from their document."""
    scalars: dict[str, Any] = {name: document[name] for name in SCALAR_ELEMENTS}
    output, unscheduled, unknown = (
        tuple(ProductOutput(o[0], _unfraction(o[1]), *o[2:]) for o in document[name]) for name in OUTPUTS
    )
    apart = document.get("counted_apart", False)
    return Elements(**scalars, output=output, unscheduled=unscheduled, unknown=unknown, counted_apart=apart)


def result_document(result: ShiftResult) -> dict[str, Any]:
    """Everything that a result says, less its status, revision and time of computation."""
    w, i = result.window, result.instance
    return {
        "line": result.line,
        "machine": result.machine,
        "method": result.method,
        "through_us": result.through_us,
        "instance": _instance_document(i),
        "start_us": w.start_us,
        "end_us": w.end_us,
        "elements": elements_document(w.elements),
        "segments": [_segment(s) for s in w.segments],
        "stops": [_stop(s) for s in w.stops],
        "decisions": [[d.at_us, d.signal, d.kind, d.amount, d.why, *_named(d.machine)] for d in w.decisions],
        "flags": list(w.flags),
        "quality_known": w.quality_known,
        "ideal_known": w.ideal_known,
        "hours": [
            [h.start_us, h.end_us, elements_document(h.elements), h.planned_us, _fraction(h.target_good_count)]
            for h in result.hours
        ],
        "target_good_count": _fraction(result.target_good_count),
        "shift_target_good_count": _fraction(result.shift_target_good_count),
    } | ({"charges": [[c.start_us, c.end_us, c.machine] for c in result.charges]} if result.charges else {})


def _segment(s: Segment) -> list[Any]:
    return [s.start_us, s.end_us, int(s.category), s.state, s.reason, s.setup, s.open, *_named(s.machine)]


def _stop(s: Stop) -> list[Any]:
    head = [s.start_us, s.end_us, int(s.category), s.reason, s.length_us, s.in_window_us, s.counted]
    return [*head, s.machine, s.closed]


def _named(machine: str | None) -> list[str]:
    """The machine of a row, where rows name theirs."""
    return [] if machine is None else [machine]


def _instance_document(i: ShiftInstance) -> list[Any]:
    """An instance as plain JSON; one without a team reads as it did before there were teams."""
    said = [i.line, i.production_date, i.name, i.start_us, i.end_us, i.planned, i.cancelled, list(i.breaks)]
    return [*said, i.team] if i.team is not None else said


def fingerprint(document: dict[str, Any], definition: str) -> str:
    """What makes two results the same (S-51): all that they say, and the rules and configuration that they follow."""
    said = {key: value for key, value in document.items() if key != "through_us"}
    return hashlib.sha256(json.dumps([said, definition], sort_keys=True).encode()).hexdigest()


def result_of(
    document: dict[str, Any],
    *,
    result_id: str,
    status: str,
    revision: int | None,
    computed_us: int,
    definition: str,
    cause: str,
) -> ShiftResult:
    """A result from its document and what stands beside it."""
    line, date, name, start_us, end_us, planned, cancelled, breaks, *team = document["instance"]
    pieces = tuple((b[0], b[1], b[2]) for b in breaks)
    instance = ShiftInstance(line, date, name, start_us, end_us, planned, cancelled, pieces, *team)
    return ShiftResult(
        id=result_id,
        line=document["line"],
        machine=document["machine"],
        method=document["method"],
        instance=instance,
        status=status,
        revision=revision,
        computed_us=computed_us,
        through_us=document["through_us"],
        definition=definition,
        cause=cause,
        window=_window_of(document),
        hours=tuple(HourRow(h[0], h[1], elements_of(h[2]), h[3], _unfraction(h[4])) for h in document.get("hours", ())),
        target_good_count=_unfraction(document["target_good_count"]),
        shift_target_good_count=_unfraction(document["shift_target_good_count"]),
        charges=tuple(Charge(*c) for c in document.get("charges", ())),
    )


def _window_of(document: dict[str, Any]) -> WindowResult:
    return WindowResult(
        document["start_us"],
        document["end_us"],
        elements_of(document["elements"]),
        tuple(Segment(s[0], s[1], Category(s[2]), *s[3:]) for s in document.get("segments", ())),
        tuple(Stop(s[0], s[1], Category(s[2]), *s[3:]) for s in document.get("stops", ())),
        tuple(CounterDecision(*d) for d in document.get("decisions", ())),
        tuple(document["flags"]),
        document["quality_known"],
        document["ideal_known"],
    )
