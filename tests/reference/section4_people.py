"""Section 4, S-24 and S-25: what people say of stops, one entry after the other.

Decided: an entry is of the stops that meet the time it was made about, as they are known by now. A person has a say in
the stopped time of stops and small stops only; of a slow cycle nobody heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from oee.config.model import ReasonConfig
from oee.model import Category
from reference.case import Case, Entry, Span
from reference.section4_pieces import STANDING, Piece, Standstill, recut

EVER_US = 2**62


@dataclass(frozen=True)
class Stop:
    """From when to when a stop lasts, `EVER_US` while it is open; people make two of a standstill, or one of many."""

    start_us: int
    end_us: int

    def meets(self, entry: Entry) -> bool:
        return self.start_us < entry.end_us and entry.start_us < self.end_us


class People:
    """Stops, and the pieces under their reasons, once all entries were heard."""

    def __init__(self, case: Case, found: list[Piece], standstills: Sequence[Standstill]) -> None:
        limits = case.machine
        whole = [(s, Stop(s.start_us, EVER_US if s.is_open else s.end_us)) for s in standstills]
        self.stops = [stop for s, stop in whole if s.is_open or s.length_us > limits.small_stop_max_us]
        self.small = [stop for s, stop in whole if stop not in self.stops and s.length_us >= limits.min_stop_us]
        self.stood = [
            p for p in found if p.category in STANDING and any(holds(s, p) for s in (*self.stops, *self.small))
        ]
        self.reasons: list[tuple[Stop, ReasonConfig | None]] = []
        self.remade: list[Stop] = []
        for entry in case.entries:
            if entry.kind == "split":
                self.stops = [part for s in self.stops for part in self.split(s, entry.start_us)]
            elif entry.kind == "merge":
                self.merge(entry)
            if entry.kind == "reason" or (entry.kind == "merge" and entry.reason is not None):
                self.reasons += [(s, entry.reason) for s in (*self.stops, *self.small) if s.meets(entry)]
        edges = [t for s in (*self.stops, *(s for s, _ in self.reasons)) for t in (s.start_us, s.end_us)]
        stood = {p.start_us for p in recut(self.stood, edges)}
        self.pieces = [self.told(p) if p.start_us in stood else p for p in recut(found, edges)]

    def split(self, stop: Stop, at_us: int) -> list[Stop]:
        """Each side as long as it stood; decided: a stop stays one where a side would have no stopped time."""
        spans = self.stood_in(stop)
        before, after = [min(b, at_us) for a, b in spans if a < at_us], [max(a, at_us) for a, b in spans if b > at_us]
        if not before or not after:
            return [stop]
        self.remade.append(stop)
        return [Stop(stop.start_us, max(before)), Stop(min(after), stop.end_us)]

    def stood_in(self, stop: Stop) -> list[Span]:
        spans = [(max(p.start_us, stop.start_us), min(p.end_us, stop.end_us)) for p in self.stood]
        return [(a, b) for a, b in spans if a < b]

    def merge(self, entry: Entry) -> None:
        """One stop from the first to the last; what ran between them ran."""
        members = [s for s in self.stops if s.meets(entry)]
        if len(members) > 1:
            whole = Stop(members[0].start_us, members[-1].end_us)
            self.remade.append(whole)
            self.stops = sorted([*(s for s in self.stops if s not in members), whole], key=lambda s: s.start_us)

    def told(self, p: Piece) -> Piece:
        """The last word holds; none, after people spoke, is the machine's own."""
        reason = next((reason for stop, reason in reversed(self.reasons) if holds(stop, p)), None)
        said = p
        if reason is not None:
            said = replace(p, category=Category[reason.category.upper()], reason=reason.code, setup=reason.setup)
        return replace(said, corrected=said != p or any(holds(s, p) for s in self.remade))


def holds(stop: Stop, p: Piece) -> bool:
    return stop.start_us <= p.start_us < stop.end_us
