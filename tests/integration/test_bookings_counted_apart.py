"""S-10, S-40, S-53: bookings of a line whose good parts another machine counts, in figures by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from main_job import module_database, oee, served

from oee.compute.service import ComputeService
from oee.store.database import Database
from oee.store.entries import lock_line_entries
from oee.store.master import Master

DAY = next(d for d in (datetime.now(UTC).date() - timedelta(days=n) for n in range(8, 15)) if d.weekday() == 0)
STATE = "state: {profile: custom, map: {RUN: run}}"
PLANT = f"""\
version: 1
plant: {{id: works, timezone: UTC, day_start: "06:00"}}
calendars:
  default:
    shifts: {{early: {{start: "06:00", end: "08:00"}}, late: {{start: "08:00", end: "10:00"}}}}
    week: {{mon: [early, late]}}
products: {{A: {{ideal_cycle_s: 2}}, B: {{ideal_cycle_s: 4}}}}
lines:
  apart:
    calendar: default
    rollup: {{method: constraint, machine: filler, count_good: packer}}
    machines:
      filler: {{signals: {{{STATE}, total: {{}}, reject: {{}}, product: {{}}}}}}
      packer: {{ideal_cycle_s: 2, signals: {{{STATE}, good: {{}}}}}}
  alone:
    calendar: default
    rollup: {{method: constraint, machine: press}}
    machines:
      press: {{products: {{A: {{}}}}, signals: {{{STATE}, good: {{}}}}}}
"""
ROWS = """\
06:00 filler state RUN
06:00 filler product A
07:00:30 filler product B
06:00 filler total 0
10:00 filler total 4800
06:00 filler reject 0
10:00 filler reject 480
06:00 packer state RUN
06:00 packer good 0
08:00 packer good 1200
10:00 packer good 1200
06:00 press state RUN
06:00 press good 0
06:01 press good 60
10:00 press good 60
"""
EARLY = {"date": str(DAY), "shift": "early"}


def clock(text: str) -> str:
    return f"{DAY}T{text if text.count(':') == 2 else text + ':00'}Z"


class Line:
    """The plant over HTTP, computed after every booking."""

    def __init__(self, client: httpx.Client, db: Database) -> None:
        self.client, self.db = client, db

    def book(self, status: int = 201, **said: object) -> dict[str, Any]:
        answer = self.client.post("/api/v1/bookings", json=said)
        assert answer.status_code == status, answer.text
        ComputeService(self.db).recompute()
        found: dict[str, Any] = answer.json()
        return found

    def counts(self, group_by: str, line: str = "apart", **more: str) -> list[tuple[object, ...]]:
        span = {"from": clock("06:00"), "to": clock("08:00"), "line": line, "group_by": group_by}
        items = self.client.get("/api/v1/kpis", params={**span, **more}).json()["items"]
        names = ("total_count", "good_count", "reject_count", "rework_count")
        return [(i["product"], *(i["elements"][n] for n in names)) for i in items]

    def explained(self, **more: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/api/v1/lines/apart/shifts/{DAY}/early/explain", params=more).json()
        return found


@pytest.fixture
def line(server: str, template: str, tmp_path: Path) -> Iterator[Line]:
    (tmp_path / "plant.yaml").write_text(PLANT, encoding="utf-8")
    rows = (row.split() for row in ROWS.splitlines())
    lines = ["ts,machine,signal,value", *(f"{clock(at)},{','.join(words)}" for at, *words in rows)]
    (tmp_path / "samples.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with module_database(server, template) as database:
        for words in (("apply", tmp_path / "plant.yaml"), ("import", tmp_path / "samples.csv"), ("recompute",)):
            done = oee(*words, database=database, data_dir=tmp_path)
            assert done.returncode == 0, done.stderr
        with served(database) as client, Database(database) as db:
            yield Line(client, db)


def test_s10_s40_a_booking_of_a_line_takes_parts_of_what_its_constraint_made_and_explains_itself(line: Line) -> None:
    """The packer knows no product: 10 a minute, A to 07:00:30 and B after it: 605 and 595, as the filler made them."""
    before = line.counts("product")
    assert before == [("A", 1210, 605, 121, 0), ("B", 1190, 595, 119, 0)]
    said = {"kind": "scrap", "line": "apart", **EARLY}
    assert "A, B" in line.book(422, **said, count=5)["detail"]
    assert "605 good parts of A" in line.book(422, **said, product="A", count=606)["detail"]
    told = line.book(**said, product="A", count=7)
    assert (told["machine"], told["product"], told["ts"][11:19]) == ("packer", "A", "07:00:30")
    line.book(**{**said, "kind": "rework"}, product="B", count=20)
    assert line.counts("product") == [("A", 1210, 598, 128, 0), ("B", 1190, 575, 119, 20)]
    assert [row[1:] for row in line.counts("hour")] == [
        (1200, 598, 122, 0),
        (1200, 575, 125, 20),
    ]  # five of A were made after 07:00
    assert [row[1:] for row in line.counts("shift", machine="packer")] == [(1200, 1173, 7, 20)]
    assert "598 good parts of A" in line.book(422, **said, product="A", count=599)["detail"]
    line.book(**said, product="A", count=598)
    assert line.counts("product") == [("A", 1210, 0, 726, 0), ("B", 1190, 575, 119, 20)]
    assert [row[1:] for row in line.counts("shift", machine="filler")] == [(2400, 2160, 240, 0)]


def test_s53_an_explanation_of_a_line_counted_apart_sums_with_what_was_booked(line: Line) -> None:
    line.book(kind="scrap", line="apart", **EARLY, product="A", count=7)
    line.book(kind="rework", line="apart", **EARLY, product="B", count=20)
    line.book(kind="scrap", line="apart", ts=clock("07:30"), machine="filler", product="B", count=3)
    for of in ({}, {"machine": "packer"}, {"machine": "filler"}):
        told = line.explained(**of)
        assert [s for s in told["sums"] if not s["equal"]] == []
        assert told["exact"]
    assert "filler: reject_count, all of it, and 27 booked on packer" in {s["of"] for s in line.explained()["sums"]}


def test_s10_a_booking_is_checked_up_to_its_instant_within_a_minute(line: Line) -> None:
    """One part a second from 06:00 on."""
    said = {"kind": "scrap", "line": "alone", "ts": clock("06:00:30")}
    assert "30 good parts of A" in line.book(422, **said, count=31)["detail"]
    line.book(**said, count=30)
    assert line.counts("shift", "alone")[0][1:] == (60, 30, 30, 0)
    assert "0 good parts of A" in line.book(422, **said, count=1)["detail"]


def test_s10_a_reversal_undoes_the_newest_that_says_the_same_and_lines_book_side_by_side(line: Line) -> None:
    said = {"line": "alone", **EARLY}
    first, second = (line.book(kind=kind, **said, count=3)["id"] for kind in ("scrap", "rework"))
    line.book(kind="scrap", **said, count=4)
    line.book(kind="scrap", line="alone", ts=clock("06:30"), count=3)
    with line.db.transaction() as conn:
        lock_line_entries(conn, Master(line.db).ids().line("apart"))
        back = [line.book(kind="reversal", **said, machine="press", product="A", count=3) for _ in range(2)]
    assert [b["booking"] for b in back] == [second, first]
    assert "no booking" in line.book(422, kind="reversal", **said, count=3)["detail"]
    assert line.counts("shift", "alone")[0][1:] == (60, 53, 7, 0)
