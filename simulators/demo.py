"""Scenario `demo`: three lines, two protocols, three shifts a day; weeks that a production manager would believe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from simulators.packml import Fault
from simulators.plant_file import plant_yaml
from simulators.schedule import Window
from simulators.spec import LineSpec, MachineSpec, Scenario, Signal, StopKind, StopSpec

ZONE = ZoneInfo("Europe/Berlin")
SHIFT_LENGTH_H = 8
# name: start hour, break start, break length in minutes, and what the crew does to cycle times, stops and scrap
_SHIFTS = {
    "early": (6, time(10, 0), 20, 1.0, 1.0, 1.0),
    "late": (14, time(18, 0), 30, 1.01, 1.1, 1.1),
    "night": (22, time(2, 0), 30, 1.04, 1.8, 1.6),
}
_WEEK = dict.fromkeys(range(7), ("early", "late", "night"))


def working_windows(start_us: int) -> Iterator[Window]:
    """Yield the demo plant's working time, without end, from the week of `start_us` [µs UTC] on; breaks are cut out."""
    day = datetime.fromtimestamp(start_us / 1e6, ZONE).date() - timedelta(days=1)
    while True:
        for shift in _WEEK[day.weekday()]:
            yield from _shift_windows(day, shift)
        day += timedelta(days=1)


def _shift_windows(day: date, shift: str) -> Iterator[Window]:
    start_h, break_start, break_min, *crew = _SHIFTS[shift]
    break_day = day if break_start.hour >= start_h else day + timedelta(days=1)
    end = datetime.combine(day, time(start_h)) + timedelta(hours=SHIFT_LENGTH_H)
    break_us = _utc_us(datetime.combine(break_day, break_start))
    yield Window(_utc_us(datetime.combine(day, time(start_h))), break_us, *crew)
    yield Window(break_us + break_min * 60_000_000, _utc_us(end), *crew)


def _utc_us(local: datetime) -> int:
    """Return a wall-clock time as µs UTC: one that does not exist moves forward, of two that do the first counts."""
    return int(local.replace(tzinfo=ZONE, fold=0).astimezone(UTC).timestamp()) * 1_000_000


def _stops(jam_every_s: float, broken_every_s: float) -> tuple[StopSpec, ...]:
    return (
        StopSpec(StopKind.FAULT, jam_every_s, 5, 240, Fault.JAM),
        StopSpec(StopKind.SUPPLY, jam_every_s * 5, 20, 240, Fault.MATERIAL),
        StopSpec(StopKind.FAULT, broken_every_s, 300, 2700, Fault.MECHANICAL),
        StopSpec(StopKind.ABORT, broken_every_s * 12, 300, 1200, Fault.MECHANICAL),
        StopSpec(StopKind.CLEANING, 30 * 3600, 1200, 2400, Fault.CLEANING),
    )


_PACKML_SIGNALS: tuple[Signal, ...] = ("state", "mode", "fault", "good", "reject")
_REGISTER_SIGNALS: tuple[Signal, ...] = ("state", "fault", "good", "reject")

_FILLING = LineSpec(
    id="filling",
    name="Filling",
    machines=(
        MachineSpec("filler", "opcua", 1_200_000, 0.03, 0.012, _stops(1200, 6 * 3600), signals=_PACKML_SIGNALS),
        MachineSpec("capper", "opcua", 1_100_000, 0.02, 0.004, _stops(2400, 16 * 3600), signals=_PACKML_SIGNALS),
        MachineSpec("labeller", "opcua", 1_000_000, 0.02, 0.006, _stops(2100, 14 * 3600), signals=_PACKML_SIGNALS),
    ),
    buffer_parts=(600, 480),
    lot_s=6 * 3600,
    constraint="filler",
    targets={"oee": 0.74, "availability": 0.86, "performance": 0.88, "quality": 0.985},
    product=("COLA05", "Cola 0.5 l", "bottle"),
)
_PRESS = LineSpec(
    id="press",
    name="Press",
    machines=(
        MachineSpec("press", "modbus", 4_000_000, 0.05, 0.022, _stops(1300, 5 * 3600), signals=_REGISTER_SIGNALS),
    ),
    buffer_parts=(),
    lot_s=4 * 3600,
    constraint="press",
    targets={"oee": 0.72, "availability": 0.82, "performance": 0.9, "quality": 0.975},
    product=("BRK7", "Bracket B7", "piece"),
)
_PACKING = LineSpec(
    id="packing",
    name="Packing",
    machines=(
        MachineSpec("wrapper", "opcua", 2_400_000, 0.04, 0.008, _stops(1400, 6 * 3600), signals=_PACKML_SIGNALS),
        # one layer of five wrapped packs per part
        MachineSpec(
            "palletiser",
            "modbus",
            10_000_000,
            0.02,
            0.005,
            _stops(2800, 16 * 3600),
            unit=2,
            inputs_per_part=5,
            suspend_after_us=15_000_000,
            signals=_REGISTER_SIGNALS,
        ),
    ),
    buffer_parts=(200,),
    lot_s=7 * 3600,
    constraint="wrapper",
    targets={"oee": 0.76, "availability": 0.87, "performance": 0.88, "quality": 0.988},
    product=("COLA6", "Cola six-pack", "pack"),
)

_HEAD = """\
version: 1
plant: {id: demo, name: Demo plant, timezone: Europe/Berlin, day_start: "06:00"}
calendars:
  default:
    shifts:
      early: {start: "06:00", end: "14:00", breaks: [{start: "10:00", end: "10:20", name: Break}]}
      late: {start: "14:00", end: "22:00", breaks: [{start: "18:00", end: "18:30", name: Break}]}
      night: {start: "22:00", end: "06:00", breaks: [{start: "02:00", end: "02:30", name: Break}]}
    week:
      mon: [early, late, night]
      tue: [early, late, night]
      wed: [early, late, night]
      thu: [early, late, night]
      fri: [early, late, night]
      sat: [early, late, night]
      sun: [early, late, night]
"""
_TAIL = """\
reasons:
  - {code: MECH, name: Mechanical, category: unplanned_stop, children: [{code: JAM, name: Jam}]}
  - {code: MATERIAL, name: No material, category: external_stop}
  - {code: CHANGE, name: Changeover, category: planned_stop, setup: true}
  - {code: CLEAN, name: Cleaning, category: planned_stop}
"""

DEMO = Scenario(
    name="demo",
    lines=(_FILLING, _PRESS, _PACKING),
    windows=working_windows,
    plant_head=_HEAD,
    plant_tail=_TAIL,
    machine_settings=("max_age_s: 10",),
)


def demo_plant_yaml(opcua_port: int, modbus_port: int) -> str:
    """Return the plant file of the demo, for simulators on these ports of 127.0.0.1."""
    return plant_yaml(DEMO, opcua_port, modbus_port)
