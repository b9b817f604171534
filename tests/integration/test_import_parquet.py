"""Parquet says what its CSV says: the same rows, checks, report and figures (contract: sample import)."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from main_job import oee, served
from test_import_hour import PLANT, UNUSABLE, _at, _check_press, _check_winder, _done, _hour, _rows

from oee.collect import import_parquet as module
from oee.collect.import_parquet import import_parquet
from oee.collect.importer import import_csv
from oee.errors import InputError
from oee.store.database import Database
from oee.store.master import Master

NOW = 1_800_000_000_000_000
T0 = datetime(2026, 3, 3, 7, tzinfo=UTC)


@pytest.fixture
def applied(db: Database) -> Database:
    Master(db).apply(PLANT, None, NOW)
    return db


def table(rows, ts=None, value=None, **more):
    """A table of (seconds after T0, machine, signal, value)."""
    times = pa.array([T0 + timedelta(seconds=r[0]) for r in rows], ts or pa.timestamp("us", "UTC"))
    columns = {"ts": times, "machine": [r[1] for r in rows], "signal": [r[2] for r in rows]}
    return pa.table({**columns, "value": pa.array([r[3] for r in rows], value), **more})


def imported(db, tmp_path, content, **options):
    """Write a file and import it: the report, and what was announced."""
    path, told = tmp_path / "samples.parquet", []
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        pq.write_table(content, path, **options)
    return import_parquet(db, path, NOW, told.append), told


def stored(db):
    return db_rows(
        db,
        "SELECT m.id, t.signal, s.ts, s.quality, CASE WHEN t.signal IN ('state', 'mode', 'fault')"
        " THEN (SELECT text FROM symbol WHERE symbol_id = s.value::bigint) ELSE s.value::text END"
        " FROM sample s JOIN tag t USING (tag_id) JOIN machine m USING (machine_id) ORDER BY 1, 2, 3",
    )


def db_rows(db, sql):
    with db.transaction() as conn:
        return conn.execute(sql).fetchall()


def test_the_hour_as_parquet_gives_the_figures_of_its_csv(database, tmp_path):
    rows = [r.split(",") for r in _rows()]
    run = {"database": database, "data_dir": tmp_path}
    (tmp_path / "plant.yaml").write_text(PLANT, encoding="utf-8")
    times = pa.array([datetime.fromisoformat(r[0]) for r in rows], pa.timestamp("ns", "Europe/Budapest"))
    names = [pa.array([r[n] for r in rows]).dictionary_encode() for n in (1, 2)]
    content = pa.table({"ts": times, "machine": names[0], "signal": names[1], "value": [r[3] for r in rows]})
    pq.write_table(content, tmp_path / "hour.parquet", row_group_size=7)
    _done(oee("apply", tmp_path / "plant.yaml", **run))
    said = _done(oee("import", tmp_path / "hour.parquet", **run))
    bad = 1 + next(i for i, row in enumerate(rows) if UNUSABLE in row)
    assert said.stdout.splitlines() == [f"rows new {len(rows) - 1}, duplicate 0, rejected 1"]
    assert f"row {bad}: '12a4' is no number, and good counts" in said.stderr.splitlines()
    again = _done(oee("import", tmp_path / "hour.parquet", **run))
    assert again.stdout.splitlines() == [f"rows new 0, duplicate {len(rows) - 1}, rejected 1"]
    _done(oee("recompute", **run))
    with served(database) as client:
        _check_press(_hour(client, "pressing"))
        _check_winder(_hour(client, "winding"))


def test_every_type_that_fits_is_stored_as_csv_stores_it(applied, tmp_path):
    """Numbers as numbers, states as names whatever their type, quality as words or numbers, text times."""
    csv = ["ts,machine,signal,value,quality"]
    csv += [
        f"{_at('07:00:00')},press,good,5,",
        f"{_at('07:00:01')},press,state,6,0",
        f"{_at('07:00:02')},press,good,,bad",
    ]
    path = tmp_path / "samples.csv"
    path.write_text("\n".join(csv) + "\n", encoding="utf-8")
    assert import_csv(applied, path, NOW, print).new == 3
    expected = stored(applied)
    for kind in (pa.int32(), pa.float64(), pa.decimal128(9, 2), pa.large_string(), pa.string()):
        db_rows(applied, "DELETE FROM sample RETURNING 1")
        is_text = kind in (pa.string(), pa.large_string())
        value = pa.array([str(v) if is_text and v is not None else v for v in (5, 6, None)], kind)
        quality = pa.array([None, "Good", "bad"]) if is_text else pa.array([0, 0, 0x80000000], pa.uint32())
        ts = [_at(c) for c in ("07:00:00", "07:00:01", "07:00:02")]
        columns = {"ts": ts, "machine": ["press"] * 3, "signal": ["good", "state", "good"], "value": value}
        report, told = imported(applied, tmp_path, pa.table({**columns, "quality": quality}))
        assert (report.new, report.rejected, told) == (3, 0, [])
        assert stored(applied) == expected, kind


def test_rows_that_cannot_be_taken_are_named_by_number_and_the_others_land(applied, tmp_path):
    rows = [(0, "press", "good", 1.0), (1, "pres", "good", 2.0), (2, "press", "god", 3.0), (3, "press", "good", None)]
    rows += [
        (4, None, "good", 4.0),
        (5, "press", "good", float("inf")),
        (9e8, "press", "good", 5.0),
        (6, "press", "good", 6.0),
    ]
    report, told = imported(applied, tmp_path, table(rows), row_group_size=3)
    assert (report.new, report.duplicate, report.rejected) == (2, 0, 6)
    assert [t.split(":")[0] for t in told] == [f"row {n}" for n in (2, 3, 4, 5, 6, 7)]
    assert "no machine 'pres'" in told[0]
    assert "no signal 'god'" in told[1]
    assert "there is no value" in told[2]
    assert "lies in the future" in told[5]


def test_two_values_at_one_instant_are_told_by_row(applied, tmp_path):
    _, told = imported(applied, tmp_path, table([(0, "press", "good", 1.0), (0, "press", "good", 2.0)]))
    assert told == ["row 1: pressing/press/good has another value at this instant in row 2, which stays (S-11)"]


def test_life_is_proven_from_the_first_row_to_the_last_over_all_batches(applied, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK_ROWS", 2)
    rows = [(n * 600, "press", "good", float(n)) for n in range(7)] + [(60, "winder", "good", 1.0)]
    imported(applied, tmp_path, table(rows))
    life = db_rows(
        applied,
        "SELECT m.id, min(from_ts), max(through_ts) FROM liveness JOIN machine m USING (machine_id)"
        " GROUP BY m.id ORDER BY m.id",
    )
    assert life == [
        ("press", T0, T0 + timedelta(seconds=3600)),
        ("winder", T0 + timedelta(seconds=60), T0 + timedelta(seconds=60)),
    ]


ROWS = [(0, "press", "good", 1.0)]


REFUSED = [
    (table(ROWS, ts=pa.timestamp("us")), "column ts has no time zone"),
    (table(ROWS).set_column(0, "ts", pa.array([1], pa.int64())), "column ts is int64; it must be a timestamp"),
    (table(ROWS).drop_columns(["signal"]), "has no column signal; the columns are ts,machine,signal,value"),
    (table(ROWS).set_column(1, "machine", pa.array([1])), "column machine is int64; it must be text"),
    (table(ROWS).set_column(3, "value", pa.array([[1]])), "column value is list<"),
    (table(ROWS, quality=pa.array([0.5])), "column quality is double; it must be text or whole numbers"),
    (table(ROWS).append_column("ts", pa.array([1])), "has column ts twice"),
    (b"ts,machine,signal,value\n", "can't be read as Parquet"),
    (b"PAR1" + bytes(64) + b"PAR1", "can't be read as Parquet"),
    (b"", "can't be read as Parquet"),
]


def test_a_file_that_cannot_be_meant_is_refused_in_one_sentence(applied, tmp_path):
    for content, words in REFUSED:
        with pytest.raises(InputError, match=words) as refused:
            imported(applied, tmp_path, content)
        assert "samples.parquet" in str(refused.value)
        assert "\n" not in str(refused.value)
    assert stored(applied) == []


def test_a_file_broken_in_the_middle_says_how_far_it_came(applied, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK_ROWS", 1000)
    rows = [(n, "press", "good", float(n)) for n in range(20_000)]
    pq.write_table(table(rows), tmp_path / "whole.parquet", row_group_size=5000, compression="gzip")
    content = bytearray((tmp_path / "whole.parquet").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4000] = bytes(4000)
    with pytest.raises(InputError, match=r"can't be read as Parquet: .*rows before that are in"):
        imported(applied, tmp_path, bytes(content))


def test_without_pyarrow_the_sentence_says_how_to_get_it(applied, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install pyarrow$"):
        import_parquet(applied, tmp_path / "any.parquet", NOW, print)


PRODUCTS = """
version: 1
plant: {id: works, timezone: UTC}
calendars: {default: {shifts: {day: {start: "06:00", end: "14:00"}}, week: {mon: [day]}}}
lines: {l: {calendar: default, machines: {m: {}}}}
"""


def test_names_of_products_stay_as_they_are_written_and_an_empty_one_is_none(db, tmp_path):
    Master(db).apply(PRODUCTS, None, NOW)
    db_rows(db, "INSERT INTO tag (machine_id, signal) SELECT machine_id, 'product' FROM machine RETURNING 1")
    values = ["0815", "A", "", None]
    report, told = imported(db, tmp_path, table([(n, "m", "product", v) for n, v in enumerate(values)]))
    assert (report.new, told) == (4, [])
    texts = db_rows(db, "SELECT text FROM sample s JOIN symbol ON symbol_id = s.value::bigint ORDER BY ts")
    assert [t for (t,) in texts] == ["0815", "A", "", ""]
