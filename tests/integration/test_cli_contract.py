"""What a user gets wrong is told in one sentence that helps; what scripts read is where they look for it."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from main_job import module_database, oee, served
from psycopg.conninfo import make_conninfo
from test_import_hour import DAY, PLANT, _check_press, _done, _hour, _rows, _write

from oee.store.embedded import embedded_server

BROKEN = PLANT.replace("machine: press}", "machine: pres}")
DAMAGED = "plant: [acme\nlines: }"


@dataclass(frozen=True)
class Wrong:
    """A call that can't be meant, and what its sentence has to name."""

    call: str
    says: tuple[str, ...]
    database: str = "ours"
    given: str = ""


WRONG = {
    "unknown command": Wrong("serv", ("serv",)),
    "unknown option": Wrong("apply plant.yaml --effectiv now", ("--effectiv",)),
    "no plant file": Wrong("check nowhere.yaml", ("nowhere.yaml",)),
    "no plant file to apply": Wrong("apply nowhere.yaml", ("nowhere.yaml",)),
    "no plant file to run": Wrong("run nowhere.yaml", ("nowhere.yaml",)),
    "a folder as plant file": Wrong("check folder", ("folder",)),
    "a folder to collect": Wrong("collect folder", ("folder",)),
    "an unreadable plant file": Wrong("check loop.yaml", ("loop.yaml",)),
    "a binary plant file": Wrong("check binary.yaml", ("binary.yaml",)),
    "a faulty plant file": Wrong("apply broken.yaml", ("broken.yaml:", "pres", "did you mean `press`")),
    "a damaged plant file": Wrong("collect damaged.yaml", ("damaged.yaml:",)),
    "an effective time that is none": Wrong("apply plant.yaml --effective tomorrow", ("--effective", "tomorrow")),
    "a naive effective time": Wrong("apply plant.yaml --effective 2026-03-02T06:00:00", ("--effective", "offset")),
    "an effective time too late": Wrong("apply plant.yaml --effective 9999-12-31T23:59:59-14:00", ("--effective",)),
    "no samples": Wrong("import nowhere.csv", ("nowhere.csv",)),
    "a folder of samples": Wrong("import folder", ("folder",)),
    "a wrong header": Wrong("import header.csv", ("header.csv:1", "signal", "ts,machine,signal,value")),
    "an empty sample file": Wrong("import empty.csv", ("empty.csv:1", "ts,machine,signal,value")),
    "a binary sample file": Wrong("import binary.csv", ("binary.csv",)),
    "an unreadable sample file": Wrong("import loop.csv", ("loop.csv",)),
    "parquet": Wrong("import hour.parquet", ("hour.parquet", "Parquet")),
    "an unknown line to recompute": Wrong("recompute --line nowhere", ("nowhere",)),
    "a naive start": Wrong("recompute --from 2026-03-02T06:00:00", ("--from", "offset")),
    "an end that is no time": Wrong("recompute --to yesterday", ("--to", "yesterday")),
    "an unknown line's shifts": Wrong("shifts nowhere --from 2026-03-02 --to 2026-03-03", ("nowhere",)),
    "a date that is none": Wrong("shifts pressing --from 2026-02-30 --to 2026-03-03", ("--from", "2026-02-30")),
    "dates the wrong way round": Wrong("shifts pressing --from 2026-03-03 --to 2026-03-02", ("--to", "--from")),
    "an unknown line's report": Wrong("report nowhere --date 2026-03-02 --shift early", ("nowhere",)),
    "a report's date that is none": Wrong("report pressing --date monday --shift early", ("--date", "monday")),
    "an unknown shift": Wrong("report pressing --date 2026-03-02 --shift siesta", ("siesta",)),
    "a format to come": Wrong("report pressing --date 2026-03-02 --shift early --format pdf", ("pdf",)),
    "an unknown format": Wrong("report pressing --date 2026-03-02 --shift early --format doc", ("doc",)),
    "a port in use": Wrong("serve --port {port}", ("{port}", "--port")),
    "a port that is none": Wrong("serve --port 70000", ("70000",)),
    "the network without an account": Wrong("serve --host 0.0.0.0 --port 0", ("0.0.0.0", "oee user add")),
    "a host that is none": Wrong("serve --host no.such.host.invalid --port 0", ("no.such.host.invalid",)),
    "an unknown role": Wrong("user add eve --role king", ("king",)),
    "a short password": Wrong("user add eve --role viewer", ("password",), given="x\n"),
    "no password": Wrong("user add eve --role viewer", ("password",)),
    "an unknown scope": Wrong("key add mes --role mes --scope everything", ("everything",)),
    "no database there": Wrong("recompute", ("database",), "refused"),
    "no such database": Wrong("db status", ("database",), "missing"),
    "an address that is none": Wrong("db status", ("database",), "nonsense"),
    "no database to import into": Wrong("import hour.csv", ("database",), "refused"),
}


@pytest.fixture(scope="module")
def ours(server, template):
    with module_database(server, template) as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    _write(folder, _rows())
    (folder / "folder").mkdir()
    (folder / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    (folder / "damaged.yaml").write_text(DAMAGED, encoding="utf-8")
    (folder / "header.csv").write_text("time,machine,tag,value\n", encoding="utf-8")
    (folder / "empty.csv").write_text("", encoding="utf-8")
    (folder / "hour.parquet").write_bytes(b"PAR1")
    for name in ("binary.yaml", "binary.csv"):
        (folder / name).write_bytes(bytes(range(128, 256)) * 8)
    for name in ("loop.yaml", "loop.csv"):
        (folder / name).symlink_to(name)  # root can't read it either
    return folder


@pytest.fixture(scope="module")
def outcomes(ours, folder, server):
    """All wrong calls, two at a time: each starts a process of its own, as a user's call does."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        databases = {
            "ours": ours,
            "refused": "postgresql://127.0.0.1:1/oee",
            "missing": make_conninfo(server, dbname="no_such_database"),
            "nonsense": "not a database",
        }
        _done(oee("apply", folder / "plant.yaml", database=ours, data_dir=folder))

        def call(wrong):
            words = [
                str(folder / w) if os.path.lexists(folder / w) or "nowhere." in w else w for w in wrong.call.split()
            ]
            words = [w.replace("{port}", port) for w in words]
            try:
                return oee(*words, database=databases[wrong.database], data_dir=folder, given=wrong.given, timeout_s=20)
            except subprocess.TimeoutExpired:
                return subprocess.CompletedProcess(words, 0, "it runs", "")

        with ThreadPoolExecutor(2) as pool:
            yield {name: (result, port) for name, result in zip(WRONG, pool.map(call, WRONG.values()), strict=True)}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_one_sentence_and_never_a_traceback(outcomes, name):
    result, port = outcomes[name]
    assert result.returncode not in (0, 130), result.stdout
    assert "Traceback" not in result.stderr + result.stdout
    *before, last = result.stderr.strip().splitlines()
    assert len(before) <= 3, result.stderr  # click's own mistakes come below two lines of usage
    for words in WRONG[name].says:
        assert words.replace("{port}", port) in result.stderr
    assert len(last) > 15
    assert not any(word in last for word in ("Error(", "Exception", "errno", "<class"))
    assert result.stdout == ""


def test_a_secret_whose_file_is_missing_is_named(folder):
    missing = folder / "no-such-secret"
    result = oee("db", "status", database=None, data_dir=folder, OEE_DATABASE_URL_FILE=str(missing))
    assert result.returncode == 2
    assert str(missing) in result.stderr
    assert "Traceback" not in result.stderr


def test_status_says_which_timescaledb_serves(ours, folder):
    lines = _done(oee("db", "status", database=ours, data_dir=folder)).stdout.splitlines()
    assert lines[0].startswith("PostgreSQL 1")
    version, edition = lines[1].removeprefix("timescaledb ").split(" ", 1)
    assert version.count(".") == 2
    assert edition.strip("()").startswith(("apache", "timescale"))
    assert lines[2].endswith(" applied, 0 pending")


def test_a_key_is_printed_once_alone_on_the_last_line_and_opens_the_api(ours, folder):
    result = _done(oee("key", "add", "line-mes", "--role", "mes", database=ours, data_dir=folder))
    (key,) = result.stdout.splitlines()
    assert " " not in key
    assert len(key) > 24
    with served(ours) as client:
        assert client.get("/api/v1/lines").status_code == 401
        assert client.get("/api/v1/lines", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_a_person_is_added_from_a_pipe_and_a_second_time_refused(ours, folder):
    run = {"database": ours, "data_dir": folder, "given": "correct horse battery\n"}
    assert _done(oee("user", "add", "anna", "--role", "supervisor", **run)).stdout == "anna may log in as supervisor\n"
    again = oee("user", "add", "anna", "--role", "admin", **run)
    assert again.returncode == 2
    assert "anna" in again.stderr
    assert "Traceback" not in again.stderr


@pytest.fixture
def home():
    """A data folder that the embedded server may enter, as whom it runs where the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="oee-cli-"))
    folder.chmod(0o711)
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


def test_the_embedded_database_serves_several_commands_in_a_row_without_set_up(home, tmp_path):
    path = _write(tmp_path, _rows())
    for call in (("apply", tmp_path / "plant.yaml"), ("import", path), ("recompute", "--line", "pressing")):
        _done(oee(*call, database=None, data_dir=home))
    report = _done(oee("report", "pressing", "--date", str(DAY), "--shift", "early", database=None, data_dir=home))
    assert report.stdout
    assert stat.S_IMODE(home.stat().st_mode) in (0o700, 0o711)
    assert _done(oee("db", "stop", database=None, data_dir=home)).stdout == "the embedded server is not running\n"


@pytest.mark.plain
def test_plain_postgresql_does_all_of_it_and_says_so_in_one_line(home, tmp_path):
    with embedded_server(home, durable=False, timescale=False) as plain:
        run = {"database": plain, "data_dir": tmp_path}
        path = _write(tmp_path, _rows())
        applied = _done(oee("apply", tmp_path / "plant.yaml", **run))
        (line,) = applied.stderr.splitlines()
        assert "TimescaleDB" in line
        assert "plain PostgreSQL" in line
        _done(oee("import", path, **run))
        _done(oee("recompute", **run))
        assert "timescaledb absent" in _done(oee("db", "status", **run)).stdout
        report = _done(oee("report", "pressing", "--date", str(DAY), "--shift", "early", "--format", "json", **run))
        assert '"good_count": 580' in report.stdout
        with served(plain) as client:
            _check_press(_hour(client, "pressing"))
