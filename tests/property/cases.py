"""Random machines, samples and calendars, the nasty ones often. A seed makes each of them.

Everything lies within some hours, where edges meet: whole minutes, shift edges, nights on which clocks change.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from random import Random
from zoneinfo import ZoneInfo

from case_calendars import NIGHTS, calendar_of
from case_corrections import corrected
from reference.case import Case, Reading, Span, Word

from oee.config.model import (
    ConnectorConfig,
    CounterRules,
    LineConfig,
    MachineConfig,
    PlantConfig,
    PlantInfo,
    Policies,
    ReasonConfig,
    Rollup,
    SignalConfig,
    Targets,
)

S_US, MIN_US = 1_000_000, 60_000_000
REASONS = (
    ReasonConfig("jam", "Jam", "unplanned_stop"),
    ReasonConfig("clean", "Cleaning", "planned_stop"),
    ReasonConfig("tools", "Tools", "planned_stop", setup=True),
    ReasonConfig("lack", "Lack", "external_stop"),
)
FAULTS = {"1": "jam", "2": "clean", "3": "tools", "4": "lack"}
STATES = {
    "custom": ["run", "run", "run", "stop", "stop", "wait", "setup", "slow", "pause", "shut", "gone"],
    "packml": ["6", "6", "16", "5", "13", "17", "11", "2", "4", "9", "0", "99"],
    "packml_tmc": ["4", "4", "5", "0", "2", "6", "8", "12", "15", "99"],
    "machinery": ["Executing", "Executing", "NotExecuting", "OutOfService", "NotAvailable", "Odd"],
    "weihenstephan": ["Operating", "Operating", "Held", "EquipmentFailure", "Lack", "Tailback", "Prepared", "Odd"],
}
MODES = {
    "packml": ["1", "1", "2", "3", "9"],
    "packml_tmc": ["1", "2", "3"],
    "machinery": ["Processing", "Processing", "Setup", "Maintenance"],
    "weihenstephan": ["1", "0", "2", "8", "16", "64"],
}
MAP = {
    "run": "run",
    "stop": "unplanned_stop",
    "wait": "external_stop",
    "setup": "planned_stop",
    "slow": "small_stop",
    "pause": "excluded",
    "shut": "not_scheduled",
}
COUNTED = (
    *(("total",), ("total",), ("total",), ("good",), ("total", "reject"), ("total", "good"), ("good", "reject")),
    *(
        ("total", "good", "reject"),
        ("total", "reject", "rework"),
        ("good", "reject", "rework"),
        ("total", "rework"),
        (),
    ),
)


def random_case(r: Random) -> Case:
    """A case of its own for every seed."""
    zone, night = r.choice(NIGHTS)
    day = night if r.random() < 0.5 else date(2026, 1, 1) + timedelta(days=r.randrange(365))
    start_us = instant_of(datetime.combine(day, time(r.randrange(24), r.choice([0, 0, 30, r.randrange(60)]))), zone)
    start_us += r.choice([0, 0, r.randrange(MIN_US)])
    length_us = r.choice([5, 20, 60, 180, 400]) * MIN_US + r.choice([0, r.randrange(MIN_US)])
    span = (start_us, start_us + length_us)
    machine = machine_of(r)
    plant = plant_of(r, machine, zone, day)
    words = words_of(r, machine, span)
    readings = readings_of(r, machine, span, [t for t, _ in words.get("state", ())])
    if not any((*words.values(), *readings.values())):
        words["state"] = ((start_us, STATES[machine.signals["state"].profile or ""][0]),)
    alive = {name: alive_of(r, span, 0.5 if name == "plc" else 0.8) for name in plant.connectors}
    case = Case(plant, day - timedelta(days=3), day + timedelta(days=3), words, readings, alive, 0)
    alive = {name: tuple((a, b) for a, b in rows if a >= case.first_us) for name, rows in alive.items()}
    case = replace(case, alive=alive)
    now_us = case.last_us + r.choice([1, 1, MIN_US, 10 * MIN_US, 90 * MIN_US])
    case = replace(case, now_us=now_us, windows=windows_of(r, case.first_us, now_us))
    return corrected(r, case) if r.random() < 0.6 else case


def instant_of(wall: datetime, zone: str) -> int:
    return round(wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).timestamp()) * S_US


def plant_of(r: Random, machine: MachineConfig, zone: str, day: date) -> PlantConfig:
    day_start_min = r.choice([0, 0, 360, 345])
    policies = Policies(
        break_run=r.choice(["counts_as_planned", "excluded"]),
        maintenance=r.choice(["planned_stop", "excluded"]),
        no_order=r.choice(["unplanned_stop", "unplanned_stop", "planned_stop", "external_stop", "excluded"]),
        changeover=r.choice(["planned_stop", "planned_stop", "unplanned_stop", "none"]),
    )
    connectors = {
        "plc": ConnectorConfig("plc", "opcua", interval_s=r.choice([0.5, 1.0, 30.0])),
        "scale": ConnectorConfig("scale", "modbus", interval_s=1.0),
    }
    line = LineConfig("line", "Line", "week", Rollup("single", "m"), Targets(), {"m": machine})
    calendar = calendar_of(r, day)
    info = PlantInfo("p", "Plant", zone, day_start_min)
    return PlantConfig(1, info, {"week": calendar}, {}, connectors, {"line": line}, REASONS, policies)


def machine_of(r: Random) -> MachineConfig:
    profile = r.choice(["custom", "custom", *STATES])
    source = r.choice(["plc", "plc", "plc", None])
    signals = {"state": SignalConfig("state", source, profile=profile, map=MAP if profile == "custom" else {})}
    if profile in MODES and r.random() < 0.6:
        signals["mode"] = SignalConfig("mode", "plc", profile=profile)
    if r.random() < 0.5:
        signals["fault"] = SignalConfig("fault", "plc", reasons=FAULTS)
    signals |= {key: SignalConfig(key) for key in ("product", "order") if r.random() < 0.5}
    scale, counter, source = (
        r.choice([1, 1, 1, Fraction(1, 10), 2]),
        counter_of(r),
        r.choice(["plc", "plc", "scale", None]),
    )
    wanted = r.choice(COUNTED)
    for name in wanted:
        delta = r.random() < 0.15
        own = scale if r.random() < 0.8 else 1
        signals[name] = SignalConfig(name, source, scale=Fraction(own), delta=delta, counter=None if delta else counter)
    named = "product" in signals
    small_s = r.choice([60, 300, 300, 900])
    cycles = {p: Fraction(c) for p, c in r.choice([{}, {"A": "1.5", "B": "7"}, {"B": "3"}]).items()}
    return MachineConfig(
        id="m",
        line="line",
        name="M",
        product=None if named else r.choice([None, "A"]),
        ideal_cycle_s=r.choice([None, Fraction(1), Fraction(7, 3), Fraction(9, 70)]),
        min_stop_us=r.choice([0, 10, 30]) * S_US,
        small_stop_max_us=small_s * S_US,
        startup_us=r.choice([0, 0, 30 * S_US, 600 * S_US + 1]),
        parts_per_count=r.choice([Fraction(1), Fraction(1), Fraction(3), Fraction(1, 2), Fraction(3, 7)]),
        max_age_us=r.choice([None, 10, 60, 300]) and r.choice([10, 60, 300]) * S_US,
        reject_source=r.choice(["booked", "none"]) if not {"good", "reject"} & set(signals) else "counter",
        signals=signals,
        ideal_cycles_s=cycles if named else {},
    )


def counter_of(r: Random) -> CounterRules:
    return CounterRules(
        r.choice([None, None, 1000, 65536]),
        r.choice([None, None, Fraction(1, 2), Fraction(7, 3), Fraction(10)]),
        Fraction(r.choice([0, 0, 3])),
    )


def moments(r: Random, span: Span, most: int, near: list[int]) -> list[int]:
    """Rising instants of a span: whole minutes, whole seconds, odd microseconds, the moments of another signal."""
    start, end = span
    found = set()
    for _ in range(r.randrange(most + 1)):
        t = r.randrange(start, end + 1)
        step = r.choice([MIN_US, MIN_US, S_US, S_US, 15 * MIN_US, 1])
        t = r.choice(near) + r.choice([0, 0, 0, 1, -1, S_US]) if near and r.random() < 0.4 else t // step * step
        if start <= t <= end:
            found.add(t)
    return sorted(found)


def words_of(r: Random, machine: MachineConfig, span: Span) -> dict[str, tuple[Word, ...]]:
    profile = machine.signals["state"].profile or ""
    found: dict[str, tuple[Word, ...]] = {}
    ticks = moments(r, span, 14, [])
    if r.random() < 0.7:
        ticks = sorted({span[0], *ticks})
    found["state"] = tuple((t, r.choice(STATES[profile]) if r.random() < 0.93 else None) for t in ticks)
    for signal, choice in (
        ("mode", MODES.get(profile, [])),
        ("fault", ["0", "1", "2", "3", "4"]),
        ("product", ["A", "A", "B", "C", ""]),
        ("order", ["1", "2", "3", ""]),
    ):
        if signal in machine.signals:
            rows = moments(r, span, 5, ticks)
            found[signal] = tuple((t, r.choice(choice) if r.random() < 0.92 else None) for t in rows)
    return found


def readings_of(r: Random, machine: MachineConfig, span: Span, near: list[int]) -> dict[str, tuple[Reading, ...]]:
    """Readings of all counters: a steady walk, in which total, good, reject and rework agree, then what goes wrong."""
    together, nasty = r.random() < 0.5, r.random() < 0.5
    shared = moments(r, span, 16, near)
    found = {}
    for name in ("total", "good", "reject", "rework"):
        signal = machine.signals.get(name)
        if signal is None:
            continue
        ticks = shared if together else moments(r, span, 16, near)
        share = {"total": 1, "good": 0.8, "reject": 0.1, "rework": 0.1}[name]
        if signal.delta:
            found[name] = tuple((t, Fraction(r.choice([0, 1, 2, 5, 30]))) for t in ticks)
        else:
            found[name] = tuple(walk(r, ticks, span[0], share, nasty))
    return found


def walk(r: Random, ticks: list[int], start_us: int, share: float, nasty: bool) -> list[Reading]:
    base, rows, wrong = r.choice([0, 0, 990, 65_530, 10**9]), [], 0
    speed = share / r.choice([1, 2, 30, 600])
    for t in ticks:
        if nasty and r.random() < 0.25:
            wrong += r.choice([-1, -2, -4, -500, -(10**6), 5000, 5000, 300, 1])
        value = Fraction(base + wrong + int((t - start_us) / S_US * speed))
        if nasty and r.random() < 0.1:
            value = Fraction(r.choice([0, 1, 7, 60_000, -3, Fraction(5, 2)]))
        elif nasty and r.random() < 0.1:
            value += 5000  # a spike: gone by the next reading
        elif value < 0:
            value, wrong = Fraction(0), wrong - int(value)
        rows.append((t, value))
    return rows


def alive_of(r: Random, span: Span, whole: float) -> tuple[Span, ...]:
    if r.random() < whole:
        return (span,)
    edges = moments(r, span, 8, [])
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    return tuple((a, a) if r.random() < 0.15 else (a, b) for a, b in pairs)


def windows_of(r: Random, first_us: int, now_us: int) -> tuple[Span, ...]:
    """The whole, and some ranges, one of which is not cut at minutes."""
    found = [(first_us - 5 * MIN_US, now_us)]
    for step in (MIN_US, MIN_US, 1):
        a, b = sorted(r.randrange(first_us - MIN_US, now_us + 1) // step * step for _ in range(2))
        found += [(a, b)] if a < b else []
    return tuple(found)
