"""People's entries about stops: who wins, what a person may say, and how far it holds (S-24, S-25). Pure.

Who wins, in plain words: what a person entered goes before the calendar, the calendar before the machine. But a person
speaks of *stopped* time only, planned, unplanned or external, under whatever reason. Nobody makes run out of it, and
what the calendar calls not scheduled or excluded stays so, as does run, and time of which nothing is known.

- A **reason** is of the stops that the person was shown, whole as they are known by now: it fills back to the start and
  on to the end, also where late data move either. Among people the latest word holds; none at all lets the machine's
  own show again.
- It is no judgement: how long a standstill was says whether it is a slow cycle, a small stop or a stop (S-22, S-23). A
  small stop keeps its category under a reason that is not planned; planned time never becomes small. A slow cycle has
  no stopped time to speak of.
- A **split** makes two stops of one standstill, a **merge** one of several neighbours with all that stands between
  them; what ran between ran. Both say how stops are counted and listed, not what the time was.

All of it is a pure function of facts and of the entries that hold, in the order in which they were made; so an undone
entry leaves nothing behind.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from oee.kernels.standstills import STANDING, Span, Standstill, lasting
from oee.kernels.states import Piece
from oee.model import Category, Spoken

FOREVER_US = 2**62
NOT_SAID = Spoken()


@dataclass(frozen=True, slots=True)
class Reason:
    """A code of the plant's reason tree, and what the tree says that it is."""

    code: str
    category: Category
    setup: bool = False


@dataclass(frozen=True, slots=True)
class ReasonSaid:
    """Why the stops that reach into ``[start, end)`` stood; None takes back what people said of them."""

    start_us: int
    end_us: int
    reason: Reason | None
    author: str


@dataclass(frozen=True, slots=True)
class NoteSaid:
    """A remark on the stops that reach into ``[start, end)``; None takes it back. It changes no figure."""

    start_us: int
    end_us: int
    note: str | None


@dataclass(frozen=True, slots=True)
class SplitSaid:
    """One stop ends and the next one starts at an instant."""

    at_us: int


@dataclass(frozen=True, slots=True)
class MergeSaid:
    """The stops that reach into ``[start, end)`` are one; without a reason, its time keeps those that it has."""

    start_us: int
    end_us: int
    reason: Reason | None
    author: str


StopEntry = ReasonSaid | NoteSaid | SplitSaid | MergeSaid


@dataclass(frozen=True, slots=True)
class Entered:
    """What people entered about one machine, in the order in which they did."""

    stops: tuple[StopEntry, ...] = ()


NOTHING_ENTERED = Entered()


@dataclass(frozen=True, slots=True)
class Heard:
    """Pieces, stops and small stops once people were heard; ``corrected_us`` are spans in which they changed any."""

    pieces: list[Piece]
    stops: list[Span]
    small: list[Span]
    corrected_us: list[tuple[int, int]]


def hear(
    pieces: list[Piece],
    standstills: Sequence[Standstill],
    entries: Sequence[StopEntry],
    *,
    min_stop_us: int,
    small_stop_max_us: int,
) -> Heard:
    """Let people's entries change stopped time and stops; without any, all stays as machine and calendar say.

    Parameters
    ----------
    pieces : final of machine and calendar, before standstills are judged (S-22).
    standstills : of those pieces; a person changes none.
    entries : those that hold, oldest first.
    """
    stops = [Span(s.start_us, s.end_us, NOT_SAID) for s in standstills if lasting(s, small_stop_max_us)]
    small = [
        Span(s.start_us, s.end_us, NOT_SAID)
        for s in standstills
        if not lasting(s, small_stop_max_us) and s.length_us >= min_stop_us
    ]
    if not entries:
        return Heard(pieces, stops, small, [])
    told = _Telling(stops, small, _stood(pieces, [*stops, *small]))
    for entry in entries:
        told.hear(entry)
    return told.result(pieces)


def _stood(pieces: Sequence[Piece], spans: Iterable[Span]) -> list[tuple[int, int]]:
    """Stopped time of these stops, in order: the only time that a person has a say in (S-24)."""
    starts = [p.start_us for p in pieces]
    found = []
    for s in sorted(spans, key=lambda s: s.start_us):
        inside = pieces[bisect_left(starts, s.start_us) : bisect_left(starts, _end(s))]
        found += [(p.start_us, p.end_us) for p in inside if p.category in STANDING]
    return found


def _end(span: Span) -> int:
    return FOREVER_US if span.end_us is None else span.end_us


@dataclass(frozen=True, slots=True)
class _Claim:
    """A reason over a stretch; None is the machine's own."""

    start_us: int
    end_us: int
    reason: Reason | None


class _Telling:
    """Stops as one entry after the other leaves them, and the reasons said so far."""

    def __init__(self, stops: list[Span], small: list[Span], stood: list[tuple[int, int]]) -> None:
        self._stops, self._small, self._stood = stops, small, stood
        self._claims: list[_Claim] = []
        self._remade: list[tuple[int, int]] = []

    def hear(self, entry: StopEntry) -> None:
        """Apply one entry; one that finds no stop any more changes nothing."""
        match entry:
            case ReasonSaid():
                self._reason(entry.start_us, entry.end_us, entry.reason, entry.author)
            case NoteSaid():
                self._stops = [_noted(s, entry) for s in self._stops]
                self._small = [_noted(s, entry) for s in self._small]
            case SplitSaid():
                self._stops = [part for s in self._stops for part in self._split(s, entry.at_us)]
            case MergeSaid():
                self._merge(entry)

    def result(self, pieces: Sequence[Piece]) -> Heard:
        """What stands at the end."""
        told, changed = self._retold(pieces)
        remade = [(max(a, start), min(b, end)) for start, end in self._remade for a, b in self._stood]
        corrected = [(a, b) for a, b in remade if a < b] + changed
        return Heard(told, self._stops, self._small, sorted(corrected))

    def _reason(self, start_us: int, end_us: int, reason: Reason | None, author: str) -> None:
        said = ((reason.code if reason else None, author),)
        for spans in (self._stops, self._small):
            for i, s in enumerate(spans):
                if _meets(s, start_us, end_us):
                    self._claims.append(_Claim(s.start_us, _end(s), reason))
                    spans[i] = replace(s, spoken=replace(s.spoken, reasons=said))

    def _split(self, span: Span, at_us: int) -> list[Span]:
        """Two stops, each trimmed to the time in which it stood; the one as it is where a side would have none."""
        clipped = [(max(a, span.start_us), min(b, _end(span))) for a, b in self._stood]
        inside = [(a, b) for a, b in clipped if a < b]
        before = [min(b, at_us) for a, b in inside if a < at_us]
        after = [max(a, at_us) for a, b in inside if b > at_us]
        if not (before and after):
            return [span]
        self._remade.append((span.start_us, _end(span)))
        return [replace(span, end_us=before[-1]), replace(span, start_us=after[0])]

    def _merge(self, entry: MergeSaid) -> None:
        members = [s for s in self._stops if _meets(s, entry.start_us, entry.end_us)]
        if len(members) > 1:
            notes = [s.spoken.note for s in members if s.spoken.note is not None]
            reasons = tuple(dict.fromkeys(r for s in members for r in s.spoken.reasons))
            spoken = Spoken("; ".join(dict.fromkeys(notes)) or None, reasons)
            whole = Span(members[0].start_us, members[-1].end_us, spoken)
            self._remade.append((whole.start_us, _end(whole)))
            self._stops = sorted([s for s in self._stops if s not in members] + [whole], key=lambda s: s.start_us)
        if entry.reason is not None:
            self._reason(entry.start_us, entry.end_us, entry.reason, entry.author)

    def _retold(self, pieces: Sequence[Piece]) -> tuple[list[Piece], list[tuple[int, int]]]:
        """Pieces under the latest reason, cut where stops and reasons start and end; and spans that it changed."""
        edges = sorted(
            {e for c in self._claims for e in (c.start_us, c.end_us)}
            | {e for s in self._stops for e in (s.start_us, _end(s))}
        )
        stood = dict(self._stood)
        told: list[Piece] = []
        changed = []
        for p in pieces:
            if p.start_us not in stood:
                told.append(p)
                continue
            for part in _cut(p, edges):
                said = self._said_of(part)
                told.append(said)
                if not said.same_claim(part):
                    changed.append((said.start_us, said.end_us))
        return told, changed

    def _said_of(self, piece: Piece) -> Piece:
        claim = next((c for c in reversed(self._claims) if c.start_us <= piece.start_us < c.end_us), None)
        if claim is None or claim.reason is None:
            return piece
        reason = claim.reason
        return replace(piece, category=reason.category, reason=reason.code, setup=reason.setup)


def _meets(span: Span, start_us: int, end_us: int) -> bool:
    return span.start_us < end_us and start_us < _end(span)


def _noted(span: Span, entry: NoteSaid) -> Span:
    if not _meets(span, entry.start_us, entry.end_us):
        return span
    return replace(span, spoken=replace(span.spoken, note=entry.note))


def _cut(piece: Piece, edges_us: Sequence[int]) -> list[Piece]:
    """A piece cut at the edges inside it."""
    inside = edges_us[bisect_left(edges_us, piece.start_us + 1) : bisect_left(edges_us, piece.end_us)]
    ends = [*inside, piece.end_us]
    return [replace(piece, start_us=a, end_us=b) for a, b in zip([piece.start_us, *inside], ends, strict=True)]
