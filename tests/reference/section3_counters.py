"""Section 3: counters → parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, inf

from oee.config.model import CounterRules
from reference.case import Case, Reading, Span

FOREVER_US = 2**62
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
        self.since_us = self.points[0].at_us if self.points else FOREVER_US

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
        told = [Point(t, sum((v for u, v in rows if u <= t), Fraction(0)), steps=True) for t, _ in rows]
        return [Point(rows[0][0] - 1, Fraction(0)), *told] if rows else []

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
                        continue
                    c, mark = c + value - mark, value
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
        if 0 < mark - value <= self.limits.glitch_tolerance and value > 0:
            return True  # decided: judged next, as the glitch that it is (S-3)
        return 0 <= value - mark <= self.allowed(t - before_us)

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

    def and_(self, more: Made) -> Made:
        return Made(self.good + more.good, self.reject + more.reject, self.rework + more.rework)

    def since(self, before: Made) -> Made:
        return Made(self.good - before.good, self.reject - before.reject, self.rework - before.rework)


class Dealer:
    """Parts of a total that went to a counter beside it, at each moment at which one of them was read.

    Each part goes there as long as the counter has told more than it was given, else to the rest. What it tells beyond
    is owed by later parts, but not for ever: at a reading of the total, what is more than all that ever went to the
    rest is left out, and what was owed all through an hour in which parts were made.
    """

    def __init__(
        self,
        signal: str,
        at: Sequence[int],
        total: Mapping[int, int],
        told: Mapping[int, int],
        reads: Collection[int],
        since_us: int,
    ) -> None:
        self.total, self.decisions = total, list[Decision]()
        self.given = {at[0]: 0}
        told_most, left_out, rest = told[at[0]], told[at[0]], 0
        owed_since: list[tuple[int, int]] = []  # time spent making, and what was owed after it
        for before, t in pairwise(at):
            told_most = max(told_most, told[t])
            made, given = total[t] - total[before], self.given[before]
            if t <= since_us:  # not heard yet: no part is taken for one of the rest
                given, rest, left_out = given + made, rest + made, told_most - given - made
            else:
                taken = min(made, told_most - left_out - given)
                given, rest = given + taken, rest + made - taken
            self.given[t] = given
            owed = told_most - left_out - given
            owed_since = [*owed_since, (t - before if made else 0, owed)] if owed else []
            if t in reads:
                is_late = sum(us for us, _ in owed_since) >= 3_600_000_000
                too_many = max(owed - rest, min(n for _, n in owed_since) if is_late else 0)
                if too_many > 0:
                    left_out += too_many
                    self.decisions.append(
                        Decision((before + t + 1) // 2, signal, "counts_inconsistent", Fraction(too_many))
                    )
                left = owed - too_many
                if is_late:
                    owed_since = [(0, left)]
                owed_since = [(us, min(n, left)) for us, n in owed_since] if left else []

    def given_of(self, total: int) -> int:
        """Between two moments the same share of each part."""
        t = max(t for t, n in self.total.items() if n <= total)
        later = [u for u in self.total if u > t]
        if not later:
            return self.given[t]
        made, given = self.total[later[0]] - self.total[t], self.given[later[0]] - self.given[t]
        return self.given[t] + floor(Fraction((total - self.total[t]) * given, made))


class Counters:
    """All counters of a machine. Which there are goes by the plant file."""

    def __init__(self, case: Case) -> None:
        self.first_us = case.first_us
        self.all_of = {s: Counter(case, s) for s in SIGNALS if s in case.machine.signals}
        self.heard = {s: c for s, c in self.all_of.items() if c.points}
        self.has_total = "total" in self.all_of
        self.dealt: Dealer | None = None
        self.between: Dealer | None = None

    @property
    def decisions(self) -> list[Decision]:
        told = [d for c in self.all_of.values() for d in c.decisions]
        return told + (self.dealt.decisions if self.dealt else [])

    def deal(self, runs: Sequence[Span]) -> None:
        """S-9: any two give the third. Decided: each part of the total goes to a counter that has one to give."""
        beside = self.beside
        if "total" not in self.heard or not beside:
            return
        total = self.heard["total"]
        moments = {p.at_us for s in ("total", *beside) if s in self.heard for p in self.heard[s].points}
        at = [t for t in sorted(moments) if t >= self.total_since_us]
        reads = {p.at_us for p in total.points}
        good = self.heard.get("good")
        since_us = (good.since_us if good else FOREVER_US) if beside[0] == "good" else at[0]
        exact = {t: total.parts(t, runs) for t in at}
        others = {t: [self.heard[s].parts(t, runs) for s in beside if s in self.heard] for t in at}
        told = {t: floor(exact[t]) - floor(exact[t] - sum(others[t])) for t in at}
        self.dealt = Dealer(beside[0], at, {t: floor(x) for t, x in exact.items()}, told, reads, since_us)
        if len(beside) > 1:
            first = {t: self.heard[beside[0]].parts(t, runs) if beside[0] in self.heard else 0 for t in at}
            told = {t: ceil(x) for t, x in first.items()}
            self.between = Dealer(beside[0], at, self.dealt.given, told, reads, since_us)

    @property
    def beside(self) -> list[str]:
        """Counters beside a total that are given its parts: reject, else good; and rework."""
        first = [s for s in ("reject", "good") if s in self.all_of][:1]
        return first + [s for s in ("rework",) if s in self.all_of]

    @property
    def total_since_us(self) -> int:
        return self.heard["total"].since_us

    def made(self, at_us: int, runs: Sequence[Span]) -> Made:
        """S-7, S-9: whole parts from the first sample to an instant.

        Decided: before the total is heard, the others stand for it.
        """
        if at_us <= self.first_us:
            return Made(0, 0, 0)  # S-6, S-8: what the very first message counts belongs to the time from there on
        if "total" not in self.heard:
            return self.each(at_us, runs)
        if at_us <= self.total_since_us:
            return self.each(at_us, runs)
        before = self.each(self.total_since_us, runs) if self.total_since_us > self.first_us else Made(0, 0, 0)
        return self.of_total(at_us, runs).and_(before)

    def each(self, at_us: int, runs: Sequence[Span]) -> Made:
        """Every counter for itself."""
        whole = {s: floor(self.heard[s].parts(at_us, runs)) if s in self.heard else 0 for s in SIGNALS}
        return Made(whole["good"], whole["reject"], whole["rework"])

    def of_total(self, at_us: int, runs: Sequence[Span]) -> Made:
        """Parts of the total, by what they went to."""
        total = floor(self.heard["total"].parts(at_us, runs))
        if self.dealt is None:
            return Made(total, 0, 0)
        given = self.dealt.given_of(total)
        first = self.between.given_of(given) if self.between else given
        of = dict.fromkeys(SIGNALS, 0) | {self.beside[0]: first}
        if self.between:
            of["rework"] = given - first
        of["reject" if self.beside[0] == "good" else "good"] = total - given
        return Made(of["good"], of["reject"], of["rework"])

    def made_in_silence(self, start_us: int, end_us: int) -> Fraction:
        """S-26: parts counted by the samples at the two ends of a silence: the total, else good, reject and rework."""
        signals = ("total",) if self.has_total else ("good", "reject", "rework")
        counters = [self.heard[s] for s in signals if s in self.heard]
        return sum(
            ((c.at_sample(end_us) - c.at_sample(start_us)) * c.parts_per_count for c in counters), start=Fraction(0)
        )
