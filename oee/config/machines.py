"""Machines of the plant file: limits, product and ideal cycle (S-12), counts, signals."""

from collections.abc import Mapping
from fractions import Fraction

from oee.config.faults import suggestion
from oee.config.model import MachineConfig, SignalConfig
from oee.config.scalars import LONGEST_S, choice, micros, number, optional, rational, text
from oee.config.section import Item, Section
from oee.config.signals import COUNTERS, Catalog, read_signals

MIN_STOP_US = 10_000_000  # S-22
SMALL_STOP_MAX_US = 300_000_000  # S-22
MAX_AGE_US = 60_000_000  # S-26, where a connector proves life
REJECT_SOURCES = ("counter", "booked", "none")


def read_ideal(section: Section) -> Fraction | None:
    """Read an ideal cycle [s per part] from `ideal_cycle_s` or `ideal_rate_per_h`, exactly."""
    cycle = section.take("ideal_cycle_s", rational(above=0, most=LONGEST_S), None)
    rate = section.take("ideal_rate_per_h", number(above=0, most=10**9), None)
    if section.get("ideal_cycle_s") and section.get("ideal_rate_per_h"):
        section.fault(section.item, "gives both `ideal_cycle_s` and `ideal_rate_per_h`; keep one of the two")
    return Fraction(3600) / rate if rate else cycle


def read_machine(item: Item, line: Section, line_id: str, catalog: Catalog) -> MachineConfig:
    """Read one machine and resolve its product, its ideal cycle and its defaults."""
    with Section(item, line.faults) as section:
        own_ideal = read_ideal(section)
        listed = _listed(section, catalog)
        min_stop = section.take("min_stop_s", micros, MIN_STOP_US)
        small_stop_max = section.take("small_stop_max_s", micros, SMALL_STOP_MAX_US)
        if min_stop > small_stop_max:
            what = f"min_stop_s ({min_stop / 1e6:g} s) is above small_stop_max_s ({small_stop_max / 1e6:g} s)"
            at = section.get("min_stop_s") or section.get("small_stop_max_s") or item
            section.fault(at, f"{what}; lower one or raise the other")
        startup_us = section.take("startup_s", micros, 0)
        parts_per_count = section.take("parts_per_count", rational(above=0, most=10**9), Fraction(1))
        name = section.take("name", text, item.name)
        signals = read_signals(section, catalog)
        named = "product" in signals
        product, ideal = (None, own_ideal) if named else _default(own_ideal, listed, catalog)
        cycles = _cycles(own_ideal, listed, catalog)
        if ideal is None and not (named and catalog.products and all(cycles.get(p) for p in catalog.products)):
            _check_limit(section, signals)
        return MachineConfig(
            id=item.name,
            line=line_id,
            name=name,
            product=product,
            ideal_cycle_s=ideal,
            min_stop_us=min_stop,
            small_stop_max_us=small_stop_max,
            startup_us=startup_us,
            parts_per_count=parts_per_count,
            max_age_us=section.take("max_age_s", optional(micros), _max_age(signals)),
            reject_source=_reject_source(section, signals),
            signals=signals,
            ideal_cycles_s=cycles,
        )


def _check_limit(section: Section, signals: Mapping[str, SignalConfig]) -> None:
    """Check that it can be told how long a counter may stand while its machine runs (S-21)."""
    state = signals.get("state")
    heard = [signals[name] for name in (("total",) if "total" in signals else COUNTERS) if name in signals]
    if state is not None and state.derive == "counter" and heard and not any(s.connector for s in heard):
        what = "derives `state` from a counter: how long it may stand follows from the ideal cycle, and none is known"
        section.fault(section.item, f"{what}; add `ideal_cycle_s`")


def _listed(section: Section, catalog: Catalog) -> dict[str, Fraction | None]:
    """Read the products listed at the machine, each with its cycle there."""
    listed = {}
    for item in section.named("products"):
        with Section(item, section.faults) as entry:
            listed[item.name] = read_ideal(entry)
        if item.name not in catalog.products:
            known = suggestion(item.name, catalog.products) or "; none is defined"
            section.fault(item, f"no product `{item.name}`{known}")
    return listed


def _default(
    own: Fraction | None, listed: Mapping[str, Fraction | None], catalog: Catalog
) -> tuple[str | None, Fraction | None]:
    """Say what is made where no signal does: the machine's only product, else the plant's only one."""
    names = list(listed or catalog.products)
    if len(names) != 1:
        return None, own
    return names[0], _cycles(own, listed, catalog).get(names[0])


def _cycles(
    own: Fraction | None, listed: Mapping[str, Fraction | None], catalog: Catalog
) -> dict[str, Fraction | None]:
    """Resolve the cycle of every product: machine × product, then machine, then product (S-12)."""
    return {name: listed.get(name) or own or product.ideal_cycle_s for name, product in catalog.products.items()}


def _max_age(signals: Mapping[str, SignalConfig]) -> int | None:
    return MAX_AGE_US if any(s.connector for s in signals.values()) else None


def _reject_source(section: Section, signals: Mapping[str, SignalConfig]) -> str:
    """Read where rejects come from; by default from a counter if there is one, else from bookings (S-9)."""
    counted = "reject" in signals or {"total", "good"} <= signals.keys()
    source = section.take("reject_source", choice(REJECT_SOURCES), "counter" if counted else "booked")
    item = section.get("reject_source")
    if item and source == "counter" and not counted:
        what = "counter needs a `reject` signal, or `total` and `good`; add one or use `booked` or `none`"
        section.fault(item, what)
    if item and source != "counter" and counted:
        given = "`reject`" if "reject" in signals else "`total` and `good`"
        what = f"{source} stands beside {given}, so rejects are counted; use `counter` or remove a signal"
        section.fault(item, what)
    return source
