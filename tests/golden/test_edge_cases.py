"""EDGE-01 … EDGE-30: derived by hand from the calculation rules, each through the public facades of the engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from engine_fixture import (
    CALC,
    EXCLUDED,
    EXTERNAL,
    HOUR_US,
    MIN_US,
    PLANNED,
    RUN,
    S_US,
    SMALL,
    UNPLANNED,
    at,
    counter,
    facts_of,
    machine,
    parts_of,
    planned,
    result_of,
    samples,
)
from rollup_fixture import machine_result
from rollup_fixture import output as made_at

from oee.calendar import PlanPiece, instances, plan
from oee.config.model import BreakPattern, CalendarConfig, PlantInfo, Rollup, ShiftPattern
from oee.interpret import Facts
from oee.kernels.ratios import Ratios, ratios
from oee.kernels.rollup import roll_up
from oee.model import Category, Elements, ProductOutput, WindowResult

VECTORS = {
    v["id"]: v
    for v in map(json.loads, (Path(__file__).parent / "vectors" / "edge_cases.jsonl").read_text().splitlines())
}
NOT_YET = {
    "EDGE-27": "bookings are not part of this version",
}
"""What this version's rules don't cover, and why."""

START = at("06:00")
Case = Callable[[dict[str, Any], dict[str, Any]], None]
CASES: dict[str, Case] = {}


def edge(number: str) -> Callable[[Case], Case]:
    def keep(case: Case) -> Case:
        CASES[f"EDGE-{number}"] = case
        return case

    return keep


@pytest.mark.parametrize("name", sorted(VECTORS))
def test_edge_case(name: str) -> None:
    if name in NOT_YET:
        pytest.skip(NOT_YET[name])
    vector = VECTORS[name]
    CASES[name](vector["inputs"], vector["computed"])


def counted(values: list[int], step_s: int = 10, **limits: Any) -> Facts:
    """A running machine whose counter reads these values, one every ``step_s``."""
    rules = machine(counters={"total": counter(**limits)})
    rows = [(START + i * step_s * S_US, v) for i, v in enumerate(values)]
    return facts_of(rules, samples([(START, "run")], total=rows))


def made(facts: Facts) -> int:
    return sum(c.total_count for c in facts.cells)


def kinds(facts: Facts) -> list[str]:
    return [d.kind for d in facts.decisions]


def ratios_of(result: WindowResult) -> Ratios:
    return ratios(result.elements, quality_known=result.quality_known, ideal_known=result.ideal_known)


def output(ideal_s: int, total: int, good: int, product: str = "A") -> ProductOutput:
    return ProductOutput(product, Fraction(ideal_s * S_US), total, good, total - good)


@edge("01")
def rollover(given: dict[str, Any], want: dict[str, Any]) -> None:
    facts = counted(given["values"], modulus=given["modulus"])
    assert (made(facts), kinds(facts)) == (want["delta"], ["counter_rollover"])


@edge("02")
def reset(given: dict[str, Any], want: dict[str, Any]) -> None:
    facts = counted(given["values"])
    assert (made(facts), kinds(facts)) == (want["delta"], ["counter_reset"])
    assert "000000" not in facts.decisions[0].why  # told as the device shows it


@edge("03")
def glitch_keeps_the_high_water_mark(given: dict[str, Any], want: dict[str, Any]) -> None:
    facts = counted(given["values"], glitch_tolerance=given["glitch_tol"])
    assert (made(facts), kinds(facts)) == (want["delta"], ["counter_glitch"])


@edge("04")
def jump_is_quarantined(given: dict[str, Any], want: dict[str, Any]) -> None:
    facts = counted(given["values"], given["dt_s"], max_rate_per_s=given["max_rate_per_s"])
    assert made(facts) == want["delta"]
    assert [(d.kind, int(d.amount)) for d in facts.decisions] == [("counter_quarantined", want["quarantined"])]


@edge("05")
def first_sample_is_the_baseline(given: dict[str, Any], want: dict[str, Any]) -> None:
    assert made(counted(given["values"])) == want["delta"]


def _at_edge(given: dict[str, Any], want: dict[str, Any], state: list[tuple[int, str | None]]) -> Facts:
    rows = [(at(t), v) for t, v in given["samples"]]
    facts = facts_of(machine(), samples(state, total=rows))
    split, end = at(given["edge"]), rows[-1][0]
    assert parts_of(facts, rows[0][0], split)[0] == want["before"]
    assert parts_of(facts, split, end)[0] == want["after"]
    return facts


@edge("06")
def parts_rise_evenly_over_a_run(given: dict[str, Any], want: dict[str, Any]) -> None:
    _at_edge(given, want, [(at("13:58"), "run")])


@edge("07")
def parts_rise_over_run_time_alone(given: dict[str, Any], want: dict[str, Any]) -> None:
    down, up = (at(t) for t in given["stop"])
    _at_edge(given, want, [(at("13:58"), "run"), (down, "stop"), (up, "run")])


@edge("08")
def reset_at_shift_start_belongs_to_the_new_shift(given: dict[str, Any], want: dict[str, Any]) -> None:
    facts = _at_edge(given, want, [(at("05:59:58"), "run")])
    assert kinds(facts) == ["counter_reset"]


def _dst(given: dict[str, Any], want: dict[str, Any]) -> None:
    def minutes(clock: str) -> int:
        return int(clock[:2]) * 60 + int(clock[3:])

    day, start = given["shift"][0].split("T")
    end = given["shift"][1].split("T")[1]
    pause = BreakPattern("Break", *map(minutes, given["brk"]))
    shift = ShiftPattern("night", minutes(start), minutes(end), (pause,))
    calendar = CalendarConfig("c", {"night": shift}, week=(("night",),) * 7)
    first = date.fromisoformat(day)
    found = instances("line", calendar, PlantInfo("p", "P", given["tz"], 360), first, first)
    night = next(s for s in found if s.name == "night")
    pieces = plan([night], [], Category.PLANNED_STOP)
    facts = facts_of(machine(), samples([(night.start_us, "stop")], through=night.end_us))
    e = result_of(facts, pieces, (night.start_us, night.end_us)).elements
    assert e.calendar_us - e.not_scheduled_us == want["pot_h"] * HOUR_US
    assert e.planned_busy_us == want["pbt_h"] * HOUR_US


edge("09")(_dst)
edge("10")(_dst)


@edge("11")
def run_is_carried_in_over_the_shift_start(given: dict[str, Any], want: dict[str, Any]) -> None:
    start, stop = at(given["shift_start"]), at("24:10")
    facts = facts_of(machine(), samples([(at("21:50"), "run"), (stop, "stop")], through=stop + HOUR_US))
    e = result_of(facts, planned(start, start + 8 * HOUR_US), (start, stop + HOUR_US)).elements
    assert e.run_us == want["run_min"] * MIN_US


def _silence(given: dict[str, Any], ideal_s: int | None) -> Elements:
    a, b = (at(t) for t in given["gap"])
    state = [(a - HOUR_US, given["before"]), (b, given["after"])]
    alive = [(a - HOUR_US, a), (b, b + HOUR_US)]
    rows = list(zip((a, b), given["counter"], strict=True))
    facts = facts_of(machine(ideal_s=ideal_s, max_age_s=60), samples(state, alive=alive, total=rows))
    return result_of(facts, planned(a - HOUR_US, b + HOUR_US), (a, b)).elements


@edge("12")
def counter_proves_running_in_a_silence(given: dict[str, Any], want: dict[str, Any]) -> None:
    e = _silence(given, given["ideal_s"])
    assert (e.run_us, e.no_data_us) == (want["inferred_run_s"] * S_US, want["no_data_s"] * S_US)


@edge("13")
def stop_goes_on_through_a_silence(given: dict[str, Any], want: dict[str, Any]) -> None:
    e = _silence(given, None)
    assert (e.unplanned_stop_us, e.no_data_us) == (want["stop_s"] * S_US, want["no_data_s"] * S_US)


@edge("14")
def unknown_time_leaves_the_denominator(given: dict[str, Any], want: dict[str, Any]) -> None:
    run, dark, end = (given[k] * S_US for k in ("run_s", "no_data_s", "pbt_s"))
    state = [(START, "run"), (START + run, "stop"), (START + end - dark, "gone")]
    facts = facts_of(machine(), samples(state, through=START + end))
    result = result_of(facts, planned(START, START + end), (START, START + end))
    r = ratios_of(result)
    found = (r.availability, r.coverage, r.availability_min, r.availability_max)
    assert [float(x or 0) for x in found] == pytest.approx(
        [want[k] for k in ("availability", "coverage", "a_min", "a_max")]
    )
    assert {"coverage_low", "state_unmapped"} <= set(result.flags)


def _day(run_min: int, planned_min: int) -> WindowResult:
    end = START + planned_min * MIN_US
    state = [(START, "run"), (START + run_min * MIN_US, "stop")] if run_min else [(START, "stop")]
    facts = facts_of(machine(ideal_s=1), samples(state, total=[(START, 7), (end, 7)]))
    return result_of(facts, planned(START, end), (START, end), replace(CALC, ideal_cycle_us=Fraction(S_US)))


def _same_ratios(found: Ratios, want: dict[str, Any]) -> None:
    for key, value in (("a", found.availability), ("p", found.performance), ("q", found.quality), ("oee", found.oee)):
        assert (value if value is None else float(value)) == want[key], key


@edge("15")
def nothing_planned_is_null(given: dict[str, Any], want: dict[str, Any]) -> None:
    facts = facts_of(machine(ideal_s=1), samples([(START, "run")], through=START + HOUR_US))
    off = [PlanPiece(START, START + HOUR_US, Category.NOT_SCHEDULED)]
    result = result_of(facts, off, (START, START + HOUR_US), replace(CALC, ideal_cycle_us=Fraction(S_US)))
    assert result.elements.planned_busy_us == given["pbt"]
    _same_ratios(ratios_of(result), want)


@edge("16")
def planned_and_never_ran(given: dict[str, Any], want: dict[str, Any]) -> None:
    _same_ratios(ratios_of(_day(given["run"], given["pbt"])), want)


@edge("17")
def ran_without_a_part(given: dict[str, Any], want: dict[str, Any]) -> None:
    _same_ratios(ratios_of(_day(given["run"], given["pbt"])), want)


@edge("18")
def performance_over_100_is_kept_and_flagged(given: dict[str, Any], want: dict[str, Any]) -> None:
    end = START + given["run_s"] * S_US
    facts = facts_of(machine(), samples([(START, "run")], total=[(START, 0), (end, given["total"])]))
    calc = replace(CALC, ideal_cycle_us=Fraction(given["ideal_s"] * S_US))
    result = result_of(facts, planned(START, end), (START, end), calc)
    assert ratios_of(result).performance == Fraction(4, 3) == pytest.approx(want["p_raw"])
    assert want["flag"] in result.flags


@edge("19")
def thresholds_are_inclusive(given: dict[str, Any], want: dict[str, Any]) -> None:
    calc = replace(CALC, min_stop_us=given["min_s"] * S_US, small_stop_max_us=given["max_s"] * S_US)
    names = {RUN: "slow", SMALL: "small", UNPLANNED: "down"}
    found = []
    for length_s in given["stops_s"]:
        down = START + MIN_US
        up = down + round(length_s * S_US)
        facts = facts_of(machine(), samples([(START, "run"), (down, "stop"), (up, "run")], through=up + MIN_US))
        segments = result_of(facts, planned(START, up + MIN_US), (down, up), calc).segments
        found.append(names[segments[0].category])
    assert found == want["cls"]


@edge("20")
def class_is_judged_by_the_uncut_length(given: dict[str, Any], want: dict[str, Any]) -> None:
    (down, up), split = (at(t) for t in given["stop"]), at(given["edge"])
    facts = facts_of(machine(), samples([(down - HOUR_US, "run"), (down, "stop"), (up, "run")], through=up + HOUR_US))
    shifts = [PlanPiece(down - HOUR_US, split, None), PlanPiece(split, up + HOUR_US, None)]
    before = result_of(facts, shifts, (down - HOUR_US, split)).elements
    after = result_of(facts, shifts, (split, up + HOUR_US)).elements
    assert (before.small_stop_us, after.small_stop_us) == (want["before_s"] * S_US, want["after_s"] * S_US)
    assert before.unplanned_stop_us == after.unplanned_stop_us == 0


@edge("21")
def break_time_goes_before_judging(given: dict[str, Any], want: dict[str, Any]) -> None:
    (down, up), (b0, b1) = (at(t) for t in given["stop"]), (at(t) for t in given["brk"])
    facts = facts_of(machine(), samples([(START, "run"), (down, "stop"), (up, "run")], through=up + HOUR_US))
    e = result_of(facts, planned(START, up + HOUR_US, (b0, b1, EXCLUDED)), (START, up + HOUR_US)).elements
    assert (e.small_stop_us, e.unplanned_stop_us) == (want["planned_time_s"] * S_US, 0)


@edge("22")
def planned_maintenance_wins_over_a_breakdown(given: dict[str, Any], want: dict[str, Any]) -> None:
    window, (down, up) = [at(t) for t in given["planned_maint"]], (at(t) for t in given["breakdown"])
    facts = facts_of(machine(), samples([(START, "wait"), (down, "stop"), (up, "run")], through=up + HOUR_US))
    e = result_of(facts, planned(START, up + HOUR_US, (*window, PLANNED)), (window[0], up + HOUR_US)).elements
    assert e.planned_stop_us == want["planned_min"] * MIN_US
    assert e.unplanned_stop_us == want["unplanned_min"] * MIN_US


@edge("23")
def overrun_of_a_break_is_a_stop(given: dict[str, Any], want: dict[str, Any]) -> None:
    (b0, b1), back = (at(t) for t in given["brk_scheduled"]), at(given["machine_back"])
    facts = facts_of(machine(), samples([(START, "run"), (b0, "stop"), (back, "run")], through=back + HOUR_US))
    e = result_of(facts, planned(START, back + HOUR_US, (b0, b1, EXCLUDED)), (START, back + HOUR_US)).elements
    assert (e.excluded_us, e.unplanned_stop_us) == (want["excluded_min"] * MIN_US, want["unplanned_min"] * MIN_US)


@edge("24")
def quality_is_weighted_by_ideal_time(given: dict[str, Any], want: dict[str, Any]) -> None:
    made_of = [output(p["ideal"], p["total"], p["good"], str(i)) for i, p in enumerate(given["products"])]
    parts = [Elements(output=(o,)) for o in made_of]
    time = Elements(calendar_us=given["pbt_s"] * S_US, run_us=given["run_s"] * S_US)
    r = ratios(time + parts[0] + parts[1])
    assert (r.performance, r.quality, r.oee) == tuple(Fraction(str(want[k])) for k in ("p", "q", "oee"))
    assert float(r.piece_quality or 0) == pytest.approx(want["unit_q"])


@edge("25")
def shifts_are_summed_never_averaged(given: dict[str, Any], want: dict[str, Any]) -> None:
    total = Elements()
    for shift in given["shifts"]:
        total += Elements(calendar_us=shift["pbt"], run_us=shift["apt"], unplanned_stop_us=shift["pbt"] - shift["apt"])
    assert float(ratios(total).availability or 0) == pytest.approx(want["a"])


@edge("26")
def rates_of_parallel_machines_add(given: dict[str, Any], want: dict[str, Any]) -> None:
    """Each machine at its own ideal rate for the hour: the line makes what a machine of the line's cycle would."""
    counts = [Fraction(HOUR_US, ideal * S_US) for ideal in given["parallel_ideal_s"]]
    machines = [
        machine_result(name, made_at(ideal, int(n), int(n), 0), target_count=n)
        for name, ideal, n in zip("ab", given["parallel_ideal_s"], counts, strict=True)
    ]
    line = roll_up(Rollup("pooled", "a"), {r.machine or "": r for r in machines})
    assert line.target_good_count is not None
    assert HOUR_US / line.target_good_count / S_US == pytest.approx(want["line_ideal_s"])
    assert line.window.elements.total_count == line.target_good_count
    assert ratios_of(line.window).oee == 1


@edge("28")
def live_availability_takes_elapsed_time_only(given: dict[str, Any], want: dict[str, Any]) -> None:
    now, end, stop = (START + given[k] * S_US for k in ("window_s", "planned_s", "run_s"))
    rules, shift = machine(), planned(START, end)
    live = facts_of(rules, samples([(START, "run"), (stop, "stop")], through=now))
    result = result_of(live, shift, (START, now), live=True)
    assert float(ratios_of(result).availability or 0) == want["live_a"]
    assert "stop_open" in result.flags
    known = facts_of(rules, samples([(START, "run"), (stop, "stop")], through=end))
    assert float(ratios_of(result_of(known, shift, (START, end))).availability or 0) == want["final_a"]


@edge("29")
def order_and_duplicates_of_events_change_nothing(given: dict[str, Any], want: dict[str, Any]) -> None:
    rows = sorted({(at(t), word) for t, word in given["events"]})
    facts = facts_of(machine(), samples(rows, through=at("08:10")))
    assert [(p.end_us - p.start_us) for p in facts.pieces if p.category is RUN] == [want["run_s"] * S_US]


@edge("30")
def states_go_through_a_named_profile(given: dict[str, Any], want: dict[str, Any]) -> None:
    names = {"PackTags": "packml", "OPC-30060-TMC": "packml_tmc"}
    for profile, number in given["packml_numbers"].items():
        by_number, by_name = (
            machine(profile=names[profile]).meaning(word, None, None).category for word in (str(number), want["state"])
        )
        assert by_number is by_name is RUN
    assert machine(profile="packml_tmc").meaning("6", None, None).category is EXTERNAL
    assert machine(profile="packml").meaning("4", None, None).category is UNPLANNED


def test_every_edge_case_is_tested_or_listed() -> None:
    assert CASES.keys() | NOT_YET.keys() == VECTORS.keys()
