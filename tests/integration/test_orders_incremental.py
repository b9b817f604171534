"""Orders entered at any moment, into the past too: tick by tick is one full recompute (S-42, S-52)."""

from __future__ import annotations

import random

import pytest
from compute_plant import DAY_US, MIN_US, PLANT, S_US, Plant, arrival_us, clock, story

from oee.compute.orders import OrderDesk, undo_event
from oee.errors import ConflictError
from oee.model import Elements
from oee.store.database import Database
from oee.store.entries import one_entry
from oee.store.orders import Order

SOURCE = PLANT.replace("lines:\n", "products: {A: {ideal_cycle_s: 9}, B: {ideal_cycle_s: 4}}\nlines:\n", 1).replace(
    "lateness_s: 900", "lateness_s: 900, no_order: excluded"
)
START, END = clock("06:00"), clock("10:30")


def test_s42_orders_tick_by_tick_equal_one_full_recompute(db: Database) -> None:
    rng, plant = random.Random(7), Plant(db, SOURCE)
    desk = OrderDesk(db, now_us=lambda: plant.now_us)
    plant.now_us = DAY_US + 5 * 60 * MIN_US
    for n in range(4):
        machine = "filler" if n == 3 else None
        desk.put(Order(f"O{n}", "bottling", "AB"[n % 2], machine), "mes")
    todo = sorted(story(7, START, END), key=arrival_us)
    entered = []
    while plant.now_us < END:
        plant.now_us += 311 * S_US
        plant.write([r for r in todo if arrival_us(r) <= plant.now_us])
        todo = [r for r in todo if arrival_us(r) > plant.now_us]
        if plant.now_us > START and rng.random() < 0.7:
            at_us = None if rng.random() < 0.5 else rng.randrange(START, plant.now_us)
            kind = rng.choice(["start", "start", "pause"])
            try:
                said = desk.say(f"O{rng.randrange(4)}", kind, "mes", at_us=at_us, line=None, machine=None)
                entered.append(said[1])
            except ConflictError:
                pass
        if entered and rng.random() < 0.2:
            number = entered.pop(rng.randrange(len(entered)))
            with db.transaction() as conn:
                entry, holds = one_entry(conn, number)
                if holds:
                    undo_event(conn, entry, "boss", plant.now_us, None)
        plant.service.tick()
    assert len(entered) > 8
    facts, results, revisions = plant.facts(), plant.published(), plant.revisions()
    assert len(facts["product_run"]) > 8
    plant.rows("UPDATE machine_facts SET rules = 'others' RETURNING 1")
    plant.restart().tick()
    for table, found in plant.facts().items():
        assert facts[table] == found, table
    assert plant.published() == results
    assert plant.revisions() == revisions


@pytest.mark.parametrize("machine", [None, "filler", "capper"])
def test_s52_an_event_touches_the_shifts_from_it_to_the_next_alone(db: Database, machine: str | None) -> None:
    """Early, late and third are closed; the product changes from 09:00 to 09:30 only: late is revised, no other."""
    plant = Plant(db, SOURCE.replace("no_order: excluded", "no_order: unplanned_stop"))
    desk = OrderDesk(db, now_us=lambda: plant.now_us)
    plant.now_us = DAY_US
    for order, product in (("O1", "A"), ("O2", "B")):
        desk.put(Order(order, "bottling", product), "mes")
    plant.now_us = START
    desk.say("O1", "start", "mes", at_us=None, line=None, machine=None)
    plant.play(story(3, START, clock("12:30")), clock("12:30"), 30 * MIN_US)
    before = plant.revisions()
    where = {"line": "bottling", "machine": machine}
    _, first = desk.say("O2", "start", "anna", at_us=clock("09:00"), **where)
    _, last = desk.say("O1", "start", "anna", at_us=clock("09:30"), **where)
    plant.service.tick()
    new = [r for r in plant.revisions() if r not in before]
    filler = [("late", 2, f"order O1 started (entry {last})")]
    assert new == ([] if machine == "capper" else filler)
    assert first < last
    rows = plant.results.by_product("bottling", clock("08:00"), clock("10:00"), "order", machine)
    whole = plant.results.window("bottling", clock("08:00"), clock("10:00"), machine).window.elements
    assert sum((r.window.elements for _, r in rows), Elements()) == whole
    assert [name for name, _ in rows] == ["O1", "O2"]
