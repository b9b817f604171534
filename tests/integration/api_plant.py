"""A small plant in a database, served: what the API is asked in tests of its whole surface."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from main_job import module_database

from oee.collect.importer import import_csv
from oee.compute.service import ComputeService, clock_us
from oee.store.database import Database
from oee.store.master import Master

ZONE = ZoneInfo("Europe/Budapest")
# A Tuesday of the last ten days: all shifts from the first row to now are computed, and none of them is the test's.
DAY = next(d for d in (datetime.now(ZONE).date() - timedelta(days=n) for n in range(3, 10)) if d.weekday() == 1)
_NEXT = DAY + timedelta(days=1)

PLANT = """\
version: 1
plant: {id: works, name: Works, timezone: Europe/Budapest, day_start: "06:00"}
calendars:
  default:
    shifts:
      early: {start: "06:00", end: "14:00", breaks: [{start: "10:00", end: "10:20", name: Break}]}
      late: {start: "14:00", end: "22:00"}
    week: {mon: [early, late], tue: [early, late], wed: [early, late], thu: [early, late], fri: [early, late]}
  never:
    shifts: {early: {start: "06:00", end: "14:00"}}
    week: {}
products:
  A: {name: Cola, ideal_cycle_s: 5, unit: bottle}
  B: {name: Lemon, ideal_cycle_s: 6, unit: bottle}
lines:
  pressing:
    calendar: default
    rollup: {method: constraint, machine: press}
    targets: {oee: 0.75}
    machines:
      press:
        signals:
          state: {profile: custom, map: {RUN: run, FAULT: unplanned_stop, SETUP: planned_stop}}
          good: {counter: {}}
          reject: {counter: {}}
          product: {}
          order: {}
  pool:
    calendar: default
    rollup: {method: pooled}
    machines:
      one: {ideal_cycle_s: 5, signals: {state: {profile: custom, map: {RUN: run}}, good: {counter: {}}}}
      two: {ideal_cycle_s: 5, signals: {state: {profile: custom, map: {RUN: run}}, good: {counter: {}}}}
  silent:
    calendar: default
    rollup: {method: constraint, machine: ghost}
    machines:
      ghost: {ideal_cycle_s: 5, signals: {state: {profile: custom, map: {RUN: run}}, good: {counter: {}}}}
  idle:
    calendar: never
    rollup: {method: constraint, machine: rest}
    machines:
      rest: {ideal_cycle_s: 5, signals: {state: {profile: custom, map: {RUN: run}}, good: {counter: {}}}}
"""
ROWS = (
    ("06:00", "press", "state", "RUN"),
    ("06:00", "press", "good", "0"),
    ("06:00", "press", "reject", "0"),
    ("06:00", "press", "product", "A"),
    ("06:00", "press", "order", "4711"),
    ("07:10", "press", "state", "FAULT"),
    ("07:22", "press", "state", "RUN"),
    ("09:00", "press", "good", "900"),
    ("09:00", "press", "reject", "30"),
    ("09:00", "press", "product", "B"),
    ("09:00", "press", "order", "4712"),
    ("11:00", "press", "state", "SETUP"),
    ("11:20", "press", "state", "RUN"),
    ("14:00", "press", "good", "2500"),
    ("14:00", "press", "reject", "60"),
    ("06:00", "one", "state", "RUN"),
    ("06:00", "one", "good", "0"),
    ("14:00", "one", "good", "4000"),
    ("14:00", "one", "state", "RUN"),
)


def local(clock: str) -> str:
    """A time of day of `DAY`, as the API takes it."""
    return datetime.combine(DAY, time.fromisoformat(clock), ZONE).isoformat()


def next_day(clock: str) -> str:
    """A time of day of the day after `DAY`, as the API takes it."""
    return datetime.combine(_NEXT, time.fromisoformat(clock), ZONE).isoformat()


@contextmanager
def plant_database(server: str, template: str, folder: Path) -> Iterator[str]:
    """A database with the plant and a day's samples in it, all computed; yields its conninfo."""
    with module_database(server, template) as conninfo:
        file = folder / "day.csv"
        rows = [f"{local(at)},{machine},{signal},{value}" for at, machine, signal, value in ROWS]
        file.write_text("\n".join(["ts,machine,signal,value", *rows]) + "\n", encoding="utf-8")
        with Database(conninfo) as db:
            Master(db).apply(PLANT, None, clock_us())
            report = import_csv(db, file, clock_us(), print)
            assert (report.new, report.rejected) == (len(ROWS), 0)
            ComputeService(db, clock_us).recompute()
        yield conninfo
