"""Every flag of the closed list is raised by a real situation (section 2), and by nothing where all is well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from engine_fixture import (
    CALC,
    EXCLUDED,
    HOUR_US,
    MIN_US,
    S_US,
    UNPLANNED,
    at,
    counter,
    facts_of,
    machine,
    planned,
    result_of,
    samples,
)

from oee.calculate import cut, settle
from oee.interpret import MachineRules, MachineSamples
from oee.kernels.people import Entered, Reason, ReasonSaid
from oee.kernels.states import extend
from oee.model import FLAGS, WindowResult

START, END = at("06:00"), at("08:00")
CALC_KNOWN = replace(CALC, ideal_cycle_us=6 * S_US)
STEADY = [(START + n * MIN_US, 10 * n) for n in range(121)]
TESTS = Path(__file__).parents[1]
ELSEWHERE = {
    "spool_dropped": "integration/test_compute_checkpoints.py::"
    "test_spool_dropped_is_told_of_the_windows_whose_readings_were_lost",
    "clock_skew": "integration/test_collect_clock.py::test_r11_a_device_with_a_clock_that_is_off_raises_clock_skew",
}
"""Flags that come with the collection, by the test that shows them."""


def told(heard: MachineSamples, rules: MachineRules | None = None, **more: object) -> WindowResult:
    """Two planned hours of a machine that makes a part in 6 s."""
    plan = more.pop("plan", planned(START, END))
    rules = rules or machine(ideal_s=6)
    calc = more.pop("calc", CALC_KNOWN)
    return result_of(facts_of(rules, heard), plan, (START, END), calc, until_us=END, **more)  # type: ignore[arg-type]


def run(total: list[tuple[int, float]], **more: object) -> MachineSamples:
    return samples([(START, "run")], alive=[(START, END)], total=total, **more)  # type: ignore[arg-type]


def stopped(since: int, until: int | None, total: list[tuple[int, float]] = STEADY) -> MachineSamples:
    state = [(START, "run"), (since, "stop"), *([(until, "run")] if until else [])]
    return samples(state, alive=[(START, END)], total=total)


def moved(value: float) -> list[tuple[int, float]]:
    """A counter that says something odd at 07:00."""
    return [(t, v if t != START + HOUR_US else value) for t, v in STEADY]


def three() -> WindowResult:
    rules = machine(ideal_s=6, counters=dict.fromkeys(("total", "good", "reject"), counter()))
    ends = {name: [(START, 0), (END - MIN_US, n)] for name, n in (("total", 100), ("good", 90), ("reject", 5))}
    return told(samples([(START, "run")], alive=[(START, END)], **ends), rules)


def dead_counter() -> WindowResult:
    rules = machine(ideal_s=6, max_age_s=60, counters={"total": replace(counter(), source="scale")})
    rules = replace(rules, state_source="plc")
    life = samples(alive=[(START, START + HOUR_US)], state=[(START, "run")]).alive
    return told(replace(run(STEADY[:61]), counter_alive={"total": life}), rules)


def corrected() -> WindowResult:
    facts = facts_of(machine(ideal_s=6), stopped(START + HOUR_US, START + HOUR_US + 20 * MIN_US))
    said = ReasonSaid(START + HOUR_US, START + HOUR_US + 20 * MIN_US, Reason("MECH", UNPLANNED), "eva")
    pieces = extend(facts.pieces, facts.through_us, facts.hold_until_us, END)
    plan = [p for p in planned(START, END) if p.start_us < END]
    settled = settle(pieces, facts.cells, facts.decisions, plan, CALC_KNOWN, facts.runs, Entered((said,)))
    return cut(settled, START, END, CALC_KNOWN)


def silent() -> WindowResult:
    """Nothing is heard from 07:00 to 07:30, and too few parts were made for it to have run."""
    heard = samples(
        [(START, "run"), (START + 90 * MIN_US, "stop"), (START + 91 * MIN_US, "run")],
        alive=[(START, START + HOUR_US), (START + 90 * MIN_US, END)],
        total=[(START, 0), (START + HOUR_US, 600), (START + 90 * MIN_US, 610), (END, 900)],
    )
    return told(heard, machine(ideal_s=6, max_age_s=60))


LIMITED = machine(ideal_s=6, counters={"total": counter(max_rate_per_s=1, glitch_tolerance=5)})
SITUATIONS: dict[str, Callable[[], WindowResult]] = {
    "performance_over_100": lambda: told(run([(t, 3 * v) for t, v in STEADY])),
    "ideal_cycle_missing": lambda: told(run(STEADY), machine(), calc=CALC),
    "counts_incomplete": dead_counter,
    "counts_inconsistent": three,
    "counter_reset": lambda: told(run([(t, v if v < 600 else v - 600) for t, v in STEADY])),
    "counter_rollover": lambda: told(
        run([(t, v % 1000) for t, v in STEADY]), machine(ideal_s=6, counters={"total": counter(modulus=1000)})
    ),
    "counter_glitch": lambda: told(run(moved(588)), LIMITED),
    "counter_quarantined": lambda: told(run([(t, v if v < 600 else v + 5000) for t, v in STEADY]), LIMITED),
    "device_replaced": lambda: told(run([(t, v + 9000 if v < 600 else v) for t, v in STEADY]), LIMITED),
    "state_unmapped": lambda: told(samples([(START, "odd")], alive=[(START, END)], total=STEADY)),
    "parts_while_stopped": lambda: told(stopped(START + HOUR_US, START + HOUR_US + 20 * MIN_US)),
    "parts_unscheduled": lambda: told(
        stopped(START + HOUR_US, START + HOUR_US + 20 * MIN_US),
        plan=planned(START, END, (START + HOUR_US, START + HOUR_US + 20 * MIN_US, EXCLUDED)),
    ),
    "parts_in_no_data": lambda: told(
        samples([(START, "run"), (START + HOUR_US, "odd")], alive=[(START, END)], total=STEADY)
    ),
    "coverage_low": silent,
    "stop_open": lambda: told(stopped(END - 2 * MIN_US, None), live=True),
    "corrected": corrected,
}


def test_every_flag_of_the_closed_list_has_its_situation() -> None:
    assert sorted([*SITUATIONS, *ELSEWHERE]) == sorted(FLAGS)


@pytest.mark.parametrize("flag", SITUATIONS)
def test_section_2_a_flag_is_raised_by_its_situation(flag: str) -> None:
    assert flag in SITUATIONS[flag]().flags


@pytest.mark.parametrize("flag", ELSEWHERE)
def test_section_2_a_flag_of_the_collection_is_shown_by_its_test(flag: str) -> None:
    path, _, name = ELSEWHERE[flag].partition("::")
    shown = (TESTS / path).read_text(encoding="utf-8").partition(f"def {name}(")[2].partition("\ndef ")[0]
    assert f'"{flag}"' in shown


def test_section_2_a_shift_in_which_all_is_well_has_no_flag() -> None:
    assert told(run(STEADY)).flags == ()
