"""Scenario `demo`: three lines, two protocols; weeks that a production manager would believe.

Everything follows from the seed and the instant at which the plant begins: `simulators.demo_events` says what comes
once, on which day after it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from simulators.demo_events import ZONE, Events, filling_calendar, press_calendar
from simulators.packml import Fault
from simulators.plant_file import plant_yaml
from simulators.spec import (
    TEXT_SIGNALS,
    LineSpec,
    MachineSpec,
    ProductSpec,
    Scenario,
    Signal,
    StopKind,
    StopSpec,
)

TELLS_PRODUCTS: Final = True
"""Whether the service takes `product` and `order` and several products of one machine; if not, they are left out."""
_TEXTS = TEXT_SIGNALS if TELLS_PRODUCTS else ()
_PACKML_SIGNALS: tuple[Signal, ...] = ("state", "mode", "fault", "good", "reject", *_TEXTS)
_REGISTER_SIGNALS: tuple[Signal, ...] = ("state", "fault", "good", "reject", *_TEXTS)
_HEAD = f"""\
version: 1
plant: {{id: demo, name: Demo plant, timezone: {ZONE.key}, day_start: "06:00"}}
calendars:
"""
_TAIL = """\
reasons:
  - {code: MECH, name: Mechanical, category: unplanned_stop, children: [{code: JAM, name: Jam}]}
  - {code: MATERIAL, name: No material, category: external_stop}
  - {code: CHANGE, name: Changeover, category: planned_stop, setup: true}
  - {code: CLEAN, name: Cleaning, category: planned_stop}
"""


def demo_scenario(start_us: int) -> Scenario:
    """Return the demo plant that begins at `start_us` [µs UTC]."""
    events = Events.after(start_us)
    calendars = filling_calendar(events), press_calendar(events)
    return Scenario(
        name="demo",
        lines=(_filling(events), _press(events), _packing(events)),
        plant_head=_HEAD + "".join(calendar.yaml() for calendar in calendars),
        plant_tail=_TAIL,
        machine_settings=("max_age_s: 10",),
        opcua_mode="subscribe",
    )


def demo_plant_yaml(opcua_port: int, modbus_port: int, start_us: int) -> str:
    """Return the plant file of the demo that began at `start_us`, for simulators on these ports of 127.0.0.1."""
    return plant_yaml(demo_scenario(start_us), opcua_port, modbus_port)


def _filling(events: Events) -> LineSpec:
    filler = MachineSpec("filler", "opcua", 1_200_000, 0.03, 0.012, _stops(700, 7 * 3600), signals=_PACKML_SIGNALS)
    capper = MachineSpec("capper", "opcua", 1_100_000, 0.02, 0.004, _stops(1300, 16 * 3600), signals=_PACKML_SIGNALS)
    labeller = replace(capper, id="labeller", ideal_cycle_us=1_000_000, reject_ratio=0.006)
    changeover_s = (600.0, 2100.0)
    return LineSpec(
        id="filling",
        name="Filling",
        machines=(
            replace(
                filler,
                changeover_s=changeover_s,
                incidents=events.breakdown_and_service,
                counter_resets_us=events.counter_resets_us,
            ),
            # its 32-bit counter of good parts passes its end within the first fortnight
            replace(
                capper,
                changeover_s=(300, 900),
                switch="middle",
                incidents=events.service,
                counter_start=2**32 - 400_000,
            ),
            replace(labeller, changeover_s=(400, 1200), switch="restart", incidents=events.service),
        ),
        buffer_parts=(600, 480),
        windows=partial(filling_calendar(events).windows, conduct=events.filling),
        lot_s=7 * 3600,
        constraint="filler",
        targets={"oee": 0.74, "availability": 0.86, "performance": 0.9, "quality": 0.985},
        products=(
            ProductSpec("COLA05", "Cola 0.5 l", "bottle", _cycles(filler=1.2, capper=1.1, labeller=1.0)),
            ProductSpec("LEMON05", "Lemonade 0.5 l", "bottle", _cycles(filler=1.25, capper=1.1, labeller=1.0)),
            ProductSpec("WATER10", "Water 1.0 l", "bottle", _cycles(filler=1.8, capper=1.2, labeller=1.3)),
        ),
        first_order=1001,
    )


def _press(events: Events) -> LineSpec:
    return LineSpec(
        id="press",
        name="Press",
        machines=(
            MachineSpec(
                "press",
                "modbus",
                4_000_000,
                0.05,
                0.022,
                _stops(750, 6 * 3600),
                changeover_s=(900, 3000),
                switch="middle",
                incidents=events.service_menu,
                signals=_REGISTER_SIGNALS,
            ),
        ),
        buffer_parts=(),
        windows=partial(press_calendar(events).windows, conduct=events.press),
        lot_s=5 * 3600,
        constraint="press",
        targets={"oee": 0.72, "availability": 0.82, "performance": 0.9, "quality": 0.975},
        products=(
            ProductSpec("BRK7", "Bracket B7", "piece", _cycles(press=4.0)),
            ProductSpec("BRK9", "Bracket B9", "piece", _cycles(press=5.2)),
        ),
        first_order=2001,
        calendar="press",
    )


def _packing(events: Events) -> LineSpec:
    return LineSpec(
        id="packing",
        name="Packing",
        machines=(
            MachineSpec(
                "wrapper",
                "opcua",
                2_400_000,
                0.04,
                0.008,
                _stops(800, 7 * 3600),
                changeover_s=(300, 1200),
                switch="restart",
                outages_us=events.outages_us,
                signals=_PACKML_SIGNALS,
            ),
            # one layer of five wrapped packs per part; its 16-bit counter passes its end once a fortnight
            MachineSpec(
                "palletiser",
                "modbus",
                10_000_000,
                0.02,
                0.005,
                _stops(1500, 16 * 3600),
                changeover_s=(240, 700),
                unit=2,
                inputs_per_part=5,
                suspend_after_us=15_000_000,
                modulus=2**16,
                counter_start=30_000,
                signals=_REGISTER_SIGNALS,
            ),
        ),
        buffer_parts=(200,),
        windows=partial(filling_calendar(events).windows, conduct=events.packing),
        lot_s=6 * 3600,
        constraint="wrapper",
        targets={"oee": 0.76, "availability": 0.87, "performance": 0.9, "quality": 0.988},
        products=(
            ProductSpec("COLA6", "Cola six-pack", "pack", _cycles(wrapper=2.4, palletiser=10.0)),
            ProductSpec("WATER6", "Water six-pack", "pack", _cycles(wrapper=3.0, palletiser=12.0)),
        ),
        first_order=3001,
    )


def _stops(jam_every_s: float, broken_every_s: float) -> tuple[StopSpec, ...]:
    return (
        StopSpec(StopKind.FAULT, jam_every_s, 5, 120, Fault.JAM),
        StopSpec(StopKind.SUPPLY, jam_every_s * 8, 20, 240, Fault.MATERIAL),
        StopSpec(StopKind.FAULT, broken_every_s, 300, 2700, Fault.MECHANICAL),
        # nobody said why: the reason is for the shift to give
        StopSpec(StopKind.FAULT, broken_every_s * 2, 310, 900, Fault.NONE),
        StopSpec(StopKind.ABORT, broken_every_s * 12, 300, 1200, Fault.MECHANICAL),
        StopSpec(StopKind.CLEANING, 30 * 3600, 1200, 2400, Fault.CLEANING),
    )


def _cycles(**ideal_s: float) -> dict[str, int]:
    """Ideal cycles by machine, from s to µs."""
    return {machine: round(cycle_s * 1e6) for machine, cycle_s in ideal_s.items()}
