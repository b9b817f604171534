"""The rules once more, slow and obvious: second by second, from the text of the rules alone.

Everything happens at whole seconds. A category belongs to the second that begins at its index, an instant is the edge
before the second of the same index. Nothing here is shared with the engine but the names of the categories.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from oee.model import Category

RUN, NO_DATA, EXCLUDED, OFF = Category.RUN, Category.NO_DATA, Category.EXCLUDED, Category.NOT_SCHEDULED
PLANNED, UNPLANNED, EXTERNAL = Category.PLANNED_STOP, Category.UNPLANNED_STOP, Category.EXTERNAL_STOP
STOPS = (PLANNED, UNPLANNED, EXTERNAL)
WORDS = {"run": RUN, "stop": UNPLANNED, "wait": EXTERNAL, "setup": PLANNED}


@dataclass(frozen=True)
class Limits:
    modulus: int | None = None
    max_rate_per_s: Fraction | None = None
    glitch_tolerance: int = 0


@dataclass(frozen=True)
class Scenario:
    """One machine for a while: seconds since the start everywhere.

    ``state`` holds (second, word), None for a value of Bad quality; ``alive`` closed stretches; ``marks`` breaks and
    unscheduled time; ``product`` and ``order`` (second, name), "" for none, or None where there is no such signal;
    ``cycles`` ideal cycles by product.
    """

    length: int
    state: Sequence[tuple[int, str | None]]
    counter: Sequence[tuple[int, int]]
    alive: Sequence[tuple[int, int]]
    limits: Limits
    max_age: int | None
    ideal: int | None
    marks: Sequence[tuple[int, int, Category]]
    break_run_counts: bool
    min_stop: int
    small_stop_max: int
    product: Sequence[tuple[int, str | None]] | None = None
    order: Sequence[tuple[int, str | None]] | None = None
    cycles: Mapping[str, int] = field(default_factory=dict)


Made = tuple[str | None, str | None]
"""Product and order."""


@dataclass(frozen=True)
class Told:
    """What the rules make of a scenario: a category per second, whole parts at every instant, flags of the counter.

    ``made`` is what is in force in each second, ``owner`` what its time belongs to, ``setup`` whether it is set up.
    """

    category: list[Category]
    parts: list[int]
    decisions: list[tuple[int, str]]
    raw: list[Category]
    made: list[Made]
    owner: list[Made]
    setup: list[bool]


def tell(s: Scenario) -> Told:
    count, decisions = counted(s)
    raw = heard(s)
    proven, instants = proofs(s)
    if s.max_age is not None:
        raw = judged_silences(s, raw, proven, instants, count)
    parts = [floor(c) for c in spread(s, count, raw)]
    made, changes = products(s)
    final = overlaid(s, raw)
    owner, setup = set_up(final, made, changes)
    return Told(classified(s, final), parts, decisions, raw, made[: s.length], owner, setup)


def products(s: Scenario) -> tuple[list[Made], list[int]]:
    """S-12, S-25, S-28: product and order in force from each instant on, and the instants of a change."""
    columns, changes = [], set()
    for rows in (s.product, s.order):
        good = {t: name for t, name in rows or () if name is not None}
        column, now, last = [], None, None
        for t in range(s.length + 1):
            now = (good[t] or None) if t in good else now
            if now is not None:
                if last not in (None, now):
                    changes.add(t)
                last = now
            column.append(now)
        columns.append(column)
    return list(zip(*columns, strict=True)), sorted(changes)


def set_up(category: list[Category], made: list[Made], changes: list[int]) -> tuple[list[Made], list[bool]]:
    """S-25: a standstill with a change in it, its two ends included, is planned and belongs to what comes in."""
    n = len(category)
    owner, setup = made[:n], [False] * n
    for start, end, is_open in standstills(category):
        inside = [t for t in changes if start <= t and (is_open or t <= end)]
        if inside:
            for t in range(start, n if is_open else end):
                owner[t] = made[inside[-1]]
                if category[t] in STOPS:
                    category[t], setup[t] = PLANNED, True
    return owner, setup


def standstills(category: list[Category]) -> list[tuple[int, int, bool]]:
    """S-23: stretches of stops and the excluded time between them: (first second, end, whether it is open)."""
    found, t = [], 0
    while t < len(category):
        if category[t] not in STOPS:
            t += 1
            continue
        end = t
        while end < len(category) and (category[end] in STOPS or category[end] is EXCLUDED):
            end += 1
        last = max(u for u in range(t, end) if category[u] in STOPS)
        found.append((t, last + 1, end == len(category)))
        t = end
    return found


def heard(s: Scenario) -> list[Category]:
    """S-20, S-28: what the last Good state says of each second, and of the last instant."""
    good = {t: w for t, w in s.state if w is not None}
    said, now = [], NO_DATA
    for t in range(s.length + 1):
        if t in good:
            now = WORDS.get(good[t] or "", NO_DATA)
        said.append(now)
    return said


def proofs(s: Scenario) -> tuple[list[bool], list[bool]]:
    """S-26, S-28: which seconds and which instants prove life; a Bad state proves nothing until the next Good one."""
    bad, doubtful = False, []
    words = dict(s.state)
    for t in range(s.length + 1):
        if t in words:
            bad = words[t] is None
        doubtful.append(bad)
    seconds = [any(a <= t and t + 1 <= b for a, b in s.alive) and not doubtful[t] for t in range(s.length)]
    instants = []
    for t in range(s.length + 1):
        beside = (t < s.length and seconds[t]) or (t > 0 and seconds[t - 1])
        point = any(a <= t <= b for a, b in s.alive) and not doubtful[t]
        instants.append(beside or point or words.get(t) is not None)
    return seconds, instants


def judged_silences(
    s: Scenario, said: list[Category], proven: list[bool], instants: list[bool], count: list[tuple[int, Fraction, bool]]
) -> list[Category]:
    assert s.max_age is not None
    raw = said[:]
    lives = [t for t in range(s.length + 1) if instants[t]]
    for a, b in pairwise(lives):
        if b - a > s.max_age and not any(proven[a:b]):
            raw[a:b] = silence(s, said, a, b, count)
    last = lives[-1] if lives else 0
    for t in range(min(last + s.max_age, s.length), s.length):
        raw[t] = NO_DATA
    return raw


def silence(
    s: Scenario, said: list[Category], a: int, b: int, count: list[tuple[int, Fraction, bool]]
) -> list[Category]:
    """S-26: the whole silence once life returned."""
    assert s.max_age is not None
    before, after = said[a], said[b]
    known = [total for t, total, _ in count if t <= b]
    earlier = [total for t, total, _ in count if t <= a]
    made = (known[-1] - (earlier or known)[-1 if earlier else 0]) if known else Fraction(0)
    n = b - a
    if made == 0 and before in STOPS and after in STOPS:
        return [before] * n
    if made > 0:
        product = products(s)[0][a][0]
        ideal = s.cycles.get(product or "", s.ideal)
        if ideal is None:
            return [NO_DATA] * n
        run = int(min(Fraction(n), made * ideal))
        dark = [NO_DATA] * (n - run)
        return dark + [RUN] * run if after is RUN and before is not RUN else [RUN] * run + dark
    return [before] * min(s.max_age, n) + [NO_DATA] * (n - min(s.max_age, n))


def counted(s: Scenario) -> tuple[list[tuple[int, Fraction, bool]], list[tuple[int, str]]]:
    """S-1 … S-6: (instant, count since the first sample, whether it steps there), and what was decided."""
    rows = list(s.counter)
    if not rows:
        return [], []
    out = [(rows[0][0], Fraction(0), False)]
    decisions = []
    total, reference, last_t = 0, rows[0][1], rows[0][0]
    k = 1
    while k < len(rows):
        t, value = rows[k]
        allowed = _allowed(s.limits, t - last_t)
        rise, step = value - reference, False
        if rise > allowed:
            if k + 1 < len(rows) and 0 <= rows[k + 1][1] - reference <= _allowed(s.limits, rows[k + 1][0] - last_t):
                decisions.append((t, "counter_glitch"))
                total += rows[k + 1][1] - reference
                last_t, reference = rows[k + 1]
                out.append((last_t, Fraction(total), False))
                k += 2
                continue
            decisions.append((t, "counter_quarantined"))
        elif rise >= 0:
            total += rise
        elif -rise <= s.limits.glitch_tolerance and value > 0:
            decisions.append((t, "counter_glitch"))
            value = reference
        else:
            more, step, kind = _dropped(s.limits, reference, value, allowed)
            total += more
            decisions.append((t, kind))
        last_t, reference = t, value
        out.append((t, Fraction(total), step))
        k += 1
    return out, decisions


def _allowed(limits: Limits, elapsed: int) -> float:
    if limits.max_rate_per_s is None:
        return float("inf")
    return ceil(limits.max_rate_per_s * elapsed) + 1


def _dropped(limits: Limits, before: int, value: int, allowed: float) -> tuple[int, bool, str]:
    m = limits.modulus
    if m is not None and 0 <= m - before + value <= (m / 4 if allowed == float("inf") else allowed):
        return m - before + value, False, "counter_rollover"
    if value <= allowed:
        return value, True, "counter_reset"
    return 0, True, "device_replaced"


def spread(s: Scenario, count: list[tuple[int, Fraction, bool]], raw: list[Category]) -> list[Fraction]:
    """S-7: between samples the count rises evenly over run time, or over the gap if there is none."""
    out = []
    for t in range(s.length + 1):
        earlier = [c for c in count if c[0] <= t]
        later = [c for c in count if c[0] > t]
        if not earlier:
            out.append(Fraction(0))
            continue
        (t0, c0, _), rise = earlier[-1], Fraction(0)
        if later and not later[0][2]:
            t1, c1, _ = later[0]
            runs = [raw[u] is RUN for u in range(t0, t1)]
            if not any(runs):
                runs = [True] * (t1 - t0)
            rise = (c1 - c0) * Fraction(sum(runs[: t - t0]), sum(runs))
        out.append(c0 + rise)
    return out


def overlaid(s: Scenario, raw: list[Category]) -> list[Category]:
    """S-24, S-27: the calendar over the machine; a run beats a break where the policy says so."""
    out = raw[: s.length]
    for a, b, category in s.marks:
        for t in range(a, b):
            if not (category is EXCLUDED and raw[t] is RUN and s.break_run_counts):
                out[t] = category
    return out


def classified(s: Scenario, category: list[Category]) -> list[Category]:
    """S-22, S-23: standstills judged whole, without their excluded time; the one open at the end stays as it is."""
    out = category[:]
    for start, end, is_open in standstills(category):
        length = sum(c in STOPS for c in category[start:end])
        if not is_open and length <= s.small_stop_max:
            short = RUN if length < s.min_stop else Category.SMALL_STOP
            out[start:end] = [short if c in (UNPLANNED, EXTERNAL) else c for c in category[start:end]]
    return out
