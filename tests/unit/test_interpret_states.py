"""States → raw intervals: profiles, reasons, silence (S-20, S-25, S-26, S-28)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine_fixture import (
    EXCLUDED,
    EXTERNAL,
    MIN_US,
    NO_DATA,
    PLANNED,
    RUN,
    S_US,
    UNPLANNED,
    at,
    facts_of,
    machine,
    planned,
    result_of,
    samples,
    spans,
)

from oee.model import Category

T0 = at("06:00")


def m(minutes: float) -> int:
    return T0 + round(minutes * MIN_US)


PACKML = {
    RUN: (6, 16),
    EXTERNAL: (5, 13, 14, 17),
    UNPLANNED: (10, 11, 12, 1, 8, 9, 3, 15, 2, 4, 7),
    NO_DATA: (0,),
}
TMC = {RUN: (4, 5), EXTERNAL: (6, 11, 12, 13), UNPLANNED: (0, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16)}
BY_NAME = {
    "packml": {RUN: ("Execute", "Completing"), EXTERNAL: ("Suspended", "Complete"), UNPLANNED: ("Held", "Aborted")},
    "packml_tmc": {RUN: ("Execute",), EXTERNAL: ("Complete",), UNPLANNED: ("Stopped", "Held")},
    "machinery": {RUN: ("Executing",), UNPLANNED: ("NotExecuting", "OutOfService"), NO_DATA: ("NotAvailable",)},
    "weihenstephan": {
        RUN: ("Operating",),
        UNPLANNED: ("Held", "EquipmentFailure", "Holding", "EmergencyStop", "Starting", "Stopping", "Aborting"),
        EXTERNAL: ("ExternalFailure", "Lack", "Tailback", "Prepared", "LackBranchLine", "TailbackBranchLine"),
    },
}
NUMBERED = {"packml": PACKML, "packml_tmc": TMC}


@pytest.mark.parametrize(
    ("profile", "word", "category"),
    [(p, w, c) for p, table in BY_NAME.items() for c, words in table.items() for w in words]
    + [(p, str(n), c) for p, table in NUMBERED.items() for c, numbers in table.items() for n in numbers],
)
def test_s20_profiles(profile: str, word: str, category: Category) -> None:
    meaning = machine(profile=profile).meaning(word, None, None)
    assert (meaning.category, meaning.unmapped) == (category, False)


@pytest.mark.parametrize(
    ("profile", "state", "mode", "category", "setup"),
    [
        ("packml", "6", "1", RUN, False),
        ("packml", "11", "1", UNPLANNED, False),
        ("packml", "6", "2", PLANNED, False),
        ("packml", "2", "3", PLANNED, False),
        ("packml", "6", "Manual", PLANNED, False),
        ("machinery", "Executing", "Processing", RUN, False),
        ("machinery", "NotExecuting", "Processing", UNPLANNED, False),
        ("machinery", "Executing", "Setup", PLANNED, True),
        ("machinery", "NotExecuting", "Setup", PLANNED, True),
        ("machinery", "Executing", "Maintenance", RUN, False),
        ("machinery", "NotExecuting", "Maintenance", PLANNED, False),
        ("weihenstephan", "Operating", "1", RUN, False),
        ("weihenstephan", "Operating", "0", RUN, False),
        ("weihenstephan", "Operating", "3", RUN, False),
        ("weihenstephan", "Held", "2", PLANNED, False),
        ("weihenstephan", "Held", "4", PLANNED, False),
        ("weihenstephan", "Held", "8", PLANNED, False),
        ("weihenstephan", "Held", "16", PLANNED, True),
        ("weihenstephan", "Held", "32", PLANNED, False),
        ("weihenstephan", "Held", "64", EXCLUDED, False),
    ],
)
def test_s20_mode_beats_state(profile: str, state: str, mode: str, category: Category, setup: bool) -> None:
    meaning = machine(profile=profile).meaning(state, mode, None)
    assert (meaning.category, meaning.setup) == (category, setup)


def test_s20_an_unmapped_state_is_no_data_named_and_flagged() -> None:
    facts = facts_of(machine(), samples([(T0, "run"), (m(5), "purple")], through=m(10)))
    assert spans(facts) == [(T0, m(5), RUN), (m(5), m(10), NO_DATA)]
    assert (facts.pieces[1].state, facts.pieces[1].unmapped) == ("purple", True)
    result = result_of(facts, planned(T0, m(10)), (T0, m(10)))
    assert "state_unmapped" in result.flags
    assert result.segments[1].state == "purple"


def test_s20_nothing_is_known_before_the_first_state() -> None:
    facts = facts_of(machine(), samples([(m(5), "run")], total=[(T0, 1)], through=m(10)))
    assert spans(facts) == [(T0, m(5), NO_DATA), (m(5), m(10), RUN)]


FAULTS = {
    "17": ("JAM", UNPLANNED, False),
    "30": ("CLEAN", PLANNED, False),
    "31": ("CHANGE", PLANNED, True),
    "40": ("LACK", EXTERNAL, False),
}


def told(
    state: list[tuple[int, str | None]], fault: list[tuple[int, str | None]]
) -> list[tuple[int, Category, str | None]]:
    facts = facts_of(machine(faults=FAULTS), samples(state, fault=fault, through=m(30)))
    return [(round((p.start_us - T0) / MIN_US), p.category, p.reason) for p in facts.pieces]


STOP = [(T0, "run"), (m(10), "stop"), (m(20), "run")]


def test_s25_a_fault_gives_the_stop_its_reason() -> None:
    assert told(STOP, [(m(10), "17")]) == [(0, RUN, None), (10, UNPLANNED, "JAM"), (20, RUN, None)]


def test_s25_a_late_reason_fills_back_to_the_start_of_the_stop() -> None:
    assert told(STOP, [(T0, "0"), (m(15), "17")]) == [(0, RUN, None), (10, UNPLANNED, "JAM"), (20, RUN, None)]


def test_s25_a_reason_stays_when_its_code_goes_before_the_stop_ends() -> None:
    assert told(STOP, [(m(10), "17"), (m(12), "0")]) == [(0, RUN, None), (10, UNPLANNED, "JAM"), (20, RUN, None)]


def test_s25_a_reason_does_not_leave_its_stop() -> None:
    state = [*STOP, (m(25), "stop")]
    assert told(state, [(m(10), "17"), (m(19), "0")])[-1] == (25, UNPLANNED, None)


def test_s24_a_planned_reason_outranks_the_machines_category_and_an_external_one_does_not() -> None:
    assert told(STOP, [(m(10), "30")])[1] == (10, PLANNED, "CLEAN")
    assert told(STOP, [(m(10), "40")])[1] == (10, UNPLANNED, "LACK")


def test_s24_a_changeover_reason_is_setup() -> None:
    facts = facts_of(machine(faults=FAULTS), samples(STOP, fault=[(m(15), "31")], through=m(30)))
    e = result_of(facts, planned(T0, m(30)), (T0, m(30))).elements
    assert (e.planned_stop_us, e.setup_us, e.unplanned_stop_us) == (10 * MIN_US, 10 * MIN_US, 0)


def test_s24_a_reason_never_stops_a_run() -> None:
    assert told([(T0, "run")], [(m(5), "17")]) == [(0, RUN, None)]


def test_s25_a_mode_of_setup_says_nothing_of_the_planned_time_before_it() -> None:
    """Setup is what the machine says from then on, no reason that fills back."""
    state, mode = [(T0, "NotExecuting")], [(T0, "Maintenance"), (m(10), "Setup")]
    facts = facts_of(machine(profile="machinery"), samples(state, mode=mode, through=m(15)))
    assert [(p.category, p.setup) for p in facts.pieces] == [(PLANNED, False), (PLANNED, True)]


@pytest.mark.parametrize("bit", ["true", "1"])
def test_s21_a_run_bit_is_a_state_of_two_words(bit: str) -> None:
    other = {"true": "false", "1": "0"}[bit]
    rules = replace(machine(), state_map={bit: RUN, other: UNPLANNED})
    facts = facts_of(rules, samples([(T0, bit), (m(5), other), (m(8), bit)], through=m(10)))
    assert [c for *_, c in spans(facts)] == [RUN, UNPLANNED, RUN]


def silence(before: str, after: str, made: int, *, ideal_s: int | None = 2) -> list[tuple[float, float, Category]]:
    """Silent from minute 10 to 30, ``max_age`` a minute; minutes and categories of the twenty."""
    state = [(T0, before), (m(30), after)]
    rows = [(m(10), 100), (m(30), 100 + made)]
    alive = [(T0, m(10)), (m(30), m(40))]
    facts = facts_of(machine(ideal_s=ideal_s, max_age_s=60), samples(state, alive=alive, total=rows))
    inside = [(max(a, m(10)), min(b, m(30)), c) for a, b, c in spans(facts) if a < m(30) and b > m(10)]
    return [((a - T0) / MIN_US, (b - T0) / MIN_US, c) for a, b, c in inside]


def test_s26_stopped_on_both_sides_without_parts_goes_on() -> None:
    assert silence("stop", "wait", 0) == [(10, 30, UNPLANNED)]


def test_s26_parts_prove_one_run_at_the_start() -> None:
    assert silence("run", "run", 300) == [(10, 20, RUN), (20, 30, NO_DATA)]
    assert silence("run", "stop", 300) == [(10, 20, RUN), (20, 30, NO_DATA)]
    assert silence("stop", "stop", 300) == [(10, 20, RUN), (20, 30, NO_DATA)]


def test_s26_parts_prove_one_run_at_the_end_if_only_the_after_side_runs() -> None:
    assert silence("stop", "run", 300) == [(10, 20, NO_DATA), (20, 30, RUN)]


def test_s26_an_inferred_run_is_no_longer_than_the_silence() -> None:
    assert silence("run", "run", 5000) == [(10, 30, RUN)]


def test_s26_parts_at_an_unknown_ideal_cycle_prove_no_length() -> None:
    assert silence("run", "run", 300, ideal_s=None) == [(10, 30, NO_DATA)]


@pytest.mark.parametrize(
    ("before", "after", "held"), [("run", "run", RUN), ("run", "stop", RUN), ("stop", "run", UNPLANNED)]
)
def test_s26_otherwise_the_state_holds_for_max_age(before: str, after: str, held: Category) -> None:
    assert silence(before, after, 0) == [(10, 11, held), (11, 30, NO_DATA)]


def test_s26_a_state_reported_with_the_last_sign_of_life_is_the_before_side() -> None:
    """The stop is the last thing said before the line went dead; nothing was made: it goes on."""
    state = [(T0, "run"), (m(10), "stop"), (m(30), "stop"), (m(35), "run")]
    alive = [(T0, m(10)), (m(30), m(40))]
    facts = facts_of(machine(max_age_s=60), samples(state, alive=alive))
    assert spans(facts) == [(T0, m(10), RUN), (m(10), m(35), UNPLANNED), (m(35), m(40), RUN)]


def test_s26_what_is_said_at_the_last_instant_is_the_after_side() -> None:
    state = [(T0, "stop"), (m(30), "stop")]
    facts = facts_of(machine(max_age_s=60), samples(state, alive=[(T0, m(10))]))
    assert spans(facts) == [(T0, m(30), UNPLANNED)]


def test_s26_up_to_max_age_the_state_holds() -> None:
    for gap_s, expected in ((60, [RUN]), (61, [RUN, NO_DATA, RUN])):
        back = m(10) + gap_s * S_US
        alive = [(T0, m(10)), (back, m(20))]
        facts = facts_of(machine(max_age_s=60), samples([(T0, "run"), (back, "run")], alive=alive))
        assert [c for *_, c in spans(facts)] == expected


def test_s26_no_more_than_max_age_is_no_silence_whatever_was_made() -> None:
    back = m(11)
    alive, rows = [(T0, m(10)), (back, m(20))], [(m(10), 0), (back, 30)]
    rules = machine(max_age_s=60, ideal_s=1)
    facts = facts_of(rules, samples([(T0, "stop"), (back, "stop")], alive=alive, total=rows))
    assert spans(facts) == [(T0, m(20), UNPLANNED)]


def test_s26_each_silence_is_judged_by_what_was_said_at_its_own_ends() -> None:
    state = [(T0, "run"), (m(10), "run"), (m(20), "run")]
    facts = facts_of(machine(max_age_s=60), samples(state))
    assert spans(facts) == [
        (T0, m(1), RUN),
        (m(1), m(10), NO_DATA),
        (m(10), m(11), RUN),
        (m(11), m(20), NO_DATA),
    ]


def test_s26_a_live_tail_holds_for_max_age_and_is_no_data_then() -> None:
    facts = facts_of(machine(max_age_s=60), samples([(T0, "run")], alive=[(T0, m(10))]))
    for now, run, dark in ((10.5, 10.5, 0), (11, 11, 0), (15, 11, 4)):
        e = result_of(facts, planned(T0, m(30)), (T0, m(now)), until_us=m(now)).elements
        assert (e.run_us, e.no_data_us) == (run * MIN_US, dark * MIN_US)


def test_s26_a_dead_state_beside_a_live_counter_is_no_data_after_max_age() -> None:
    rows = [(T0, 0), (m(10), 100)]
    facts = facts_of(machine(max_age_s=60), samples([(T0, "run")], alive=[(T0, m(5))], total=rows))
    assert spans(facts) == [(T0, m(6), RUN), (m(6), m(10), NO_DATA)]


def test_s26_without_max_age_a_state_holds_until_the_next() -> None:
    facts = facts_of(machine(), samples([(T0, "run"), (m(600), "stop")], through=m(700)))
    assert spans(facts) == [(T0, m(600), RUN), (m(600), m(700), UNPLANNED)]
    e = result_of(facts, planned(T0, m(800)), (T0, m(800)), until_us=m(800)).elements
    assert (e.no_data_us, e.unplanned_stop_us) == (0, 200 * MIN_US)


def test_s28_a_bad_value_is_not_used_and_proves_no_life() -> None:
    state = [(T0, "run"), (m(10), None), (m(20), "run")]
    facts = facts_of(machine(max_age_s=60), samples(state, alive=[(T0, m(30))]))
    assert spans(facts) == [(T0, m(11), RUN), (m(11), m(20), NO_DATA), (m(20), m(30), RUN)]


def test_s28_no_checkpoint_at_the_instant_of_a_bad_value() -> None:
    """Who starts there again would not see it."""
    state = [(T0, "run"), (m(15), None), (m(15.5), "run")]
    facts = facts_of(machine(max_age_s=60), samples(state, alive=[(T0, m(31.5))]))
    assert [round((c.at_us - T0) / MIN_US) for c in facts.checkpoints] == [30, 31]
