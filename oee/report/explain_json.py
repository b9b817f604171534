"""An explanation as JSON: exact values beside the numbers that answers show. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from oee.evidence import Configuration, SaidEntry
from oee.model import ProductOutput, Segment, ShiftResult, Stop
from oee.report.explain import CategoryRow, CountRow, Explanation, ProductRow, RevisionRow
from oee.report.explain_config import configuration_json
from oee.report.explain_figures import Figure, LossRow, Quantity
from oee.report.explain_sums import Sum
from oee.report.kpi import elements_item, kpi_item, local_iso, seconds


def explanation_json(x: Explanation) -> dict[str, Any]:
    """Build the JSON object; times are RFC 3339 in plant time, durations ``_s``, exact values in text as fractions."""
    result, zone, e = x.result, x.zone, x.evidence
    return {
        "kpi": kpi_item(result, zone, e.product, e.order),
        "computed": local_iso(result.computed_us, zone),
        "cause": result.cause,
        "author": x.author,
        "figures": [_figure(f) for f in x.figures],
        "losses": [_loss(loss) for loss in x.losses],
        "time": [_category(row, result, zone) for row in x.categories],
        "segments": [_segment(s, zone) for s in result.window.segments],
        "products": [_product(row) for row in x.products],
        "counts": [_count(row, zone) for row in x.counts],
        "stops": [_stop(s, zone) for s in result.window.stops],
        "counter_decisions": [
            {
                "at": local_iso(d.at_us, zone),
                "machine": d.machine or result.machine,
                "signal": d.signal,
                "kind": d.kind,
                "amount": d.amount,
                "why": d.why,
            }
            for d in result.window.decisions
        ],
        "flags": [{"flag": f.flag, "says": f.sentence, "because": f.because} for f in x.flags],
        "rules": [{"rule": r.rule, "says": r.says, "here": r.here} for r in x.rules],
        "definition": _definition(x),
        "revisions": [_revision(r, zone) for r in x.revisions],
        "entries": [_entry(s, result, zone) for s in e.entries],
        "machines": [_part(r, zone) for r in e.machines.values()],
        "parts": [_part(r, zone) for r in e.parts],
        "sums": [_sum(s) for s in x.sums],
        "exact": x.exact,
    }


def _number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _in_unit(value: Fraction | None, unit: str) -> dict[str, Any]:
    """A value as a number (µs become seconds) and exactly, as text."""
    shown = value / 1_000_000 if value is not None and unit == "us" else value
    unit_word = "s" if unit == "us" else unit
    return {"value": _number(shown), "exact": None if shown is None else str(shown), "unit": unit_word}


def _quantity(q: Quantity) -> dict[str, Any]:
    return {"symbol": q.symbol, "says": q.words, **_in_unit(q.value, q.unit)}


def _figure(f: Figure) -> dict[str, Any]:
    return {
        "name": f.name.replace("_us", "_s"),
        "says": f.words,
        "formula": f.formula,
        "inputs": [_quantity(q) for q in f.inputs],
        "calculation": f.calculation,
        **_in_unit(f.value, f.unit),
        "why_null": f.why or None,
    }


def _loss(loss: LossRow) -> dict[str, Any]:
    return {
        "name": loss.name,
        "says": loss.words,
        "formula": loss.formula,
        "s": seconds(loss.time_us),
        "exact_s": None if loss.time_us is None else str(loss.time_us / 1_000_000),
        "parts": _number(loss.parts_count),
    }


def _category(row: CategoryRow, result: ShiftResult, zone: ZoneInfo) -> dict[str, Any]:
    spans = [result.window.segments[i] for i in row.segments]
    return {
        "category": row.category.word,
        "s": seconds(row.time_us),
        "us": row.time_us,
        "segments": list(row.segments),
        "spans": [[local_iso(s.start_us, zone), local_iso(s.end_us, zone)] for s in spans],
    }


def _segment(s: Segment, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "start": local_iso(s.start_us, zone),
        "end": local_iso(s.end_us, zone),
        "s": seconds(s.end_us - s.start_us),
        "us": s.end_us - s.start_us,
        "category": s.category.word,
        "state": s.state,
        "reason": s.reason,
        "setup": s.setup,
        "machine": s.machine,
        "open": s.open,
    }


def _stop(s: Stop, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "start": local_iso(s.start_us, zone),
        "end": None if s.end_us is None else local_iso(s.end_us, zone),
        "category": s.category.word,
        "reason": s.reason,
        "machine": s.machine,
        "length_s": seconds(s.length_us),
        "in_window_s": seconds(s.in_window_us),
        "counted": s.counted,
        "closed": s.closed,
    }


def _output(kind: str, o: ProductOutput) -> dict[str, Any]:
    cycle = None if o.ideal_cycle_us is None else Fraction(o.ideal_cycle_us) / 1_000_000
    return {
        "kind": kind,
        "product": o.product,
        "ideal_cycle_s": None if cycle is None else str(cycle),
        "total_count": o.total_count,
        "good_count": o.good_count,
        "reject_count": o.reject_count,
        "rework_count": o.rework_count,
        "ideal_total_s": None if cycle is None else float(cycle * o.total_count),
        "ideal_good_s": None if cycle is None else float(cycle * o.good_count),
    }


def _product(row: ProductRow) -> dict[str, Any]:
    return {**_output(row.kind, row.output), "ideal_cycle_source": row.source}


def _count(row: CountRow, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "start": local_iso(row.start_us, zone),
        "end": local_iso(row.end_us, zone),
        **_output(row.kind, row.output),
    }


def _definition(x: Explanation) -> dict[str, Any]:
    text = x.result.definition
    rules = text.partition(",")[0].removeprefix("rules ")
    configurations = [_configuration(c, x) for c in x.evidence.configurations]
    return {"text": text, "rules_version": rules, "configurations": configurations}


def _configuration(c: Configuration, x: Explanation) -> dict[str, Any]:
    since = None if c.since_us is None else local_iso(c.since_us, x.zone)
    return {"number": c.number, "since": since, "proven": c.proven, **configuration_json(c.plant, x.result)}


def _revision(r: RevisionRow, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": r.result.id,
        "revision": r.result.revision,
        "status": r.result.status,
        "computed": local_iso(r.result.computed_us, zone),
        "cause": r.result.cause,
        "author": r.author,
        "definition": r.result.definition,
        "changed": [_difference(d.element, d.before, d.after) for d in r.changed],
    }


def _difference(element: str, before: int, after: int) -> dict[str, Any]:
    """A time element is told in seconds, as everywhere in answers."""
    if not element.endswith("_us"):
        return {"element": element, "before": before, "after": after, "difference": after - before}
    name = f"{element.removesuffix('_us')}_s"
    return {
        "element": name,
        "before": seconds(before),
        "after": seconds(after),
        "difference": seconds(after - before),
    }


def _entry(s: SaidEntry, result: ShiftResult, zone: ZoneInfo) -> dict[str, Any]:
    undone = s.undone and {"entry": s.undone[0], "author": s.undone[1], "at": local_iso(s.undone[2], zone)}
    return {
        "entry": s.number,
        "kind": s.kind,
        "machine": s.machine,
        "start": None if s.from_us is None else local_iso(s.from_us, zone),
        "end": None if s.to_us is None else local_iso(s.to_us, zone),
        "said": dict(s.said),
        "author": s.author,
        "entered": local_iso(s.entered_us, zone),
        "why": s.why,
        "undone": undone,
        "known_then": s.entered_us <= result.computed_us,
    }


def _part(r: ShiftResult, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": r.id,
        "machine": r.machine,
        "shift": r.instance.name or None,
        "production_date": r.instance.production_date or None,
        "start": local_iso(r.window.start_us, zone),
        "end": local_iso(r.window.end_us, zone),
        "status": r.status,
        "revision": r.revision,
        "elements": elements_item(r.window.elements),
        "flags": list(r.window.flags),
    }


def _sum(s: Sum) -> dict[str, Any]:
    return {"of": s.of, "whole": s.whole, "sum": str(s.parts_value), "expected": str(s.whole_value), "equal": s.equal}
