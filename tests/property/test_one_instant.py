"""S-11: two values of one signal at one instant; import keeps the same one in any order, Good and then the greater."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from oee.collect import importer
from oee.collect.importer import import_csv
from oee.store.database import Database
from oee.store.master import Master

NOW_US = 1_800_000_000_000_000
ROUNDS = 6
PLANT = """\
version: 1
plant: {id: works, name: Works, timezone: Europe/Budapest}
calendars:
  default:
    shifts: {early: {start: "06:00", end: "14:00"}}
    week: {mon: [early]}
lines:
  pressing:
    calendar: default
    machines:
      press:
        ideal_cycle_s: 5
        signals:
          state: {profile: custom, map: {RUN: run, FAULT: unplanned_stop, SETUP: planned_stop}}
          good: {counter: {}}
          reject: {counter: {}}
"""


def rows_of(r: Random) -> list[tuple[int, str, str, str]]:
    """(second, signal, value, quality), with several values at most instants."""
    found = []
    for _ in range(60):
        signal = r.choice(["good", "reject", "state"])
        value = r.choice(["RUN", "FAULT", "SETUP"]) if signal == "state" else str(r.randrange(5))
        found.append((r.randrange(8), signal, value, r.choice(["good", "good", "uncertain", "bad"])))
    return found


def winner(values: list[tuple[str, str]]) -> tuple[str, bool]:
    """Good, then the greater."""
    value, quality = max(values, key=lambda v: (v[1] == "good", v[0]))
    return value, quality == "good"


def write(path: Path, rows: list[tuple[int, str, str, str]]) -> Path:
    lines = [f"2026-03-02T07:00:0{s}Z,press,{signal},{value},{quality}" for s, signal, value, quality in rows]
    path.write_text("\n".join(["ts,machine,signal,value,quality", *lines]) + "\n", encoding="utf-8")
    return path


STORED = (
    "SELECT extract(second FROM s.ts)::int, t.signal, CASE WHEN t.signal = 'state'"
    " THEN (SELECT text FROM symbol WHERE symbol_id = s.value::bigint) ELSE s.value::bigint::text END, s.quality = 0"
    " FROM sample s JOIN tag t USING (tag_id)"
)


def test_s11_two_values_at_one_instant_have_the_same_winner_in_any_order(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one chunk of rows or in many, in one file or in several, once or twice."""
    Master(db).apply(PLANT, None, NOW_US)
    for seed in range(ROUNDS):
        r = Random(seed)
        rows = rows_of(r)
        want = {
            (second, signal, *winner([(v, q) for s, n, v, q in rows if (s, n) == (second, signal)]))
            for second, signal, *_ in rows
        }
        for _ in range(3):
            told = [*rows, *r.sample(rows, 20)]
            r.shuffle(told)
            with db.transaction() as conn:
                conn.execute("DELETE FROM sample")
            monkeypatch.setattr(importer, "CHUNK_ROWS", r.choice([1, 7, 1000]))
            half = r.randrange(len(told))
            for n, part in enumerate((told[:half], told[half:])):
                import_csv(db, write(tmp_path / f"{n}.csv", part), NOW_US, print)
            with db.transaction() as conn:
                assert set(conn.execute(STORED).fetchall()) == want, f"seed {seed}"
