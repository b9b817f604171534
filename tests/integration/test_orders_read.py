"""S-12: what orders a line's machines make at an instant is read without all that they made before."""

import random

import pytest
from compute_plant import DAY_US, PLANT, Plant

from oee.kernels.orders import in_force
from oee.store.database import Database
from oee.store.entries import Entry, add_entry
from oee.store.master import Master
from oee.store.orders import line_events

MACHINES = ("filler", "capper")


def started(db: Database, events: list[tuple[int, str, str, str | None]], undone: float, rng: random.Random) -> int:
    """Write events of orders, some of them undone; the number of their line."""
    ids = Master(db).ids()
    line = ids.line("bottling")
    with db.transaction() as conn:
        for at_us, kind, order, machine in events:
            said = {"event": kind, "order": order, "product": "A"}
            of = ids.machine("bottling", machine) if machine else None
            number = add_entry(conn, Entry("order_event", said, "mes", DAY_US, line, of, from_us=at_us))
            if rng.random() < undone:
                add_entry(conn, Entry("undo", {}, "mes", DAY_US, line, of, undoes=number))
    return line


def test_s12_orders_of_lines_that_name_machines_are_read_from_the_last_starts_on(db: Database) -> None:
    Plant(db, PLANT)
    events = [(DAY_US + n, "start", f"O{n}", MACHINES[n % 2]) for n in range(200)]
    line = started(db, events, 0, random.Random(1))
    with db.transaction() as conn:
        assert [e.order for e in line_events(conn, line, DAY_US + 150)] == [f"O{n}" for n in range(149, 200)]


@pytest.mark.parametrize("seed", range(6))
def test_s12_orders_read_from_an_instant_on_are_those_of_the_whole_record(db: Database, seed: int) -> None:
    Plant(db, PLANT)
    rng = random.Random(seed)
    only = MACHINES[: 1 + seed % 2]
    events = [
        (
            DAY_US + rng.randrange(40),
            rng.choice(["start", "pause", "finish"]),
            f"O{rng.randrange(3)}",
            rng.choice((None, *only)),
        )
        for _ in range(30)
    ]
    line = started(db, events, 0.2, rng)
    with db.transaction() as conn:
        whole = line_events(conn, line, DAY_US - 1)
        for at_us in range(DAY_US, DAY_US + 42):
            told = line_events(conn, line, at_us)
            for machine in MACHINES:
                before = [f for f in in_force(whole, machine) if f.at_us <= at_us][-1:]
                after = [f for f in in_force(whole, machine) if f.at_us > at_us]
                found = in_force(told, machine)
                assert [f for f in found if f.at_us <= at_us][-1:] == before
                assert [f for f in found if f.at_us > at_us] == after
