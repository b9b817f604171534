"""Two lines with a week of history in a database, served: what master data are written over in tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from main_job import module_database, served

from oee.collect.importer import import_csv
from oee.compute.service import ComputeService, clock_us
from oee.store.database import Database
from oee.store.master import Master

# The Monday of last week: every shift of its first days is over and final.
MONDAY = datetime.now(UTC).date() - timedelta(days=datetime.now(UTC).weekday() + 7)
PLANT = """\
version: 1
plant: {id: works, timezone: UTC, day_start: "06:00"}
calendars:
  default:
    shifts:
      early: {start: "06:00", end: "14:00", breaks: [{start: "10:00", end: "10:20"}]}
      late: {start: "14:00", end: "22:00"}
    week: {mon: [early, late], tue: [early, late], wed: [early, late], thu: [early, late], fri: [early, late]}
  other:
    shifts: {early: {start: "06:00", end: "14:00"}}
    week: {mon: [early], tue: [early]}
products:
  A: {name: Cola, ideal_cycle_s: 20, unit: bottle}
lines:
  one:
    calendar: default
    targets: {oee: 0.75}
    machines:
      filler:
        signals: {state: {profile: custom, map: {RUN: run, STOP: unplanned_stop}}, good: {counter: {}}, product: {}}
  two:
    calendar: other
    targets: {oee: 0.5}
    machines:
      capper:
        ideal_cycle_s: 30
        signals: {state: {profile: custom, map: {RUN: run, STOP: unplanned_stop}}, good: {counter: {}}}
"""


def day(n: int) -> str:
    """The n-th date of the week, Monday first."""
    return (MONDAY + timedelta(days=n)).isoformat()


def rows(days: int) -> str:
    """Both machines make a part a minute around the clock; the filler makes A, and stands from 13:55 to 14:02 UTC."""
    out = ["ts,machine,signal,value"]
    for machine in ("filler", "capper"):
        out.append(f"{day(0)}T05:00:00Z,{machine},state,RUN")
        out += [f"{day(0)}T05:00:00Z,filler,product,A"] if machine == "filler" else []
        count = 0
        for n in range(days):
            if machine == "filler":
                out += [f"{day(n)}T13:55:00Z,filler,state,STOP", f"{day(n)}T14:02:00Z,filler,state,RUN"]
            for hour in range(5 if n == 0 else 0, 24):
                stood = 7 if machine == "filler" and hour in (13, 14) else 0
                out.append(f"{day(n)}T{hour:02}:00:00Z,{machine},good,{count}")
                count += 60 - stood
    return "\n".join(out) + "\n"


def computed(database: Database) -> None:
    """Compute all that is due."""
    ComputeService(database).recompute()


@contextmanager
def master_plant(server: str, template: str, folder: Path, days: int = 3) -> Iterator[tuple[str, httpx.Client]]:
    """The plant, its history computed: the address of its database and a client of its API."""
    with module_database(server, template) as conninfo:
        with Database(conninfo) as db:
            Master(db).apply(PLANT, None, clock_us())
            (folder / "week.csv").write_text(rows(days))
            import_csv(db, folder / "week.csv", clock_us(), print)
            computed(db)
        with served(conninfo) as client:
            yield conninfo, client


def revisions(client: httpx.Client) -> dict[tuple[str, str, str], list[tuple[int, str, str | None]]]:
    """All revisions of the lines' shifts: number, cause and author, oldest first, by (line, date, shift)."""
    found: dict[tuple[str, str, str], list[tuple[int, str, str | None]]] = {}
    answer = client.get("/api/v1/revisions", params={"limit": 1000}).json()
    for item in answer["items"]:
        if item["machine"] is None:
            key = item["line"], item["production_date"], item["shift"]
            found.setdefault(key, []).append((item["revision"], item["cause"], item["author"]))
    return found
