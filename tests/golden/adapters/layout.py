"""A day laid out from its times and counts: what a machine would have sent for these totals to be true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from golden_case import START_S, Case, Row, Seconds, machine, shift

Span = tuple[str, Seconds]
"""A word of the machine, or ``break``, and how long it holds [s]."""


def laid_out(spans: Sequence[Span], start_s: Seconds = START_S) -> list[tuple[str, Seconds, Seconds]]:
    """Spans one after the other: word, start, end."""
    out, at = [], start_s
    for word, length in spans:
        out.append((word, at, at + length))
        at += length
    return out


def said(name: str, spans: Sequence[Span], counts: Mapping[str, Any], start_s: Seconds = START_S) -> list[Row]:
    """Rows of a machine: its states, and counters that rise from 0 at the start to what they show at the end."""
    laid = laid_out(spans, start_s)
    end_s = laid[-1][2]
    rows: list[Row] = [(a, name, "state", "stop" if word == "break" else word) for word, a, _ in laid]
    rows.append((end_s, name, "state", rows[-1][3]))
    for signal, count in counts.items():
        rows += [(start_s, name, signal, 0), (end_s, name, signal, count)]
    return rows


def shift_case(
    spans: Sequence[Span], counts: Mapping[str, Any], *, signals: Mapping[str, Any] | None = None, **rules: Any
) -> Case:
    """One machine over one shift that the spans fill; ``break`` is one of the shift's."""
    laid = laid_out(spans)
    end_s = laid[-1][2]
    pauses = [(a, b) for word, a, b in laid if word == "break"]
    built = machine(*counts, **rules, **({"signals": signals} if signals else {}))
    return Case({"m": built}, said("m", spans, counts), [(START_S, end_s)], {"day": shift(START_S, end_s, *pauses)})


def among_runs(losses: Sequence[Span], run_s: Seconds) -> list[Span]:
    """Losses with a minute of run before each, so that every one is a standstill of its own; the rest runs after."""
    spans: list[Span] = [piece for loss in losses for piece in (("run", 60), loss)]
    rest = run_s - 60 * len(losses)
    assert rest > 0, "too little run for so many losses"
    return [*spans, ("run", rest)]


def edges(spans: Sequence[Span]) -> list[tuple[Seconds, Seconds]]:
    """Windows of the spans."""
    laid = laid_out(spans)
    return list(pairwise([laid[0][1], *(end for *_, end in laid)]))
