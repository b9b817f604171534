"""A hundred lines: what pages ask of the database, and how much they send, however old the live results are."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import psycopg
import pytest
from plant_of_lines import CountedDatabase, seed
from psycopg import sql
from psycopg.conninfo import make_conninfo

from oee.cli.web import web_app
from oee.compute.data_health import DataHealth
from oee.compute.overview import COMPUTED_PER_VIEW, Moments
from oee.compute.queries import Results
from oee.compute.service import clock_us
from oee.model import Category
from oee.report.overview import overview

LINES = 100
OVERVIEW_QUERIES = 6
S_US = 1_000_000


@pytest.fixture(scope="module")
def plant(server: str, template: str) -> Iterator[tuple[CountedDatabase, int]]:
    """Every fourth line is pooled; the clock stands where the live results were computed."""
    copy = "CREATE DATABASE many_lines TEMPLATE {}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL(copy).format(sql.Identifier(template)))
    now_us = clock_us()
    with CountedDatabase(make_conninfo(server, dbname="many_lines")) as db:
        seed(db, now_us, lines=LINES, machines=2, pooled_every=4, count_every_s=120)
        yield db, now_us
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute("DROP DATABASE many_lines WITH (FORCE)")


def asked(db: CountedDatabase, look: object) -> int:
    before = db.asked
    look()  # type: ignore[operator]
    return db.asked - before


def test_an_overview_is_a_few_queries_whether_its_results_are_new_or_old(plant: tuple[CountedDatabase, int]) -> None:
    """Also without the compute process: what is old is shown as it is, and nothing is computed per viewer."""
    db, now_us = plant
    clock = [now_us]
    source = Results(db, now_us=lambda: clock[0])
    source.moments()
    assert asked(db, source.moments) <= OVERVIEW_QUERIES
    for age_s in (40, 4_000, 100_000):
        clock[0] = now_us + age_s * S_US
        fresh_process = Moments(db, source)
        assert asked(db, fresh_process.moments) <= OVERVIEW_QUERIES
        moments = fresh_process.moments()
        assert len(moments) == LINES
        assert all(m.glance is not None and m.glance.result.computed_us == now_us for m in moments.values())


def test_who_is_silent_for_longer_than_its_data_may_be_old_is_not_shown_as_running(
    plant: tuple[CountedDatabase, int],
) -> None:
    db, now_us = plant
    clock = [now_us]
    source = Results(db, now_us=lambda: clock[0])
    new = {line: m.state for line, m in source.moments().items()}
    assert {s.category for s in new.values()} >= {Category.RUN, Category.UNPLANNED_STOP}
    for line in ("line-000", "line-001", "line-004"):
        state = source.state(line)
        assert (new[line].category, new[line].since_us) == (state.category, state.since_us)
        assert (new[line].state, new[line].reason, new[line].alive_us) == (state.state, state.reason, state.alive_us)
    clock[0] = now_us + 40 * S_US
    assert {line: m.state.category for line, m in source.moments().items()} == {n: s.category for n, s in new.items()}
    clock[0] = now_us + 61 * S_US
    old = source.moments()
    assert {m.state.category for m in old.values()} == {Category.NO_DATA}
    assert {m.state.since_us for m in old.values()} == {now_us}
    view = overview(old, source.plant(), clock[0], "help")
    assert {t.state.kind.word for t in view.lines} == {"No data"}
    assert {t.state.clock for t in view.lines} == {"1:01"}
    assert all(t.old.endswith(", 1\u00a0min old") for t in view.lines)


def test_lines_without_a_glance_are_computed_a_few_at_a_time_and_not_again(
    plant: tuple[CountedDatabase, int],
) -> None:
    db, now_us = plant
    source = Results(db, now_us=lambda: now_us)
    with db.transaction() as conn:
        conn.execute(b"CREATE TABLE kept AS SELECT * FROM result_live")
        conn.execute(b"DELETE FROM result_live")
    try:
        seen = [m.glance for m in source.moments().values()]
        assert sum(s is not None for s in seen) == COMPUTED_PER_VIEW
        again = [m.glance for m in source.moments().values()]
        assert sum(s is not None for s in again) == 2 * COMPUTED_PER_VIEW
        assert [s for s in seen if s is not None] == [s for s in again if s is not None][:COMPUTED_PER_VIEW]
    finally:
        with db.transaction() as conn:
            conn.execute(b"INSERT INTO result_live SELECT * FROM kept")
            conn.execute(b"DROP TABLE kept")


def test_data_health_of_a_plant_is_a_few_queries(plant: tuple[CountedDatabase, int]) -> None:
    db, now_us = plant
    health = DataHealth(db, lambda: now_us)
    health.plant_health()
    assert asked(db, health.plant_health) <= 10
    assert asked(db, lambda: health.gaps("line-000", 0, now_us)) <= 2 + 1  # the snapshot itself


async def test_pages_of_a_full_plant_are_small(plant: tuple[CountedDatabase, int]) -> None:
    """Uncompressed: a page of a shift and the overview of a hundred lines stay below 300 kB."""
    with plant[0].transaction() as conn:  # live results as the computing writes them every two seconds
        conn.execute(b"UPDATE result_live SET computed_at = clock_timestamp()")
    transport = httpx.ASGITransport(web_app(plant[0]), client=("127.0.0.1", 1))
    headers = {"Accept-Encoding": "identity"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
        for path in ("/", "/lines/line-000", "/lines/line-001"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert len(answer.content) < 300_000, (path, len(answer.content))
