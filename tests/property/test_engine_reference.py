"""The engine against the rules told second by second (S-1 … S-7, S-12, S-13, S-20, S-22 … S-28)."""

from __future__ import annotations

from collections import Counter

from engine_fixture import S_US, facts_of, settled_of
from hypothesis import HealthCheck, given, settings
from reference import EXCLUDED, NO_DATA, OFF, STOPS, Scenario, tell
from scenarios import calculation_of, plan_of, rules_of, samples_of, scenarios, us

from oee.calculate import cut, cut_by
from oee.kernels.products import KEYS
from oee.model import Category

SECOND_BY_SECOND = settings(
    max_examples=300,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@SECOND_BY_SECOND
@given(scenarios(longest_min=40))
def test_engine_says_what_the_rules_say(s: Scenario) -> None:
    want = tell(s)
    facts = facts_of(rules_of(s), samples_of(s))
    calc = calculation_of(s)
    settled = settled_of(facts, plan_of(s), calc)
    category = [p.category for p in settled.pieces for _ in range((p.end_us - p.start_us) // S_US)]
    assert category == want.category
    assert sorted((d.at_us, d.kind) for d in facts.decisions) == sorted((us(t), k) for t, k in want.decisions)
    for a, b in [(0, s.length), (0, 120), (120, s.length)]:
        e = cut(settled, us(a), us(b), calc).elements
        assert e.calendar_us == (b - a) * S_US
        kinds = [_kind(want.category[t]) for t in range(a, b)]
        rises = [want.parts[t + 1] - want.parts[t] for t in range(a, b)]
        for kind, outputs in (("output", e.output), ("unscheduled", e.unscheduled), ("unknown", e.unknown)):
            made = Counter[str | None]()
            for n, k, (product, _) in zip(rises, kinds, want.made[a:b], strict=True):
                made[product] += n if k == kind else 0
            assert {o.product: o.total_count for o in outputs} == {p: n for p, n in made.items() if n}, kind
            assert {o.ideal_cycle_us for o in outputs} == {calc.ideal_of(o.product) for o in outputs}
        assert e.setup_us == sum(want.setup[a:b]) * S_US
        for n, key in enumerate(KEYS):
            told = {name: w.elements.calendar_us // S_US for name, w in cut_by(settled, us(a), us(b), calc, key)}
            assert {k: v for k, v in told.items() if v} == Counter(owner[n] for owner in want.owner[a:b])
        stopped = sum(n for n, t in zip(rises, range(a, b), strict=True) if want.category[t] in STOPS)
        assert e.stopped_count == stopped


def _kind(category: Category) -> str:
    return {OFF: "unscheduled", EXCLUDED: "unscheduled", NO_DATA: "unknown"}.get(category, "output")
