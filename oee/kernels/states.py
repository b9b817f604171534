"""States → raw intervals (semantics, section 4): which category the machine itself claims for every microsecond.

Raw means: before calendar, people's entries and the judgement of standstills, which belong to the calculation.
Times are int64 µs; text values come as indices into a list of symbols, -1 is "none known".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from oee.kernels.intervals import Int64s, subtract, union, value_at
from oee.model import Category

UNKNOWN = -1
STOPPED = (Category.PLANNED_STOP, Category.UNPLANNED_STOP, Category.EXTERNAL_STOP)


@dataclass(frozen=True, slots=True)
class Series:
    """Samples of one text signal: int64[n] times, symbol indices, and whether each value is Good (S-28)."""

    ts_us: Int64s
    symbol: Int64s
    good: NDArray[np.bool_]

    def good_only(self) -> tuple[Int64s, Int64s]:
        """Times and symbols of the Good values."""
        return self.ts_us[self.good], self.symbol[self.good]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a combination of state, mode and fault says; ``setup`` is the mode's word, ``reason_setup`` the fault's."""

    category: Category
    reason: str | None = None
    reason_category: Category | None = None
    setup: bool = False
    unmapped: bool = False
    reason_setup: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one claim of the machine; neighbours differ in something."""

    start_us: int
    end_us: int
    category: Category
    state: str | None = None
    reason: str | None = None
    setup: bool = False
    unmapped: bool = False

    def same_claim(self, other: Piece) -> bool:
        """Whether two pieces differ in their times only."""
        return replace(self, start_us=0, end_us=0) == replace(other, start_us=0, end_us=0)


def claims(
    start_us: int,
    end_us: int,
    signals: tuple[Series, Series, Series],
    symbols: Sequence[str],
    meaning: Callable[[str, str | None, str | None], Meaning],
) -> list[Piece]:
    """Pieces of ``[start, end)`` by state, mode and fault as they were last reported Good, silences ignored.

    Parameters
    ----------
    signals : state, mode and fault samples, those in force at the start included.
    meaning : what a (state, mode, fault) means; asked once per combination (S-20).
    """
    edges, columns = _edges(start_us, end_us, signals)
    combos, which = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    meanings = [_meaning_of(row, symbols, meaning) for row in combos.tolist()]
    words = [None if row[0] == UNKNOWN else symbols[row[0]] for row in combos.tolist()]
    pieces = []
    for i, k in enumerate(which.ravel().tolist()):
        m = meanings[k]
        pieces.append((int(edges[i]), int(edges[i + 1]), words[k], m))
    return merge(fill_reasons(pieces))


def _edges(start_us: int, end_us: int, signals: tuple[Series, Series, Series]) -> tuple[Int64s, list[Int64s]]:
    """Every instant at which a Good value arrives, and the three values in force from it on."""
    goods = [s.good_only() for s in signals]
    inner = np.concatenate([ts[(ts > start_us) & (ts < end_us)] for ts, _ in goods])
    edges = np.unique(np.concatenate((np.array([start_us, end_us], np.int64), inner)))
    return edges, [value_at(ts, symbol, edges[:-1], UNKNOWN) for ts, symbol in goods]


def _meaning_of(
    row: list[int], symbols: Sequence[str], meaning: Callable[[str, str | None, str | None], Meaning]
) -> Meaning:
    state, mode, fault = (None if k == UNKNOWN else symbols[k] for k in row)
    return Meaning(Category.NO_DATA) if state is None else meaning(state, mode, fault)


def fill_reasons(pieces: list[tuple[int, int, str | None, Meaning]]) -> list[Piece]:
    """Give every piece of a stop its reason: the last fault so far, else the first to come (S-25).

    A reason's own category wins over the machine's where it ranks higher (planned > unplanned > external, S-24).
    """
    filled: list[Meaning] = [m for *_, m in pieces]
    for order in (range(1, len(pieces)), range(len(pieces) - 2, -1, -1)):
        step = 1 if order.step > 0 else -1
        for i in order:
            here, neighbour = filled[i], filled[i - step]
            if here.reason is None and here.category in STOPPED and neighbour.category is here.category:
                filled[i] = replace(
                    here,
                    reason=neighbour.reason,
                    reason_category=neighbour.reason_category,
                    reason_setup=neighbour.reason_setup,
                )
    return [_piece(a, b, word, m) for (a, b, word, _), m in zip(pieces, filled, strict=True)]


def _piece(start_us: int, end_us: int, word: str | None, m: Meaning) -> Piece:
    category = m.category
    if category in STOPPED and m.reason_category is not None:
        category = min(category, m.reason_category)
    stopped = category in STOPPED
    setup = (m.setup or m.reason_setup) and category is Category.PLANNED_STOP
    return Piece(start_us, end_us, category, word, m.reason if stopped else None, setup, m.unmapped)


def merge(pieces: list[Piece]) -> list[Piece]:
    """Join neighbours that claim the same; drop empty ones."""
    joined: list[Piece] = []
    for piece in pieces:
        if piece.end_us <= piece.start_us:
            continue
        if joined and joined[-1].end_us == piece.start_us and joined[-1].same_claim(piece):
            joined[-1] = replace(joined[-1], end_us=piece.end_us)
        else:
            joined.append(piece)
    return joined


def proofs_of_life(state: Series, alive: tuple[Int64s, Int64s]) -> tuple[Int64s, Int64s]:
    """Stretches in which the state is proven: liveness outside bad stretches, and every Good sample (S-26, S-28).

    Parameters
    ----------
    state : samples of the state signal.
    alive : starts and ends in which its source was alive.
    """
    starts, ends = union(*alive)
    bad = np.flatnonzero(~state.good)
    if len(bad):
        good_ts = state.ts_us[state.good]
        nxt = np.searchsorted(good_ts, state.ts_us[bad])
        until = [int(good_ts[k]) if k < len(good_ts) else 2**62 for k in nxt]
        starts, ends = subtract(starts, ends, zip(state.ts_us[bad].tolist(), until, strict=True))
    good_ts = state.ts_us[state.good]
    return union(np.concatenate((starts, good_ts)), np.concatenate((ends, good_ts)))


def silences(proofs: tuple[Int64s, Int64s], max_age_us: int | None) -> list[tuple[int, int]]:
    """Gaps between proofs of life longer than ``max_age_us``; none where a value holds until the next one."""
    starts, ends = proofs
    if max_age_us is None or len(starts) == 0:
        return []
    gap = starts[1:] - ends[:-1] > max_age_us
    return list(zip(ends[:-1][gap].tolist(), starts[1:][gap].tolist(), strict=True))


def judge_silence(
    before: Piece,
    after: Piece | None,
    span_us: tuple[int, int],
    *,
    max_age_us: int,
    made: Fraction,
    ideal_us: Fraction | None,
) -> list[Piece]:
    """Judge a whole silence once life returned (S-26).

    Parameters
    ----------
    before, after : claims just before the silence and at its end.
    span_us : the silence ``(start, end)``.
    made : parts counted over the silence.
    ideal_us : ideal cycle [µs per part], None where unknown.
    """
    start, end = span_us
    stopped_before, stopped_after = before.category in STOPPED, after is not None and after.category in STOPPED
    if made == 0 and stopped_before and stopped_after:
        return [replace(before, start_us=start, end_us=end)]
    silent = Piece(start, end, Category.NO_DATA)
    if made > 0:
        if ideal_us is None:
            return [silent]
        return _inferred_run(before, after, span_us, int(min(Fraction(end - start), made * ideal_us)))
    held = min(start + max_age_us, end)
    return [replace(before, start_us=start, end_us=held), replace(silent, start_us=held)]


def _inferred_run(before: Piece, after: Piece | None, span_us: tuple[int, int], run_us: int) -> list[Piece]:
    """One run as long as the parts prove, at the end if only the after side runs, else at the start."""
    start, end = span_us
    runs_after = after is not None and after.category is Category.RUN
    if runs_after and before.category is not Category.RUN:
        return [
            Piece(start, end - run_us, Category.NO_DATA),
            Piece(end - run_us, end, Category.RUN, after.state if after else None),
        ]
    word = before.state if before.category is Category.RUN else None
    return [Piece(start, start + run_us, Category.RUN, word), Piece(start + run_us, end, Category.NO_DATA)]


def overwrite(pieces: list[Piece], patch: list[Piece]) -> list[Piece]:
    """Replace what ``pieces`` say over the stretch that ``patch`` tiles."""
    if not patch:
        return pieces
    start, end = patch[0].start_us, patch[-1].end_us
    before = [replace(p, end_us=min(p.end_us, start)) for p in pieces if p.start_us < start]
    after = [replace(p, start_us=max(p.start_us, end)) for p in pieces if p.end_us > end]
    return merge(before + patch + after)


def extend(pieces: list[Piece], through_us: int, hold_until_us: int, until_us: int) -> list[Piece]:
    """Let the last claim hold after the last proof of life, for ``max_age`` at most, then no_data (S-26).

    Parameters
    ----------
    pieces : raw facts up to ``through_us``.
    until_us : how far to tell, usually now.
    """
    if until_us <= through_us or not pieces:
        return pieces
    held_us = max(through_us, min(hold_until_us, until_us))
    tail = [replace(pieces[-1], start_us=pieces[-1].end_us, end_us=held_us)]
    tail.append(Piece(held_us, until_us, Category.NO_DATA))
    return [*pieces, *(p for p in tail if p.start_us < p.end_us)]
