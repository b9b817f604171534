"""Section 4, S-22 … S-25 and S-27: the machine's word under the calendar, standstills judged whole."""

from __future__ import annotations

from dataclasses import replace

from oee.model import Category
from reference.case import Case, Span, pieces
from reference.section4_people import People, Stop
from reference.section4_pieces import SMALL, STANDING, Piece, Standstill
from reference.section4_products import changes, in_force, without_order
from reference.section4_profiles import EXCLUDED, NO_DATA, RUN, STOPS
from reference.section4_silence import Said
from reference.section5_calendar import Calendar

DAY_US = 86_400_000_000
WAITING = {
    "packml": ("2", "4", "7"),
    "packml_tmc": ("0", "2", "9"),
    "machinery": ("NotExecuting",),
    "weihenstephan": (),
}
"""States in which a machine waits for work; decided: of a custom profile any."""


def final(
    case: Case, calendar: Calendar, said: list[Said], windows: list[int]
) -> tuple[list[Piece], list[Stop], list[Standstill]]:
    """Final categories of everything up to now, the stops, and the standstills that they were made of."""
    found = overlaid(case, calendar, said, windows)
    standstills = standing(found)
    for s in standstills if case.plant.policies.changeover != "none" else []:
        change = next((t for t in reversed(changes(case)) if s.start_us <= t and (s.is_open or t <= s.end_us)), None)
        if change is not None:
            owner = in_force(case, change)
            mine = [s.holds(p) or (s.is_open and p.start_us >= s.start_us) for p in found]
            found = [set_up(case, replace(p, owner=owner)) if m else p for p, m in zip(found, mine, strict=True)]
    people = People(case, found, standstills)
    return [judged(case, standstills, p) for p in people.pieces], people.stops, standstills


def overlaid(case: Case, calendar: Calendar, said: list[Said], windows: list[int]) -> list[Piece]:
    """S-24: the calendar over the machine. S-27: machine run beats a break."""
    heard = [t for key in ("product", "order") for t, _ in case.good_words(key)]
    start_us = min([case.first_us - 2 * DAY_US, *windows])  # a planned stop may have begun before the first sample
    found = []
    for a, b in pieces(start_us, case.now_us, [*(s.start_us for s in said), *calendar.edges, *windows, *heard]):
        plan = calendar.at(a)
        word = next((s for s in said if s.start_us <= a < s.end_us), Said(a, b, NO_DATA))
        category = waiting(case, word, a)
        made = in_force(case, a)
        counts = case.plant.policies.break_run == "counts_as_planned"
        if plan.category is None or (plan.is_break and category is RUN and counts):
            calendars = plan.category is not None
            found.append(Piece(a, b, category, word.reason, word.setup, word.unmapped, calendars, made, made))
        else:
            found.append(Piece(a, b, plan.category, plan.name or None, False, False, True, made, made))
    return found


def waiting(case: Case, word: Said, at_us: int) -> Category:
    """PackML: where it waits without an order it is as policy says; decided: a stop of a known reason stays one."""
    states = WAITING.get(case.machine.signals["state"].profile or "custom")
    waits = word.category is Category.UNPLANNED_STOP and word.reason is None and (states is None or word.word in states)
    return Category[case.plant.policies.no_order.upper()] if waits and without_order(case, at_us) else word.category


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
        standstills.append(Standstill(found[first].start_us, found[last].end_us, i == len(found), length_us))
    return standstills


def set_up(case: Case, p: Piece) -> Piece:
    """S-25: a standstill that contains a change is planned [policy]; decided: not what the calendar claims (S-24)."""
    if p.category not in STANDING or p.by_calendar:
        return p
    category = Category[case.plant.policies.changeover.upper()]
    reason = p.reason if p.category is category else None
    return replace(p, category=category, setup=category is Category.PLANNED_STOP, reason=reason)


def judged(case: Case, standstills: list[Standstill], p: Piece) -> Piece:
    """S-22: by the length of the whole standstill; the open one is undecided (S-23)."""
    s = next((s for s in standstills if s.holds(p)), None)
    if s is None or s.is_open or p.category not in (Category.UNPLANNED_STOP, Category.EXTERNAL_STOP):
        return p
    if s.length_us < case.machine.min_stop_us:
        return replace(p, category=RUN)
    return replace(p, category=SMALL) if s.length_us <= case.machine.small_stop_max_us else p


def startups(case: Case, found: list[Piece]) -> list[Span]:
    """Section 2: within ``startup_s`` after a planned stop.

    Decided: it begins where the machine runs again; what fails before, or a break, puts it off, time without data or
    schedule ends it.
    """
    spans, waits = [], False
    for p in found:
        if p.category in (NO_DATA, Category.NOT_SCHEDULED):
            waits = False
        elif p.category is Category.PLANNED_STOP:
            waits = True
        elif p.category is RUN and waits:
            spans.append((p.start_us, p.start_us + case.machine.startup_us))
            waits = False
    return spans
