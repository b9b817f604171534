"""`oee collect`, two `oee compute`, `oee serve` as processes killed at random: one revision per input version (R18).

Machines run over real sockets, and history comes in late, in pieces and out of order, while everything dies and starts
again and the database goes away once. What stands at the end must be what one undisturbed computation makes of it.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import httpx
import psycopg
import pytest
from main_job import ROOT, bench_simulators, environment, module_database, oee
from test_main_job_crash import Collector, _as_stored, _database_away, _stored, _until

from oee.compute.service import ComputeService, clock_us
from oee.store.database import Database
from oee.store.master import Master
from simulators.bench import bench_plant_yaml

INTERVAL_S = 0.25
LATE_LINE = "assembly"
HISTORY_H = 2
PIECE_MIN = 10
LINE = """
  assembly:
    calendar: tens
    machines:
      robot:
        ideal_cycle_s: 2
        max_age_s: null
        signals:
          state: {profile: custom, map: {RUN: run, FAULT: unplanned_stop}}
          good: {counter: {}}
          reject: {counter: {}}
"""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def plant_text(opcua_port: int, modbus_port: int, now: datetime) -> str:
    """The bench with shifts of one minute from now on, and a line that is imported alone, with shifts of ten."""
    text = bench_plant_yaml(opcua_port, modbus_port, INTERVAL_S).replace("max_age_s: 5", "max_age_s: 30")
    head, _, rest = text.partition("calendars:")
    _, connectors, rest = rest.partition("connectors:")
    minute = now.replace(second=0, microsecond=0)
    hour = minute.replace(minute=minute.minute // 10 * 10) - timedelta(hours=HISTORY_H + 1)
    calendars = {
        "default": [(minute + timedelta(minutes=n), 1) for n in range(-1, 12)],
        "tens": [(hour + timedelta(minutes=10 * n), 10) for n in range(6 * (HISTORY_H + 2))],
    }
    body = "".join(f"\n  {name}:{_calendar(shifts)}" for name, shifts in calendars.items())
    rest = rest.replace("\nlines:", f"\nlines:{LINE.rstrip()}")
    return f"{head}calendars:{body}\n{connectors}{rest}policies: {{lateness_s: 20}}\n"


def _calendar(shifts: list[tuple[datetime, int]]) -> str:
    named = {f"s{at:%H%M}": (at, at + timedelta(minutes=length)) for at, length in shifts}
    ordered = sorted(named)
    told = "".join(f'\n      {n}: {{start: "{named[n][0]:%H:%M}", end: "{named[n][1]:%H:%M}"}}' for n in ordered)
    week = ", ".join(f"{day}: [{', '.join(ordered)}]" for day in DAYS)
    return f"\n    shifts:{told}\n    week: {{{week}}}"


def pieces(end: datetime, random: Random) -> list[str]:
    """The history of the imported line as CSV files of ten minutes each, in no order."""
    at, good, reject = end - timedelta(hours=HISTORY_H), 1000, 50
    files = []
    while at < end:
        rows = ["ts,machine,signal,value"]
        until = at + timedelta(minutes=PIECE_MIN)
        while at < until:
            state = "FAULT" if random.random() < 0.2 else "RUN"
            rows += [
                f"{at.isoformat()},robot,{name},{v}"
                for name, v in (("state", state), ("good", good), ("reject", reject))
            ]
            at += timedelta(seconds=random.uniform(5, 60))
            good, reject = good + random.randrange(30), reject + random.randrange(3)
        at = until
        files.append("\n".join(rows) + "\n")
    random.shuffle(files)
    return files


class Service:
    """A command of the service as a process that dies and starts again."""

    def __init__(self, name, arguments, folder, database):
        self.name, self._command = name, [sys.executable, "-m", "oee", *arguments]
        self._folder, self._environment = folder, environment(database, folder / "data")
        self._process = None
        self.kills = 0

    def start(self):
        self._from = len(self.log())
        with (self._folder / f"{self.name}.log").open("a") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stderr=log, stdout=log, cwd=ROOT)

    def kill(self):
        if not self.has_given_up():
            self._process.kill()
            self._process.wait()
            self.kills += 1

    def has_given_up(self):
        """Whether it ended because the database was away when it started; its supervisor starts it again."""
        if self._process.poll() is None:
            return False
        assert self._process.returncode == 2, self.log()
        assert "the database can't be reached" in self.log()[self._from :], self.log()
        return True

    def is_up(self):
        """Whether it has begun its work since it was started last."""
        return self.log()[self._from :].count("Ctrl-C stops") == 1

    def stop(self):
        self._process.terminate()
        assert self._process.wait(20) == 0, self.log()

    def end(self):
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def log(self):
        path = self._folder / f"{self.name}.log"
        return path.read_text() if path.exists() else ""


class Reader(threading.Thread):
    """Reads the late line's shifts all the time, as an MES does; a service that is down or waits is asked again."""

    def __init__(self, url, window):
        super().__init__(name="reader")
        self._url, self._window, self._ended = url, window, threading.Event()
        self.statuses = []

    def run(self):
        while not self._ended.wait(0.2):
            try:
                answer = httpx.get(f"{self._url}/api/v1/kpis", params=self._window, timeout=15)
            except httpx.TransportError:
                continue
            self.statuses.append(answer.status_code)

    def end(self):
        self._ended.set()
        self.join()


@dataclass
class Run:
    """What a run left behind."""

    database: str
    through_us: int
    reader: Reader
    acknowledged: dict
    stored: dict
    kills: dict
    logs: dict
    results: list
    ledger: list
    again: list
    fresh: dict = field(default_factory=dict)


@pytest.fixture(
    scope="module",
    params=[pytest.param((12.0, 5.0), id="short"), pytest.param((120.0, 8.0), id="long", marks=pytest.mark.slow)],
)
def run(request, server, template, tmp_path_factory):
    chaos_s, away_s = request.param
    folder = tmp_path_factory.mktemp("split")
    random = Random(int(chaos_s))
    now = datetime.now(UTC)
    with (
        module_database(server, template) as database,
        module_database(server, template) as other,
        ExitStack() as stack,
    ):
        bench = stack.enter_context(bench_simulators(folder, 8))
        text = plant_text(bench.opcua_port, bench.modbus_port, now)
        (folder / "plant.yaml").write_text(text, encoding="utf-8")
        found = _run(stack, folder, database, now, random, chaos_s, away_s)
        found.fresh = _fresh(other, text, found)
        yield found


def _run(stack, folder, database, now, random, chaos_s, away_s):
    port = _free_port()
    applied = oee("apply", folder / "plant.yaml", database=database, data_dir=folder / "data")
    assert applied.returncode == 0, applied.stderr
    collector = Collector(folder, database)
    others = [
        Service("compute-1", ("compute",), folder, database),
        Service("compute-2", ("compute",), folder, database),
        Service("serve", ("serve", "--port", str(port)), folder, database),
    ]
    window = {"line": LATE_LINE, "from": (now - timedelta(hours=HISTORY_H)).isoformat(), "to": now.isoformat()}
    reader = Reader(f"http://127.0.0.1:{port}", {**window, "group_by": "shift"})
    for process in (collector, *others):
        stack.callback(process.end)
        process.start()
    reader.start()
    stack.callback(reader.end)
    end = now.replace(second=0, microsecond=0) - timedelta(minutes=30)
    ended = threading.Event()
    stack.callback(ended.set)
    *files, last = pieces(end, random)
    importer = threading.Thread(target=_import_all, args=(files, folder, database, chaos_s, ended))
    importer.start()
    db = stack.enter_context(Database(database))
    _until(lambda: _answers(port) and len(_stored(db)) > 0, 60)
    _chaos(random, chaos_s, away_s, [collector, *others], database, reader)
    importer.join()
    for process in others:
        if process.has_given_up():
            process.start()
    ended_us = clock_us()
    _until(lambda: _answers(port) and all(p.is_up() for p in others), 60)
    _until(lambda: max(ts for _, ts in _stored(db)) > ended_us, 60)
    collector.stop()
    stored = _stored(db)
    _until(lambda: _settled(db), 60)
    _import_all([last], folder, database, 0, ended)  # what is published already changes once more
    _until(lambda: _settled(db), 60)
    healed = len(reader.statuses)
    _until(lambda: len(reader.statuses) > healed + 3)
    reader.end()
    for process in others:
        process.stop()
    ((through,),) = _query(db, "SELECT min(delivered_through) FROM source_progress")
    before = _results(db)
    redone = oee("recompute", "--from", window["from"], database=database, data_dir=folder / "data")
    assert redone.returncode == 0, redone.stderr
    return Run(
        database,
        int(through.timestamp() * 1e6),
        reader,
        collector.acknowledged,
        stored,
        {"collect": collector.kills, **{p.name: p.kills for p in others}},
        {"collect": collector.log(), **{p.name: p.log() for p in others}},
        before,
        _ledger(db),
        _results(db),
    )


def _answers(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _chaos(random, chaos_s, away_s, processes, database, reader):
    """Kill one after the other; in the midst the database is away."""
    start, away = time.monotonic(), False
    while (passed := time.monotonic() - start) < chaos_s:
        if not away and passed > chaos_s / 2:
            away = True
            _until(lambda: all(p.is_up() for p in processes[1:]), 60)
            with _database_away(database):
                time.sleep(away_s)
                _until(lambda: 503 in reader.statuses)
        process = random.choice([*processes, *processes[1:3]])
        process.kill()
        time.sleep(random.uniform(0, 0.3))
        process.start()
        time.sleep(random.uniform(0.5, 2.5))


def _import_all(files, folder, database, chaos_s, ended):
    """Import piece by piece, each as often as it takes: the database may be away."""
    for n, text in enumerate(files):
        path = folder / f"piece-{n}.csv"
        path.write_text(text, encoding="utf-8")
        while not ended.is_set() and oee("import", path, database=database, data_dir=folder / "data").returncode != 0:
            time.sleep(0.5)
        time.sleep(chaos_s / len(files) / 2)


def _query(db, text):
    with db.transaction() as conn:
        return conn.execute(text).fetchall()


def _settled(db):
    """Nothing is due: no dirty mark, no closed shift open or behind its input."""
    return _query(
        db,
        "SELECT NOT EXISTS (SELECT 1 FROM dirty) AND NOT EXISTS (SELECT 1 FROM ledger WHERE (status = 'open' OR "
        "done_version < input_version) AND end_ts <= (SELECT min(delivered_through) FROM source_progress))",
    ) == [(True,)]


_RESULTS = """
SELECT l.id, coalesce(m.id, ''), i.production_date::text, i.name, (extract(epoch FROM i.end_ts) * 1000000)::bigint,
  r.revision, r.fingerprint, r.document::text FROM result r JOIN shift_instance i USING (instance_id)
JOIN line l USING (line_id) LEFT JOIN machine m ON m.machine_id = r.machine_id ORDER BY i.instance_id, 2, r.revision
"""
_LEDGER = """
SELECT l.id, i.production_date::text, i.name, g.status, g.input_version, g.done_version,
  (extract(epoch FROM g.end_ts) * 1000000)::bigint
FROM ledger g JOIN shift_instance i USING (instance_id) JOIN line l ON l.line_id = g.line_id
"""


def _results(db):
    return _query(db, _RESULTS)


def _ledger(db):
    return _query(db, _LEDGER)


def _newest(rows, through_us):
    """{(line, machine, day, shift): (fingerprint, document)} of the newest revisions of shifts that are over."""
    return {
        (line, machine, day, name): (print_, doc)
        for line, machine, day, name, end, _, print_, doc in rows
        if end <= through_us
    }


def _fresh(database, text, found):
    """Compute the same samples in a fresh database, undisturbed, once."""
    with Database(database) as db:
        Master(db).apply(text, None, clock_us())
        with psycopg.connect(found.database) as source, psycopg.connect(database) as target:
            for table in ("symbol", "sample", "liveness", "source_progress"):
                with (
                    source.cursor().copy(f"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT binary)") as out,
                    target.cursor().copy(f"COPY {table} FROM STDIN (FORMAT binary)") as into,
                ):
                    for block in out:
                        into.write(block)
            target.execute(
                "INSERT INTO dirty SELECT machine_id, min(ts) FROM sample JOIN tag USING (tag_id) GROUP BY machine_id"
            )
        ComputeService(db).recompute()
        return _newest(_results(db), found.through_us)


def test_r1_r2_the_samples_are_those_that_the_spool_acknowledged_and_that_were_imported(run):
    live = {place: row for place, row in run.stored.items() if not place[0].startswith(LATE_LINE)}
    assert len(run.acknowledged) > 50
    assert live == {place: _as_stored(record) for place, record in run.acknowledged.items()}
    assert sum(place[0].startswith(LATE_LINE) for place in run.stored) > 500


def test_everything_died_and_nothing_said_a_traceback_of_computing(run):
    assert sum(run.kills.values()) >= 5
    assert sum(run.kills[name] for name in ("compute-1", "compute-2")) >= 2
    for name, log in run.logs.items():
        assert "computing failed" not in log, (name, log[-3000:])
        assert "Traceback" not in log, (name, log[-3000:])


def test_s51_each_revision_follows_the_one_before_and_says_something_else(run):
    by_result = {}
    for line, machine, day, name, _, revision, print_, _ in run.results:
        by_result.setdefault((line, machine, day, name), []).append((revision, print_))
    versions = {(line, day, name): version for line, day, name, _, version, _, _ in run.ledger}
    assert len(by_result) > 2 * 6 * HISTORY_H * 0.9
    assert any(len(revisions) > 1 for revisions in by_result.values())
    for (line, machine, day, name), revisions in by_result.items():
        assert [number for number, _ in revisions] == list(range(1, len(revisions) + 1)), (line, machine, day, name)
        assert all(a[1] != b[1] for a, b in pairwise(revisions)), (line, machine, day, name)
        assert len(revisions) <= versions[line, day, name]


def test_r19_no_shift_that_is_over_was_left_out(run):
    published = {(line, machine, day, name) for line, machine, day, name, *_ in run.results}
    machines = {"assembly": "robot", "mixing-line": "mixer", "stamping-line": "stamper"}
    over = [row for row in run.ledger if row[6] <= run.through_us]
    assert len(over) > 6 * HISTORY_H * 0.9
    for line, day, name, status, version, done, _ in over:
        assert status in ("provisional", "final")
        assert version == done
        assert {(line, "", day, name), (line, machines[line], day, name)} <= published


def test_s42_what_stands_is_bit_for_bit_what_a_clean_computation_makes_of_the_same_samples(run):
    assert _newest(run.results, run.through_us) == run.fresh
    assert len(run.fresh) > 2 * 6 * HISTORY_H * 0.9


def test_s51_a_recompute_of_everything_adds_no_revision(run):
    before, after = ([row for row in rows if row[4] <= run.through_us] for rows in (run.results, run.again))
    assert after == before


def test_who_asks_gets_an_answer_or_is_told_to_ask_again(run):
    assert set(run.reader.statuses) <= {200, 503}
    assert run.reader.statuses.count(503) > 0
    assert run.reader.statuses[-3:] == [200, 200, 200]
