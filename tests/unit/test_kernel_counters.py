"""Counters → parts: each rule of section 3 on short lists of readings (S-1 … S-9)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from engine_fixture import MIN_US, RULES, S_US, at, counter, facts_of, machine, parts_of, restarted, samples

from oee.interpret import MachineRules, MachineSamples
from oee.kernels.counters import Counted, CounterCarry, CounterLimits, count, pulses
from oee.kernels.parts import RunClock, floor_at

NO_RATE = CounterLimits()
RATE_2 = CounterLimits(max_rate_per_s=Fraction(2))
T0 = at("06:00")


def counted(values: list[int], limits: CounterLimits = NO_RATE, step_s: int = 10) -> Counted:
    ts = np.array([T0 + i * step_s * S_US for i in range(len(values))], np.int64)
    return count(ts, np.array(values, np.int64), limits)


def told(c: Counted) -> list[tuple[str, int]]:
    return [(d.kind, d.amount) for d in c.decisions]


@pytest.mark.parametrize(
    ("elapsed_s", "poll_s", "allowed"),
    [(10, 0, 21), (Fraction(1, 4), 0, 2), (Fraction(1, 4), 1, 3), (0, 0, 1), (Fraction(7, 2), 0, 8)],
)
def test_s1_allowed_is_rounded_up_to_whole_counts_and_one_more(elapsed_s: Fraction, poll_s: int, allowed: int) -> None:
    elapsed_us = int(elapsed_s * S_US)
    limits = CounterLimits(max_rate_per_s=Fraction(2), poll_us=poll_s * S_US)
    assert limits.allowed(elapsed_us) == allowed
    million = CounterLimits(max_rate_per_s=Fraction(2_000_000), poll_us=poll_s * S_US, units_per_count=1_000_000)
    assert million.allowed(elapsed_us) == allowed * 1_000_000
    assert NO_RATE.allowed(elapsed_us) is None


def test_s1_one_more_count_than_the_rate_is_allowed_through_the_facade() -> None:
    """A machine of 2/s, read every 10 s: 21 counts are allowed, 22 that stay are a jump."""
    rules = machine(counters={"total": counter(max_rate_per_s=2)})
    for rise, parts in ((21, 42), (22, 21)):
        rows = [(T0, 100), (T0 + 10 * S_US, 100 + rise), (T0 + 20 * S_US, 121 + rise)]
        assert sum(c.total_count for c in facts_of(rules, samples([(T0, "run")], total=rows)).cells) == parts


def test_s1_rises_add_up() -> None:
    c = counted([5, 5, 7, 30])
    assert c.total.tolist() == [0, 0, 2, 25]
    assert not c.decisions


@pytest.mark.parametrize("back", [100, 112, 141])
def test_s2_a_jump_that_comes_back_was_a_spike(back: int) -> None:
    """Within allowed of the value before the jump, over the time since then: 2/s · 20 s + 1."""
    c = counted([100, 5000, back, back + 3], RATE_2)
    assert c.total.tolist() == [0, back - 100, back - 97]
    assert told(c) == [("counter_glitch", 4900)]


def test_s2_a_spike_that_comes_back_a_glitch_below_is_a_spike_and_a_glitch() -> None:
    """Not a reset that adds all of the new value: the high-water mark stands (S-3)."""
    c = counted([100, 5000, 98, 103], CounterLimits(max_rate_per_s=Fraction(2), glitch_tolerance=Fraction(5)))
    assert (c.total.tolist(), told(c)) == ([0, 0, 3], [("counter_glitch", 4900), ("counter_glitch", -2)])


@pytest.mark.parametrize("after", [142, 5003])
def test_s2_a_jump_that_stays_is_quarantined_with_its_amount(after: int) -> None:
    c = counted([100, 5000, after], RATE_2)
    assert told(c)[0] == ("counter_quarantined", 4900)
    assert c.total[1] == 0
    if after > 5000:
        assert c.total.tolist() == [0, 0, 3]


def test_s2_a_jump_at_the_end_is_not_settled_yet() -> None:
    c = counted([100, 102, 5000], RATE_2)
    assert told(c) == [("counter_quarantined", 4898)]
    assert c.settled_at(T0 + 15 * S_US)
    assert not c.settled_at(T0 + 20 * S_US)
    assert not counted([100, 5000], RATE_2).settled_at(T0 + 10 * S_US)
    assert counted([100, 5000, 5001], RATE_2).settled_at(T0 + 10 * S_US)


def test_s2_no_checkpoint_where_the_last_reading_is_a_jump() -> None:
    rules = machine(counters={"total": counter(max_rate_per_s=2)})
    rows = [(T0, 100), (T0 + 10 * MIN_US, 110), (T0 + 14 * MIN_US, 9000)]
    facts = facts_of(rules, samples([(T0, "run")], alive=[(T0, T0 + 16 * MIN_US + S_US)], total=rows))
    assert facts.checkpoints == []
    rows.append((T0 + 15 * MIN_US, 9002))
    later = facts_of(rules, samples([(T0, "run")], alive=[(T0, T0 + 16 * MIN_US + S_US)], total=rows))
    assert [c.at_us for c in later.checkpoints] == [T0 + 15 * MIN_US, T0 + 16 * MIN_US]


@pytest.mark.parametrize(
    ("values", "totals", "kinds"),
    [
        ([500, 498, 501], [0, 0, 1], ["counter_glitch"]),
        ([500, 498, 499, 500, 502], [0, 0, 0, 0, 2], ["counter_glitch", "counter_glitch"]),
        ([500, 495, 501], [0, 0, 1], ["counter_glitch"]),
        ([500, 494, 501], [0, 494, 501], ["counter_reset"]),
        ([3, 0, 2], [0, 0, 2], ["counter_reset"]),
        ([500, 498, 3], [0, 0, 3], ["counter_glitch", "counter_reset"]),
    ],
)
def test_s3_a_small_drop_keeps_the_high_water_mark(values: list[int], totals: list[int], kinds: list[str]) -> None:
    c = counted(values, CounterLimits(glitch_tolerance=Fraction(5)))
    assert c.total.tolist() == totals
    assert [k for k, _ in told(c)] == kinds


def test_s3_tolerance_is_zero_by_default() -> None:
    assert told(counted([500, 499])) == [("counter_reset", 499)]


def test_s3_a_run_that_starts_in_the_midst_of_a_glitch_decides_the_same() -> None:
    rules = machine(counters={"total": counter(glitch_tolerance=5)})
    rows = [(T0 + i * 7 * MIN_US, v) for i, v in enumerate([500, 520, 518, 519, 530, 540])]
    all_samples = samples([(T0, "run")], alive=[(T0, T0 + 36 * MIN_US)], total=rows)
    full = facts_of(rules, all_samples)
    quarter = next(c for c in full.checkpoints if c.at_us == T0 + 15 * MIN_US)
    again = restarted(rules, all_samples, quarter)
    assert [d for d in full.decisions if d.at_us >= quarter.at_us] == again.decisions
    assert [c for c in full.cells if c.start_us >= quarter.at_us] == again.cells


@pytest.mark.parametrize(
    ("limits", "values", "kind", "added"),
    [
        (CounterLimits(65536), [65530, 4], "counter_rollover", 10),
        (CounterLimits(1000), [750, 0], "counter_rollover", 250),
        (CounterLimits(1000), [749, 0], "counter_reset", 0),
        (CounterLimits(1000, Fraction(2)), [990, 11], "counter_rollover", 21),
        (CounterLimits(1000, Fraction(2)), [990, 12], "counter_reset", 12),
        (CounterLimits(1000, Fraction(2)), [990, 400], "device_replaced", 0),
        (CounterLimits(1000), [1200, 3], "counter_reset", 3),
        (CounterLimits(None), [65530, 4], "counter_reset", 4),
    ],
)
def test_s4_rollover_or_s5_reset(limits: CounterLimits, values: list[int], kind: str, added: int) -> None:
    """Without a rate a rollover may miss a quarter of the modulus at most; with one, what the rate allows."""
    c = counted(values, limits)
    assert (c.total[-1], told(c)) == (added, [(kind, added)])
    assert c.step[-1] == (kind != "counter_rollover")


def test_s5_the_count_stays_and_then_steps_at_the_new_sample() -> None:
    rows = [(T0, 812), (T0 + 10 * MIN_US, 30)]
    facts = facts_of(RULES, samples([(T0, "run")], total=rows))
    assert [(c.start_us, c.total_count) for c in facts.cells] == [(T0 + 9 * MIN_US, 30)]


def test_s6_a_carry_counts_on_from_where_it_stood() -> None:
    c = count(np.array([T0 + S_US]), np.array([107]), NO_RATE, CounterCarry(T0, 100, 55))
    assert c.total.tolist() == [55, 62]
    assert c.carry_at(T0 + S_US) == CounterCarry(T0 + S_US, 107, 62)
    assert c.carry_at(T0 - 1) is None


@pytest.mark.parametrize(
    ("factor", "values", "parts"),
    [
        (Fraction(3), [0, 5], 15),
        (Fraction(1, 2), [0, 5], 2),
        (Fraction(1, 3), [0, 0.75, 8.25], 2),
        (Fraction(12), [0, 0.25], 3),
    ],
)
def test_s7_factors_are_exact_and_the_floor_comes_after_them(factor: Fraction, values: list[float], parts: int) -> None:
    rules = machine(counters={"total": counter(parts_per_count=factor)})
    rows = [(T0 + i * MIN_US, v) for i, v in enumerate(values)]
    assert sum(c.total_count for c in facts_of(rules, samples([(T0, "run")], total=rows)).cells) == parts


def test_s7_without_a_run_the_count_rises_over_the_gap() -> None:
    rows = [(T0, 0), (T0 + 10 * MIN_US, 100)]
    facts = facts_of(RULES, samples([(T0, "stop")], total=rows))
    assert [c.total_count for c in facts.cells] == [10] * 10


def test_s7_a_stop_of_a_second_holds_the_count_though_it_is_no_stop() -> None:
    """Before small stops are classified: the raw state says when the machine ran."""
    rows = [(T0, 0), (T0 + 2 * MIN_US, 119)]
    state = [(T0, "run"), (T0 + 59 * S_US, "stop"), (T0 + 60 * S_US, "run")]
    assert [c.total_count for c in facts_of(RULES, samples(state, total=rows)).cells] == [59, 60]


def test_s7_floor_is_exact_where_products_pass_64_bits() -> None:
    c = count(np.array([0, 10**13]), np.array([0, 2**52]), NO_RATE)
    clock = RunClock(np.array([0]), np.array([10**13]))
    edges = np.array([1, 10**13 // 3, 10**13])
    assert floor_at(c, edges, clock, Fraction(1)).tolist() == [2**52 * int(e) // 10**13 for e in edges]


def test_s8_pulses_count_at_their_own_times_the_first_one_too() -> None:
    rules = machine(counters={"total": counter(delta=True)})
    rows = [(T0, 2), (T0 + 90 * S_US, 3), (T0 + 10 * MIN_US, 1)]
    facts = facts_of(rules, samples([(T0, "run")], total=rows, through=T0 + 12 * MIN_US))
    assert [(c.start_us - T0, c.total_count) for c in facts.cells] == [(0, 2), (MIN_US, 3), (9 * MIN_US, 1)]


def test_s8_pulses_carry_on() -> None:
    c = pulses(np.array([T0 + S_US]), np.array([4]), CounterCarry(T0, 0, 9))
    assert c.total.tolist() == [9, 13]


ROWS = {
    "total": [(T0, 100), (T0 + 10 * MIN_US, 200)],
    "good": [(T0, 40), (T0 + 10 * MIN_US, 130)],
    "reject": [(T0, 7), (T0 + 10 * MIN_US, 17)],
}


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        (("total", "good"), (100, 90, 10, 0)),
        (("total", "reject"), (100, 90, 10, 0)),
        (("good", "reject"), (100, 90, 10, 0)),
        (("good",), (90, 90, 0, 0)),
        (("total",), (100, 100, 0, 0)),
        (("reject",), (10, 0, 10, 0)),
    ],
)
def test_s9_any_two_counters_give_the_third(signals: tuple[str, ...], expected: tuple[int, ...]) -> None:
    rules = machine(counters=dict.fromkeys(signals, counter()))
    facts = facts_of(rules, samples([(T0, "run")], **{s: ROWS[s] for s in signals}))
    assert parts_of(facts, T0, T0 + 10 * MIN_US) == expected
    assert all(min(c.good_count, c.reject_count) >= 0 for c in facts.cells)


def test_s9_rework_is_part_of_the_total_and_not_good() -> None:
    rules = machine(counters=dict.fromkeys(("total", "reject", "rework"), counter()))
    rework = [(T0, 0), (T0 + 10 * MIN_US, 5)]
    facts = facts_of(rules, samples([(T0, "run")], total=ROWS["total"], reject=ROWS["reject"], rework=rework))
    assert parts_of(facts, T0, T0 + 10 * MIN_US) == (100, 85, 10, 5)


def test_s9_total_rules_over_three_that_disagree() -> None:
    rules = machine(counters=dict.fromkeys(("total", "good", "reject"), counter()))
    good = [(T0, 40), (T0 + 10 * MIN_US, 135)]
    facts = facts_of(rules, samples([(T0, "run")], total=ROWS["total"], good=good, reject=ROWS["reject"]))
    assert parts_of(facts, T0, T0 + 10 * MIN_US)[0] == 100


@pytest.mark.parametrize("garbage", [-5, -(2.0**31), float("nan"), float("inf"), float("-inf"), 2.0**63, 1e308])
@pytest.mark.parametrize("delta", [False, True])
def test_s28_a_reading_that_is_no_count_is_left_out_and_told(garbage: float, delta: bool) -> None:
    """Ten parts before it and ten after it, whatever it says; it makes nothing itself, not even on a reset."""
    rules = machine(counters={"total": counter(delta=delta)})
    values = [10, garbage, 10] if delta else [10, garbage, 20]
    rows = [(T0, 0), *((T0 + (i + 1) * MIN_US, v) for i, v in enumerate(values))]
    facts = facts_of(rules, samples([(T0, "run")], total=rows))
    assert [c.total_count for c in facts.cells] == ([10, 10] if delta else [10, 5, 5])
    decision = facts.decisions[0]
    assert [(d.at_us, d.kind) for d in facts.decisions] == [(T0 + 2 * MIN_US, "counter_quarantined")]
    assert decision.amount in decision.why


def three(good: list[int], *, late_us: int = 0, minutes: int = 6) -> tuple[MachineRules, MachineSamples]:
    """One part a minute, ten seconds past it, none rejected; ``good`` is read later than ``total`` and ``reject``."""
    at_us = [T0 + 10 * S_US + i * MIN_US for i in range(minutes)]
    rows = {"total": [*range(minutes)], "good": good, "reject": [0] * minutes}
    late = {"good": late_us}
    series = {name: [(t + late.get(name, 0), v) for t, v in zip(at_us, rows[name], strict=True)] for name in rows}
    through = T0 + minutes * MIN_US
    return machine(counters=dict.fromkeys(rows, counter())), samples([(T0, "run")], alive=[(T0, through)], **series)


def test_s9_three_that_begin_to_disagree_are_told_once() -> None:
    """One part never becomes good: told when the difference changes, not again while it stays."""
    facts = facts_of(*three([0, 1, 2, 2, 3, 4]))
    assert [(d.at_us, d.kind, d.amount) for d in facts.decisions] == [
        (T0 + 3 * MIN_US + 10 * S_US, "counts_inconsistent", "1"),
    ]
    assert sum(c.total_count for c in facts.cells) == 5


def test_s9_counters_read_one_after_the_other_agree() -> None:
    assert facts_of(*three([0, 1, 2, 3, 4, 5], late_us=7 * S_US)).decisions == []


def test_s9_a_restart_tells_the_same_disagreements_as_one_run() -> None:
    """Two hours; every seventh part never becomes good, read seconds late; taken up at every checkpoint (S-42)."""
    rules, s = three([i - i // 7 for i in range(120)], late_us=17 * S_US, minutes=120)
    whole = facts_of(rules, s)
    assert len(whole.decisions) >= 15
    assert whole.checkpoints
    for checkpoint in whole.checkpoints:
        again = restarted(rules, s, checkpoint)
        assert again.decisions == [d for d in whole.decisions if d.at_us >= checkpoint.at_us]
