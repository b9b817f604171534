"""Signals of a machine: where each comes from and how it is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from connectors.base import AddressError, TagSpec
from connectors.modbus.address import Table
from connectors.modbus.address import parse_address as modbus_address
from connectors.modbus.plan import locate
from connectors.opcua.address import parse_address
from oee.config.faults import Refusal, suggestion
from oee.config.model import ConnectorConfig, CounterRules, ProductConfig, SignalConfig
from oee.config.scalars import choice, flag, number, rational, reference, text, whole
from oee.config.section import Item, Section
from oee.model import Category

COUNTERS = ("total", "good", "reject", "rework")
TEXTS = ("product", "order")
SIGNALS = ("state", "mode", *COUNTERS, "speed", "fault", *TEXTS)
PROFILES = ("packml", "packml_tmc", "machinery", "weihenstephan", "custom")
TYPES = ("uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "string")
DERIVED_FROM = ("counter", "speed")
BYTE_ORDERS = ("ABCD", "DCBA", "BADC", "CDAB")
_LARGEST = 10**9
_REGISTER_KEYS = ("type", "length", "byte_order", "unit")
_NODE = '"nsu=urn:maker:machine;s=Filler.State"'


@dataclass(frozen=True, slots=True)
class Catalog:
    """What machines and lines may refer to."""

    calendars: tuple[str, ...]
    products: Mapping[str, ProductConfig]
    connectors: Mapping[str, ConnectorConfig]
    reasons: frozenset[str]


def read_signals(machine: Section, catalog: Catalog) -> dict[str, SignalConfig]:
    """Read all signals of a machine by name."""
    item = machine.get("signals")
    if item is None:
        return {}
    with Section(item, machine.faults) as section:
        signals = {}
        for value in section.remaining(SIGNALS):
            if value.name in SIGNALS:
                signals[value.name] = _signal(value, section, catalog)
            else:
                section.fault(value, "unknown signal" + suggestion(value.name, SIGNALS))
        _check_together(section, signals)
    return signals


def _signal(item: Item, machine: Section, catalog: Catalog) -> SignalConfig:
    with Section(item, machine.faults) as section:
        signal = SignalConfig(item.name)
        if item.name == "state" and section.get("derive") is not None:
            return _derived(section, signal)
        if item.name in ("state", "mode"):
            signal = _profiled(section, signal)
        elif item.name in COUNTERS:
            signal = _counting(section, signal)
        elif item.name == "speed":
            scale = section.take("scale", rational(above=0, most=_LARGEST), Fraction(1))
            signal = replace(signal, scale=scale, offset=section.take("offset", number(most=_LARGEST), Fraction(0)))
        elif item.name not in TEXTS:
            reason = reference("reason", sorted(catalog.reasons))
            signal = replace(signal, reasons=_by_value(section, "reasons", reason))
        _refuse_foreign(section)
        return _sourced(section, signal, catalog)


def _refuse_foreign(section: Section) -> None:
    """Refuse what belongs to other signals, saying to which."""
    name = section.item.name
    if name not in COUNTERS:
        section.refuse(("counter", "delta"), f"belongs to the counters {', '.join(COUNTERS)}; remove it")
    if name not in (*COUNTERS, "speed"):
        section.refuse(("scale",), f"belongs to the counters {', '.join(COUNTERS)} and to `speed`; remove it")
    if name != "speed":
        section.refuse(("offset",), "belongs to the `speed` signal; remove it")
    if name != "state":
        section.refuse(("derive", "above"), "belongs to the `state` signal; remove it")
    else:
        section.refuse(("above",), "belongs to `derive: speed`; remove it")
    if name not in ("state", "mode"):
        section.refuse(("profile", "map"), "belongs to the `state` signal; remove it")
    if name != "fault":
        section.refuse(("reasons",), "belongs to the `fault` signal; move it there")


def _derived(section: Section, signal: SignalConfig) -> SignalConfig:
    """Read a state that no device tells (S-21)."""
    derive = section.take("derive", choice(DERIVED_FROM), "")
    above = None
    if derive == "speed":
        above = section.need("above", number(most=_LARGEST), None, "above: 10")
    else:
        section.refuse(("above",), "belongs to `derive: speed`; remove it")
    told = ("connector", "address", "profile", "map", *_REGISTER_KEYS)
    section.refuse(told, "belongs to a state that a device tells, and this one is derived; remove it, or `derive`")
    return replace(signal, derive=derive, above=above)


def _profiled(section: Section, signal: SignalConfig) -> SignalConfig:
    """Read how states become categories (S-20)."""
    if signal.name == "mode":
        section.refuse(("map",), "belongs to the `state` signal; remove it")
        return replace(signal, profile=section.take("profile", choice(PROFILES), None))
    profile = section.need("profile", choice(PROFILES), "", "profile: packml")
    if profile != "custom":
        if profile:
            section.refuse(("map",), f"belongs to profile custom, not {profile}; remove it or use `profile: custom`")
        section.get("map")
        return replace(signal, profile=profile)
    states = _by_value(section, "map", choice(c.word for c in Category))
    if not states and not section.has_fault:
        path = (*section.item.path, "map")
        example = "`map: {true: run, false: unplanned_stop}`"
        section.faults.add(section.item.line, path, f"is missing; profile custom needs it, such as {example}")
    return replace(signal, profile=profile, map=states)


def _by_value(section: Section, key: str, read: Callable[[Item], str]) -> dict[str, str]:
    """Read a mapping from values of the machine, in canonical text, to words."""
    item = section.get(key)
    if item is None:
        return {}
    words: dict[str, str] = {}
    with Section(item, section.faults) as inner:
        for value in inner.remaining():
            if value.canonical_name in words:
                inner.fault(value, f"is the same value as `{value.canonical_name}` above; keep one")
            words[value.canonical_name] = inner.attempt(value, read, "")
        section.has_fault |= inner.has_fault
    return words


def _counting(section: Section, signal: SignalConfig) -> SignalConfig:
    """Read how a count becomes parts: cumulative by `counter` (also when left out), or `delta` (S-8)."""
    scale = section.take("scale", rational(above=0, most=_LARGEST), Fraction(1))
    signal = replace(signal, scale=scale, delta=section.take("delta", flag, False))
    if signal.delta:
        section.refuse(("counter",), "stands beside `delta: true`; keep one of the two")
        return signal
    with section.section("counter") as counter:
        rules = CounterRules(
            modulus=counter.take("modulus", whole(2, 2**64), None),
            max_rate_per_s=counter.take("max_rate_per_s", number(above=0, most=_LARGEST), None),
            glitch_tolerance=counter.take("glitch_tolerance", number(least=0, most=_LARGEST), Fraction(0)),
        )
    return replace(signal, counter=rules)


def _sourced(section: Section, signal: SignalConfig, catalog: Catalog) -> SignalConfig:
    """Read connector and address, and for Modbus how registers become a value."""
    if section.get("connector") is None:
        why = "has no effect without `connector`; add the connector or remove it"
        section.refuse(("address", *_REGISTER_KEYS), why)
        return signal
    connector = section.take("connector", reference("connector", catalog.connectors), "")
    kind = catalog.connectors[connector].kind if connector else ""
    signal = replace(signal, connector=connector)
    if kind == "modbus":
        return _modbus(section, signal)
    if kind == "opcua":
        section.refuse(_REGISTER_KEYS, "belongs to Modbus; OPC UA describes its data, remove it")
        return replace(signal, address=section.need("address", _opcua_address, "", f"address: {_NODE}"))
    section.remaining()  # the connector itself is at fault
    return signal


def _opcua_address(item: Item) -> str:
    try:
        parse_address(text(item))
    except AddressError as error:
        raise Refusal(str(error)) from error
    return text(item)


def _modbus(section: Section, signal: SignalConfig) -> SignalConfig:
    address = section.need("address", text, "", "address: holding:40011")
    type_ = section.take("type", choice((*TYPES, "bool")), None)
    length = _length(section, type_)
    order = section.take("byte_order", choice(BYTE_ORDERS), "ABCD")
    unit = section.take("unit", whole(0, 255), 1)
    item = section.get("address")
    is_whole = type_ != "string" or length > 0
    if item and is_whole and not section.has_fault:
        section.attempt(item, lambda _: _check_register(TagSpec("", address, type_, order, unit, length)), None)
    return replace(signal, address=address, type=type_, byte_order=order, unit=unit, length=length)


def _length(section: Section, type_: str | None) -> int:
    """Read how many registers a text takes; numbers know by themselves."""
    if type_ != "string":
        section.refuse(("length",), "belongs to `type: string`; remove it")
        return 0
    if section.item.name in COUNTERS:
        section.fault(section.item, "is a counter, and a text counts nothing; use a number's type")
    if section.item.name == "speed":
        section.fault(section.item, "is a number, and a text is none; use a number's type")
    return section.need("length", whole(1, Table.HOLDING.max_count), 0, "length: 8")


def _check_register(tag: TagSpec) -> None:
    try:
        bit = modbus_address(tag.address).table.holds_bits
        if not bit and tag.type is None:
            raise Refusal(f"`{tag.address}` is a register and needs a type; add `type: uint16` or another")
        locate(tag)
    except AddressError as error:
        raise Refusal(str(error)) from error


def _check_together(section: Section, signals: Mapping[str, SignalConfig]) -> None:
    """Check what the signals of a machine must agree on."""
    if all(name in signals for name in COUNTERS):
        section.fault(section.item, f"gives all of {', '.join(COUNTERS)}; three say it all, remove `total`")
    state = signals.get("state")
    if state is not None and state.derive == "counter" and not any(name in signals for name in COUNTERS):
        section.fault(section.item, f"derives `state` from a counter and has none; add one of {', '.join(COUNTERS)}")
    if state is not None and state.derive == "speed" and "speed" not in signals:
        section.fault(section.item, "derives `state` from the speed and has none; add a `speed` signal")
    for name in ("mode", "fault"):
        if name in signals and state is None:
            section.fault(section.item, f"has `{name}` without `state`; add a `state` signal")
    mode = signals.get("mode")
    if mode and state and not state.derive and mode.profile not in (None, state.profile):
        section.fault(section.item, f"reads `mode` by {mode.profile}, `state` by {state.profile}; use one profile")
