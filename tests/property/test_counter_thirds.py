"""S-9 where two counters give the third: what holds today, and what does not yet.

The rules say that total = good + reject + rework and that parts of a window are ⌊C(end)⌋ − ⌊C(start)⌋. Counters are
read one after the other, and one may be reset alone; the third is then no mere difference. The tests that are marked
fail today; whoever settles it takes the marks away and lets `cases.are_compared` draw such counters.
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from engine_fixture import HOUR_US, MIN_US, S_US, at, counter, facts_of, machine, parts_of, samples, samples_from

from oee.interpret import Facts, interpret

START = at("06:00")


def minutes(n: float) -> int:
    return START + round(n * MIN_US)


def negative(facts: Facts) -> bool:
    return any(min(c.total_count, c.good_count, c.reject_count, c.rework_count) < 0 for c in facts.cells)


def test_s9_a_third_of_counters_read_together_is_exact() -> None:
    rules = machine(counters={"total": counter(parts_per_count=3), "reject": counter(parts_per_count=3)})
    rows = {"total": [(START, 0), (minutes(7), 100)], "reject": [(START, 0), (minutes(7), 9)]}
    facts = facts_of(rules, samples([(START, "run")], **rows))
    assert parts_of(facts, START, minutes(7)) == (300, 273, 27, 0)
    assert not negative(facts)


def test_s24_a_reject_counted_late_makes_no_negative_good() -> None:
    """One part at 06:01; it is judged at 06:03. Whatever is shown between, no minute has less than no good part."""
    rules = machine(counters={"total": counter(), "reject": counter()})
    rows = {"total": [(START, 0), (minutes(1), 1)], "reject": [(START, 0), (minutes(2), 0), (minutes(3), 1)]}
    assert not negative(facts_of(rules, samples([(START, "run")], through=minutes(5), **rows)))


def test_s7_a_message_of_rejects_does_not_hold_back_the_total() -> None:
    """600 parts in an hour, a message of one reject at 40 min: the first half hour made 300."""
    rules = machine(counters={"total": counter(), "reject": counter(delta=True)})
    rows = {"total": [(START, 0), (START + HOUR_US, 600)], "reject": [(minutes(5), 1), (minutes(40), 1)]}
    facts = facts_of(rules, samples([(START, "run")], **rows))
    assert parts_of(facts, START, minutes(30))[0] == 300


def test_s7_a_third_is_exact_between_samples_too() -> None:
    """Three parts a count, 439⅔ counts of the total as the other is read: 1319 parts, not 1318."""
    rules = machine(counters={"total": counter(parts_per_count=3), "reject": counter(parts_per_count=3)})
    rows = {"total": [(START, 0), (minutes(3), 1319)], "reject": [(START, 0), (minutes(1), 0), (minutes(3), 0)]}
    facts = facts_of(rules, samples([(START, "run")], **rows))
    assert parts_of(facts, START, minutes(1))[:2] == (1319, 1319)


def test_s42_a_total_heard_later_than_its_rejects_is_told_alike_by_any_run() -> None:
    """Rejects are read from 06:00 on, the total from 06:20 on."""
    rules = machine(counters={"total": counter(), "reject": counter()})
    rejects = [(minutes(n), n // 5) for n in range(0, 31, 5)]
    early = facts_of(rules, samples([(START, "run")], alive=[(START, minutes(18))], reject=rejects[:4]))
    rows = {"total": [(minutes(20), 50), (minutes(30), 90)], "reject": rejects}
    all_samples = samples([(START, "run")], alive=[(START, minutes(30))], **rows)
    (checkpoint,) = [c for c in early.checkpoints if c.at_us == minutes(15)]
    late = interpret(rules, samples_from(all_samples, checkpoint), checkpoint, checkpoint.at_us)
    kept = [c for c in early.cells if c.start_us < checkpoint.at_us]
    assert kept + late.cells == facts_of(rules, all_samples).cells


def test_s9_a_factor_of_its_own_makes_a_difference_of_whole_parts() -> None:
    rules = machine(counters={"total": counter(parts_per_count=Fraction(1, 2)), "reject": counter()})
    rows = {"total": [(START, 0), (START + 60 * S_US, 61)], "reject": [(START, 0), (START + 60 * S_US, 4)]}
    facts = facts_of(rules, samples([(START, "run")], **rows))
    assert parts_of(facts, START, START + 60 * S_US) == (30, 26, 4, 0)
