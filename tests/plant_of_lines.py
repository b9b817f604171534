"""A plant of many lines, no two alike, at the end of a full shift: what pages are measured and counted on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection, Cursor

from oee.compute.service import ComputeService
from oee.model import US_PER_S
from oee.spool.records import SpoolAlive, SpoolSample
from oee.store.database import Database, Row
from oee.store.master import Master
from oee.store.samples import SampleStore

SHIFT_US = 8 * 3600 * US_PER_S
_MACHINE = """
      m{m}:
        ideal_cycle_s: 1
        max_age_s: 60
        signals:
          state: {{profile: packml}}
          good: {{counter: {{}}}}
"""
_LINE = """
  line-{n:03}:
    name: "Filling line {n:03}"
    calendar: default
    rollup: {rollup}
    targets: {{oee: 0.75, availability: 0.9, performance: 0.9, quality: 0.98}}
    machines:{machines}"""
STATES = ("11", "11", "5", "10", "2")
"""What a machine tells of its stops: held, suspended, holding, stopped."""


def plant_yaml(start: datetime, lines: int, machines: int, pooled_every: int) -> str:
    """A plant of shifts of eight hours, one of which starts at the time of day of ``start``."""
    shifts = {n: f"{(start.hour + 8 * i) % 24:02}:{start.minute:02}" for i, n in enumerate("abc")}
    ends = dict(zip(shifts, [*list(shifts.values())[1:], shifts["a"]], strict=True))
    calendar = ", ".join(f'{n}: {{start: "{at}", end: "{ends[n]}"}}' for n, at in shifts.items())
    week = ", ".join(f"{d}: [a, b, c]" for d in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    made = "".join(_MACHINE.format(m=m) for m in range(machines))
    pooled = [pooled_every > 0 and n % pooled_every == 0 for n in range(lines)]
    rollups = ["{method: pooled}" if p else "{method: constraint, machine: m0}" for p in pooled]
    text = "".join(_LINE.format(n=n, rollup=rollup, machines=made) for n, rollup in enumerate(rollups))
    return (
        f'version: 1\nplant: {{id: bench, timezone: UTC, day_start: "{shifts["a"]}"}}\n'
        f"calendars: {{default: {{shifts: {{{calendar}}}, week: {{{week}}}}}}}\nlines:{text}\n"
    )


def seed(
    db: Database, now_us: int, *, lines: int, machines: int, pooled_every: int = 0, count_every_s: int = 60
) -> None:
    """Almost eight hours of short and long stops of every machine, each of its own, written and computed."""
    minute_us = 60 * US_PER_S
    start_us = now_us // minute_us * minute_us - SHIFT_US + 2 * minute_us
    start = datetime.fromtimestamp(start_us / US_PER_S, UTC)
    Master(db).apply(plant_yaml(start, lines, machines, pooled_every), None, now_us)
    for n in range(lines):
        keys = [f"line-{n:03}/m{m}" for m in range(machines)]
        rng = random.Random(n)
        samples = [s for key in keys for s in _samples(rng, key, start_us, now_us, count_every_s)]
        SampleStore(db).write(samples, [SpoolAlive("import", start_us, now_us, tuple(keys))])
    ComputeService(db, now_us=lambda: now_us).tick()


def _samples(rng: random.Random, key: str, start_us: int, end_us: int, count_every_s: int) -> Iterator[SpoolSample]:
    """Runs of some minutes, stops of some seconds or minutes."""
    count, t = 0, start_us
    while t < end_us:
        run_us = rng.randrange(120, 480) * US_PER_S
        yield SpoolSample(f"{key}/state", t, "6", 0)
        for at in range(t, min(t + run_us, end_us), count_every_s * US_PER_S):
            yield SpoolSample(f"{key}/good", at, count, 0)
            count += rng.randrange(count_every_s)
        t += run_us
        if t < end_us:
            yield SpoolSample(f"{key}/state", t, rng.choice(STATES), 0)
        t += rng.choice((20, 45, 45, 90, 700)) * US_PER_S


class _CountedCursor(Cursor[Row]):
    """A cursor that says so whenever it asks."""

    asked = 0

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        _CountedCursor.asked += 1
        return super().execute(*args, **kwargs)


class CountedDatabase(Database):
    """A database that counts what it is asked."""

    @property
    def asked(self) -> int:
        """How many statements were sent so far, by all of these databases."""
        return _CountedCursor.asked

    @contextmanager
    def transaction(self) -> Iterator[Connection[Row]]:
        with super().transaction() as conn:
            conn.cursor_factory = _CountedCursor
            try:
                yield conn
            finally:
                conn.cursor_factory = Cursor
