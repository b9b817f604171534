"""What the machine itself claims: state, mode and fault as pieces, with reasons filled back (S-20, S-24, S-25)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from oee.kernels.intervals import Int64s, distinct, value_at
from oee.kernels.states import STOPPED, UNKNOWN, Meaning, Piece, Reason, Series, merge
from oee.model import Category


@dataclass(frozen=True, slots=True)
class Standing:
    """A stop that reaches across an instant: what had been heard of it by then.

    Attributes
    ----------
    category : of the machine's own claims, in one stretch since ``since_us``.
    reason : the one known by the instant; None where none was.
    filled : the one that time before the instant has: ``reason``, else the first one later (S-25).
    """

    category: Category
    since_us: int
    reason: Reason | None
    filled: Reason | None


@dataclass(frozen=True, slots=True)
class Claims:
    """All claims of a run, in order: their pieces, and for stops what is known of their reasons.

    ``reaches_back_us`` is set where what is heard now gives a stop from before the run another reason than the facts
    before it tell: its start. Nothing that the run says is of use then; it has to begin before that.
    """

    rows: list[Piece]
    standings: list[Standing | None]
    reaches_back_us: int | None = None

    @property
    def pieces(self) -> list[Piece]:
        """Silences ignored, neighbours that say the same joined."""
        return merge(self.rows)

    def standing_at(self, at_us: int) -> Standing | None:
        """The stop that an instant lies in."""
        k = bisect_right(self.rows, at_us, key=lambda row: row.start_us) - 1
        return self.standings[k] if k >= 0 else None


def claims(
    start_us: int,
    end_us: int,
    signals: tuple[Series, Series, Series],
    symbols: Sequence[str],
    meaning: Callable[[str, str | None, str | None], Meaning],
    before: Standing | None = None,
) -> Claims:
    """Claims of ``[start, end)`` by state, mode and fault as they were last reported Good, silences ignored.

    Parameters
    ----------
    signals : state, mode and fault samples, those in force at the start included.
    meaning : what a (state, mode, fault) means; asked once per combination (S-20).
    before : the stop that reaches across the start.
    """
    edges, columns = _edges(start_us, end_us, signals)
    said = list(zip(*(c.tolist() for c in columns), strict=True))
    known = {row: _meaning_of(row, symbols, meaning) for row in set(said)}
    starts, ends = edges[:-1].tolist(), edges[1:].tolist()
    standings = _standings([known[row] for row in said], starts, before)
    rows = [
        _piece(a, b, None if row[0] == UNKNOWN else symbols[row[0]], known[row], standing)
        for a, b, row, standing in zip(starts, ends, said, standings, strict=True)
    ]
    return Claims(rows, standings, _reaches_back(standings[0], before))


def _piece(start_us: int, end_us: int, word: str | None, m: Meaning, standing: Standing | None) -> Piece:
    """A claim as a fact: a reason's own category wins where it ranks higher (planned > unplanned > external, S-24)."""
    reason = standing.filled if standing else None
    if reason is None:
        return Piece(
            start_us, end_us, m.category, word, None, m.setup and m.category is Category.PLANNED_STOP, m.unmapped
        )
    category = min(m.category, reason.category)
    setup = (m.setup or reason.setup) and category is Category.PLANNED_STOP
    return Piece(start_us, end_us, category, word, reason.code, setup, m.unmapped)


def _edges(start_us: int, end_us: int, signals: tuple[Series, Series, Series]) -> tuple[Int64s, list[Int64s]]:
    """Every instant at which a Good value arrives, and the three values in force from it on."""
    goods = [s.good_only() for s in signals]
    inner = np.concatenate([ts[(ts > start_us) & (ts < end_us)] for ts, _ in goods])
    edges = distinct(np.concatenate((np.array([start_us, end_us], np.int64), inner)))
    return edges, [value_at(ts, symbol, edges[:-1], UNKNOWN) for ts, symbol in goods]


def _meaning_of(
    row: tuple[int, ...], symbols: Sequence[str], meaning: Callable[[str, str | None, str | None], Meaning]
) -> Meaning:
    state, mode, fault = (None if k == UNKNOWN else symbols[k] for k in row)
    return Meaning(Category.NO_DATA) if state is None else meaning(state, mode, fault)


def _standings(meanings: Sequence[Meaning], starts_us: Sequence[int], before: Standing | None) -> list[Standing | None]:
    """The stop of each stretch: its reason is the last fault's so far, else that of the first to come (S-25)."""
    known: list[Standing | None] = []
    last = before
    for m, start_us in zip(meanings, starts_us, strict=True):
        if m.category not in STOPPED:
            last = None
        elif last is not None and last.category is m.category:
            reason = m.reason or last.reason
            last = Standing(m.category, last.since_us, reason, reason)
        else:
            last = Standing(m.category, start_us, m.reason, m.reason)
        known.append(last)
    for i in range(len(known) - 2, -1, -1):
        here, later = known[i], known[i + 1]
        if here and later and here.reason is None and later.since_us == here.since_us:
            known[i] = Standing(here.category, here.since_us, None, later.filled)
    return known


def _reaches_back(first: Standing | None, before: Standing | None) -> int | None:
    if before is None or before.reason is not None:
        return None
    goes_on = first is not None and first.since_us == before.since_us
    filled = first.filled if first is not None and goes_on else None
    return None if filled == before.filled else before.since_us
