"""S-53: whatever a machine did, the explanation of its result adds up to it exactly."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from engine_fixture import facts_of, settled_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenarios import Scenario, calculation_of, plan_of, rules_of, samples_of, scenarios, us

from oee.calculate import cut
from oee.config.model import LineConfig, MachineConfig, PlantConfig, PlantInfo, Rollup, Targets
from oee.evidence import Configuration, Evidence
from oee.model import Elements, HourRow, ShiftInstance, ShiftResult, WindowResult
from oee.report.explain import explain
from oee.report.explain_json import explanation_json
from oee.report.explain_text import explanation_text

MACHINE = MachineConfig("m", "line", "M")
LINE = LineConfig("line", "Line", "default", Rollup("single", "m"), Targets(), {"m": MACHINE})
PLANT = PlantConfig(1, PlantInfo("p", "P", "UTC"), {}, {}, {}, {"line": LINE})
CONFIGURATION = Configuration(1, None, PLANT, proven=True)
MANY = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def shift_of(window: WindowResult, hours: list[HourRow]) -> ShiftResult:
    instance = ShiftInstance("line", "2026-03-02", "early", window.start_us, window.end_us)
    return ShiftResult(
        id="1-0-1",
        line="line",
        machine=None,
        method="single",
        instance=instance,
        status="final",
        revision=1,
        computed_us=window.end_us,
        through_us=window.end_us,
        definition="rules 2, configuration 0",
        cause="shift closed",
        window=window,
        hours=tuple(hours),
    )


@MANY
@given(scenarios(), st.data())
def test_s53_the_explanation_of_any_shift_sums_to_it(s: Scenario, data: st.DataObject) -> None:
    calc = calculation_of(s)
    made = settled_of(facts_of(rules_of(s), samples_of(s)), plan_of(s), calc)
    edges = sorted({0, s.length, *(60 * data.draw(st.integers(0, s.length // 60)) for _ in range(3))})
    cuts = [cut(made, us(a), us(b), calc) for a, b in pairwise(edges)]
    hours = [HourRow(w.start_us, w.end_us, w.elements, 0, None) for w in cuts]
    result = shift_of(cut(made, us(0), us(s.length), calc), hours)
    x = explain(Evidence(result, (CONFIGURATION,), machines={"m": result}))
    assert [said for said in x.sums if not said.equal] == []
    assert explanation_json(x)["exact"]
    explanation_text(x)


@MANY
@given(scenarios())
def test_s53_a_wrong_element_is_not_explained_away(s: Scenario) -> None:
    """The sums are real ones: a result whose run is a microsecond too long does not add up."""
    calc = calculation_of(s)
    made = settled_of(facts_of(rules_of(s), samples_of(s)), plan_of(s), calc)
    window = cut(made, us(0), us(s.length), calc)
    e: Elements = window.elements
    wrong = replace(window, elements=replace(e, run_us=e.run_us + 1, stop_count=e.stop_count + 1))
    failing = {said.of for said in explain(Evidence(shift_of(wrong, []), (CONFIGURATION,))).sums if not said.equal}
    assert {"all categories", "segments of run", "counted stops"} <= failing
