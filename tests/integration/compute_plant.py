"""One line in a real database: spool records written in batches, a service ticking at times that the test sets."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from oee.compute.queries import Results
from oee.compute.service import ComputeService
from oee.spool.records import SpoolAlive, SpoolSample
from oee.store.database import Database
from oee.store.master import Master
from oee.store.samples import SampleStore

S_US = 1_000_000
MIN_US = 60 * S_US
HOUR_US = 60 * MIN_US
BAD = 0x80000000
FILLER, CAPPER = "bottling/filler", "bottling/capper"
DAY_US = round(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * S_US

PLANT = """
version: 1
plant: {id: acme, timezone: UTC, day_start: "06:00"}
calendars:
  default:
    shifts:
      early: {start: "06:00", end: "08:00", breaks: [{start: "07:00", end: "07:10"}]}
      late: {start: "08:00", end: "10:00"}
      third: {start: "10:00", end: "12:00"}
    week: {mon: [early, late, third], tue: [early, late, third]}
connectors:
  plc: {kind: modbus, host: 127.0.0.1, port: 5020}
lines:
  bottling:
    calendar: default
    rollup: {method: constraint, machine: filler}
    machines:
      filler:
        ideal_cycle_s: 2
        max_age_s: 60
        reject_source: counter
        signals:
          state: {connector: plc, address: "holding:40001", type: uint16, profile: packml}
          total: {connector: plc, address: "holding:40003", type: uint32,
                  counter: {modulus: 65536, max_rate_per_s: 3, glitch_tolerance: 5}}
          reject: {connector: plc, address: "holding:40005", type: uint32, counter: {}}
          fault: {connector: plc, address: "holding:40007", type: uint16, reasons: {17: JAM}}
      capper:
        ideal_cycle_s: 3
        signals:
          state: {connector: plc, address: "coil:0", profile: custom, map: {true: run, false: unplanned_stop}}
          good: {connector: plc, address: "holding:40011", type: uint32, counter: {}}
reasons:
  - {code: JAM, name: Jam, category: unplanned_stop}
policies: {lateness_s: 900}
"""


def clock(text: str) -> int:
    """µs of a time of day on the plant's Monday."""
    hours, minutes, *seconds = (int(x) for x in text.split(":"))
    return DAY_US + hours * HOUR_US + minutes * MIN_US + sum(seconds) * S_US


Record = SpoolSample | SpoolAlive


def sample(key: str, ts_us: int, value: float | bool | str | None) -> SpoolSample:
    return SpoolSample(key, ts_us, value, 0 if value is not None else BAD)


def alive(start_us: int, end_us: int, *machines: str) -> SpoolAlive:
    return SpoolAlive("plc", start_us, end_us, machines or (FILLER, CAPPER))


def arrival_us(record: Record) -> int:
    return record.through_us if isinstance(record, SpoolAlive) else record.ts_us


class Plant:
    """The plant above in a database, with a clock of its own."""

    def __init__(self, database: Database, source: str = PLANT) -> None:
        self.database = database
        self.now_us = DAY_US
        Master(database).apply(source, None, DAY_US)
        self.store = SampleStore(database)
        self.service = self.restart()

    def restart(self) -> ComputeService:
        """A new process: nothing is remembered but the database."""
        self.service = ComputeService(self.database, now_us=lambda: self.now_us)
        self.results = Results(self.database, now_us=lambda: self.now_us)
        return self.service

    def write(self, records: Iterable[Record]) -> None:
        """One batch of the spool."""
        rows = list(records)
        self.store.write(
            [r for r in rows if isinstance(r, SpoolSample)], [r for r in rows if isinstance(r, SpoolAlive)]
        )

    def play(self, records: Sequence[Record], until_us: int, step_us: int) -> None:
        """Write what arrives and tick, step by step, from the clock's time on."""
        todo = sorted((r for r in records if arrival_us(r) > self.now_us), key=arrival_us)
        while self.now_us < until_us:
            self.now_us = min(self.now_us + step_us, until_us)
            batch = [r for r in todo if arrival_us(r) <= self.now_us]
            todo = todo[len(batch) :]
            self.write(batch)
            self.service.tick()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.database.transaction() as conn:
            return conn.execute(sql.encode()).fetchall()

    def facts(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that the interpretation keeps, less checkpoints and numbers of the machines."""
        tables = {
            "state_interval": "start_ts, end_ts, category, state, reason, setup, unmapped",
            "production": 'start_ts, end_ts, total_count, good_count, reject_count, rework_count, product, "order"',
            "product_run": 'start_ts, product, "order", change',
            "counter_decision": "at_ts, signal, kind, amount, why",
        }
        found = {
            table: self.rows(
                f"SELECT m.id, {columns} FROM {table} JOIN machine m USING (machine_id) ORDER BY 1, 2, 3, 4"
            )
            for table, columns in tables.items()
        }
        found["reach"] = self.rows(
            "SELECT m.id, first_ts, through_ts, hold_until_us"
            " FROM machine_facts JOIN machine m USING (machine_id) ORDER BY 1"
        )
        return found

    def published(self) -> list[tuple[Any, ...]]:
        """The newest revision of every shift: what it says and by which rules."""
        return self.rows(
            "SELECT DISTINCT ON (i.production_date, i.start_ts, m.id) i.production_date, i.start_ts, m.id,"
            " r.definition, r.document - 'through_us'"
            " FROM result r JOIN shift_instance i USING (instance_id) LEFT JOIN machine m USING (machine_id)"
            " ORDER BY i.production_date, i.start_ts, m.id, r.revision DESC"
        )

    def revisions(self) -> list[tuple[str, int, str]]:
        """All revisions of the line's own results: (shift, number, cause)."""
        return self.rows(
            "SELECT i.name, r.revision, r.cause FROM result r JOIN shift_instance i USING (instance_id)"
            " WHERE r.machine_id = 0 ORDER BY i.start_ts, r.revision"
        )

    def ledger(self) -> dict[str, str]:
        """Status by shift of the Monday."""
        return dict(
            self.rows(
                "SELECT i.name, l.status FROM ledger l JOIN shift_instance i USING (instance_id)"
                " WHERE i.production_date = '2026-03-02' AND i.planned"
            )
        )


def story(seed: int, start_us: int, end_us: int) -> list[Record]:
    """What a collector delivers of two machines: stops, silences, bad values, jumps, glitches and resets at random."""
    rng = random.Random(seed)
    return [*_filler(rng, start_us, end_us), *_capper(rng, start_us, end_us)]


def _filler(rng: random.Random, t: int, end_us: int) -> list[Record]:
    records: list[Record] = []
    total, reject, state, seen = rng.randrange(65_000), 0, "6", t
    records.append(sample(f"{FILLER}/state", t, state))
    while t < end_us:
        t += rng.choice([1, 2, 5, 7, 20]) * S_US
        if rng.random() < 0.02:
            state = rng.choice(["6", "6", "6", "10", "5", "0", "99"])
            records += _state(rng, t, state)
        if rng.random() < 0.005:
            records.append(sample(f"{FILLER}/{rng.choice(['state', 'total'])}", t, None))
        if rng.random() < 0.015:
            total = rng.choice([total + 40_000, rng.randrange(3), max(total - rng.randrange(1, 5), 0)])
        if rng.random() < 0.005:
            records.append(alive(seen, t, FILLER))
            t += rng.choice([20, 90, 400]) * S_US
            total, seen = total + rng.choice([0, 0, 30]), t
            records += _state(rng, t, state)
        running = state == "6"
        total, reject = (total + running * rng.randrange(4)) % 65_536, reject + (running and rng.random() < 0.03)
        records.append(sample(f"{FILLER}/total", t, total))
        if rng.random() < 0.2:
            records.append(sample(f"{FILLER}/reject", t, reject))
        if t - seen >= 15 * S_US:
            records.append(alive(seen, t, FILLER))
            seen = t
    return _once(r for r in records if arrival_us(r) <= end_us)


def _state(rng: random.Random, t: int, state: str) -> list[Record]:
    """A state, and the fault that comes with a failure or a little later."""
    records: list[Record] = [sample(f"{FILLER}/state", t, state)]
    if state == "10":
        records.append(sample(f"{FILLER}/fault", t + rng.choice([0, 1, 40]) * S_US, rng.choice(["17", "0"])))
    return records


def _capper(rng: random.Random, t: int, end_us: int) -> list[Record]:
    records: list[Record] = [sample(f"{CAPPER}/state", t, True), sample(f"{CAPPER}/good", t, 0)]
    good = 0
    while t < end_us:
        since, t = t, t + rng.choice([30, 60, 600]) * S_US
        good += rng.randrange(40)
        records += [sample(f"{CAPPER}/good", t, good), alive(since, t, CAPPER)]
        if rng.random() < 0.3:
            records.append(sample(f"{CAPPER}/state", t, rng.random() < 0.7))
    return _once(r for r in records if arrival_us(r) <= end_us)


def _once(records: Iterable[Record]) -> list[Record]:
    """One value per signal and instant, as the collector sees to (S-11)."""
    kept: dict[tuple[str, int], Record] = {}
    for r in records:
        key = ("alive", arrival_us(r)) if isinstance(r, SpoolAlive) else (r.key, r.ts_us)
        kept.setdefault(key, r)
    return list(kept.values())
