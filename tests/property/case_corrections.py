"""Random corrections of a case: what people say of stops, scrap and rework, ideal cycles that change inside a shift."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random

from reference.case import Booking, Case, Entry

from oee.config.model import MachineConfig, PlantConfig, ReasonConfig

S_US, MIN_US = 1_000_000, 60_000_000
MINOR = ReasonConfig("minor", "Minor", "small_stop")


def corrected(r: Random, case: Case) -> Case:
    """The case with some corrections of each kind that it can have."""
    entries = tuple(entry(r, case) for _ in range(r.choice([0, 1, 2, 5])))
    bookings = tuple(booking(r, case) for _ in range(r.choice([0, 1, 4]))) if can_book(case.machine) else ()
    later = later_of(r, case) if r.random() < 0.4 and case.machine.max_age_us is None else ()
    return replace(case, entries=entries, bookings=bookings, later=later)


def moment(r: Random, case: Case) -> int:
    """Where something is said, near it, or anywhere."""
    said = [t for rows in (*case.words.values(), *case.readings.values()) for t, _ in rows]
    near = r.choice(said) + r.choice([0, 0, 1, -1, S_US, 30 * S_US, 400 * S_US])
    anywhere = r.randrange(case.first_us - MIN_US, case.now_us + MIN_US)
    return r.choice([near, anywhere, anywhere // MIN_US * MIN_US])


def entry(r: Random, case: Case) -> Entry:
    kind = r.choice(["reason", "reason", "split", "merge"])
    start = moment(r, case)
    end = max(start + 1, r.choice([moment(r, case), start + r.choice([1, MIN_US, 60 * MIN_US])]))
    return Entry(kind, start, start + 1 if kind == "split" else end, r.choice([None, MINOR, *case.plant.reasons]))


def can_book(machine: MachineConfig) -> bool:
    """Whether good parts are a count of their own, which never falls: what two counters give may (S-9)."""
    counters = {"total", "good", "reject", "rework"} & set(machine.signals)
    return machine.reject_source != "none" and (
        counters == {"total"} or ("good" in counters and "total" not in counters)
    )


def booking(r: Random, case: Case) -> Booking:
    product = r.choice(["A", "A", "B", "C"]) if "product" in case.machine.signals else case.machine.product
    return Booking(
        r.choice(["scrap", "rework"]),
        moment(r, case),
        r.random() < 0.7,
        r.choice([product, product, None]),
        r.choice([1, 2, 10, 1000]),
        r.random() < 0.3,
    )


def later_of(r: Random, case: Case) -> tuple[tuple[int, PlantConfig], ...]:
    """Ideal cycles from one or two instants on; S-26 needs none here, since it goes by the cycle of its own time."""
    instants = sorted({moment(r, case) for _ in range(r.choice([1, 2]))})
    return tuple((t, with_cycles(r, case)) for t in instants)


def with_cycles(r: Random, case: Case) -> PlantConfig:
    (line,) = case.plant.lines.values()
    own = r.choice([None, Fraction(1), Fraction(11, 3)])
    cycles = {
        p: r.choice([None, Fraction(2), Fraction(13, 7)]) for p in case.machine.ideal_cycles_s if r.random() < 0.8
    }
    machine = replace(case.machine, ideal_cycle_s=own, ideal_cycles_s=cycles)
    return replace(case.plant, lines={line.id: replace(line, machines={"m": machine})})
