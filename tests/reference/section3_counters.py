"""Section 3: counters → parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, inf

from oee.config.model import CounterRules
from reference.case import Case, Reading, Span

SIGNALS = ("total", "good", "reject", "rework")


@dataclass(frozen=True)
class Point:
    """C at a sample [counts], and whether it steps there instead of rising evenly towards it."""

    at_us: int
    count: Fraction
    steps: bool = False


@dataclass(frozen=True)
class Decision:
    at_us: int
    signal: str
    kind: str
    amount: Fraction


@dataclass(frozen=True)
class Drop:
    """What a drop adds."""

    amount: Fraction
    kind: str


class Counter:
    """One counter: its points, and what was decided on the way."""

    def __init__(self, case: Case, signal: str) -> None:
        config = case.machine.signals[signal]
        source = case.plant.connectors.get(config.connector or "")
        self.signal = signal
        self.limits = config.counter or CounterRules()
        self.poll_s = Fraction(0) if source is None else Fraction(source.interval_s)
        self.parts_per_count = case.machine.parts_per_count * config.scale
        self.decisions: list[Decision] = []
        rows = self.usable(case.readings.get(signal, ()))
        self.points = self.messages(rows) if config.delta else self.count(rows)

    def usable(self, rows: Sequence[Reading]) -> list[Reading]:
        """Decided: what can't be a count (negative) is left out as if not Good (S-28), and told."""
        for t, value in rows:
            if value < 0:
                self.decide(t, "counter_quarantined", value)
        return [(t, value) for t, value in rows if value >= 0]

    def decide(self, at_us: int, kind: str, amount: Fraction) -> None:
        self.decisions.append(Decision(at_us, self.signal, kind, amount))

    def messages(self, rows: Sequence[Reading]) -> list[Point]:
        """S-8: parts since the last message count at their own timestamps."""
        return [Point(t, sum((v for u, v in rows if u <= t), Fraction(0)), steps=True) for t, _ in rows]

    def allowed(self, elapsed_us: int) -> float:
        rate = self.limits.max_rate_per_s
        if rate is None:
            return inf
        return ceil(rate * max(Fraction(elapsed_us, 1_000_000), self.poll_s)) + 1

    def count(self, rows: list[Reading]) -> list[Point]:
        """S-1 … S-6, each new value in the order of the rules; ``mark`` is the value that it is compared with."""
        if not rows:
            return []
        before_us, mark = rows[0]
        c = Fraction(0)  # S-6: the first sample ever is a baseline
        points = [Point(before_us, c)]
        i = 1
        while i < len(rows):
            t, value = rows[i]
            allowed, steps = self.allowed(t - before_us), False
            if 0 <= value - mark <= allowed:  # S-1
                c, mark = c + value - mark, value
            elif value > mark:  # S-2
                if self.is_back(rows, i, before_us, mark):
                    self.decide(t, "counter_glitch", value - mark)
                    i += 1
                    t, value = rows[i]
                    if value < mark:
                        self.decide(t, "counter_glitch", value - mark)
                    c, mark = c + max(value - mark, Fraction(0)), max(value, mark)
                else:
                    self.decide(t, "counter_quarantined", value - mark)
                    mark = value
            elif mark - value <= self.limits.glitch_tolerance and value > 0:  # S-3
                self.decide(t, "counter_glitch", value - mark)
            else:
                drop = self.drop(mark, value, allowed)
                self.decide(t, drop.kind, drop.amount)
                steps = drop.kind != "counter_rollover"
                c, mark = c + drop.amount, value
            points.append(Point(t, c, steps))
            before_us = t
            i += 1
        return points

    def is_back(self, rows: list[Reading], i: int, before_us: int, mark: Fraction) -> bool:
        """S-2: whether the next good value is within allowed of the one before the jump; decided: or a glitch below."""
        if i + 1 == len(rows):
            return False
        t, value = rows[i + 1]
        is_glitch = 0 < mark - value <= self.limits.glitch_tolerance and value > 0
        return is_glitch or 0 <= value - mark <= self.allowed(t - before_us)

    def drop(self, mark: Fraction, value: Fraction, allowed: float) -> Drop:
        """S-4, then S-5."""
        m = self.limits.modulus
        if m is not None and 0 <= m - mark + value <= (Fraction(m, 4) if allowed == inf else allowed):
            return Drop(m - mark + value, "counter_rollover")
        return Drop(value, "counter_reset") if value <= allowed else Drop(Fraction(0), "device_replaced")

    def at_sample(self, at_us: int) -> Fraction:
        """C [counts] at the last sample at or before an instant."""
        return next((p.count for p in reversed(self.points) if p.at_us <= at_us), Fraction(0))

    def parts(self, at_us: int, runs: Sequence[Span]) -> Fraction:
        """C(t) [parts]; floor comes after scale and parts per count."""
        return parts_of(self.points, at_us, runs) * self.parts_per_count


def parts_of(points: Sequence[Point], at_us: int, runs: Sequence[Span]) -> Fraction:
    """S-7: C(t) [counts]; between samples it rises evenly over the run time, over the gap if there is none."""
    for p, q in pairwise(points):
        if p.at_us <= at_us < q.at_us:
            if q.steps:  # S-5, S-8
                return p.count
            whole = covered(runs, p.at_us, q.at_us)
            so_far = covered(runs, p.at_us, at_us)
            share = Fraction(so_far, whole) if whole else Fraction(at_us - p.at_us, q.at_us - p.at_us)
            return p.count + (q.count - p.count) * share
    if not points or at_us < points[0].at_us:
        return Fraction(0)
    return points[-1].count


def covered(spans: Sequence[Span], start_us: int, end_us: int) -> int:
    return sum(max(0, min(b, end_us) - max(a, start_us)) for a, b in spans)


@dataclass(frozen=True)
class Made:
    """Whole parts since the first sample (S-9): good and reject and rework are total."""

    good: int
    reject: int
    rework: int

    @property
    def total(self) -> int:
        return self.good + self.reject + self.rework

    def since(self, before: Made) -> Made:
        return Made(self.good - before.good, self.reject - before.reject, self.rework - before.rework)


class Counters:
    """All counters of a machine."""

    def __init__(self, case: Case) -> None:
        self.first_us = case.first_us
        all_of = {s: Counter(case, s) for s in SIGNALS if s in case.machine.signals}
        deltas = [s for s in all_of if case.machine.signals[s].delta]  # S-8: no message, no parts
        self.heard = {s: c for s, c in all_of.items() if c.points or s in deltas}
        self.has_total = "total" in all_of
        self.decisions = [d for c in all_of.values() for d in c.decisions]

    def made(self, at_us: int, runs: Sequence[Span]) -> Made:
        """S-7, S-9: whole parts from the first sample to an instant.

        Any two give the third, which is the difference of the exact counts. Decided: where all three are there,
        total rules over good; without any of good and reject, all that is not rework is good (0 until booked).
        """
        if at_us <= self.first_us:
            return Made(0, 0, 0)  # S-6, S-8: what the very first message counts belongs to the time from there on
        exact = {s: c.parts(at_us, runs) for s, c in self.heard.items()}
        good, reject, rework = (floor(exact.get(s, Fraction(0))) for s in ("good", "reject", "rework"))
        if "total" not in exact:
            return Made(good, reject, rework)
        if "reject" in exact:
            return Made(self.third(exact, "reject") - rework, reject, rework)
        if "good" in exact:
            return Made(good, self.third(exact, "good") - rework, rework)
        return Made(floor(exact["total"]) - rework, 0, rework)

    def third(self, exact: dict[str, Fraction], known: str) -> int:
        """Decided: a difference of exact counts where both count alike, of whole parts where they do not."""
        if self.heard["total"].parts_per_count == self.heard[known].parts_per_count:
            return floor(exact["total"] - exact[known])
        return floor(exact["total"]) - floor(exact[known])

    def made_in_silence(self, start_us: int, end_us: int) -> Fraction:
        """S-26: parts counted by the samples at the two ends of a silence: the total, else good, reject and rework."""
        signals = ("total",) if self.has_total else ("good", "reject", "rework")
        counters = [self.heard[s] for s in signals if s in self.heard]
        return sum(
            ((c.at_sample(end_us) - c.at_sample(start_us)) * c.parts_per_count for c in counters), start=Fraction(0)
        )
