"""A line in a database behind its API, at times that the test sets: rows in, corrections, revisions out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from oee.api.app import create_app
from oee.api.corrections import correction_router
from oee.api.reports import ReportFormat
from oee.cli.web import json_report, linked_report
from oee.collect.importer import import_csv
from oee.compute.changes import Changes
from oee.compute.corrections import Corrections
from oee.compute.data_health import DataHealth
from oee.compute.evidence import Evidences
from oee.compute.health import Health
from oee.compute.queries import Results
from oee.compute.service import ComputeService
from oee.store.accounts import Accounts
from oee.store.database import Database
from oee.store.master import Master
from oee.web.routes import pages

DAY = "2026-03-02"
DAY_US = round(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * 1_000_000
PLANT = """
version: 1
plant: {id: acme, timezone: UTC, day_start: "06:00"}
calendars:
  default:
    shifts:
      early: {start: "06:00", end: "08:00", breaks: [{start: "07:00", end: "07:10"}]}
      late: {start: "08:00", end: "10:00"}
    week: {mon: [early, late]}
lines:
  line-1:
    calendar: default
    rollup: {method: constraint, machine: filler}
    machines:
      filler:
        ideal_cycle_s: 2
        min_stop_s: 10
        small_stop_max_s: 300
        signals:
          state: {profile: custom, map: {RUN: run, DOWN: unplanned_stop, WAIT: external_stop}}
          good: {counter: {}}
          fault: {reasons: {17: JAM}}
reasons:
  - {code: MECH, name: Mechanical, category: unplanned_stop, children: [{code: JAM, name: Jam}]}
  - {code: CLEAN, name: Cleaning, category: planned_stop}
  - {code: SETUP, name: Setting up, category: planned_stop, setup: true}
  - {code: SUPPLY, name: No material, category: external_stop}
  - {code: PAUSE, name: Pause, category: excluded}
"""
SHIFT = "/api/v1/lines/line-1/shifts/2026-03-02"


def at(clock: str) -> int:
    """µs of a time of day of `DAY`."""
    hours, minutes, *seconds = (int(x) for x in clock.split(":"))
    return DAY_US + ((hours * 60 + minutes) * 60 + sum(seconds)) * 1_000_000


def stamp(clock: str) -> str:
    """A time of day of `DAY` as the API takes and gives it."""
    return f"{DAY}T{clock if clock.count(':') == 2 else clock + ':00'}+00:00"


def stop_at(clock: str) -> str:
    """Id of the stop that starts at a time of day."""
    return f"line-1~filler~{at(clock)}"


class Corrected:
    """The plant, its clock, and its API."""

    def __init__(self, db: Database, folder: Path, now: str) -> None:
        self.db, self.folder, self.now_us = db, folder, at(now)
        self.key: str | None = None
        Master(db).apply(PLANT, None, DAY_US)
        self.restart()

    def restart(self) -> None:
        """A new process: nothing is remembered but the database."""
        self.compute = ComputeService(self.db, now_us=lambda: self.now_us)
        source, health = Results(self.db, lambda: self.now_us), DataHealth(self.db, lambda: self.now_us)
        self.app: FastAPI = create_app(
            source,
            Accounts(self.db),
            health=Health(self.db),
            data_health=health,
            changes=Changes(self.db),
            evidence=Evidences(self.db, lambda: self.now_us),
            reports={
                "json": ReportFormat("application/json", lambda r: json_report(source, health, r)),
                "html": ReportFormat("text/html", lambda r: linked_report(source, health, r)),
            },
            render_login=lambda next_path, error: "",
            writing=[correction_router(source, Corrections(self.db, lambda: self.now_us))],
            pages=[pages(lambda _request: source, health)],
        )

    def rows(self, *rows: str) -> None:
        """Import rows of ``clock signal value``, and compute what is due."""
        file = self.folder / "rows.csv"
        told = [row.split() for row in rows]
        lines = [f"{stamp(clock)},filler,{signal},{value}" for clock, signal, value in told]
        file.write_text("\n".join(["ts,machine,signal,value", *lines]) + "\n", encoding="utf-8")
        report = import_csv(self.db, file, self.now_us, lambda _: None)
        assert report.rejected == 0
        self.compute.recompute()

    def ask(self, method: str, path: str, body: Any = None, status: int = 200, **params: str) -> Any:
        """Ask, expect a status, and compute what is due after a change."""
        answer = asyncio.run(self._answer(method, f"/api/v1{path}", body, params))
        assert answer.status_code == status, answer.text
        if status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
        elif method != "GET":
            self.compute.recompute()
        return answer.json()

    async def _answer(self, method: str, path: str, body: Any, params: dict[str, str] | None) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 1))
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
            return await client.request(method, path, json=body, params=params)

    def text(self, path: str) -> str:
        """A page or a report as it is."""
        answer = asyncio.run(self._answer("GET", path, None, None))
        assert answer.status_code == 200, answer.text
        return answer.text

    def say(self, stop: str, status: int = 200, **said: str | None) -> Any:
        return self.ask("PATCH", f"/stops/{stop}", said, status)

    def stops(self, start: str = "06:00", end: str = "10:00") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", "/stops", **self._range(start, end))["items"]
        return found

    def kpis(self, group_by: str = "shift") -> list[dict[str, Any]]:
        rows = self.ask("GET", "/kpis", **self._range("06:00", "10:00"), group_by=group_by)["items"]
        return [r for r in rows if r["elements"]["planned_busy_s"]]

    def shift(self, name: str) -> dict[str, Any]:
        return next(r for r in self.kpis() if r["shift"] == name)

    def intervals(self) -> list[tuple[str, str, str | None]]:
        found = self.ask("GET", "/lines/line-1/intervals", **{k: v for k, v in self._range().items() if k != "line"})
        return [(i["start"][11:19], i["category"], i["reason"]) for i in found["items"]]

    def revisions(self) -> list[tuple[str, int, str, str | None]]:
        """All revisions of the line's shifts: (shift, number, cause, author)."""
        with self.db.transaction() as conn:
            return conn.execute(
                b"SELECT i.name, r.revision, r.cause, r.author FROM result r JOIN shift_instance i USING (instance_id)"
                b" WHERE r.machine_id = 0 AND i.planned ORDER BY i.start_ts, r.revision"
            ).fetchall()

    def documents(self) -> dict[tuple[str, str | None, int], Any]:
        """What every revision says, by shift, machine and number."""
        with self.db.transaction() as conn:
            rows = conn.execute(
                b"SELECT i.name, m.id, r.revision, r.document FROM result r JOIN shift_instance i USING (instance_id)"
                b" LEFT JOIN machine m USING (machine_id) WHERE i.planned"
            ).fetchall()
        return {(name, machine, revision): document for name, machine, revision, document in rows}

    @staticmethod
    def _range(start: str = "06:00", end: str = "10:00") -> dict[str, str]:
        return {"line": "line-1", "from": stamp(start), "to": stamp(end)}


@contextmanager
def corrected(db: Database, folder: Path, *rows: str, now: str = "12:00") -> Iterator[Corrected]:
    """The plant with some rows, computed."""
    plant = Corrected(db, folder, now)
    plant.rows(*rows)
    yield plant
