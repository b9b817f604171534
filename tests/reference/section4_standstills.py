"""Section 4, S-22 … S-25 and S-27: the machine's word under the calendar, standstills judged whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

from oee.model import Category
from reference.case import Case, pieces
from reference.section4_products import Made, changes, in_force
from reference.section4_profiles import EXCLUDED, NO_DATA, RUN, STOPS
from reference.section4_silence import Said
from reference.section5_calendar import Calendar

DAY_US = 86_400_000_000
SMALL = Category.SMALL_STOP
STANDING = (*STOPS, SMALL)


@dataclass(frozen=True)
class Piece:
    """A stretch of one final category; ``owner`` is what its time belongs to, ``made`` what was in force."""

    start_us: int
    end_us: int
    category: Category
    reason: str | None
    setup: bool
    unmapped: bool
    by_calendar: bool
    made: Made
    owner: Made

    @property
    def length_us(self) -> int:
        return self.end_us - self.start_us


@dataclass(frozen=True)
class Standstill:
    """S-23: pieces from the first to the last that stands, the excluded ones between them too."""

    first: int
    last: int
    start_us: int
    end_us: int
    is_open: bool
    length_us: int


def final(case: Case, calendar: Calendar, said: list[Said], windows: list[int]) -> tuple[list[Piece], list[Standstill]]:
    """Final categories of everything up to now, and the standstills among them."""
    found = overlaid(case, calendar, said, windows)
    standstills = standing(found)
    for s in standstills:
        change = next((t for t in reversed(changes(case)) if s.start_us <= t and (s.is_open or t <= s.end_us)), None)
        for i in range(s.first, len(found) if s.is_open else s.last + 1):
            if change is not None:
                found[i] = set_up(replace(found[i], owner=in_force(case, change)))
            elif s.first <= i <= s.last:
                found[i] = judged(case, s, found[i])
    return found, standstills


def overlaid(case: Case, calendar: Calendar, said: list[Said], windows: list[int]) -> list[Piece]:
    """S-24: the calendar over the machine. S-27: machine run beats a break."""
    heard = [t for key in ("product", "order") for t, _ in case.good_words(key)]
    start_us = min([case.first_us - 2 * DAY_US, *windows])  # a planned stop may have begun before the first sample
    found = []
    for a, b in pieces(start_us, case.now_us, [*(s.start_us for s in said), *calendar.edges, *windows, *heard]):
        plan = calendar.at(a)
        word = next((s for s in said if s.start_us <= a < s.end_us), Said(a, b, NO_DATA))
        made = in_force(case, a)
        counts = case.plant.policies.break_run == "counts_as_planned"
        if plan.category is None or (plan.is_break and word.category is RUN and counts):
            calendars = plan.category is not None
            found.append(Piece(a, b, word.category, word.reason, word.setup, word.unmapped, calendars, made, made))
        else:
            found.append(Piece(a, b, plan.category, plan.name or None, False, False, True, made, made))
    return found


def standing(found: list[Piece]) -> list[Standstill]:
    """S-23: maximal stretches free of run, not_scheduled and no_data; excluded time is no part of their length.

    Decided: excluded time at the two edges is not part of it; what the machine calls a small stop goes on with one.
    """
    standstills, i = [], 0
    while i < len(found):
        if found[i].category not in STOPS:
            i += 1
            continue
        first = last = i
        while i < len(found) and found[i].category in (*STANDING, EXCLUDED):
            last = i if found[i].category in STANDING else last
            i += 1
        length_us = sum(p.length_us for p in found[first : last + 1] if p.category in STANDING)
        is_open = i == len(found)
        standstills.append(Standstill(first, last, found[first].start_us, found[last].end_us, is_open, length_us))
    return standstills


def set_up(p: Piece) -> Piece:
    """S-25: a standstill that contains a change is planned; decided: not what the calendar claims (S-24)."""
    if p.category not in STANDING or p.by_calendar:
        return p
    return replace(
        p,
        category=Category.PLANNED_STOP,
        setup=True,
        reason=p.reason if p.category is Category.PLANNED_STOP else None,
    )


def judged(case: Case, s: Standstill, p: Piece) -> Piece:
    """S-22: by the length of the whole standstill; the open one is undecided (S-23)."""
    if s.is_open or p.category not in (Category.UNPLANNED_STOP, Category.EXTERNAL_STOP):
        return p
    if s.length_us < case.machine.min_stop_us:
        return replace(p, category=RUN)
    return replace(p, category=SMALL) if s.length_us <= case.machine.small_stop_max_us else p
