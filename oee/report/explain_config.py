"""The configuration that a result follows, resolved: limits, cycles, maps, policies, calendar, roll-up. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from oee.config.model import CounterRules, LineConfig, MachineConfig, PlantConfig, ReasonConfig, SignalConfig
from oee.model import US_PER_S, ShiftResult


def configuration_json(plant: PlantConfig, result: ShiftResult) -> dict[str, Any]:
    """All of a plant's configuration that touches a line's, or a machine's, result."""
    line = plant.lines[result.line]
    machines = [m for m in line.machines.values() if result.machine in (None, m.id)]
    return {
        "zone": plant.plant.timezone,
        "day_start": _clock(plant.plant.day_start_min),
        "calendar": _calendar(plant, line, result.instance.name),
        "rollup": asdict(line.rollup),
        "targets": asdict(line.targets),
        "policies": asdict(plant.policies),
        "machines": [_machine(m, plant) for m in machines],
        "reasons": [_reason(r) for r in _all(plant.reasons)],
    }


def cycle_source(machine: MachineConfig, plant: PlantConfig, product: str | None) -> str:
    """Which of the three places of S-12 a machine's ideal cycle of a product comes from."""
    of_product = plant.products[product].ideal_cycle_s if product in plant.products and product else None
    own = machine.ideal_cycle_s if "product" in machine.signals else None
    cycle = machine.ideal_cycles_s.get(product or "", machine.ideal_cycle_s)
    if cycle is None:
        return "unknown"
    if product is None or cycle == own:
        return "machine"
    return "product" if cycle == of_product else "machine, for this product or for all"


def _machine(m: MachineConfig, plant: PlantConfig) -> dict[str, Any]:
    products = list(m.ideal_cycles_s) or ([m.product] if m.product else [])
    return {
        "machine": m.id,
        "min_stop_s": m.min_stop_us / US_PER_S,
        "small_stop_max_s": m.small_stop_max_us / US_PER_S,
        "startup_s": m.startup_us / US_PER_S,
        "max_age_s": None if m.max_age_us is None else m.max_age_us / US_PER_S,
        "parts_per_count": str(m.parts_per_count),
        "reject_source": m.reject_source,
        "product": m.product,
        "ideal_cycle_s": _text(m.ideal_cycle_s),
        "ideal_cycles": [
            {
                "product": p,
                "ideal_cycle_s": _text(m.ideal_cycles_s.get(p, m.ideal_cycle_s)),
                "source": cycle_source(m, plant, p),
            }
            for p in products
        ],
        "signals": [_signal(s) for s in m.signals.values()],
    }


def _signal(s: SignalConfig) -> dict[str, Any]:
    return {
        "signal": s.name,
        "connector": s.connector,
        "profile": s.profile,
        "map": dict(s.map),
        "counter": None if s.counter is None else _counter(s.counter),
        "delta": s.delta,
        "scale": str(s.scale),
        "reasons": dict(s.reasons),
    }


def _counter(c: CounterRules) -> dict[str, Any]:
    rate, tolerance = _text(c.max_rate_per_s), str(c.glitch_tolerance)
    return {"modulus": c.modulus, "max_rate_per_s": rate, "glitch_tolerance": tolerance}


def _calendar(plant: PlantConfig, line: LineConfig, shift: str) -> dict[str, Any]:
    calendar = plant.calendars.get(line.calendar)
    pattern = calendar.shifts.get(shift) if calendar else None
    breaks = pattern.breaks if pattern else ()
    return {
        "id": line.calendar,
        "shift": shift or None,
        "pattern": None if pattern is None else f"{_clock(pattern.start_min)}–{_clock(pattern.end_min)}",
        "breaks": [f"{_clock(b.start_min)}–{_clock(b.end_min)} {b.name}".rstrip() for b in breaks],
    }


def _reason(r: ReasonConfig) -> dict[str, Any]:
    return {"code": r.code, "name": r.name, "category": r.category, "setup": r.setup}


def _all(reasons: Iterable[ReasonConfig]) -> Iterator[ReasonConfig]:
    for reason in reasons:
        yield reason
        yield from _all(reason.children)


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def _text(value: Fraction | None) -> str | None:
    return None if value is None else str(value)
