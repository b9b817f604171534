"""What live pages ask of a real database: all lines at a glance, data health, what changed, the same shift before."""

from __future__ import annotations

from compute_plant import CAPPER, FILLER, MIN_US, S_US, Plant, alive, clock, sample

from oee.compute.changes import Changes
from oee.compute.data_health import DataHealth
from oee.glance import glance
from oee.model import Category
from oee.report.health import gap_sentences, health_view, line_health_json
from oee.report.live import line_now
from oee.report.overview import overview
from oee.report.view import zone_of
from oee.store.database import Database


def morning(plant: Plant) -> None:
    """The filler runs from six, fails at half past seven with a jam, and tells a state that nobody knows at 7:40."""
    records = [sample(f"{FILLER}/state", clock("6:00"), "6"), sample(f"{CAPPER}/state", clock("6:00"), True)]
    records += [sample(f"{FILLER}/total", clock("6:00") + n * 10 * S_US, 4 * n) for n in range(540)]
    records += [
        sample(f"{FILLER}/fault", clock("7:30"), "17"),
        sample(f"{FILLER}/state", clock("7:30"), "10"),
        sample(f"{FILLER}/state", clock("7:40"), "99"),
        sample(f"{FILLER}/state", clock("7:42"), "10"),
        sample(f"{FILLER}/total", clock("7:41"), 3),
        sample(f"{FILLER}/reject", clock("7:43"), None),
    ]
    records += [
        alive(clock("6:00") + n * MIN_US, clock("6:00") + (n + 1) * MIN_US, FILLER, *([CAPPER] * (n < 60)))
        for n in range(105)
    ]
    plant.now_us = clock("5:59")
    plant.play(records, clock("7:45"), 15 * MIN_US)


def test_a_glance_of_a_line_is_its_live_result(db: Database) -> None:
    plant = Plant(db)
    morning(plant)
    (moment,) = plant.results.moments().values()
    current, state = plant.results.current("bottling"), plant.results.state("bottling")
    assert current is not None
    assert moment.glance == glance(current)
    assert (moment.state.category, moment.state.since_us) == (state.category, state.since_us)
    assert (moment.state.reason, moment.state.alive_us, moment.coming) == (state.reason, state.alive_us, None)
    config = plant.results.plant()
    (tile,) = overview(plant.results.moments(), config, plant.now_us, "help").lines
    now = line_now(config, state, current, plant.now_us)
    assert (tile.oee, tile.state) == (now.oee, now.state)
    assert plant.results.moments()["bottling"].glance is moment.glance, "read once"


def test_a_state_older_than_the_shift_and_a_compute_process_that_is_down_are_told_all_the_same(db: Database) -> None:
    plant = Plant(db)
    plant.now_us = clock("7:00")
    plant.write([sample(f"{FILLER}/state", clock("6:30"), "10"), alive(clock("6:30"), clock("8:20"), FILLER)])
    plant.now_us = clock("8:10")
    plant.service.tick()
    assert plant.results.moments()["bottling"].state.since_us == clock("6:30"), "over the break"
    plant.now_us = clock("8:12")
    moment = plant.results.moments()["bottling"]
    assert moment.glance is not None
    assert moment.glance.result.window.end_us == clock("8:10"), "the newest there is, not computed by the reader"
    assert (moment.state.category, moment.state.since_us) == (Category.NO_DATA, clock("8:10"))


def test_outside_shifts_the_next_one_is_named(db: Database) -> None:
    plant = Plant(db)
    plant.now_us = clock("12:30")
    plant.service.tick()
    coming = plant.results.moments()["bottling"].coming
    assert coming is not None
    assert (coming.production_date, coming.name) == ("2026-03-03", "early")


def test_data_health_names_what_is_silent_bad_unmapped_missing_and_decided(db: Database) -> None:
    plant = Plant(db)
    morning(plant)
    with db.transaction() as conn:
        conn.execute(
            b"INSERT INTO data_gap (machine_id, source, from_ts, reason)"
            b" SELECT machine_id, 'plc', '2026-03-02 07:00+00', 'connection lost' FROM machine WHERE id = 'capper'"
        )
    found = DataHealth(db, lambda: plant.now_us).line_health("bottling")
    assert (found.from_us, found.to_us) == (clock("6:00"), clock("7:45"))
    filler, capper = found.machines
    assert [(s.source, s.kind, s.alive_us) for s in filler.sources] == [("plc", "modbus", clock("7:45"))]
    signals = {s.signal: s for s in filler.signals}
    assert (signals["state"].value, signals["state"].changed_us) == ("10", clock("7:42"))
    assert (signals["fault"].value, signals["total"].value) == ("17", "3")
    assert (signals["reject"].value, signals["reject"].good) == (None, False)
    assert "oee" in signals["reject"].needed_for
    assert [(u.state, u.length_us, u.last_us) for u in filler.unmapped] == [("99", 2 * MIN_US, clock("7:42"))]
    assert [(d.signal, d.at_us) for d in filler.decisions] == [("total", clock("7:41"))]
    assert capper.sources[0].status == "silent"
    assert capper.signals[1].changed_us is None
    assert [(g.from_us, g.to_us, g.reason) for g in capper.gaps] == [(clock("7:00"), None, "connection lost")]
    assert DataHealth(db, lambda: plant.now_us).gaps("bottling", clock("6:00"), clock("6:30"))["capper"] == ()


def test_a_gap_that_an_import_filled_in_says_so_everywhere(db: Database) -> None:
    plant = Plant(db)
    morning(plant)
    with db.transaction() as conn:
        conn.execute(
            b"INSERT INTO data_gap (machine_id, source, from_ts, to_ts, reason) SELECT machine_id, 'plc',"
            b" '2026-03-02 07:00+00', '2026-03-02 07:30+00', 'the collector was not running' FROM machine"
        )
        conn.execute(
            b"INSERT INTO liveness (machine_id, source, from_ts, through_ts) SELECT machine_id, 'import', x.a, x.b"
            b" FROM machine, (VALUES (timestamptz '2026-03-02 06:50+00', timestamptz '2026-03-02 07:40+00'),"
            b" ('2026-03-02 07:05+00', '2026-03-02 07:10+00')) x(a, b) WHERE id = 'filler'"
        )
        conn.execute(
            b"INSERT INTO liveness (machine_id, source, from_ts, through_ts) SELECT machine_id, 'import',"
            b" '2026-03-02 07:10+00', '2026-03-02 07:20+00' FROM machine WHERE id = 'capper'"
        )
    health, config = DataHealth(db, lambda: plant.now_us), plant.results.plant()
    found = health.gaps("bottling", clock("6:00"), clock("8:00"))
    assert [g.filled_us for g in (*found["filler"], *found["capper"])] == [30 * MIN_US, 10 * MIN_US]
    told = gap_sentences(found, config, "bottling", zone_of(config))
    assert told[0].endswith("07:00\u201307:30 (the collector was not running), filled in by import.")
    assert told[1].endswith(", 10.0\u00a0min of it filled in by import.")
    shown = health_view(health.line_health("bottling"), None, config)
    assert [m.gaps[0].filled for m in shown.machines] == [
        "filled in by import",
        "10.0\u00a0min of it filled in by import",
    ]
    document = line_health_json(health.line_health("bottling"), None, zone_of(config))
    assert [m["gaps"][0]["filled_s"] for m in document["machines"]] == [1800.0, 600.0]


def test_changes_tell_states_live_figures_and_publications(db: Database) -> None:
    plant = Plant(db)
    changes = Changes(db)
    morning(plant)
    before = changes.marks()["bottling"]
    assert {(c[0], c[1]) for c in before.claims} >= {("filler", clock("7:42"))}
    assert before.live_us == plant.now_us
    plant.write([sample(f"{FILLER}/state", clock("7:46"), "6"), alive(clock("7:45"), clock("7:50"), FILLER)])
    plant.now_us = clock("7:50")
    plant.service.tick()
    after = changes.marks()["bottling"]
    assert {c[0]: c[1:3] for c in after.claims}["filler"] == (clock("7:46"), int(Category.RUN))
    assert after.live_us == clock("7:50")
    assert changes.published(0) == []
    plant.write([alive(clock("7:50"), clock("8:20"), FILLER, CAPPER)])
    plant.now_us = clock("8:20")
    plant.service.tick()
    (told,) = changes.published(0)
    assert (told.line, told.shift, told.revision) == ("bottling", "early", 1)
    assert changes.published(told.at_us) == []


def test_the_same_shift_before_is_the_newest_of_its_name(db: Database) -> None:
    plant = Plant(db)
    morning(plant)
    plant.now_us = clock("8:20") + 24 * 60 * MIN_US
    plant.write([alive(plant.now_us - MIN_US, plant.now_us, FILLER, CAPPER)])
    plant.service.recompute()
    tomorrow = next(
        i
        for i in plant.results.instances("bottling", plant.now_us - 86_400 * S_US, plant.now_us)
        if i.name == "early" and i.production_date == "2026-03-03"
    )
    before = plant.results.same_before("bottling", tomorrow)
    assert before is not None
    assert before.instance.key == ("bottling", "2026-03-02", "early")
    assert before == plant.results.shift("bottling", "2026-03-02", "early")
    assert plant.results.same_before("bottling", before.instance) is None
