"""Six lines in six conditions, and the plant file that would describe them: the data of `pages_fixture`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from oee.config.model import (
    LineConfig,
    MachineConfig,
    PlantConfig,
    PlantInfo,
    ProductConfig,
    ReasonConfig,
    Rollup,
    Targets,
)
from oee.model import (
    US_PER_S,
    Category,
)

ZONE = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 11, 19)
RUN, SMALL, DOWN = Category.RUN, Category.SMALL_STOP, Category.UNPLANNED_STOP
EXT, PLAN, NONE, EXCL = Category.EXTERNAL_STOP, Category.PLANNED_STOP, Category.NO_DATA, Category.EXCLUDED
STOPS = (DOWN, EXT, PLAN)

# from, category, reason, set-up; each lasts until the next, the last until the end of the shift
Spec = tuple[tuple[str, Category, str | None, bool], ...]


def spec(text: str) -> Spec:
    """Read ``06:00 PLAN START; 06:08 RUN; …``; ``*`` behind a reason means set-up."""
    rows = []
    for part in text.split(";"):
        at, category, *reason = part.split()
        word = reason[0].rstrip("*") if reason else ""
        rows.append((at, Category[CATEGORY_WORDS[category]], word or None, bool(reason) and reason[0].endswith("*")))
    return tuple(rows)


CATEGORY_WORDS = {
    "RUN": "RUN",
    "SMALL": "SMALL_STOP",
    "DOWN": "UNPLANNED_STOP",
    "EXT": "EXTERNAL_STOP",
    "PLAN": "PLANNED_STOP",
    "NONE": "NO_DATA",
    "BREAK": "EXCLUDED",
    "OFF": "NOT_SCHEDULED",
}
END = "; 11:53:24 RUN; 12:00 BREAK; 12:30 RUN; 13:12 EXT PALLET; 13:18:06 RUN; 13:51 PLAN CLEAN"
FILLING_2 = (
    "06:00 PLAN STARTUP; 06:08 RUN; 06:24:36 SMALL; 06:26:18 RUN; 06:51:12 DOWN JAM; 07:03:36 RUN; 07:32 SMALL;"
    "07:33:24 RUN; 07:58 SMALL; 07:59:54 RUN; 08:20:12 EXT BOTTLES; 08:27 RUN; 08:38 NONE; 08:42 RUN; 09:00 BREAK;"
    "09:15 RUN; 09:23:30 SMALL; 09:26:06 RUN; 09:58 PLAN PRODUCT*; 10:21:30 RUN; 10:49:18 DOWN; 11:00:12 RUN;"
    "11:12 SMALL; 11:13:54 RUN; 11:24:48 DOWN CAPFEED; 11:30 RUN; 11:35:36 DOWN" + END
)
CANNING_1 = (
    "06:00 PLAN STARTUP; 06:09 RUN; 07:12 SMALL; 07:14:12 RUN; 08:01 DOWN LID; 08:13:36 RUN; 09:00 BREAK; 09:15 RUN;"
    "10:22 SMALL; 10:24:18 RUN; 11:08:24 NONE"
)
PACKING_1 = (
    "06:00 EXT; 06:14 RUN; 06:51 EXT; 07:06:24 RUN; 07:40 SMALL; 07:41:12 RUN; 08:23 EXT; 08:32:12 RUN; 09:00 BREAK;"
    "09:15 RUN; 10:01 EXT; 10:25:30 RUN; 10:40 DOWN MOTOR; 10:43 RUN; 10:52:24 EXT; 11:04 RUN; 11:38 EXT"
)
FILLING_3 = "06:00 PLAN STARTUP; 06:07 RUN; 06:42 SMALL; 06:43 RUN; 09:00 BREAK; 09:15 RUN; 11:20 PLAN PRODUCT*"
PACKING_2 = (
    "06:00 PLAN STARTUP; 06:05 RUN; 06:30 SMALL; 06:35 RUN; 07:00 SMALL; 07:04 RUN; 07:40 SMALL; 07:45 RUN;"
    "08:10 SMALL; 08:15 RUN; 09:00 BREAK; 09:15 RUN; 09:40 SMALL; 09:44 RUN; 10:10 DOWN; 10:28 RUN; 10:50 SMALL;"
    "10:55 RUN; 11:22 SMALL; 11:27:12 RUN"
)
FILLING_1 = (
    "06:00 PLAN STARTUP; 06:05 RUN; 07:20 SMALL; 07:21 RUN; 08:15 DOWN SENSOR; 08:22 RUN; 09:00 BREAK; 09:15 RUN"
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One line: how its shift goes, its product, how far its pace falls behind the ideal one, its share of rejects."""

    name: str
    spec: str
    product: str
    pace_percent: int = 94
    reject_per_mille: int = 12


LINES = {
    "filling-1": Condition("Filling 1", FILLING_1, "WATER", 99, 5),
    "filling-2": Condition("Filling 2", FILLING_2, "ORANGE"),
    "filling-3": Condition("Filling 3", FILLING_3, "TEA", 96),
    "canning-1": Condition("Canning 1", CANNING_1, "COLA", 97),
    "packing-1": Condition("Packing 1", PACKING_1, "SIX"),
    "packing-2": Condition("Packing 2", PACKING_2, "SIX"),
}
PRODUCTS = {
    "WATER": ProductConfig("WATER", "Still water 1.5 L", Fraction(1, 2)),
    "ORANGE": ProductConfig("ORANGE", "Orange juice 1 L", Fraction(3, 4)),
    "TEA": ProductConfig("TEA", "Iced tea 1 L", Fraction(3, 5)),
    "COLA": ProductConfig("COLA", "Cola 0.33 L can", Fraction(1, 5)),
    "SIX": ProductConfig("SIX", "Orange juice 6-pack", Fraction(7, 2)),
}
REASONS = (
    ReasonConfig(
        "LABELLER", "Labeller", "unplanned_stop", children=(ReasonConfig("JAM", "Label jam", "unplanned_stop"),)
    ),
    ReasonConfig("CAPFEED", "Capper: cap feed jam", "unplanned_stop"),
    ReasonConfig("LID", "Seamer: lid feed", "unplanned_stop"),
    ReasonConfig("SENSOR", "Filler: level sensor", "unplanned_stop"),
    ReasonConfig("MOTOR", "Motor", "unplanned_stop"),
    ReasonConfig("BOTTLES", "No empty bottles", "external_stop"),
    ReasonConfig("PALLET", "Palletiser full", "external_stop"),
    ReasonConfig("STARTUP", "Start-up", "planned_stop"),
    ReasonConfig("CLEAN", "Run-down and cleaning", "planned_stop"),
    ReasonConfig("PRODUCT", "Change of product", "planned_stop", setup=True),
)


def at(text: str) -> int:
    """µs UTC of a local time such as ``2026-11-19T06:00``."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()) * US_PER_S


NOW_US = at("2026-11-19T11:42:00")


def plant(lines: dict[str, Condition] | None = None, plant_name: str = "Beverage plant North") -> PlantConfig:
    """The plant file, as read."""
    targets = Targets(oee=0.85, availability=0.9, performance=0.95, quality=0.994)
    configs = {}
    for id_, condition in (LINES if lines is None else lines).items():
        machine = MachineConfig("m", id_, "Filler", condition.product, PRODUCTS[condition.product].ideal_cycle_s)
        configs[id_] = LineConfig(id_, condition.name, "default", Rollup("constraint", "m"), targets, {"m": machine})
    info = PlantInfo("north", plant_name, "Europe/Berlin", 360)
    return PlantConfig(1, info, {}, PRODUCTS, {}, configs, REASONS)
