"""States → raw intervals (semantics, section 4): which category the machine itself claims for every microsecond.

Raw means: before calendar, people's entries and the judgement of standstills, which belong to the calculation.
Times are int64 µs; text values come as indices into a list of symbols, -1 is "none known".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from oee.kernels.intervals import Int64s, subtract, union
from oee.model import Category

UNKNOWN = -1
"""The symbol of no value."""
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
class Silence:
    """A silence that no proof of life has ended yet (S-26): since when, None before the first; until when it holds."""

    since_us: int | None
    hold_until_us: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a machine stands, as a fault code tells it: code and category of the plant's reason tree."""

    code: str
    category: Category
    setup: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a combination of state, mode and fault says; ``setup`` is the mode's word, a reason has its own."""

    category: Category
    reason: Reason | None = None
    setup: bool = False
    unmapped: bool = False


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
        return (
            self.category == other.category
            and self.state == other.state
            and self.reason == other.reason
            and self.setup == other.setup
            and self.unmapped == other.unmapped
        )

    def over(self, start_us: int, end_us: int) -> Piece:
        """The same claim over another stretch."""
        if start_us == self.start_us and end_us == self.end_us:
            return self
        return Piece(start_us, end_us, self.category, self.state, self.reason, self.setup, self.unmapped)

    def judged(self, category: Category) -> Piece:
        """The same stretch as another category."""
        return Piece(self.start_us, self.end_us, category, self.state, self.reason, self.setup, self.unmapped)


def merge(pieces: list[Piece]) -> list[Piece]:
    """Join neighbours that claim the same; drop empty ones."""
    joined: list[Piece] = []
    for piece in pieces:
        if piece.end_us <= piece.start_us:
            continue
        if joined and joined[-1].end_us == piece.start_us and joined[-1].same_claim(piece):
            joined[-1] = joined[-1].over(joined[-1].start_us, piece.end_us)
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


def in_silence(series: Series, silence: Silence, start_us: int, *, is_bad: bool) -> Series:
    """A state signal that is taken up amid a silence: its value in force proves no life at the start (S-28).

    Parameters
    ----------
    series : samples from the start on, the value in force there as the first.
    is_bad : whether its last word before the start was not Good.
    """
    later = series.ts_us > start_us
    held = series.symbol[series.good & ~later][-1:] if silence.since_us is not None else np.empty(0, np.int64)
    bad = 1 if is_bad else 0
    ts = [silence.since_us or start_us] * len(held) + [start_us] * bad
    return Series(
        np.concatenate((np.array(ts, np.int64), series.ts_us[later])),
        np.concatenate((held, np.full(bad, UNKNOWN, np.int64), series.symbol[later])),
        np.concatenate((np.ones(len(held), np.bool_), np.zeros(bad, np.bool_), series.good[later])),
    )


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
        return [before.over(start, end)]
    silent = Piece(start, end, Category.NO_DATA)
    if made > 0:
        if ideal_us is None:
            return [silent]
        return _inferred_run(before, after, span_us, int(min(Fraction(end - start), made * ideal_us)))
    held = min(start + max_age_us, end)
    return [before.over(start, held), silent.over(held, end)]


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
    before = [p.over(p.start_us, min(p.end_us, start)) for p in pieces if p.start_us < start]
    after = [p.over(max(p.start_us, end), p.end_us) for p in pieces if p.end_us > end]
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
    tail = [pieces[-1].over(pieces[-1].end_us, held_us)]
    tail.append(Piece(held_us, until_us, Category.NO_DATA))
    return [*pieces, *(p for p in tail if p.start_us < p.end_us)]
