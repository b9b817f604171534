"""A small plant with a line in each condition, half a day of history, and the service over both as users run it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from main_job import iso, oee
from service_process import ServiceProcess

from oee.compute.service import ComputeService
from oee.spool import SpoolAlive, SpoolGap
from oee.store.database import Database
from oee.store.samples import SampleStore

STEP_MIN = 2
SHIFT_MIN = 480
STATE = "state: {profile: custom, map: {RUN: run, FAULT: unplanned_stop, WAIT: external_stop}}"
LINES = ("filling", "pressing", "bottling", "picking", "spare")
"""Two products and all that may happen; pooled; counted by several machines; teams, and running now; without data."""
LIVE = "picking"
PLANT = f"""\
version: 1
plant: {{id: works, name: Works North, timezone: UTC, day_start: "EARLY"}}
calendars:
  default:
    shifts: {{early: {{start: "EARLY", end: "LATE"}}, late: {{start: "LATE", end: "NIGHT", breaks: [BREAK]}},
      night: {{start: "NIGHT", end: "EARLY"}}}}
    week: {{mon: [ALL], tue: [ALL], wed: [ALL], thu: [ALL], fri: [ALL], sat: [ALL], sun: [ALL]}}
  teams:
    shifts: {{early: {{start: "EARLY", end: "LATE"}}, late: {{start: "LATE", end: "NIGHT"}},
      night: {{start: "NIGHT", end: "EARLY"}}}}
    rotation: {{anchor: 2026-01-05, days: [[early], [late], [night]], teams: {{Amber: 0, Blue: 1, Coral: 2}}}}
products:
  A: {{name: Orange juice 1 L, ideal_cycle_s: 5}}
  B: {{name: Iced tea 1 L, ideal_cycle_s: 4}}
lines:
  filling:
    name: Filling 1
    calendar: default
    targets: {{oee: 0.75, availability: 0.9, performance: 0.95, quality: 0.99}}
    machines:
      filler:
        products: {{A: {{}}, B: {{}}}}
        max_age_s: 60
        signals:
          state: {{profile: packml}}
          fault: {{reasons: {{17: JAM}}}}
          product: {{}}
          good: {{counter: {{max_rate_per_s: 5}}}}
          reject: {{}}
  pressing:
    name: Pressing
    calendar: default
    rollup: {{method: pooled}}
    targets: {{oee: 0.5}}
    machines:
      p1: {{ideal_cycle_s: 5, max_age_s: 60, signals: {{{STATE}, good: {{}}, reject: {{}}}}}}
      p2: {{ideal_cycle_s: 10, max_age_s: 60, signals: {{{STATE}, good: {{}}, reject: {{}}}}}}
  bottling:
    name: Bottling
    calendar: default
    rollup: {{method: constraint, machine: capper, count_total: depal, count_good: packer, count_reject: checker}}
    machines:
      depal: {{ideal_cycle_s: 4, signals: {{{STATE}, total: {{}}}}}}
      capper: {{ideal_cycle_s: 5, max_age_s: 60, signals: {{{STATE}, total: {{}}}}}}
      checker: {{ideal_cycle_s: 4, signals: {{{STATE}, total: {{}}, reject: {{}}}}}}
      packer: {{ideal_cycle_s: 4, signals: {{{STATE}, total: {{}}}}}}
  picking:
    name: Picking
    calendar: teams
    machines: {{robot: {{ideal_cycle_s: 5, signals: {{{STATE}, good: {{}}, reject: {{}}}}}}}}
  spare:
    name: Spare line
    calendar: default
    machines: {{idler: {{ideal_cycle_s: 5, signals: {{{STATE}, good: {{}}, reject: {{}}}}}}}}
reasons:
  - {{code: MECH, name: Mechanical, category: unplanned_stop, children: [{{code: JAM, name: Label jam}}]}}
"""

Row = tuple[float, str, str, object]
"""Minutes since the start of the shift before, machine, signal, value."""
Stop = tuple[int, int, str]
"""From, to [min], the state meanwhile."""


@dataclass(frozen=True)
class Shifts:
    """The running shift and the one before [µs UTC]: eight hours each, neither starts nor ends during a test."""

    names: tuple[str, str]
    starts_us: tuple[int, int]
    dates: tuple[str, str]


@dataclass
class Works:
    """The plant as it runs: its database, its service, its shifts."""

    database: str
    service: ServiceProcess
    shifts: Shifts
    folder: Path

    def report_path(self, line: str, nth: int = 0) -> str:
        """Where a shift's report stands: of the one before (0), of the running one (1)."""
        return f"/lines/{line}/shifts/{self.shifts.dates[nth]}/{self.shifts.names[nth]}"

    def import_rows(self, rows: Sequence[tuple[datetime, str, str, object]]) -> None:
        """Import rows."""
        import_rows(self.folder, self.database, [(at.isoformat(), *row) for at, *row in rows])

    def compute(self) -> None:
        """Compute once what is due; what is live then stands for some seconds."""
        with Database(self.database) as db:
            ComputeService(db).tick()


@contextmanager
def running_works(database: str, folder: Path) -> Iterator[Works]:
    """Apply the plant, import its history, compute, serve."""
    now = datetime.now(UTC)
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=4)
    before = start - timedelta(minutes=SHIFT_MIN)
    (folder / "plant.yaml").write_text(_plant_text(start), encoding="utf-8")
    do(folder, database, "apply", folder / "plant.yaml")
    for rows in history(int((now - before).total_seconds() // 60)):
        told = [((before + timedelta(minutes=at)).isoformat(), *row) for at, *row in rows]
        import_rows(folder, database, told)
    _lose_connection(database, before)
    do(folder, database, "recompute")
    with Database(database) as db:
        ComputeService(db).tick()
    with ServiceProcess(folder, database) as service:
        yield Works(database, service, _shifts(service, before, start), folder)


def do(folder: Path, database: str, *words: str | Path) -> None:
    """Run a command that must succeed."""
    done = oee(*words, database=database, data_dir=folder)
    assert done.returncode == 0, done.stderr


def import_rows(folder: Path, database: str, rows: Sequence[tuple[object, ...]]) -> None:
    file = folder / "samples.csv"
    lines = [",".join(map(str, row)) for row in rows]
    file.write_text("\n".join(["ts,machine,signal,value", *lines]) + "\n", encoding="utf-8")
    done = oee("import", file, database=database, data_dir=folder)
    assert "rejected 0" in done.stdout, (done.stdout, done.stderr)


def _plant_text(start: datetime) -> str:
    """Give the shifts their times: the running one began at ``start``."""
    first = start.hour % 8
    hours = {name: f"{first + 8 * n:02}:00" for n, name in enumerate(("EARLY", "LATE", "NIGHT"))}
    pause = f'{{start: "{first + 10:02}:00", end: "{first + 10:02}:20", name: Lunch}}'
    text = PLANT.replace("[BREAK]", f"[{pause}]").replace("[ALL]", "[early, late, night]")
    for name, clock in hours.items():
        text = text.replace(f'"{name}"', f'"{clock}"')
    return text


def _shifts(service: ServiceProcess, before: datetime, start: datetime) -> Shifts:
    us = tuple(int(at.timestamp()) * 1_000_000 for at in (before, start))
    window = {"line": LINES[0], "from": iso(us[0]), "to": iso(us[1] + 1)}
    found = service.get("/api/v1/shifts", **window)["items"]
    here = [s for at in us for s in found if datetime.fromisoformat(s["start"]).timestamp() * 1e6 == at]
    names, dates = zip(*((s["shift"], s["production_date"]) for s in here), strict=True)
    return Shifts(names, (us[0], us[1]), dates)


def _lose_connection(database: str, before: datetime) -> None:
    """The collector knew that it could not reach the filler."""
    from_us, to_us = (int((before + timedelta(minutes=m)).timestamp()) * 1_000_000 for m in GAP)
    machines = ("filling/filler",)
    life = [SpoolAlive("plc", to_us, to_us + 1, machines)]
    with Database(database) as db:
        SampleStore(db).write([], life, [SpoolGap("plc", from_us, machines, "connection lost")])


GAP = (340, 352)
RESET = 300
CHANGEOVER = (180, 200)
FILLER_STOPS: list[Stop] = [(0, 5, "2"), (60, 78, "10"), (120, 135, "10"), (*CHANGEOVER, "2"), (400, 402, "10")]
FILLER_STOPS += [(SHIFT_MIN + at, SHIFT_MIN + to, state) for at, to, state in [(30, 32, "10"), (60, 76, "10")]]
FAULTS: list[Row] = [(60, "filler", "fault", "17"), (78, "filler", "fault", "0")]
PRODUCTS: list[Row] = [(0, "filler", "product", "A"), (190, "filler", "product", "B")]


def history(until_min: int) -> Iterator[list[Row]]:
    """All rows, in two files: between them nobody proves the filler's life."""
    rows = made("filler", FILLER_STOPS, {"good": 20, "reject": 1}, until_min, ("6", RESET)) + FAULTS + PRODUCTS
    rows += made("p1", [(40, 100, "FAULT"), (500, 530, "WAIT")], {"good": 20, "reject": 2}, until_min)
    rows += made("p2", [(300, 310, "FAULT")], {"good": 10, "reject": 0}, until_min)
    rows += made("depal", [], {"total": 24}, until_min) + made("capper", [(90, 110, "WAIT")], {"total": 22}, until_min)
    rows += made("checker", [], {"total": 22, "reject": 1}, until_min) + made("packer", [], {"total": 18}, until_min)
    rows += made("robot", [(200, 230, "FAULT"), (600, 604, "WAIT")], {"good": 21, "reject": 1}, until_min)
    rows.sort(key=lambda row: row[0])
    yield [row for row in rows if row[0] <= GAP[0]]
    yield [row for row in rows if row[0] >= GAP[1]]


def made(
    machine: str, stops: Sequence[Stop], per_step: dict[str, int], until_min: int, how: tuple[str, int] = ("RUN", -1)
) -> list[Row]:
    """One machine's states and counters: parts rise evenly while it runs; at ``how[1]`` minutes counters start anew."""
    running, reset = how
    rows: list[Row] = [(0, machine, "state", running)]
    for at, to, state in stops:
        rows += [(at + (at == 0) / 60, machine, "state", state), (to, machine, "state", running)]
    counts = dict.fromkeys(per_step, 1000)
    for at in range(0, until_min + 1, STEP_MIN):
        counts = dict.fromkeys(counts, 0) if at == reset else counts
        rows += [(at, machine, signal, count) for signal, count in counts.items()]
        if not any(begin <= at < end for begin, end, _ in stops):
            counts = {signal: count + per_step[signal] for signal, count in counts.items()}
    return rows
