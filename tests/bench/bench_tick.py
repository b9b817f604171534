"""What a live tick costs, 1 h to 8 h into a shift: it should follow the new samples, not the length of the shift."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from oee.compute.interpreter import interpret_dirty
from oee.compute.service import ComputeService
from oee.spool.records import SpoolAlive, SpoolSample
from oee.store.database import Database
from oee.store.embedded import embedded_server
from oee.store.master import Master
from oee.store.migrate import upgrade
from oee.store.samples import SampleStore

S_US = 1_000_000
HOUR_US = 3600 * S_US
START_US = round(datetime(2026, 3, 2, 6, tzinfo=UTC).timestamp()) * S_US
HOURS = (1, 2, 4, 8)
TICK_S, TICKS = 2, 25
BAD = 0x80000000
KINDS = ("running", "standing", "bad")
_LINE = """  {0}:
    calendar: day
    machines:
      {0}:
        ideal_cycle_s: 1
        signals:
          state: {{connector: {0}, address: "holding:0", type: uint16, profile: packml}}
          total: {{connector: {0}, address: "holding:2", type: uint32}}
"""
PLANT = f"""version: 1
plant: {{id: p, timezone: UTC}}
calendars: {{day: {{shifts: {{day: {{start: "06:00", end: "18:00"}}}}, week: {{mon: [day]}}}}}}
connectors: {{{", ".join(f"{kind}: {{kind: modbus, host: 127.0.0.1}}" for kind in KINDS)}}}
lines:
{"".join(map(_LINE.format, KINDS))}"""


def run(conninfo: str) -> list[tuple[str, float, str]]:
    """Three lines of one machine: running by exception with short stops, standing and Bad since the start.

    The counters of all of them move each second. Return (name, figure, unit).
    """
    rows = []
    with Database(conninfo) as db:
        Master(db).apply(PLANT, None, START_US)
        plant, through = _Plant(db), START_US
        for hours in HOURS:
            until = START_US + hours * HOUR_US
            plant.write(KINDS, through, until)
            plant.tick(until)
            plant.tick(until)  # a run may leave its newest checkpoint to the next
            told: dict[str, list[tuple[float, float]]] = {kind: [] for kind in (*KINDS, "live")}
            for through in range(until, until + TICKS * TICK_S * S_US, TICK_S * S_US):
                for kind in KINDS:
                    plant.write((kind,), through, through + TICK_S * S_US)
                    told[kind].append(plant.interpret(through + TICK_S * S_US))
                told["live"].append(plant.tick(through + TICK_S * S_US))
            through = until + TICKS * TICK_S * S_US
            rows += _rows(hours, told)
    return rows


def _rows(hours: int, told: dict[str, list[tuple[float, float]]]) -> Iterator[tuple[str, float, str]]:
    """Medians; of the live results the processor time of this process as well, which no neighbour makes longer."""
    for kind in KINDS:
        yield f"interpret, {kind}, {hours} h", statistics.median(wall for wall, _ in told[kind]) * 1e3, "ms"
    for name, times in zip(("", ", processor"), zip(*told["live"], strict=True), strict=True):
        yield f"live results of three lines, {hours} h{name}", statistics.median(times) * 1e3, "ms"


def main() -> None:
    """Measure against a durable server of its own."""
    folder = Path(tempfile.mkdtemp(prefix="oee-bench-"))
    folder.chmod(0o711)  # the server runs as another user where the bench runs as root
    try:
        with embedded_server(folder, announce=print) as conninfo:
            upgrade(conninfo)
            for name, figure, unit in run(conninfo):
                print(f"{name:<52} {figure:>8.1f} {unit}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Plant:
    """The plant in a database, with a clock of its own."""

    def __init__(self, database: Database) -> None:
        self._database, self._store, self._now_us = database, SampleStore(database), START_US
        self._service = ComputeService(database, now_us=lambda: self._now_us)

    def write(self, kinds: tuple[str, ...], from_us: int, to_us: int) -> None:
        """One batch of what collectors see from one instant to another."""
        samples = [s for kind in kinds for s in _samples(kind, from_us, to_us)]
        alive = [SpoolAlive(kind, from_us, to_us, (f"{kind}/{kind}",)) for kind in kinds]
        self._store.write(samples, alive)

    def interpret(self, now_us: int) -> tuple[float, float]:
        """Interpret what is new; return the time that it took: by the clock, and of this process's processor [s]."""
        begin, busy = time.perf_counter(), time.process_time()
        interpret_dirty(self._database, self._service.master, now_us)
        return time.perf_counter() - begin, time.process_time() - busy

    def tick(self, now_us: int) -> tuple[float, float]:
        """Do what is due; return the same."""
        self._now_us = now_us
        begin, busy = time.perf_counter(), time.process_time()
        self._service.tick(close=False)
        return time.perf_counter() - begin, time.process_time() - busy


def _samples(kind: str, from_us: int, to_us: int) -> Iterator[SpoolSample]:
    key = f"{kind}/{kind}"
    first = from_us == START_US
    if first:
        yield SpoolSample(f"{key}/state", START_US, "6" if kind != "standing" else "11", 0)
    if first and kind == "bad":
        yield SpoolSample(f"{key}/state", START_US + 10 * S_US, None, BAD)
    for t in range(from_us + S_US, to_us + S_US, S_US):
        second = (t - START_US) // S_US
        stands = kind == "running" and second % 240 in range(200, 220)
        if kind == "running" and second % 240 in (200, 220):
            yield SpoolSample(f"{key}/state", t, "11" if stands else "6", 0)
        if not stands:
            yield SpoolSample(f"{key}/total", t, second, 0)


if __name__ == "__main__":
    main()
