"""From the configuration in force to the rules of the pure facades, which read no plant file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby

from oee.calculate import CalculationRules
from oee.compute.derived import derivation
from oee.config.model import LineConfig, MachineConfig, PlantConfig, ReasonConfig, SignalConfig
from oee.interpret import CounterRule, MachineRules
from oee.kernels.ideals import Ideals
from oee.kernels.orders import IDLE, NoOrder
from oee.kernels.products import KEYS
from oee.model import RULES_VERSION, US_PER_S, Category

COUNTERS = ("total", "good", "reject", "rework")


def category_of(word: str) -> Category:
    """The category that a configuration names."""
    return Category[word.upper()]


def all_reasons(reasons: Iterable[ReasonConfig]) -> Iterator[ReasonConfig]:
    """Every reason of the tree, parents first."""
    for reason in reasons:
        yield reason
        yield from all_reasons(reason.children)


def machine_rules(plant: PlantConfig, machine: MachineConfig) -> MachineRules:
    """How one machine's samples are read."""
    state, fault = machine.signals.get("state"), machine.signals.get("fault")
    follows = tuple(key for key in KEYS if key in machine.signals)
    tree = {r.code: r for r in all_reasons(plant.reasons)}
    faults = {}
    for value, code in (fault.reasons if fault else {}).items():
        reason = tree[code]
        faults[value] = (code, category_of(reason.category), reason.setup)
    counters = {name: _counter(plant, machine, machine.signals[name]) for name in COUNTERS if name in machine.signals}
    told = MachineRules(
        profile=(state.profile if state else None) or "custom",
        state_map={value: category_of(word) for value, word in (state.map if state else {}).items()},
        faults=faults,
        max_age_us=machine.max_age_us,
        ideal_cycle_us=ideal_cycle_us(machine),
        counters=counters,
        state_source=state.connector if state else None,
        ideal_cycles=ideal_cycles_us(machine),
        follows=follows,
    )
    return replace(told, **derivation(machine, counters, plant.policies.derive_k))


def ideal_cycle_us(machine: MachineConfig) -> Fraction | None:
    """Exact µs per part of what no signal names (S-12: resolved in the configuration), None where unknown."""
    return None if machine.ideal_cycle_s is None else machine.ideal_cycle_s * US_PER_S


def ideal_cycles_us(machine: MachineConfig) -> dict[str, Fraction | None]:
    """Exact µs per part of the products that a signal or an order may name (S-12); None where one has no cycle."""
    cycles = sorted(machine.ideal_cycles_s.items())
    return {product: None if cycle is None else cycle * US_PER_S for product, cycle in cycles}


def ideals_timeline(configs: Iterable[tuple[int, PlantConfig]], line: str, machine: str) -> list[Ideals]:
    """Ideal cycles of a machine as the configurations that have it, (since [µs], plant), take force (S-12, S-54)."""
    found: list[Ideals] = []
    for since_us, plant in configs:
        at = plant.lines[line].machines.get(machine) if line in plant.lines else None
        if at is None:
            continue
        ideals = Ideals(since_us, ideal_cycle_us(at), ideal_cycles_us(at))
        if not found or replace(found[-1], since_us=since_us) != ideals:
            found.append(ideals)
    return found


def _counter(plant: PlantConfig, machine: MachineConfig, signal: SignalConfig) -> CounterRule:
    limits = signal.counter
    connector = plant.connectors.get(signal.connector or "")
    return CounterRule(
        modulus=limits.modulus if limits else None,
        max_rate_per_s=limits.max_rate_per_s if limits else None,
        glitch_tolerance=limits.glitch_tolerance if limits else Fraction(0),
        poll_us=round(connector.interval_s * US_PER_S) if connector else 0,
        parts_per_count=machine.parts_per_count * signal.scale,
        delta=signal.delta,
        source=signal.connector,
    )


def calculation_rules(plant: PlantConfig, machine: MachineConfig) -> CalculationRules:
    """How one machine's facts are judged."""
    changeover = plant.policies.changeover
    return CalculationRules(
        min_stop_us=machine.min_stop_us,
        small_stop_max_us=machine.small_stop_max_us,
        break_run_counts=plant.policies.break_run == "counts_as_planned",
        product=machine.product,
        ideal_cycle_us=ideal_cycle_us(machine),
        quality_known=machine.reject_source != "none",
        ideal_cycles=ideal_cycles_us(machine),
        no_order=_no_order(plant, machine),
        changeover=None if changeover == "none" else category_of(changeover),
        startup_us=machine.startup_us,
    )


def _no_order(plant: PlantConfig, machine: MachineConfig) -> NoOrder | None:
    """What the policy makes of stops without an order; None where they stay the unplanned stops that they are."""
    category, state = category_of(plant.policies.no_order), machine.signals.get("state")
    if category is Category.UNPLANNED_STOP:
        return None
    return NoOrder(category, IDLE.get((state.profile if state else None) or "custom"))


def by_ideals(rules: CalculationRules, ideals: Sequence[Ideals], from_us: int) -> CalculationRules:
    """Rules that follow the ideal cycles as they are in force from an instant on, inside a shift too (S-12)."""
    held = sum(i.since_us <= from_us for i in ideals) or 1  # the first holds for all time before it, too
    first, later = ideals[held - 1], tuple(ideals[held:])
    return replace(rules, ideal_cycle_us=first.ideal_cycle_us, ideal_cycles=first.ideal_cycles, later_ideals=later)


def definition(
    plant: PlantConfig,
    line: LineConfig,
    machine: MachineConfig,
    rules: CalculationRules,
    window_us: tuple[int, int],
    products: Iterable[str | None],
) -> str:
    """Names the rules and the resolved configuration that touch this line and machine, and nothing else (S-51).

    Parameters
    ----------
    rules : with the ideal cycles from the window's start on.
    window_us : only ideal cycles in force in it touch the result,
    products : and of these only what was made in it.
    """
    made = {product or rules.product for product in products}
    cycles = [cycle for cycle, _ in groupby(i.only(made) for *_, i in rules.ideals(*window_us))]
    return f"{configured(plant, line, machine)}, cycles {_digest(repr(cycles))}"


def configured(plant: PlantConfig, line: LineConfig, machine: MachineConfig) -> str:
    """The first half of a definition, which does not depend on what was made: all but the ideal cycles."""
    rules = calculation_rules(plant, machine)
    judged = replace(rules, ideal_cycle_us=None, ideal_cycles={}, later_ideals=())
    read = replace(machine_rules(plant, machine), ideal_cycle_us=None, ideal_cycles={})
    return f"rules {RULES_VERSION}, configuration {_digest(repr((judged, read, line.rollup, line.targets)))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
