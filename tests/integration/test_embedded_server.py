"""The embedded database's life: started by the first, shared, stopped by the last, whole again after a crash."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from oee.store.embedded import EmbeddedDatabaseError, embedded_server, status, stop
from oee.store.embedded.account import server_account
from oee.store.embedded.cluster import Place

USER = """
import sys
from pathlib import Path
from oee.store.embedded import embedded_server
with embedded_server(Path(sys.argv[1]), durable=False) as url:
    print(url, flush=True)
    sys.stdin.readline()
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # not pytest's own folder: closed to all but root there, whose server runs as another user
    folder = Path(tempfile.mkdtemp(prefix="oee-test-"))
    folder.chmod(0o711)
    yield folder
    stop(folder)
    shutil.rmtree(folder)


class User:
    """Another process that uses the database until told otherwise."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data_dir)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        self.url = self.process.stdout.readline().strip()
        assert self.url, "the process could not use the database"

    def leave(self) -> None:
        self.process.communicate("\n", timeout=30)

    def kill(self, number: signal.Signals) -> int:
        """Send a signal to the process and all in its session's group, as a terminal does; return its exit status."""
        os.killpg(self.process.pid, number)
        self.process.communicate(timeout=30)
        return self.process.returncode


def one(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query).fetchone()[0]


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def eventually(condition: Callable[[], bool], timeout_s: float = 10) -> bool:
    deadline_s = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return condition()


def is_gone(pid: int) -> bool:
    # in a container nobody may collect the dead
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_first_start_within_ten_seconds_second_within_three_and_the_data_stay(data_dir: Path) -> None:
    begun_s = time.monotonic()
    with embedded_server(data_dir) as url:
        assert time.monotonic() - begun_s < 10
        run(url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (42)")
    assert not status(data_dir).running
    begun_s = time.monotonic()
    with embedded_server(data_dir) as url:
        assert time.monotonic() - begun_s < 3
        assert one(url, "SELECT n FROM kept") == 42


def test_timescaledb_is_really_there_in_its_apache_edition_and_phones_nowhere(data_dir: Path) -> None:
    with embedded_server(data_dir, durable=False, announce=pytest.fail) as url:
        run(
            url,
            "CREATE EXTENSION IF NOT EXISTS timescaledb",
            "CREATE TABLE s (ts timestamptz NOT NULL, v float8)",
            "SELECT create_hypertable('s', 'ts', chunk_time_interval => interval '1 day')",
            "INSERT INTO s SELECT t, 1 FROM generate_series('2026-01-01Z', '2026-01-03Z'::timestamptz, '1 hour') t",
        )
        assert one(url, "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'") == "2.31.0"
        assert one(url, "SELECT count(*) FROM show_chunks('s')") == 3
        assert one(url, "SHOW timescaledb.license") == "apache"
        assert one(url, "SHOW timescaledb.telemetry_level") == "off"
        assert one(url, "SHOW timezone") == "UTC"
        assert one(url, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'oee'") == "bC.UTF-8"


def test_nothing_listens_on_tcp_and_the_socket_is_behind_a_closed_door(data_dir: Path) -> None:
    with embedded_server(data_dir, durable=False) as url:
        found = status(data_dir)
        assert one(url, "SHOW listen_addresses") == ""
        assert psutil.Process(found.pid).net_connections("inet") == []
        assert stat.S_IMODE(found.socket.stat().st_mode) == 0o700
        assert one(url, "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules") == "peer"


def test_a_data_folder_too_deep_for_a_socket_gets_a_short_private_one(data_dir: Path) -> None:
    with embedded_server(data_dir / ("deep" * 30), durable=False) as url:
        folder = status(data_dir / ("deep" * 30)).socket
        assert one(url, "SELECT 1") == 1
        assert folder.parent == Path("/tmp")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()


def test_two_processes_share_one_server_and_the_last_one_out_stops_it(data_dir: Path) -> None:
    first, second = User(data_dir), User(data_dir)
    pid = status(data_dir).pid
    first.leave()
    assert status(data_dir).pid == pid
    assert one(second.url, "SELECT 1") == 1
    second.leave()
    assert not status(data_dir).running
    assert eventually(lambda: is_gone(pid))


def test_ctrl_c_and_sigterm_reach_the_user_and_not_the_server_and_the_last_still_stops_it(data_dir: Path) -> None:
    first, second = User(data_dir), User(data_dir)
    pid = status(data_dir).pid
    first.kill(signal.SIGINT)  # it started the server, which must not be in its process group
    assert status(data_dir).pid == pid
    assert one(second.url, "SELECT 1") == 1
    assert second.kill(signal.SIGTERM) == 128 + signal.SIGTERM
    assert not status(data_dir).running


def test_a_user_killed_outright_does_not_count_any_more(data_dir: Path) -> None:
    killed = User(data_dir)
    killed.kill(signal.SIGKILL)
    assert status(data_dir).running
    with embedded_server(data_dir, durable=False) as url:
        assert one(url, "SELECT 1") == 1
    assert not status(data_dir).running


def test_after_the_postmaster_was_killed_the_next_start_recovers_all_that_was_committed(data_dir: Path) -> None:
    with embedded_server(data_dir) as url:
        run(url, "CREATE TABLE kept (n int)", "INSERT INTO kept SELECT generate_series(1, 1000)")
        os.kill(status(data_dir).pid, signal.SIGKILL)
        with embedded_server(data_dir) as again:
            assert again == url
            assert one(url, "SELECT count(*) FROM kept") == 1000
        assert status(data_dir).running  # the outer block is still a user
    assert not status(data_dir).running


def test_a_stale_process_id_that_now_belongs_to_another_program_is_no_hindrance(data_dir: Path) -> None:
    place = Place(data_dir / "database")
    pid_file, socket_lock = place.cluster / "postmaster.pid", place.socket_folder / ".s.PGSQL.5432.lock"
    with embedded_server(data_dir, durable=False):
        lines = pid_file.read_text().split("\n")
    account = server_account(place.cluster)
    other = subprocess.Popen(["sleep", "60"], user=account.uid if account.drops else None)
    try:
        for claim in (pid_file, socket_lock):
            claim.write_text("\n".join([str(other.pid), *lines[1:]]))
        assert stop(data_dir) is False
        with embedded_server(data_dir, durable=False) as url:
            assert one(url, "SELECT 1") == 1
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_stop_ends_the_server_under_its_users_and_says_whether_there_was_one(data_dir: Path) -> None:
    assert stop(data_dir / "nowhere") is False
    with embedded_server(data_dir, durable=False):
        assert stop(data_dir) is True
        assert stop(data_dir) is False
        assert not status(data_dir).running


def test_an_error_in_the_block_stays_what_it_was(data_dir: Path) -> None:
    with pytest.raises(FileNotFoundError, match="mine"), embedded_server(data_dir, durable=False):
        raise FileNotFoundError("mine")
    assert not status(data_dir).running


def as_ordinary_user(action: Callable[[], object]) -> str:
    """Do `action` in a forked process under the user ``daemon``; return what it returned or raised, as text."""
    entry = pwd.getpwnam("daemon")
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setgroups([])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            answer = str(action())
        except BaseException as error:  # noqa: BLE001 - nothing may escape into the test runner's copy
            answer = f"{type(error).__name__}: {error}"
        os.write(writer, answer.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        text = answers.read()
    os.waitpid(child, 0)
    return text


@needs_root
def test_an_ordinary_user_has_a_server_of_their_own(data_dir: Path) -> None:
    data_dir.chmod(0o777)

    def use() -> str:
        with embedded_server(data_dir / "mine", durable=False) as url:
            run(url, "CREATE EXTENSION timescaledb")
            return f"{psutil.Process(status(data_dir / 'mine').pid).username()} {one(url, 'SELECT current_user')}"

    assert as_ordinary_user(use) == "daemon oee"
    assert stat.S_IMODE((data_dir / "mine").stat().st_mode) == 0o700
    assert not status(data_dir / "mine").running


@needs_root
def test_roots_server_runs_as_another_user_and_lets_no_third_one_in(data_dir: Path) -> None:
    with embedded_server(data_dir, durable=False) as url:
        assert psutil.Process(status(data_dir).pid).username() in {"oee", "nobody"}
        assert as_ordinary_user(lambda: one(url, "SELECT 1")).startswith("OperationalError")
        assert "can't be used: Permission denied" in as_ordinary_user(lambda: status(data_dir))


@needs_root
def test_root_with_a_data_folder_that_the_servers_user_cannot_reach_is_told_which_and_what_to_do(
    data_dir: Path,
) -> None:
    data_dir.chmod(0o700)
    with (
        pytest.raises(EmbeddedDatabaseError, match=f"may not enter {data_dir}: .* chmod o\\+x {data_dir}"),
        embedded_server(data_dir / "below"),
    ):
        pass
