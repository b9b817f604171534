"""Mistakes that lie deeper: in a job, in the database, in what the plant no longer has. One sentence each."""

from __future__ import annotations

import asyncio
import logging

import psycopg
import pytest
from click.testing import CliRunner
from main_job import oee
from test_import_hour import PLANT

from oee.cli.logs import set_up_logs
from oee.cli.main import main
from oee.cli.run import together
from oee.errors import InputError
from oee.spool import Spool
from oee.store.master import Master

GONE = PLANT.replace("  winding:", "  coiling:")


def _sentence(result):
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr.strip().splitlines()[-1]


@pytest.fixture
def plant(tmp_path):
    file = tmp_path / "plant.yaml"
    file.write_text(GONE, encoding="utf-8")
    return file


def test_the_shifts_of_a_line_that_left_the_plant(database, db, tmp_path):
    Master(db).apply(PLANT, None, 1_700_000_000_000_000)
    Master(db).apply(GONE, None, 1_700_000_001_000_000)
    call = ("shifts", "winding", "--from", "2026-03-02", "--to", "2026-03-03")
    said = _sentence(oee(*call, database=database, data_dir=tmp_path))
    assert "'winding' is not in the plant now" in said
    assert "pressing, coiling" in said


@pytest.mark.parametrize("day", ["9999-12-30", "0001-01-01"])
def test_a_date_that_no_calendar_reaches(database, tmp_path, day):
    result = oee("shifts", "pressing", "--from", day, "--to", day, database=database, data_dir=tmp_path)
    assert "can't be meant" in _sentence(result)


def test_the_demos_port_and_database_are_checked_as_everywhere(tmp_path):
    result = oee("demo", "--port", "99999", "--no-open", database=None, data_dir=tmp_path)
    assert "99999" in _sentence(result)
    result = oee("demo", "--port", "0", "--no-open", database="not a database", data_dir=tmp_path)
    assert "OEE_DATABASE_URL is no address" in _sentence(result)


def test_a_second_collector_on_the_same_spool_is_told_so(database, plant, tmp_path):
    with Spool.open(tmp_path / "spool" / "works"):
        result = oee("collect", plant, database=database, data_dir=tmp_path, timeout_s=20)
    assert str(tmp_path / "spool" / "works") in _sentence(result)


def test_collect_brings_its_plant_into_the_database(database, db, plant, tmp_path):
    with Spool.open(tmp_path / "spool" / "works"):  # so that it ends by itself
        oee("collect", plant, database=database, data_dir=tmp_path, timeout_s=20)
    assert list(Master(db).config_at(0).plant.lines) == ["pressing", "coiling"]


def test_the_first_job_to_say_why_is_heard_and_a_bug_stays_a_bug():
    async def fails(stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stop.wait())
            raise InputError("it can't")

    async def breaks(stop: asyncio.Event) -> None:
        raise KeyError(1)

    async def waits(stop: asyncio.Event) -> None:
        await stop.wait()

    with pytest.raises(InputError, match="it can't"):
        together(waits, fails)
    with pytest.raises(ExceptionGroup):
        together(waits, breaks)


def test_what_the_database_refuses_is_a_sentence(database, tmp_path, monkeypatch):
    monkeypatch.setenv("OEE_DATABASE_URL", database)
    with psycopg.connect(database) as conn:
        conn.execute("DROP TABLE account CASCADE")
    result = CliRunner().invoke(main, ["user", "add", "anna", "--role", "viewer"], input="correct horse\n")
    assert result.exit_code == 2
    assert "oee: the database refused" in result.output
    assert '"account" does not exist' in result.output


def test_the_pool_does_not_report_each_attempt():
    before = logging.getLogger("psycopg.pool").level
    try:
        logging.getLogger("psycopg.pool").setLevel(logging.NOTSET)
        set_up_logs()
        assert not logging.getLogger("psycopg.pool").isEnabledFor(logging.WARNING)
    finally:
        logging.getLogger("psycopg.pool").setLevel(before)
