"""Section 4, S-25 and S-26: the machine's own word for every instant, and silences judged again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from oee.config.model import ReasonConfig
from oee.model import Category
from reference.case import Case, Span, pieces
from reference.section3_counters import Counters
from reference.section4_products import ideal_of, in_force
from reference.section4_profiles import NO_DATA, PLANNED, RUN, STOPS, Claim, claim


@dataclass(frozen=True)
class Said:
    """A stretch of the machine's own word, its reason found (S-25) and its silences judged (S-26)."""

    start_us: int
    end_us: int
    category: Category
    reason: str | None = None
    setup: bool = False
    unmapped: bool = False
    word: str | None = None


def said(case: Case, counters: Counters) -> list[Said]:
    """All that the machine says up to now."""
    heard = reasoned(case)
    judged = [s for silence in silences(case) for s in judge(case, counters, heard, silence)]
    judged += gone(case)
    edges = {t for s in (*heard, *judged) for t in (s.start_us, s.end_us)}
    found = []
    for a, b in pieces(case.first_us, case.now_us, edges):
        last_word = next(s for s in reversed([*heard, *judged]) if s.start_us <= a < s.end_us)
        found.append(replace(last_word, start_us=a, end_us=b))
    return found


def reasoned(case: Case) -> list[Said]:
    """S-20, S-25: claims; in a stop the last fault so far gives the reason, before any the first to come.

    Decided: a stop here is a stretch of one category of the machine's own. A reason's category wins where it ranks
    higher (S-24: planned > unplanned > external).
    """
    changes = [t for signal in ("state", "mode", "fault") for t, _ in case.good_words(signal)]
    spans = pieces(case.first_us, case.now_us, changes)
    claims = [claim(case, a) for a, _ in spans]
    found = []
    for i, ((a, b), c) in enumerate(zip(spans, claims, strict=True)):
        why = reason_of(claims, i)
        if why is None:
            found.append(Said(a, b, c.category, None, c.setup and c.category in STOPS, c.unmapped, c.word))
            continue
        ranks = min(c.category, Category[why.category.upper()])
        found.append(Said(a, b, ranks, why.code, (c.setup or why.setup) and ranks is PLANNED, word=c.word))
    return found


def reason_of(claims: list[Claim], i: int) -> ReasonConfig | None:
    category = claims[i].category
    if category not in STOPS:
        return None
    first = last = i
    while first > 0 and claims[first - 1].category is category:
        first -= 1
    while last + 1 < len(claims) and claims[last + 1].category is category:
        last += 1
    so_far = [c.reason for c in claims[first : i + 1] if c.reason]
    to_come = [c.reason for c in claims[i : last + 1] if c.reason]
    return so_far[-1] if so_far else to_come[0] if to_come else None


def proofs_of_life(case: Case) -> list[Span]:
    """S-26, S-28: closed stretches; a Good state, and life of its source unless the state's last value is Bad."""
    rows = case.words.get("state", ())

    def doubtful(at_us: int) -> bool:
        return next((word is None for t, word in reversed(rows) if t <= at_us), False)

    found = [(t, t) for t, word in rows if word is not None]
    for a, b in state_life(case):
        parts = pieces(a, b, [t for t, _ in rows]) if a < b else [(a, a)]
        found += [(x, y) for x, y in parts if not doubtful(x)]
    return sorted(found)


def state_life(case: Case) -> tuple[Span, ...]:
    """Life of the state's connector; of all of them where it has none."""
    state = case.machine.signals.get("state")
    if state is not None and state.connector is not None:
        return case.alive.get(state.connector, ())
    return tuple(sorted(s for stretches in case.alive.values() for s in stretches))


def gaps(proofs: list[Span], max_age_us: int) -> list[Span]:
    """Silences: between one proof of life and the next, longer than ``max_age``."""
    found, seen_us = [], proofs[0][1] if proofs else 0
    for a, b in proofs:
        if a - seen_us > max_age_us:
            found.append((seen_us, a))
        seen_us = max(seen_us, b)
    return found


def silences(case: Case) -> list[Span]:
    max_age_us = case.machine.max_age_us
    return [] if max_age_us is None else gaps(proofs_of_life(case), max_age_us)


def judge(case: Case, counters: Counters, heard: list[Said], silence: Span) -> list[Said]:
    """S-26: the whole silence, once life returned."""
    start, end = silence
    before = next(s for s in heard if s.start_us <= start < s.end_us)
    after = next((s for s in heard if s.start_us <= end < s.end_us), heard[-1])
    made = counters.made_in_silence(start, end)
    unknown = Said(start, end, NO_DATA)
    if made == 0 and before.category in STOPS and after.category in STOPS:
        return [replace(before, start_us=start, end_us=end)]
    if made > 0:
        ideal_us = ideal_of(case, in_force(case, start)[0], start)  # decided: the product in force as it began
        if ideal_us is None:
            return [unknown]
        run_us = int(min(Fraction(end - start), made * ideal_us))  # decided: whole microseconds
        if after.category is RUN and before.category is not RUN:
            return [unknown, Said(end - run_us, end, RUN)]
        return [unknown, Said(start, start + run_us, RUN)]
    held_us = min(end, start + (case.machine.max_age_us or 0))
    return [unknown, replace(before, start_us=start, end_us=held_us)]


def gone(case: Case) -> list[Said]:
    """S-26, live: the last word holds for max_age after the last proof of life, then no_data."""
    if case.machine.max_age_us is None:
        return []
    seen_us = max((b for _, b in proofs_of_life(case)), default=case.first_us)
    return [Said(seen_us + case.machine.max_age_us, 2**62, NO_DATA)]


def dead_counters(case: Case) -> list[tuple[int, str]]:
    """S-26: a dead counter beside a live state is incomplete. Decided: told max_age after its source fell silent."""
    state = case.machine.signals.get("state")
    found = []
    for name, signal in case.machine.signals.items():
        if name not in ("total", "good", "reject", "rework") or signal.connector is None:
            continue
        if case.machine.max_age_us is None or (state and signal.connector == state.connector):
            continue
        life = list(case.alive.get(signal.connector, ()))
        ends = [*life, (case.last_us + 1, case.last_us + 1)] if life else []
        found += [(a + case.machine.max_age_us, name) for a, _ in gaps(sorted(ends), case.machine.max_age_us)]
    return found
