"""S-55: beyond the retention of raw samples corrections recompute from the kept facts, and nothing destroys these."""

from datetime import UTC, datetime, time, timedelta

import pytest
from master_plant import MONDAY, PLANT, rows

from oee.collect.importer import import_csv
from oee.compute import interpreter
from oee.compute.master_data import MasterData, Request
from oee.compute.queries import Results
from oee.compute.service import ComputeService, mark_again
from oee.report.kpi import result_ratios
from oee.spool import SpoolAlive, SpoolSample
from oee.store.database import Database
from oee.store.master import Master
from oee.store.samples import SampleStore
from oee.store.times import FAR_US, to_us

DAY_US = 86_400_000_000
NOON_US = to_us(datetime.combine(MONDAY, time(12), UTC))
KEPT = PLANT + "policies: {retention_days: 3}\n"
TABLES = ("state_interval", "production", "product_run", "counter_decision")


class Old:
    """The plant with two days of history whose samples of the first are gone, as its clock stands four days later."""

    def __init__(self, db: Database, folder) -> None:
        self.db, self.folder = db, folder
        Master(db).apply(KEPT, None, NOON_US)
        (folder / "old.csv").write_text(rows(2))
        import_csv(db, folder / "old.csv", NOON_US + 5 * DAY_US, print)
        self.now_us = NOON_US + 2 * DAY_US
        self.service().recompute()
        self.whole = self.facts()
        self.now_us = NOON_US + 4 * DAY_US
        self.service().drop_old()
        ((count,),) = self.rows(f"SELECT count(*) FROM sample WHERE ts < '{MONDAY + timedelta(days=1)}Z'")
        assert count == 0

    def service(self) -> ComputeService:
        return ComputeService(self.db, now_us=lambda: self.now_us)

    def rows(self, sql: str):
        with self.db.transaction() as conn:
            return conn.execute(sql.encode()).fetchall()

    def facts(self):
        until = MONDAY + timedelta(days=2)
        at = {t: "at_ts" if t == "counter_decision" else "start_ts" for t in TABLES}
        said = {t: "machine_id, start_ts, category, state" if t == "state_interval" else "*" for t in TABLES}
        return {t: self.rows(f"SELECT {said[t]} FROM {t} WHERE {at[t]} < '{until}Z' ORDER BY 1, 2, 3") for t in TABLES}

    def shift(self, shift: str, line: str = "one", n: int = 0):
        return Results(self.db, lambda: self.now_us).shift(line, (MONDAY + timedelta(days=n)).isoformat(), shift)

    def write(self, request: Request, *, dry_run: bool = False):
        return MasterData(self.db, lambda: self.now_us).write(request, dry_run=dry_run)


@pytest.fixture
def old(db, tmp_path):
    return Old(db, tmp_path)


def test_s55_a_calendar_exception_recomputes_from_kept_facts(old):
    before = old.shift("early")
    body = [{"date": MONDAY.isoformat(), "shift": "early", "start": "07:00", "end": "14:00", "breaks": []}]
    request = Request("exception", "default", body, "anna", MONDAY)
    told = old.write(request, dry_run=True).rehearsal.shifts
    old.write(request)
    old.service().recompute()
    after = old.shift("early")
    assert (after.revision, after.cause) == (before.revision + 1, "calendar exception")
    assert after.window.elements.calendar_us == 7 * 3_600_000_000
    assert after.window.elements.output[0].total_count == 7 * 60 - 7
    assert after.instance.key in {s.after.instance.key for s in told}
    assert old.facts() == old.whole


def test_s55_an_ideal_cycle_that_reaches_back_recomputes_from_kept_facts(old):
    before = old.shift("early")
    old.write(Request("product", "A", {"ideal_cycle_s": 40}, "anna", effective_us=NOON_US - DAY_US))
    old.service().recompute()
    after = old.shift("early")
    assert after.revision == before.revision + 1
    assert result_ratios(after).performance == 2 * result_ratios(before).performance
    assert old.facts() == old.whole


def test_s55_recompute_and_other_rules_keep_facts_whose_samples_are_gone(old, monkeypatch):
    before = [old.shift(s, line) for line, s in (("one", "early"), ("one", "late"), ("two", "early"))]
    mark_again(old.db, ["one", "two"], -FAR_US, FAR_US)
    old.service().recompute()
    monkeypatch.setattr(interpreter, "RULES_VERSION", "later")
    old.service().recompute()
    assert old.facts() == old.whole
    assert [old.shift(s, line) for line, s in (("one", "early"), ("one", "late"), ("two", "early"))] == before
    assert {r for (r,) in old.rows("SELECT rules FROM machine_facts")} == {"later"}


def test_s55_data_after_a_long_silence_follow_the_kept_facts(old):
    """Nobody has heard of the machines until all samples were gone: what begins now destroys nothing of what was."""
    now = old.now_us = NOON_US + 10 * DAY_US
    old.service().drop_old()
    samples = [SpoolSample("one/filler/state", now - 60_000_000, "RUN", 0)]
    samples += [SpoolSample("one/filler/good", now - 60_000_000 + n * 1_000_000, n, 0) for n in range(60)]
    SampleStore(old.db).write(samples, [SpoolAlive("x", now - 60_000_000, now, ("one/filler",))])
    old.service().tick()
    assert old.facts() == old.whole
    made = Results(old.db, lambda: now).window("one", now - 60_000_000, now).window.elements
    assert sum(o.total_count for o in (*made.output, *made.unscheduled)) >= 59


def test_s55_rows_of_time_whose_samples_are_gone_are_refused_with_the_reason(old, tmp_path):
    file = tmp_path / "late.csv"
    file.write_text(
        f"ts,machine,signal,value\n{MONDAY}T09:00:00Z,filler,good,9\n"
        f"{MONDAY + timedelta(days=1)}T09:00:01Z,filler,state,RUN\n"
    )
    said: list[str] = []
    report = import_csv(old.db, file, old.now_us, said.append)
    assert (report.new, report.rejected) == (1, 1)
    assert "line 2" in said[0]
    assert "retention_days" in said[0]
    old.service().recompute()
    assert old.facts()["production"] == old.whole["production"]


def test_s55_a_free_window_cut_inside_a_minute_keeps_the_parts_of_the_kept_facts(old):
    start = NOON_US - 30_000_000
    made = Results(old.db, lambda: old.now_us).window("one", start, NOON_US + 3_600_000_000).window.elements
    assert 59 <= made.output[0].total_count <= 61


def test_s55_nothing_is_dropped_before_it_was_interpreted(db, tmp_path):
    Master(db).apply(KEPT, None, NOON_US)
    (tmp_path / "old.csv").write_text(rows(2))
    import_csv(db, tmp_path / "old.csv", NOON_US + 5 * DAY_US, print)
    late = ComputeService(db, now_us=lambda: NOON_US + 5 * DAY_US)
    late.drop_old()
    late.tick(close=False)
    late.drop_old()
    results = Results(db, lambda: NOON_US + 5 * DAY_US)
    made = results.window("one", NOON_US, NOON_US + 3_600_000_000).window.elements
    assert sum(o.total_count for o in made.output) == 60
    assert db.rows("samples/kept_from")
