"""Standstills: which stretches without run are slow cycles, small stops or stops (S-22, S-23)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from oee.kernels.states import STOPPED, Piece
from oee.model import Category, Spoken, Stop

STANDING = (*STOPPED, Category.SMALL_STOP)
"""Categories whose time counts in a standstill's length."""
SHORTENED = (Category.UNPLANNED_STOP, Category.EXTERNAL_STOP)
"""Categories that a short standstill takes from its pieces (S-22)."""


@dataclass(frozen=True, slots=True)
class Standstill:
    """A maximal stretch without run, unscheduled time or no_data (S-23). ``end_us`` is None while it is open."""

    start_us: int
    end_us: int | None
    length_us: int


def standstills_of(pieces: Sequence[Piece]) -> Iterable[Standstill]:
    """Maximal stretches of stops, with the excluded time between them (S-23); excluded edges are trimmed off.

    What the machine itself calls a small stop goes on with a standstill, and opens none.
    """
    start: int | None = None
    last_end = length = 0
    for p in pieces:
        if p.category in STOPPED or (p.category is Category.SMALL_STOP and start is not None):
            start = p.start_us if start is None else start
            last_end, length = p.end_us, length + p.end_us - p.start_us
        elif p.category is not Category.EXCLUDED and start is not None:
            yield Standstill(start, last_end, length)
            start, length = None, 0
    if start is not None:
        yield Standstill(start, None, length)


def classify(
    pieces: list[Piece], standstills: Sequence[Standstill], *, min_stop_us: int, small_stop_max_us: int
) -> list[Piece]:
    """S-22: short standstills are slow cycles, those up to the limit small stops; planned pieces never change.

    An open one is undecided until it passes the limit and keeps the machine's own category so far (S-23).
    """
    short = [
        (s.start_us, s.end_us, Category.RUN if s.length_us < min_stop_us else Category.SMALL_STOP)
        for s in standstills
        if s.end_us is not None and s.length_us <= small_stop_max_us
    ]
    starts = [start_us for start_us, *_ in short]
    out = []
    for p in pieces:
        k = bisect_right(starts, p.start_us) - 1 if p.category in SHORTENED else -1
        out.append(p.judged(short[k][2]) if k >= 0 and p.start_us < short[k][1] else p)
    return out


def startups_of(pieces: Iterable[Piece], startup_us: int) -> list[tuple[int, int]]:
    """Times in which a machine starts up: from where it runs again after a planned stop, so long (section 2).

    Other stops and breaks in between do not end the wait for its run; time without data or schedule does.
    """
    found, waits = [], False
    for p in pieces if startup_us else ():
        if p.category is Category.PLANNED_STOP:
            waits = True
        elif p.category is Category.RUN and waits:
            found.append((p.start_us, p.start_us + startup_us))
            waits = False
        elif p.category in (Category.NO_DATA, Category.NOT_SCHEDULED):
            waits = False
    return found


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a stop lasts, None while it is open, and what people said of it.

    A person may make two of one standstill, or one of several (`oee.kernels.people`).
    """

    start_us: int
    end_us: int | None
    spoken: Spoken


def lasting(still: Standstill, small_stop_max_us: int) -> bool:
    """Whether a standstill is a stop: longer than a small one, or still open, when it counts as a stop so far."""
    return still.end_us is None or still.length_us > small_stop_max_us


def stop_of(pieces: Sequence[Piece], starts: Sequence[int], span: Span) -> Stop:
    """The stop over a span, by pieces that are judged; ``starts`` are theirs."""
    end_us = pieces[-1].end_us if span.end_us is None else span.end_us
    near = pieces[bisect_left(starts, span.start_us) : bisect_left(starts, end_us)]
    inside = [p for p in near if p.category in STANDING]
    category, reason = _mostly(inside)
    length_us = sum(p.end_us - p.start_us for p in inside)
    return Stop(span.start_us, span.end_us, category, reason, length_us, 0, spoken=span.spoken)


def counted_from(pieces: Iterable[Piece], stops: Sequence[Stop]) -> dict[int, int]:
    """Instant [µs] at which each stop counts, by its start: where its first unplanned piece starts; others have none.

    A stop is first planned and later unplanned as often as not; counted there, nothing to come changes what has been.
    """
    starts, found = [s.start_us for s in stops], dict[int, int]()
    for p in pieces:
        if p.category is not Category.UNPLANNED_STOP:
            continue
        k = bisect_right(starts, p.start_us) - 1
        if k < 0:
            continue
        end_us = stops[k].end_us
        if end_us is None or p.start_us < end_us:
            found.setdefault(starts[k], p.start_us)
    return found


def stop_so_far(pieces: Sequence[Piece], starts: Sequence[int], start_us: int, until_us: int) -> Stop:
    """An open stop, as long as it is by an instant; ``starts`` are the pieces'."""
    near = pieces[bisect_left(starts, start_us) : bisect_left(starts, until_us)]
    inside = [p.over(p.start_us, min(p.end_us, until_us)) for p in near if p.category in STANDING]
    category, reason = _mostly(inside)
    return Stop(start_us, None, category, reason, sum(p.end_us - p.start_us for p in inside), 0)


def _mostly(standing: Sequence[Piece]) -> tuple[Category, str | None]:
    """Category and reason that a stop spent most of its time in; a small stop's only where nothing else stood."""
    spent: dict[tuple[Category, str | None], int] = {}
    for p in [p for p in standing if p.category in STOPPED] or standing:
        spent[p.category, p.reason] = spent.get((p.category, p.reason), 0) + p.end_us - p.start_us
    return max(spent, key=lambda k: (spent[k], -k[0]))
