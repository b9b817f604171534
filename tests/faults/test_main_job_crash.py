"""kill -9 of the collector in mid-run, again and again, and the database away: nothing lost, nothing twice, no jump."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import psycopg
import pytest
from main_job import ROOT, bench_simulators, environment, iso, kpi, micros, module_database, oee, served
from psycopg import sql

from oee.compute.scheduler import scheduled
from oee.compute.service import ComputeService, clock_us
from oee.config.model import canonical_text
from oee.errors import DatabaseUnavailable
from oee.spool import Spool, SpoolSample
from oee.store.database import Database
from oee.store.master import Master
from oee.store.samples import TEXT_SIGNALS
from simulators.truth import parts_between, parts_until

INTERVAL_S = 0.2
LINES = {"mixer": "mixing-line", "stamper": "stamping-line"}
SEED = 8
RESUME_S = 10.0  # after the database is back (R21); a machine may stand for some of it
SLACK_US = 300_000  # a Modbus value is that of an instant between the request and its answer


class Collector:
    """``python -m oee collect`` as a process that can be killed, and what its spool had on disk whenever it died."""

    def __init__(self, folder, database):
        self._folder, self._spool = folder, folder / "data" / "spool" / "bench"
        self._environment = environment(database, folder / "data")
        self._process = None
        self.acknowledged = {}
        self.kills = 0

    def start(self):
        command = [sys.executable, "-m", "oee", "collect", str(self._folder / "plant.yaml")]
        log = (self._folder / "collector.log").open("a")
        with log:
            self._process = subprocess.Popen(command, env=self._environment, stderr=log, stdout=log, cwd=ROOT)

    def kill(self):
        assert self._process.poll() is None, self.log()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.kills += 1
        self._note_acknowledged()

    def stop(self):
        """Ctrl-C's way: the last delivery is made."""
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(20) == 0, self.log()
        self._note_acknowledged()

    def end(self):
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def log(self):
        return (self._folder / "collector.log").read_text()

    def waiting_count(self):
        """How many samples lie on disk; seen on a copy, as the spool is the collector's alone."""
        return len(self._records())

    def _note_acknowledged(self):
        for record in self._records():
            known = self.acknowledged.setdefault((record.key, record.ts_us), record)
            assert (known.value, known.status) == (record.value, record.status)

    def _records(self):
        """All samples in the segments, delivered or not: without its cursor, a spool begins at its oldest."""
        copy = self._folder / "copy"
        shutil.copytree(self._spool, copy, ignore=shutil.ignore_patterns("cursor", "lock"))
        found = []
        with Spool.open(copy) as spool:
            while records := spool.read(100_000)[0]:
                found += [r for r in records if isinstance(r, SpoolSample)]
            assert spool.damaged_count == 0
        shutil.rmtree(copy)
        return found


@contextmanager
def _database_away(database):
    """Throw out everybody, and let nobody in, while the block lasts."""
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    admin = psycopg.conninfo.make_conninfo(database, dbname="postgres")
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(admin, autocommit=True) as conn:
        conn.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            conn.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def _stored(db):
    """Every row of `sample` as {(key, µs): (value, status)}; text values by their text."""
    with db.transaction() as conn:
        rows = conn.execute(
            "SELECT l.id || '/' || m.id || '/' || t.signal, (extract(epoch FROM s.ts) * 1000000)::bigint, s.value, "
            "s.quality, t.signal, y.text FROM sample s JOIN tag t USING (tag_id) JOIN machine m USING (machine_id) "
            "JOIN line l USING (line_id) LEFT JOIN symbol y ON y.symbol_id = s.value AND t.signal = ANY (%s)",
            (list(TEXT_SIGNALS),),
        ).fetchall()
    found = {
        (key, ts): (text if signal in TEXT_SIGNALS else value, status) for key, ts, value, status, signal, text in rows
    }
    assert len(found) == len(rows)
    return found


def _as_stored(record):
    is_text = record.key.rsplit("/", 1)[1] in TEXT_SIGNALS
    return (canonical_text(record.value) if is_text else float(record.value)), record.status


def _counts(db, machine, signal="total"):
    """Stored readings of a counter, in order of time: [(µs, value)]."""
    key = f"{LINES[machine]}/{machine}/{signal}"
    return sorted((ts, value) for (of, ts), (value, _) in _stored(db).items() if of == key)


def _calm_instant(client, db, machine):
    """The newest instant that nothing to come can change: a part, interpreted, while the machine runs."""
    place, counts = f"/api/v1/lines/{LINES[machine]}", _counts(db, machine)
    known_us = micros(client.get(f"{place}/state").json()["alive"] or iso(0))
    if known_us <= counts[0][0]:
        return None
    answer = client.get(f"{place}/intervals", params={"from": iso(counts[0][0]), "to": iso(known_us)})
    runs = [(micros(i["start"]), micros(i["end"])) for i in answer.json()["items"] if i["category"] == "run"]
    made = [ts for ts, value in counts if value > counts[0][1]]
    return next((ts for ts in reversed(made) if any(a < ts < b for a, b in runs)), None)


class Watch(threading.Thread):
    """Looks at the running shift's figures all the time, as a page does."""

    def __init__(self, client):
        super().__init__(name="watch")
        self._client, self._ended = client, threading.Event()
        self.seen = {line: [] for line in LINES.values()}
        self.away_count = 0

    def run(self):
        while not self._ended.wait(0.4):
            for line, seen in self.seen.items():
                now = clock_us()
                window = {"line": line, "from": iso(now - 5 * 3_600_000_000), "to": iso(now), "group_by": "shift"}
                answer = self._client.get("/api/v1/kpis", params=window)
                self.away_count += answer.status_code == 503
                assert answer.status_code in (200, 503), answer.text
                seen.extend(answer.json().get("items", ()))

    def end(self):
        self._ended.set()
        self.join()


@dataclass
class Run:
    """What one run left behind."""

    kills: int
    watch: Watch
    acknowledged: dict
    stored: dict
    truth: object = None
    restarts: list = field(default_factory=list)
    items: dict = field(default_factory=dict)
    again: dict = field(default_factory=dict)
    ends: dict = field(default_factory=dict)


@pytest.fixture(
    scope="module",
    params=[pytest.param((3, 4.0), id="short"), pytest.param((10, 20.0), id="long", marks=pytest.mark.slow)],
)
def run(request, server, template, tmp_path_factory):
    kills, away_s = request.param
    folder = tmp_path_factory.mktemp("crash")
    with module_database(server, template) as database:
        collector = Collector(folder, database)
        with bench_simulators(folder, SEED) as bench, Database(database) as db, served(database) as client:
            text = bench.plant(INTERVAL_S).replace("max_age_s: 5", "max_age_s: 30")  # a restart takes some seconds
            (folder / "plant.yaml").write_text(text, encoding="utf-8")
            Master(db).apply(text, None, clock_us())
            watch = Watch(client)
            try:
                with scheduled(ComputeService(db)):
                    restarts = _crashes(collector, database, db, client, watch, kills, away_s)
            finally:
                watch.end()
                collector.end()
            found = Run(collector.kills, watch, collector.acknowledged, _stored(db), bench.truth(), restarts)
            _final_figures(client, db, database, folder, found)
    return found


def _crashes(collector, database, db, client, watch, kills, away_s):
    """Kill and start again; return the figures around each restart: (line, before, after)."""
    random, restarts = Random(kills), []
    collector.start()
    _until(lambda: all(len(_counts(db, m)) > 8 and _calm_instant(client, db, m) for m in LINES))
    watch.start()
    for _ in range(kills):
        before = _figures(client, db)
        time.sleep(random.uniform(0.2, 0.9))
        collector.kill()
        collector.start()
        _until(lambda before=before: all(len(_counts(db, m)) > f[-1] + 3 for m, f in before.items()))
        time.sleep(2.5)  # a tick of the computing, at least
        for machine, (start, end, item, _) in before.items():
            restarts.append((machine, item, kpi(client, LINES[machine], start, end)))
    _away(collector, database, db, away_s)
    collector.stop()
    time.sleep(2.5)
    return restarts


def _final_figures(client, db, database, folder, found):
    found.ends = {m: (_counts(db, m)[0], _counts(db, m)[-1]) for m in LINES}
    for figures in (found.items, found.again):
        for machine, (first, last) in found.ends.items():
            figures[machine] = kpi(client, LINES[machine], first[0], last[0])
        for line in LINES.values():
            again = oee("recompute", "--line", line, database=database, data_dir=folder / "data")
            assert again.returncode == 0, again.stderr


def test_what_the_spool_acknowledged_is_stored_exactly_once_and_nothing_else(run):
    assert run.kills >= 4
    assert len(run.acknowledged) > 100
    assert run.stored == {place: _as_stored(record) for place, record in run.acknowledged.items()}


def test_a_restart_changes_no_figure_of_the_time_before_it(run):
    for machine, before, after in run.restarts:
        assert before["elements"]["total_count"] > 0
        assert {**after, "status": before["status"]} == before, machine


def test_the_running_shift_never_goes_backwards(run):
    """Its counts only grow, whoever was killed meanwhile; a page is told when the database is away."""
    assert run.watch.away_count > 0
    for line, items in run.watch.seen.items():
        assert len(items) > 10, line
        for before, after in pairwise(item["elements"] for item in items):
            for name in ("total_count", "good_count", "reject_count"):
                assert after[name] >= before[name], (line, name)
            assert after["no_data_s"] == before["no_data_s"], line  # that before the first sample, and no more
        assert not any("counter_reset" in item["flags"] for item in items)


@pytest.mark.parametrize("machine", LINES)
def test_all_parts_that_the_truth_knows_were_counted(run, machine):
    (start, first), (end, last) = run.ends[machine]
    elements = run.items[machine]["elements"]
    assert elements["total_count"] == last - first > 20
    assert elements["no_data_s"] == 0
    for ts, value in ((start, first), (end, last)):
        assert parts_until(run.truth, machine, max(ts - SLACK_US, run.truth.start_us)).total <= value
        assert value <= parts_until(run.truth, machine, ts).total
    if machine == "mixer":
        assert elements["total_count"] == parts_between(run.truth, machine, start, end).total


@pytest.mark.parametrize("machine", LINES)
def test_s42_what_was_computed_through_all_of_it_equals_a_full_recompute(run, machine):
    assert run.again[machine] == run.items[machine]


def _figures(client, db):
    """Per machine: a window that is over, its figures, and how many counts are stored."""
    found = {}
    for machine, line in LINES.items():
        counts = _counts(db, machine)
        end = _calm_instant(client, db, machine)
        found[machine] = (counts[0][0], end, kpi(client, line, counts[0][0], end), len(counts))
    return found


def _away(collector, database, db, away_s):
    """The database goes away; the collector dies and starts without it; then it is back."""
    with _database_away(database):
        time.sleep(away_s / 2)
        collector.kill()
        collector.start()
        known = collector.waiting_count()
        _until(lambda: collector.waiting_count() > known + 10)
        time.sleep(away_s / 2)
    newest = clock_us()
    _until(lambda: all(_counts(db, m)[-1][0] > newest for m in LINES), RESUME_S)


def _until(condition, timeout_s=25.0):
    end = time.monotonic() + timeout_s
    while True:
        with suppress(DatabaseUnavailable):
            if condition():
                return
        assert time.monotonic() < end, "what should have happened did not"
        time.sleep(0.2)
