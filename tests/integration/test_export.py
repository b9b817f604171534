"""What is exported is what an import takes: the same samples again, in both formats."""

from __future__ import annotations

from pathlib import Path

import pytest
from main_job import oee
from test_import_hour import PLANT, _done, _rows
from test_import_parquet import NOW, stored

from oee.collect.exporter import Wanted, export
from oee.collect.import_parquet import import_parquet
from oee.collect.importer import import_csv
from oee.errors import InputError, NotFoundError
from oee.store.database import Database
from oee.store.master import Master

ODD = [
    '2026-03-03T06:00:00.000001Z,press,state,"a ""word"", quoted",good',
    "2026-03-03T06:00:01+00:00,press,good,0.1,0x40000000",
    "2026-03-03T06:00:02+00:00,press,good,,bad",
    "2026-03-03T06:00:03+00:00,press,good,12345678901.5,good",
]
"""A text with everything that CSV quotes, an Uncertain value, one without a value, one that needs every digit."""


@pytest.fixture
def applied(db: Database) -> Database:
    Master(db).apply(PLANT, None, NOW)
    return db


def imported(db: Database, path: Path) -> list[tuple[object, ...]]:
    with db.transaction() as conn:
        conn.execute(b"TRUNCATE sample")
    read = import_parquet if path.suffix == ".parquet" else import_csv
    report = read(db, path, NOW, pytest.fail)
    assert report.rejected == 0
    found: list[tuple[object, ...]] = stored(db)
    return found


def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.csv"
    path.write_text("ts,machine,signal,value,quality\n" + "\n".join(ODD) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_an_export_imports_as_the_same_samples(applied: Database, tmp_path: Path, name: str) -> None:
    before = imported(applied, source(tmp_path))
    assert len(before) == len(ODD)
    assert export(applied, tmp_path / name, Wanted()) == len(ODD)
    assert imported(applied, tmp_path / name) == before


def test_an_export_can_be_of_one_machine_and_a_range(applied: Database, tmp_path: Path) -> None:
    imported(applied, source(tmp_path))
    wanted = Wanted("pressing", "press", 1_772_517_601_000_000, 1_772_517_603_000_000)
    assert export(applied, tmp_path / "out.csv", wanted) == 2
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines() == [
        "ts,machine,signal,value,quality",
        "2026-03-03T06:00:01.000000Z,press,good,0.1,1073741824",
        "2026-03-03T06:00:02.000000Z,press,good,,2147483648",
    ]


def test_a_wrong_name_leaves_no_file(applied: Database, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no line 'presing'"):
        export(applied, tmp_path / "out.csv", Wanted("presing"))
    with pytest.raises(InputError, match="--machine needs --line"):
        export(applied, tmp_path / "out.csv", Wanted(machine="press"))
    assert not (tmp_path / "out.csv").exists()


def test_a_conflict_within_a_file_and_with_the_database_has_one_winner(applied: Database, tmp_path: Path) -> None:
    """S-11: Good, then the greater value, in any order of the rows and of the files."""
    rows = [f"2026-03-03T06:00:00Z,press,good,{v},{q}" for v, q in ((5, "good"), (9, "uncertain"), (7, "good"))]
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
        for parts in ([order], [[n] for n in order]):
            with applied.transaction() as conn:
                conn.execute(b"TRUNCATE sample")
            told: list[str] = []
            for part in parts:
                path = tmp_path / "part.csv"
                lines = ["ts,machine,signal,value,quality", *(rows[n] for n in part)]
                path.write_text("\n".join(lines) + "\n", encoding="utf-8")
                import_csv(applied, path, NOW, told.append)
            assert [row[-1] for row in stored(applied)] == ["7"], (order, parts)
            assert any("S-11" in line for line in told)


def test_the_command_exports_what_was_imported(database: str, tmp_path: Path) -> None:
    run = {"database": database, "data_dir": tmp_path}
    (tmp_path / "plant.yaml").write_text(PLANT, encoding="utf-8")
    rows = [row for row in _rows() if "12a4" not in row]
    (tmp_path / "in.csv").write_text("ts,machine,signal,value\n" + "\n".join(rows) + "\n", encoding="utf-8")
    _done(oee("apply", tmp_path / "plant.yaml", **run))
    _done(oee("import", tmp_path / "in.csv", **run))
    assert _done(oee("export", tmp_path / "out.csv", **run)).stdout == f"rows {len(rows)}\n"
    said = _done(oee("import", tmp_path / "out.csv", **run)).stdout
    assert said == f"rows new 0, duplicate {len(rows)}, rejected 0\n"


def test_cells_that_are_too_many_and_quotes_that_do_not_end_are_told(applied: Database, tmp_path: Path) -> None:
    path, told = tmp_path / "odd.csv", list[str]()
    rows = ["2026-03-03T06:00:00Z,press,good,9000,75", "2026-03-03T06:00:01Z,press,good,7"]
    path.write_text("ts,machine,signal,value\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert import_csv(applied, path, NOW, told.append).new == 1
    assert told == ["line 2: 5 cells under a header of 4; quote a text with a comma"]
    path.write_text(
        'ts,machine,signal,value\n2026-03-03T06:00:02Z,press,state,"STOP\n' + rows[1] + "\n", encoding="utf-8"
    )
    assert import_csv(applied, path, NOW, told.append).rejected == 1
    assert told[-1] == "line 3: a quoted text runs over the end of the line; is a quote not closed?"
    endless = "\n".join([rows[1]] * 5000)
    path.write_text(
        f'ts,machine,signal,value\n{rows[1]}\n2026-03-03T06:00:02Z,press,state,"STOP\n{endless}\n', encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"odd.csv:\d+: .*a quote here or before is not closed"):
        import_csv(applied, path, NOW, told.append)


def test_a_column_of_one_instant_is_judged_in_one_pass(applied: Database, tmp_path: Path) -> None:
    """S-11: the greatest of many values at one instant stays; each loser is named."""
    path, told = tmp_path / "same.csv", list[str]()
    rows = "\n".join(f"2026-03-03T06:00:00Z,press,good,{n}" for n in range(20_000))
    path.write_text(f"ts,machine,signal,value\n{rows}\n", encoding="utf-8")
    report = import_csv(applied, path, NOW, told.append)
    assert (report.new, report.duplicate, len(told)) == (1, 19_999, 19_999)
    assert [row[-1] for row in stored(applied)] == ["19999"]
