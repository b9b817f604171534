"""S-9 where two counters give the third: nothing is negative, total is what it counted, told alike by any run.

The rules say that total = good + reject + rework and that parts of a window are ⌊C(end)⌋ − ⌊C(start)⌋. Counters are
read one after the other, and one may be reset alone; the third is then no mere difference.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from random import Random

from engine_fixture import (
    HOUR_US,
    MIN_US,
    S_US,
    at,
    counter,
    facts_of,
    machine,
    parts_of,
    restarted,
    samples,
    samples_from,
)
from test_engine_laws import _until

from oee.interpret import Facts, MachineRules, MachineSamples, interpret

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


def test_s9_more_rejects_than_parts_are_left_out_and_told() -> None:
    """100 parts and 120 rejects: 100 rejects, no good part, and the shift says that its counters disagree."""
    rules = machine(counters={"total": counter(), "reject": counter()})
    rows = {"total": [(START, 0), (START + 8 * HOUR_US, 100)], "reject": [(START, 0), (START + 8 * HOUR_US, 120)]}
    facts = facts_of(rules, samples([(START, "run")], **rows))
    assert parts_of(facts, START, START + 8 * HOUR_US) == (100, 0, 100, 0)
    (told,) = facts.decisions
    assert (told.kind, told.signal, told.amount) == ("counts_inconsistent", "reject", "20")
    assert START <= told.at_us < START + 8 * HOUR_US


def test_s9_three_read_at_the_ends_of_a_shift_disagree_in_it() -> None:
    """1000 parts, 940 of them good and 50 rejects, read at 06:00 and 14:00 only: told of that time, once."""
    rules = machine(counters=dict.fromkeys(("total", "good", "reject"), counter()))
    end = START + 8 * HOUR_US
    rows = {"total": [(START, 0), (end, 1000)], "good": [(START, 0), (end, 940)], "reject": [(START, 0), (end, 50)]}
    for through in (end, end + 90 * S_US):
        facts = facts_of(rules, samples([(START, "run")], through=through, **rows))
        assert parts_of(facts, START, end) == (1000, 950, 50, 0)
        assert [(d.kind, d.amount, START < d.at_us < end) for d in facts.decisions] == [
            ("counts_inconsistent", "10", True)
        ]
    together = {name: [*r, (end + 8 * HOUR_US, r[1][1] + 7 * (name != "reject"))] for name, r in rows.items()}
    facts = facts_of(rules, samples([(START, "run")], alive=[(START, end + 8 * HOUR_US)], **together))
    assert len(facts.decisions) == 1
    for c in facts.checkpoints:
        again = restarted(rules, samples([(START, "run")], alive=[(START, end + 8 * HOUR_US)], **together), c)
        assert again.decisions == [d for d in facts.decisions if d.at_us >= c.at_us]


def test_s5_a_replaced_reject_counter_spoils_an_hour_not_the_week() -> None:
    """It comes back at 50,000 without a limit: what is still owed after an hour of production is left out."""
    rules = machine(counters={"total": counter(), "reject": counter()})
    total = [(minutes(m), 10 * m) for m in range(241)]
    reject = [(minutes(m), 60_000 if m < 61 else 50_000) for m in range(241)]
    facts = facts_of(rules, samples([(START, "run")], total=total, reject=reject))
    assert parts_of(facts, START, minutes(60)) == (600, 600, 0, 0)
    assert 550 < parts_of(facts, minutes(60), minutes(125))[2] <= 620
    assert parts_of(facts, minutes(125), minutes(240)) == (1150, 1150, 0, 0)
    assert "counts_inconsistent" in {d.kind for d in facts.decisions}


def test_s8_goods_told_in_messages_make_no_rejects_of_parts_still_to_be_told() -> None:
    """Fifty parts every ten minutes, told good by a message at the end of each; one of the third fifty is not."""
    rules = machine(counters={"total": counter(), "good": counter(delta=True)})
    total = [(START + n * 12 * S_US, n) for n in range(201)]
    good = [(minutes(10), 50), (minutes(20), 50), (minutes(30), 49), (minutes(40), 50)]
    facts = facts_of(rules, samples([(START, "run")], total=total, good=good, through=minutes(41)))
    assert parts_of(facts, START, minutes(30)) == (150, 150, 0, 0)
    assert parts_of(facts, START, minutes(41)) == (200, 199, 1, 0)


def test_s9_a_reject_told_in_the_night_takes_a_part_of_the_morning() -> None:
    rules = machine(counters={"total": counter(), "reject": counter()})
    total = [(START, 0), (minutes(10), 100), (minutes(600), 100), (minutes(610), 200)]
    reject = [(START, 0), (minutes(11), 0), (minutes(11) + 1, 1), (minutes(610), 1)]
    facts = facts_of(rules, samples([(START, "run")], total=total, reject=reject))
    assert parts_of(facts, START, minutes(600)) == (100, 100, 0, 0)
    assert parts_of(facts, minutes(600), minutes(610)) == (100, 99, 1, 0)
    assert facts.decisions == []


NAMES = (("total", "reject"), ("total", "good"), ("total", "reject", "rework"), ("total", "good", "rework"))
LENGTH_US = 150 * MIN_US


def _drawn(r: Random) -> tuple[MachineRules, MachineSamples]:
    """Counters that nothing holds together: read apart, begun apart, reset, of factors of their own."""
    rules, rows = {}, {}
    for name in r.choice(NAMES):
        delta = r.random() < 0.2
        factor = r.choice([Fraction(1), Fraction(1), Fraction(1, 2), Fraction(3), Fraction(3, 7)])
        rules[name] = counter(parts_per_count=factor, delta=delta, max_rate_per_s=r.choice([None, None, 1]))
        rows[name] = _readings(r, delta=delta, most=30 if name in ("total", "good") else r.choice([1, 3, 40]))
    words = {START: "run"} | {START + r.randrange(LENGTH_US): r.choice(["run", "stop"]) for _ in range(4)}
    end = START + LENGTH_US
    return machine(counters=rules), samples(sorted(words.items()), alive=[(START, end)], through=end, **rows)


def _readings(r: Random, *, delta: bool, most: int) -> list[tuple[int, int]]:
    since = r.choice([0, 0, r.randrange(LENGTH_US)])
    step = r.choice([MIN_US, 15 * MIN_US, 1])
    at_us = sorted({r.randrange(since, LENGTH_US) // step * step for _ in range(r.choice([0, 2, 8, 25]))})
    value, found = r.randrange(5), []
    for t in at_us:
        value = r.randrange(most + 1) if delta or r.random() < 0.05 else value + r.randrange(most + 1)
        found.append((START + t, value))
    return found


def test_s9_no_counter_is_negative_and_total_is_what_it_counted() -> None:
    inconsistent = 0
    for seed in range(300):
        rules, heard = _drawn(Random(seed))
        facts = facts_of(rules, heard)
        assert not negative(facts), seed
        alone = facts_of(replace(rules, counters={"total": rules.counters["total"]}), heard)
        ts, _ = heard.counters["total"]
        if len(ts):
            since = (int(ts[0]) // MIN_US + 1) * MIN_US
            edges = [since + n * MIN_US for n in (0, 1, 7, 20, 90)]
            for a, b in pairwise(edges):
                assert parts_of(facts, a, b)[0] == parts_of(alone, a, b)[0], (seed, a)
        inconsistent += any(d.kind == "counts_inconsistent" for d in facts.decisions)
    assert 20 < inconsistent < 280


def test_s42_thirds_are_told_alike_from_any_checkpoint_and_for_any_cut() -> None:
    tried = 0
    for seed in range(300):
        rng = Random(seed)
        rules, heard = _drawn(rng)
        full = facts_of(rules, heard)
        for c in full.checkpoints:
            again = restarted(rules, heard, c)
            assert again.cells == [x for x in full.cells if x.start_us >= c.at_us], (seed, c)
            assert again.decisions == [d for d in full.decisions if d.at_us >= c.at_us], (seed, c)
            assert again.checkpoints == [x for x in full.checkpoints if x.at_us > c.at_us], (seed, c)
            tried += bool(c.owing)
        cut = START + rng.randrange(LENGTH_US)
        finer = facts_of(rules, heard, (cut,))
        a, b = cut // MIN_US * MIN_US, (cut // MIN_US + 3) * MIN_US
        both = [x + y for x, y in zip(parts_of(finer, a, cut), parts_of(finer, cut, b), strict=True)]
        assert tuple(both) == parts_of(full, a, b), seed
    assert tried > 400


def test_s42_thirds_told_as_they_come_are_those_told_at_once() -> None:
    """What had come by some instant is kept up to a checkpoint that nothing later can change; then the rest is told."""
    tried = 0
    for seed in range(200):
        rng = Random(seed)
        rules, heard = _drawn(rng)
        now = START + rng.randrange(30 * MIN_US, LENGTH_US)
        early, full = facts_of(rules, _until(heard, now)), facts_of(rules, heard)
        settled_us = min([now, *(int(ts[ts <= now][-2:][0]) for ts, _ in heard.counters.values() if (ts <= now).any())])
        for c in (c for c in early.checkpoints if c.at_us <= settled_us):
            late = restarted(rules, heard, c)
            assert [x for x in early.cells if x.start_us < c.at_us] + late.cells == full.cells, (seed, c)
            assert [d for d in early.decisions if d.at_us < c.at_us] + late.decisions == full.decisions, (seed, c)
            tried += 1
    assert tried > 200
