"""Plant file → `PlantConfig`, or every fault in it at once."""

from pathlib import Path

from oee.config.calendars import read_calendar
from oee.config.connectors import read_connector
from oee.config.faults import Faults, Refusal
from oee.config.lines import read_line
from oee.config.machines import read_ideal
from oee.config.model import LineConfig, PlantConfig, PlantInfo, ProductConfig
from oee.config.reader import takes
from oee.config.reasons import codes, read_policies, read_reasons
from oee.config.scalars import clock, identifier, text, zone
from oee.config.section import Item, Section
from oee.config.signals import Catalog
from oee.config.tree import Keys, parse, read_text

VERSION = 1


def load_plant(path: str | Path) -> PlantConfig:
    """Read a plant file.

    Raises
    ------
    PlantFileError
        With all of its faults.
    """
    faults = Faults(str(path))
    content = read_text(Path(path), faults)
    faults.raise_any()
    return load_plant_text(content, str(path))


def load_plant_text(content: str, filename: str) -> PlantConfig:
    """Read the text of a plant file; `filename` is for the faults.

    Raises
    ------
    PlantFileError
        With all of its faults, each as ``FILE:LINE: key: what``.
    """
    faults = Faults(filename)
    plant = read_plant(_root(content, faults), faults)
    faults.raise_any()
    return plant


def load_applied(content: str, filename: str) -> tuple[PlantConfig, tuple[str, ...]]:
    """Read the text of a plant file that was applied once, by this version or one before it.

    A check that has come since must not stop a plant: what this version would refuse is told and holds on as it stands.

    Returns
    -------
    The configuration, and the faults for which `load_plant_text` would refuse it.

    Raises
    ------
    PlantFileError
        With all faults, where a value can't be read at all: to go on without it would be to compute by another file.
    """
    faults = Faults(filename)
    plant = read_plant(_root(content, faults), faults)
    if faults.has_lost:
        faults.raise_any()
    return plant, faults.in_order()


def _root(content: str, faults: Faults) -> Keys:
    """Parse the text into the tree of a plant file, or raise PlantFileError."""
    root = parse(content, faults)
    if root is not None and not isinstance(root, Keys):
        faults.add(1, (), "must hold keys with values; start it with `version: 1`")
    faults.raise_any()
    assert isinstance(root, Keys)  # or there was a fault
    return root


def read_plant(root: Keys, faults: Faults) -> PlantConfig:
    """Read the tree of a plant file; what is wrong with it is noted in `faults`."""
    with Section(Item((), 1, root), faults) as section:
        version = section.need("version", _version, VERSION, f"version: {VERSION}")
        info = _info(section)
        products = {i.name: _product(i, faults) for i in section.named("products")}
        connectors = {i.name: read_connector(i, faults) for i in section.named("connectors")}
        reasons = read_reasons(section.listed("reasons"), faults)
        calendar_items = _some(section, "calendars")
        catalog = Catalog(tuple(i.name for i in calendar_items), products, connectors, frozenset(codes(reasons)))
        lines = {i.name: read_line(i, catalog, faults) for i in _some(section, "lines")}
        calendars = {i.name: read_calendar(i, _machines(lines, i.name), faults) for i in calendar_items}
        policies = read_policies(section)
    return PlantConfig(version, info, calendars, products, connectors, lines, reasons, policies)


@takes({"enum": [VERSION, str(VERSION)]})
def _version(item: Item) -> int:
    if text(item) != str(VERSION):
        raise Refusal(f"`{text(item)}` is no version that this program reads; write `version: {VERSION}`")
    return VERSION


def _some(section: Section, key: str) -> tuple[Item, ...]:
    """Return the entries of a mapping that needs at least one."""
    item = section.get(key)
    named = section.named(key)
    if item is None:
        section.faults.add(section.item.line, (key,), f"is missing; add `{key}:` with at least one entry", lost=True)
    elif item.is_empty or (isinstance(item.node, Keys) and not item.node.pairs):
        section.fault(item, "is empty; add at least one entry")
    return named


def _info(root: Section) -> PlantInfo:
    with root.section("plant") as section:
        id_ = section.need("id", identifier, "", "id: acme")
        return PlantInfo(
            id=id_,
            name=section.take("name", text, id_),
            timezone=section.need("timezone", zone, "", "timezone: Europe/Budapest"),
            day_start_min=section.take("day_start", clock, 0),
        )


def _product(item: Item, faults: Faults) -> ProductConfig:
    with Section(item, faults) as section:
        name = section.take("name", text, item.name)
        return ProductConfig(item.name, name, read_ideal(section), section.take("unit", text, "piece"))


def _machines(lines: dict[str, LineConfig], calendar: str) -> tuple[str, ...]:
    """Return the machines that follow a calendar."""
    return tuple(dict.fromkeys(m for line in lines.values() if line.calendar == calendar for m in line.machines))
