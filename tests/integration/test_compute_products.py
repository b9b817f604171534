"""Products and orders through the store: incremental = full, late values, targets, rows (S-12, S-25, S-52)."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from compute_plant import CAPPER, FILLER, HOUR_US, MIN_US, PLANT, S_US, Plant, Record, alive, clock, sample, story
from main_job import oee

from oee.compute.calculator import Context, by_product, context, subject
from oee.kernels.products import ProductKey
from oee.kernels.ratios import ratios
from oee.model import RULES_VERSION, Elements
from oee.spool.records import SpoolAlive
from oee.store.database import Database

PRODUCTS = (
    PLANT.replace("lines:\n", "products: {A: {ideal_cycle_s: 9}, B: {ideal_cycle_s: 4}}\nlines:\n", 1)
    .replace("    rollup:", "    targets: {oee: 0.5}\n    rollup:", 1)
    .replace(
        "        ideal_cycle_s: 2\n",
        "        products: {A: {ideal_cycle_s: 2}}\n",
        1,
    )
    .replace(
        "          fault:",
        '          product: {connector: plc, address: "holding:40101", type: uint16}\n'
        '          order: {connector: plc, address: "holding:40102", type: uint16}\n'
        "          fault:",
        1,
    )
)
END = clock("10:30")
STEP = 5 * MIN_US


def told(plant: Plant, start: str, end: str) -> Context:
    """Settled facts of the filler."""
    with plant.database.transaction() as conn:
        ids = plant.service.master.ids()
        who = subject(plant.service.master, "bottling", "filler", clock(start))
        return context(conn, plant.service.master, ids, who, (clock(start), clock(end)), plant.now_us)


def made_story(seed: int) -> list[Record]:
    """The plant's story, and what the filler makes: new products and orders, none, bad values, in any moment."""
    rng = random.Random(seed)
    records = story(seed, clock("06:00"), END)
    states = [r.ts_us for r in records if not isinstance(r, SpoolAlive) and r.key == f"{FILLER}/state"]
    for signal, words in (("product", ["A", "B", "X7", "", None]), ("order", ["1", "2", "", None])):
        moments = {*rng.sample(states, 8), *(clock("06:00") + rng.randrange(4 * 3600) * S_US for _ in range(8))}
        records += [sample(f"{FILLER}/{signal}", t, rng.choice(words)) for t in moments]
    return records


def _same(plant: Plant, seed: object) -> None:
    """Everything told anew from the first sample says what was kept."""
    facts, results, revisions = plant.facts(), plant.published(), plant.revisions()
    assert len(facts["product_run"]) > 5
    plant.rows("UPDATE machine_facts SET rules = 'others' RETURNING 1")
    plant.restart().tick()
    for table, rows in plant.facts().items():
        assert facts[table] == rows, (seed, table)
    assert plant.published() == results
    assert plant.revisions() == revisions


@pytest.mark.parametrize("seed", [1])
def test_s42_products_tick_by_tick_equal_one_full_recompute(db: Database, seed: int) -> None:
    plant = Plant(db, PRODUCTS)
    plant.now_us = clock("05:59")
    plant.play(made_story(seed), END, 293 * S_US)
    _same(plant, seed)


@pytest.mark.parametrize("seed", [20])
def test_s11_order_and_repetition_of_products_change_nothing(db: Database, seed: int) -> None:
    rng = random.Random(seed)
    plant = Plant(db, PRODUCTS)
    batches: list[list[Record]] = [[] for _ in range(10)]
    for r in made_story(seed):
        batches[rng.randrange(10)].append(r)
    plant.now_us = END
    for batch in [*batches, batches[4]]:
        rng.shuffle(batch)
        plant.write(batch)
        plant.service.tick()
    _same(plant, seed)


def steady(*stops: tuple[str, str], product: str = "A") -> list[Record]:
    """A part every two seconds from 06:00 to 10:30, alive throughout, with stops in which nothing is made."""
    records: list[Record] = [
        sample(f"{FILLER}/state", clock("06:00"), "6"),
        sample(f"{FILLER}/reject", clock("06:00"), 0),
    ]
    records += [sample(f"{FILLER}/product", clock("06:00"), product), sample(f"{CAPPER}/state", clock("06:00"), True)]
    edges = sorted([clock("06:00"), END, *(clock(t) for stop in stops for t in stop)])
    made, running = 0, True
    for a, b in zip(edges, [*edges[1:], END], strict=True):
        records.append(sample(f"{FILLER}/total", a, made))
        if clock("06:00") < a < END:
            records.append(sample(f"{FILLER}/state", a, "6" if running else "10"))
        if running:
            records += [sample(f"{FILLER}/total", t, made + (t - a) // (2 * S_US)) for t in range(a + STEP, b, STEP)]
            made += (b - a) // (2 * S_US)
        running = not running
    records += [alive(t, t + 30 * S_US) for t in range(clock("06:00"), END, 30 * S_US)]
    return records


def test_s52_a_late_product_value_touches_its_shift_alone_by_one_revision(db: Database) -> None:
    """08:40 to 08:50 the machine stood; only later comes that it made B from 08:45 to 09:20, and A again from then."""
    plant = Plant(db, PRODUCTS)
    plant.now_us = clock("05:59")
    plant.play(steady(("08:40", "08:50")), END, 10 * MIN_US)
    closed = [("early", 1, "shift closed"), ("late", 1, "shift closed")]
    assert plant.revisions() == closed
    before = plant.results.shift("bottling", "2026-03-02", "late")
    assert (before.window.elements.unplanned_stop_us, before.window.elements.setup_us) == (10 * MIN_US, 0)
    touched = plant.rows("SELECT instance_id FROM ledger WHERE input_version > 1")
    plant.write([sample(f"{FILLER}/product", clock("08:45"), "B"), sample(f"{FILLER}/product", clock("09:20"), "A")])
    plant.service.tick()
    assert plant.revisions() == [*closed, ("late", 2, "late data")]
    assert len(plant.rows("SELECT instance_id FROM ledger WHERE input_version > 1")) <= len(touched) + 1
    e = plant.results.shift("bottling", "2026-03-02", "late").window.elements
    assert (e.unplanned_stop_us, e.setup_us) == (0, 10 * MIN_US)
    assert [(o.product, o.ideal_cycle_us, o.total_count) for o in e.output] == [
        ("A", 2 * S_US, 2400),
        ("B", 4 * S_US, 900),
    ]
    plant.write([sample(f"{FILLER}/product", clock("08:46"), "B")])
    plant.service.tick()
    assert plant.revisions() == [*closed, ("late", 2, "late data")]


def test_s25_a_late_change_reaches_back_over_the_whole_standstill(db: Database) -> None:
    """Down from 07:50 on into the late shift; a product that arrives late for 08:10 makes both shifts' share set up."""
    plant = Plant(db, PRODUCTS)
    plant.now_us = clock("05:59")
    plant.play(steady(("07:50", "08:10")), END, 10 * MIN_US)
    plant.write([sample(f"{FILLER}/product", clock("08:10"), "B")])
    plant.service.tick()
    assert [r for r in plant.revisions() if r[1] == 2] == [("early", 2, "late data"), ("late", 2, "late data")]
    setup = [plant.results.shift("bottling", "2026-03-02", s).window.elements.setup_us for s in ("early", "late")]
    assert setup == [10 * MIN_US, 10 * MIN_US]
    early = dict(by_product(told(plant, "06:00", "08:00"), clock("06:00"), clock("08:00"), "product"))
    assert early["B"].elements.calendar_us == 10 * MIN_US
    assert early["B"].elements.total_count == 0


@pytest.mark.parametrize("key", ["product", "order"])
def test_s41_rows_per_product_sum_to_the_shift(db: Database, key: ProductKey) -> None:
    plant = Plant(db, PRODUCTS)
    plant.now_us = END
    plant.write(made_story(3))
    plant.service.tick()
    for shift, start, end in (("early", "06:00", "08:00"), ("late", "08:00", "10:00")):
        rows = by_product(told(plant, start, end), clock(start), clock(end), key)
        assert len(rows) > 1
        whole = plant.results.shift("bottling", "2026-03-02", shift, "filler").window
        assert sum((row.elements for _, row in rows), Elements()) == whole.elements
        assert all(row.end_us - row.start_us == 2 * HOUR_US for _, row in rows)


def test_targets_follow_the_product_in_force(db: Database) -> None:
    """Half of what is ideal: A at 2 s until 09:00, B at 4 s after; until 09:00 is told, A is asked to the end."""
    plant = Plant(db, PRODUCTS)
    plant.now_us = clock("05:59")
    records = [*steady(), sample(f"{FILLER}/product", clock("09:00"), "B")]
    plant.play(records, clock("08:30"), 10 * MIN_US)
    live = plant.results.shift("bottling", "2026-03-02", "late")
    assert (live.target_good_count, live.shift_target_good_count) == (450, 1800)
    plant.play(records, clock("09:20"), 10 * MIN_US)
    live = plant.results.shift("bottling", "2026-03-02", "late")
    assert (live.target_good_count, live.shift_target_good_count) == (900 + 150, 900 + 450)
    assert [h.target_good_count for h in live.hours] == [900, 450]


def _machine_of(plant: Plant, name: str) -> Any:
    return plant.rows(f"SELECT machine_id FROM machine WHERE id = '{name}'")[0][0]


@pytest.mark.parametrize("damage", ["payload", "at_ts", "every"])
def test_a_damaged_checkpoint_is_never_used(db: Database, damage: str) -> None:
    """What is told with checkpoints that lie is what is told without any."""
    plant = Plant(db, PRODUCTS)
    plant.now_us = clock("05:59")
    records = made_story(4)
    plant.play(records, clock("09:00"), 10 * MIN_US)
    newest = "at_ts = (SELECT max(at_ts) FROM checkpoint c WHERE c.machine_id = checkpoint.machine_id)"
    flipped = r"regexp_replace(payload, '(\[[0-9]+, )([0-9])', '\1' || '1\2')"  # a reading that could be true
    change = {
        "payload": f"payload = {flipped}",
        "at_ts": "at_ts = at_ts - interval '1 minute'",
        "every": "payload = overlay(payload placing chr(ascii(substr(payload, 12, 1)) # 1) from 12 for 1)",
    }[damage]
    where = newest if damage == "at_ts" else "true"
    damaged = plant.rows(f"UPDATE checkpoint SET {change} WHERE {where} RETURNING machine_id, at_ts")
    assert damaged
    plant.play(records, END, 10 * MIN_US)
    facts, results = plant.facts(), plant.published()
    plant.rows("DELETE FROM checkpoint RETURNING 1")
    plant.rows("INSERT INTO dirty (machine_id, from_ts) SELECT machine_id, first_ts FROM machine_facts RETURNING 1")
    plant.service.tick()
    assert plant.facts() == facts
    assert plant.published() == results


def test_a_damaged_checkpoint_is_deleted_where_it_is_met(db: Database) -> None:
    plant = Plant(db, PRODUCTS)
    plant.now_us = clock("05:59")
    plant.play(steady(), clock("08:00"), 10 * MIN_US)
    filler = _machine_of(plant, "filler")
    kept = plant.rows(f"SELECT max(at_ts) FROM checkpoint WHERE machine_id = {filler} AND at_ts < '2026-03-02 07:00Z'")
    plant.rows(
        f"UPDATE checkpoint SET payload = '[' WHERE machine_id = {filler} AND at_ts >= '2026-03-02 07:00Z' RETURNING 1"
    )
    plant.rows(f"INSERT INTO dirty (machine_id, from_ts) VALUES ({filler}, '2026-03-02 07:59Z') RETURNING 1")
    before = plant.facts()
    plant.service.tick()
    assert plant.facts() == before
    assert plant.rows(f"SELECT 1 FROM checkpoint WHERE machine_id = {filler} AND payload = '['") == []
    assert plant.rows(f"SELECT 1 FROM checkpoint WHERE machine_id = {filler} AND at_ts = '{kept[0][0]}'")


def test_changed_rules_tell_every_shift_anew(db: Database) -> None:
    """Facts and results of other rules: a new process tells them again in full, by one revision a shift."""
    plant = Plant(db, PRODUCTS)
    plant.now_us = clock("05:59")
    plant.play(steady(("08:40", "08:50")), END, 10 * MIN_US)
    right = plant.facts()
    plant.rows("UPDATE machine_facts SET rules = '1' RETURNING 1")
    plant.rows("UPDATE production SET good_count = good_count + 1, total_count = total_count + 1 RETURNING 1")
    plant.rows("UPDATE state_interval SET category = 2 WHERE category = 3 RETURNING 1")
    plant.service.tick()
    assert plant.facts() != right, "only the start of a process looks"
    with db.transaction() as conn:
        conn.execute("ALTER TABLE result DISABLE TRIGGER result_immutable")
        conn.execute("UPDATE result SET definition = 'rules 1', fingerprint = '1'")
        conn.execute("ALTER TABLE result ENABLE TRIGGER result_immutable")
    plant.restart().tick()
    assert plant.facts() == right
    assert [r for r in plant.revisions() if r[1] == 2] == [("early", 2, "rules changed"), ("late", 2, "rules changed")]
    assert f"rules {RULES_VERSION}" in plant.results.shift("bottling", "2026-03-02", "late").definition
    plant.restart().tick()
    assert max(r[1] for r in plant.revisions()) == 2


def test_s12_a_machine_that_no_longer_has_the_signal_makes_its_only_product(db: Database) -> None:
    """The signal goes with a configuration from 08:00 on: A is the only product listed."""
    plant = Plant(db, PRODUCTS)
    plant.now_us = clock("05:59")
    plant.play(steady(product="B"), clock("08:00"), 10 * MIN_US)
    without = "\n".join(r for r in PRODUCTS.splitlines() if "product: {conn" not in r and "order: {conn" not in r)
    plant.service.master.apply(without, None, clock("08:00"))
    plant.restart()
    plant.play(steady(product="B"), END, 10 * MIN_US)
    made = [plant.results.shift("bottling", "2026-03-02", s).window.elements.output for s in ("early", "late")]
    assert [[(o.product, o.ideal_cycle_us) for o in m] for m in made] == [[("B", 4 * S_US)], [("A", 2 * S_US)]]


CSV = """\
2026-03-02T06:00:00Z,filler,state,6
2026-03-02T06:00:00Z,filler,product,A
2026-03-02T06:00:00Z,filler,total,1000
2026-03-02T06:00:00Z,filler,reject,10
2026-03-02T06:40:00Z,filler,total,2000
2026-03-02T06:40:00Z,filler,reject,20
2026-03-02T06:40:00Z,filler,state,10
2026-03-02T06:45:00Z,filler,product,
2026-03-02T06:56:00Z,filler,product,B
2026-03-02T06:56:00Z,filler,state,6
2026-03-02T06:56:00Z,filler,total,2000
2026-03-02T06:56:00Z,filler,reject,20
2026-03-02T08:00:00Z,filler,total,2640
2026-03-02T08:00:00Z,filler,reject,52
2026-03-02T08:00:00Z,filler,product,B
"""


def test_s12_a_mixed_shift_from_a_csv_file(
    db: Database, database: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """06:00–08:00, break 07:00–07:10 through which it runs: K = 120 min (S-27).

    A 06:00–06:40: 1000 parts at 2 s, 10 rejects; changeover 06:40–06:56; B 06:56–08:00: 640 parts at 4 s, 32 rejects.
    A = 104/120. P = (2000 + 2560) s / 104 min = 4560/6240. Q = (990·2 + 608·4)/4560 = 4412/4560. OEE = 4412/7200.
    """
    folder = tmp_path_factory.mktemp("mixed")
    (folder / "plant.yaml").write_text(PRODUCTS.replace("max_age_s: 60", "max_age_s: null"), encoding="utf-8")
    (folder / "mixed.csv").write_text("ts,machine,signal,value\n" + CSV, encoding="utf-8")
    for command in (["apply", folder / "plant.yaml"], ["import", folder / "mixed.csv"]):
        done = oee(*command, database=database, data_dir=folder)
        assert done.returncode == 0, done.stderr
    plant = Plant.__new__(Plant)
    plant.database, plant.now_us = db, clock("09:00")
    plant.restart().tick()
    window = plant.results.shift("bottling", "2026-03-02", "early").window
    r = ratios(window.elements, quality_known=window.quality_known, ideal_known=window.ideal_known)
    assert (r.availability, r.performance) == (Fraction(104, 120), Fraction(4560, 6240))
    assert (r.quality, r.oee) == (Fraction(4412, 4560), Fraction(4412, 7200))
    assert window.elements.setup_us == 16 * MIN_US
    assert [(o.product, o.total_count, o.reject_count) for o in window.elements.output] == [
        ("A", 1000, 10),
        ("B", 640, 32),
    ]
    rows = by_product(told(plant, "06:00", "08:00"), clock("06:00"), clock("08:00"), "product")
    assert [(name, row.elements.calendar_us // MIN_US) for name, row in rows] == [("A", 40), ("B", 80)]


@pytest.mark.parametrize("key", ["product", "order"])
@pytest.mark.parametrize("machine", [None, "filler", "capper"])
def test_s41_rows_of_any_range_sum_to_it(db: Database, key: ProductKey, machine: str | None) -> None:
    """Shifts, breaks and closed results in the range change nothing: rows are told from the facts, as the whole is."""
    plant = Plant(db, PRODUCTS)
    plant.now_us = clock("05:59")
    plant.play(made_story(3), END, 20 * MIN_US)
    span = clock("06:20") + 7 * S_US, clock("10:10")
    rows = plant.results.by_product("bottling", *span, key, machine)
    whole = plant.results.window("bottling", *span, machine)
    assert sum((r.window.elements for _, r in rows), Elements()) == whole.window.elements
    names = [name for name, _ in rows]
    assert len(names) == len(set(names))
    assert len(names) == 1 if machine == "capper" else len(names) > 2
    assert {(r.window.start_us, r.window.end_us) for _, r in rows} == {span}
    assert len({r.id for _, r in rows}) == len(rows)
