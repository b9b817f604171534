"""Which time of which line another configuration judges or reads otherwise: what a change touches (S-52)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from oee.compute.rules import all_reasons, calculation_rules, machine_rules
from oee.config.model import PlantConfig
from oee.store.master import ALWAYS_US, ConfigRevision
from oee.store.times import FAR_US

Configs = tuple[ConfigRevision, ...]
Span = tuple[int, int]
"""``[start, end)`` [µs UTC]."""


def judged_otherwise(line: str, before: Configs, after: Configs) -> list[Span]:
    """Stretches in which a line's facts are judged by other limits, cycles, targets, roll-up, maintenance or reasons.

    Of reasons only those count that were known before: nobody has given a stop one that is new.
    """
    newest_first = sorted(before, key=lambda c: c.config_id, reverse=True)
    known = {code: said for c in newest_first for code, said in _reasons(c.plant).items()}
    return _otherwise(line, before, after, lambda plant: (_judging(plant, line), _known(plant, known)))


def read_otherwise(name: tuple[str, str], before: Configs, after: Configs) -> int | None:
    """From when on a machine's samples are read by other rules [µs UTC]; None if they are not."""

    def reading(plant: PlantConfig) -> object:
        machine = plant.lines[name[0]].machines.get(name[1])
        return machine_rules(plant, machine) if machine else None

    spans = _otherwise(name[0], before, after, reading)
    return spans[0][0] if spans else None


def _judging(plant: PlantConfig, line: str) -> object:
    config = plant.lines[line]
    rules = [(m.id, calculation_rules(plant, m), machine_rules(plant, m)) for m in config.machines.values()]
    windows = plant.calendars[config.calendar].maintenance if config.calendar in plant.calendars else ()
    return config.rollup, config.targets, rules, windows, plant.policies.maintenance, plant.plant.timezone


def _reasons(plant: PlantConfig) -> dict[str, tuple[str, bool]]:
    """What stops are by the reasons that people give them, by code."""
    return {r.code: (r.category, r.setup) for r in all_reasons(plant.reasons)}


def _known(plant: PlantConfig, known: dict[str, tuple[str, bool]]) -> object:
    """The same of known reasons alone; as the file says it that had them first where the plant has them not."""
    own = _reasons(plant)
    return {code: own.get(code, said) for code, said in known.items()}


def _otherwise(line: str, before: Configs, after: Configs, said: Callable[[PlantConfig], object]) -> list[Span]:
    sides = [_steps(line, configs) for configs in (before, after)]
    edges = sorted({since for steps in sides for since, _ in steps})
    spans: list[Span] = []
    for start, end in pairwise([*edges, FAR_US]):
        plants = [_in_force(steps, start) for steps in sides]
        if _alike(plants[0], plants[1], said):
            continue
        joins = bool(spans) and spans[-1][1] == start
        spans = [*spans[:-1], (spans[-1][0], end)] if joins else [*spans, (start, end)]
    return spans


def _alike(first: PlantConfig | None, second: PlantConfig | None, said: Callable[[PlantConfig], object]) -> bool:
    if first is None or second is None:
        return first is second
    return first is second or said(first) == said(second)


def _steps(line: str, configs: Configs) -> list[tuple[int, PlantConfig]]:
    """Plants that have a line, by when they take force; the first holds for all time before it, too."""
    having = [c for c in configs if line in c.plant.lines]
    return [(c.effective_us if n else ALWAYS_US, c.plant) for n, c in enumerate(having)]


def _in_force(steps: list[tuple[int, PlantConfig]], at_us: int) -> PlantConfig | None:
    return next((plant for since, plant in reversed(steps) if since <= at_us), None)
