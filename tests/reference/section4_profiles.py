"""Section 4, S-20: what states, modes and faults mean, by named profile."""

from __future__ import annotations

from dataclasses import dataclass

from oee.config.model import ReasonConfig
from oee.model import Category
from reference.case import Case

RUN, PLANNED, UNPLANNED, EXTERNAL = (
    Category.RUN,
    Category.PLANNED_STOP,
    Category.UNPLANNED_STOP,
    Category.EXTERNAL_STOP,
)
NO_DATA, EXCLUDED = Category.NO_DATA, Category.EXCLUDED
STOPS = (PLANNED, UNPLANNED, EXTERNAL)

PACKML = {
    **dict.fromkeys(("6", "16"), RUN),
    **dict.fromkeys(("5", "13", "14", "17"), EXTERNAL),
    **dict.fromkeys(("10", "11", "12", "1", "8", "9", "3", "15", "2", "4", "7"), UNPLANNED),
    "0": NO_DATA,
}
PACKML_NAMES = {  # OPC 30060 numbers the same states otherwise
    "0": "2", "1": "15", "2": "4", "3": "3", "4": "6", "5": "16", "6": "17", "7": "8", "8": "9", "9": "7", "10": "1",
    "11": "13", "12": "5", "13": "14", "14": "10", "15": "11", "16": "12",
}  # fmt: skip
PACKML_TMC = {tmc: PACKML[tags] for tmc, tags in PACKML_NAMES.items()}
MACHINERY = {"Executing": RUN, "NotExecuting": UNPLANNED, "OutOfService": UNPLANNED, "NotAvailable": NO_DATA}
WEIHENSTEPHAN = {
    "Operating": RUN,
    **dict.fromkeys(("Held", "EquipmentFailure"), UNPLANNED),
    **dict.fromkeys(("ExternalFailure", "Lack", "Tailback", "Prepared"), EXTERNAL),
}
STATES = {"packml": PACKML, "packml_tmc": PACKML_TMC, "machinery": MACHINERY, "weihenstephan": WEIHENSTEPHAN}


@dataclass(frozen=True)
class Claim:
    """What the machine itself says; ``reason`` of a fault has a category and setup of its own."""

    category: Category
    word: str | None = None
    setup: bool = False
    reason: ReasonConfig | None = None
    unmapped: bool = False


def claim(case: Case, at_us: int) -> Claim:
    """The last Good state, mode and fault at an instant. Mode beats state."""
    state, mode = case.in_force("state", at_us), case.in_force("mode", at_us)
    if state is None:
        return Claim(NO_DATA)
    category = by_state(case, state)
    if category is None:
        return Claim(NO_DATA, state, unmapped=True)
    profile = case.machine.signals["state"].profile
    setup = False
    if profile in ("packml", "packml_tmc") and mode in ("2", "3"):
        category = PLANNED
    elif profile == "machinery" and (mode == "Setup" or (mode == "Maintenance" and category is not RUN)):
        category, setup = PLANNED, mode == "Setup"
    elif profile == "weihenstephan" and mode in ("2", "4", "8", "16", "32"):
        category, setup = PLANNED, mode == "16"
    elif profile == "weihenstephan" and mode == "64":
        category = EXCLUDED
    return Claim(category, state, setup, reason(case, case.in_force("fault", at_us)))


def by_state(case: Case, state: str) -> Category | None:
    signal = case.machine.signals["state"]
    if signal.profile != "custom":
        return STATES[signal.profile or ""].get(state)
    return Category[signal.map[state].upper()] if state in signal.map else None


def reason(case: Case, fault: str | None) -> ReasonConfig | None:
    """S-20: a fault or alarm code gives the stop its reason."""
    signal = case.machine.signals.get("fault")
    code = signal.reasons.get(fault or "") if signal else None
    return next((r for r in case.plant.reasons if r.code == code), None)
