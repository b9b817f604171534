"""Words of machines' own states: PackML counts its states, people read their names."""

from __future__ import annotations

from collections.abc import Mapping

# fmt: off
_PACKML = (
    "Undefined", "Clearing", "Stopped", "Starting", "Idle", "Suspended",
    "Execute", "Stopping", "Aborting", "Aborted", "Holding", "Held",
    "Unholding", "Suspending", "Unsuspending", "Resetting", "Completing", "Complete",
)
_PACKML_TMC = (
    "Stopped", "Resetting", "Idle", "Starting", "Execute", "Completing",
    "Complete", "Aborting", "Aborted", "Stopping", "Clearing", "Suspending",
    "Suspended", "Unsuspending", "Holding", "Held", "Unholding",
)
# fmt: on
NAMES: Mapping[str, Mapping[str, str]] = {
    "packml": {str(n): word for n, word in enumerate(_PACKML)},
    "packml_tmc": {str(n): word for n, word in enumerate(_PACKML_TMC)},
}
"""Names of state numbers by profile: ISA-TR88.00.02, and OPC 30060, which numbers them otherwise."""


def state_word(profile: str | None, state: str) -> str:
    """``Held (11)`` for a number that the profile names; any other state stands for itself."""
    name = NAMES.get(profile or "", {}).get(state)
    return state if name is None else f"{name} ({state})"
