"""S-29: starved or blocked time is charged to the machine of the line that stood; availability is no matter of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rollup_fixture import HOUR_US, SHIFT, machine_result, output

from oee.kernels.culprits import charges
from oee.model import Category, Charge, Segment, Stop
from oee.report.pareto import LOSS_CATEGORIES, downtime, pareto_json
from oee.report.words import Names
from oee.store.documents import result_document, result_of

MIN_US = 60_000_000
RUN, DOWN, PLAN, WAIT, SMALL, NOTHING = (
    Category.RUN,
    Category.UNPLANNED_STOP,
    Category.PLANNED_STOP,
    Category.EXTERNAL_STOP,
    Category.SMALL_STOP,
    Category.NO_DATA,
)


def lane(*marks: tuple[int, int, Category], state: str | None = None) -> list[Segment]:
    """An hour of run with marked minutes."""
    out, cursor = [], 0
    for a, b, category in marks:
        out += [Segment(cursor * MIN_US, a * MIN_US, RUN), Segment(a * MIN_US, b * MIN_US, category, state)]
        cursor = b
    return [s for s in [*out, Segment(cursor * MIN_US, HOUR_US, RUN)] if s.start_us < s.end_us]


def charged(constraint: list[Segment], **others: list[Segment]) -> list[tuple[int, int, str]]:
    """Flow: depal, washer, filler (the constraint), capper, labeller."""
    order = ("depal", "washer", "filler", "capper", "labeller")
    lanes = {m: constraint if m == "filler" else others.get(m, lane()) for m in order}
    return [(c.start_us // MIN_US, c.end_us // MIN_US, c.machine) for c in charges("filler", lanes)]


def test_s29_waiting_is_charged_while_another_machine_stands_and_no_longer() -> None:
    waits = lane((10, 30, WAIT), (40, 50, DOWN))
    assert charged(waits, capper=lane((5, 20, DOWN), (45, 60, DOWN))) == [(10, 20, "capper")]
    assert charged(waits) == []
    assert charged(lane((10, 30, DOWN)), capper=lane((10, 30, DOWN))) == []


def test_s29_who_waits_himself_or_is_unknown_is_no_culprit() -> None:
    waits = lane((10, 30, WAIT))
    assert charged(waits, capper=lane((10, 30, WAIT)), labeller=lane((10, 30, DOWN))) == [(10, 30, "labeller")]
    assert charged(waits, capper=lane((10, 30, NOTHING))) == []


@pytest.mark.parametrize(
    ("others", "culprit"),
    [
        ({"washer": DOWN, "capper": PLAN}, "washer"),
        ({"depal": DOWN, "capper": SMALL}, "depal"),
        ({"depal": PLAN, "capper": SMALL}, "depal"),
        ({"depal": DOWN, "capper": DOWN}, "capper"),
        ({"washer": DOWN, "capper": DOWN}, "washer"),
    ],
)
def test_s29_of_several_it_is_the_failed_one_then_the_nearest_then_upstream(
    others: dict[str, Category], culprit: str
) -> None:
    lanes = {m: lane((0, 60, category)) for m, category in others.items()}
    assert charged(lane((10, 30, WAIT)), **lanes) == [(10, 30, culprit)]


def test_s29_the_culprit_may_change_within_a_stop() -> None:
    found = charged(lane((10, 40, WAIT)), washer=lane((15, 25, DOWN)), capper=lane((5, 35, PLAN)))
    assert found == [(10, 15, "capper"), (15, 25, "washer"), (25, 35, "capper")]


@pytest.mark.parametrize(("state", "culprit"), [("Lack", "depal"), ("Tailback", "capper"), ("Suspended", "capper")])
def test_s29_only_the_side_that_the_state_tells_is_asked(state: str, culprit: str) -> None:
    waits = lane((10, 30, WAIT), state=state)
    assert charged(waits, depal=lane((0, 60, DOWN)), capper=lane((0, 60, DOWN))) == [(10, 30, culprit)]


def test_s29_the_pareto_names_the_machine_and_sums_to_the_stops() -> None:
    segments = tuple(lane((10, 30, WAIT), (40, 46, DOWN)))
    stops = (
        Stop(10 * MIN_US, 30 * MIN_US, WAIT, None, 20 * MIN_US, 20 * MIN_US),
        Stop(40 * MIN_US, 46 * MIN_US, DOWN, "JAM", 6 * MIN_US, 6 * MIN_US),
    )
    segments = tuple(replace(s, reason="JAM") if s.category is DOWN else s for s in segments)
    base = machine_result("filler", output(1, 100, 100, 0))
    result = replace(
        base,
        window=replace(base.window, segments=segments, stops=stops),
        charges=(Charge(10 * MIN_US, 25 * MIN_US, "capper"),),
    )
    names, machines = Names({"JAM": "Jam"}, {"JAM": "Jam"}, {}), {"capper": "Capper 2"}
    rows = pareto_json(result, names, machines)
    assert [(r["label"], r["machine"], r["s"], r["stops"]) for r in rows] == [
        ("Starved or blocked: Capper 2", "capper", 900.0, 1),
        ("Jam", None, 360.0, 1),
        ("Starved or blocked", None, 300.0, 0),
    ]
    assert sum(r["share"] for r in rows) == pytest.approx(1)
    table = downtime(result, names, machines, LOSS_CATEGORIES)
    assert [(d.reason, d.count, d.tenths) for d in table.top] == [
        ("Starved or blocked: Capper 2", 1, 150),
        ("Jam", 1, 60),
        ("Starved or blocked", 0, 50),
    ]
    kept = result_of(
        result_document(result), result_id="", status="live", revision=None, computed_us=0, definition="", cause=""
    )
    assert kept.charges == result.charges
    assert kept.instance == SHIFT
