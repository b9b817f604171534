"""The same worked examples by the way that a plant takes: one plant of a line per case, one import, one recompute.

The adapters and readers are those of `test_vectors.py`: what the API answers has to be what the pure engine gave.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from adapters import example
from golden_case import Case
from imported_fixture import Imported, imported
from main_job import iso, module_database
from vector_answers import ALL, INAPPLICABLE, VECTORS, check

NOT_WRITTEN = {
    "TL-UMH-NOSHIFT-noshift-before-stop": "shifts of a plant file start at whole minutes (S-30), these do not",
    "TL-UMH-NOSHIFT-many-noshifts-one-stop": "as above",
}
"""Vectors that no plant file can write, and why."""
CALENDARS = {v for v in ALL if VECTORS[v]["kind"] == "calendar"}
"""They have no machine; `oee shifts` has tests of its own."""
DST = {"EDGE-09": "spring", "EDGE-10": "autumn"}
"""In a zone of their own, in a plant of their own."""
EXAMPLES = {v: example(VECTORS[v]) for v in sorted(ALL - INAPPLICABLE.keys() - NOT_WRITTEN.keys() - CALENDARS)}
LINES: dict[str, list[str]] = {v: [f"{v.lower()}.{n}" for n in range(len(e.cases))] for v, e in EXAMPLES.items()}


def _cases(*vectors: str) -> dict[str, Case]:
    return {line: case for v in vectors for line, case in zip(LINES[v], EXAMPLES[v].cases, strict=True)}


@pytest.fixture(scope="module")
def plant(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    cases = _cases(*(v for v in EXAMPLES if v not in DST))
    with (
        module_database(server, template) as database,
        imported(cases, database, tmp_path_factory.mktemp("golden")) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def berlin(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    with (
        module_database(server, template) as database,
        imported(_cases(*DST), database, tmp_path_factory.mktemp("berlin")) as found,
    ):
        yield found


def _asked(plant: Imported, vector_id: str) -> None:
    vector = VECTORS[vector_id]
    segments = vector["kind"] == "timeline_states"
    told = [answer for line in LINES[vector_id] for answer in plant.answers(line, segments=segments)]
    check(vector, EXAMPLES[vector_id].read(told), partly=True)


@pytest.mark.parametrize("vector_id", [v for v in EXAMPLES if v not in {*DST, "EDGE-27"}])
def test_imported_vector(plant: Imported, vector_id: str) -> None:
    _asked(plant, vector_id)


@pytest.mark.parametrize("vector_id", DST)
def test_imported_night_of_the_clocks(berlin: Imported, vector_id: str) -> None:
    _asked(berlin, vector_id)


@pytest.mark.parametrize("vector_id", ["EDGE-27"])
def test_late_scrap_goes_to_the_shift_that_made_it(plant: Imported, vector_id: str) -> None:
    """S-10, S-51: a booking revises the shift that made the parts, whichever shift is at work."""
    given, want = VECTORS[vector_id]["inputs"], VECTORS[vector_id]["expected"]
    (line,) = LINES[vector_id]
    first, _ = items = _shifts(plant, line)
    assert [(i["quality"], i["revision"]) for i in items] == [(1.0, 1), (1.0, 1)]
    booking = {
        "kind": "scrap",
        "line": line,
        "machine": "m",
        "date": first["production_date"],
        "shift": first["shift"],
        "count": given["late_scrap_for_shift1"],
    }
    answer = plant.client.post("/api/v1/bookings", json=booking)
    if answer.status_code == 501:
        pytest.skip("POST /api/v1/bookings is not part of this version")
    assert answer.status_code == 201, answer.text
    plant.recompute()
    first, second = _shifts(plant, line)
    assert (first["quality"], first["revision"]) == (want["shift1_q"], want["revision"])
    assert (second["quality"], second["revision"]) == (want["shift2_q"], 1)
    assert "corrected" in first["flags"]


def test_every_vector_is_imported_or_listed() -> None:
    assert EXAMPLES.keys() | NOT_WRITTEN.keys() | CALENDARS | INAPPLICABLE.keys() == ALL
    assert len(CALENDARS) == 7


def _shifts(plant: Imported, line: str) -> list[dict[str, object]]:
    start, end = plant.window_us(line, 0)[0], plant.window_us(line, 1)[1]
    query = {"line": line, "from": iso(start), "to": iso(end), "group_by": "shift"}
    items = plant.client.get("/api/v1/kpis", params=query).raise_for_status().json()["items"]
    return [i for i in items if not i["shift"].startswith("off")]
