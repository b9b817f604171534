"""Named state profiles (S-20): from a machine's own state or mode to a category, never by raw number alone."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from oee.model import Category

RUN, PLANNED, UNPLANNED, EXTERNAL, NO_DATA = (
    Category.RUN,
    Category.PLANNED_STOP,
    Category.UNPLANNED_STOP,
    Category.EXTERNAL_STOP,
    Category.NO_DATA,
)


def _table(rows: Mapping[Category, str]) -> Mapping[str, Category]:
    return MappingProxyType({value: category for category, values in rows.items() for value in values.split()})


PACKML = _table(
    {
        RUN: "6 16 Execute Completing",
        EXTERNAL: "5 13 14 17 Suspended Suspending Unsuspending Complete",
        UNPLANNED: "10 11 12 1 8 9 3 15 2 4 7 Holding Held Unholding Clearing Aborting Aborted Starting Resetting "
        "Stopped Idle Stopping",
        NO_DATA: "0 Undefined",
    }
)
"""PackTags numbers (ISA-TR88.00.02) and their names."""

PACKML_TMC = _table(
    {
        RUN: "4 5 Execute Completing",
        EXTERNAL: "6 11 12 13 Complete Suspending Suspended Unsuspending",
        UNPLANNED: "0 1 2 3 7 8 9 10 14 15 16 Stopped Resetting Idle Starting Aborting Aborted Stopping Clearing "
        "Holding Held Unholding",
    }
)
"""OPC 30060 (Tobacco) numbers the same states otherwise: its Execute is 4."""

MACHINERY = _table(
    {
        RUN: "Executing",
        UNPLANNED: "NotExecuting OutOfService",
        NO_DATA: "NotAvailable",
    }
)
"""OPC 40001-1 MachineryItemState; the operation mode comes as the mode signal."""

WEIHENSTEPHAN = _table(
    {
        RUN: "Operating",
        UNPLANNED: "Held EquipmentFailure Stopped Idle Holding EmergencyStop Starting Stopping Aborting",
        EXTERNAL: "ExternalFailure Lack Tailback Prepared LackBranchLine TailbackBranchLine",
        PLANNED: "StartUp RunDown Clean Changeover Maintenance",
        NO_DATA: "Undefined",
    }
)
"""Weihenstephan Standards, WS_Cur_State by name."""

STATES: Mapping[str, Mapping[str, Category]] = MappingProxyType(
    {
        "packml": PACKML,
        "packml_tmc": PACKML_TMC,
        "machinery": MACHINERY,
        "weihenstephan": WEIHENSTEPHAN,
    }
)

PACKML_MODES = MappingProxyType({"2": PLANNED, "3": PLANNED, "Maintenance": PLANNED, "Manual": PLANNED})
"""Modes that beat the state; Produce (1) and any other leave it to the state."""

WEIHENSTEPHAN_PROGRAMS = _table(
    {
        PLANNED: "2 4 8 16 32 StartUp RunDown Clean Changeover Maintenance",
        Category.EXCLUDED: "64 Break",
    }
)
"""WS_Cur_Prog: programs that beat the state; Production (1) and none (0) leave it to the state."""

_SETUP = {"machinery": frozenset({"Setup"}), "weihenstephan": frozenset({"16", "Changeover"})}


def mode_category(profile: str, mode: str, by_state: Category) -> tuple[Category, bool]:
    """Let the mode beat the state.

    Returns
    -------
    The category, and whether it is setup & adjustment.
    """
    setup = mode in _SETUP.get(profile, ())
    if profile == "weihenstephan":
        return WEIHENSTEPHAN_PROGRAMS.get(mode, by_state), setup
    if profile == "machinery":
        planned = setup or (mode == "Maintenance" and by_state is not RUN)
        return PLANNED if planned else by_state, setup
    return PACKML_MODES.get(mode, by_state), False
