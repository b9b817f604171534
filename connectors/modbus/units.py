"""Units behind one gateway: those that gave no answer are left alone for a while, so that the others stay in time."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_PAUSE_S = 10.0
LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class _Silence:
    pause_s: float
    until_s: float


class SilentUnits:
    """The memory of one connection. All times are of one clock that never goes back [s]."""

    def __init__(self) -> None:
        self._silences: dict[int, _Silence] = {}

    def __contains__(self, unit: int) -> bool:
        """Tell whether the unit gave no answer when it was asked last."""
        return unit in self._silences

    def may_be_asked(self, unit: int, now_s: float) -> bool:
        """Tell whether the unit answers, as far as is known, or has been left alone for long enough."""
        return unit not in self._silences or now_s >= self._silences[unit].until_s

    def fell_silent(self, unit: int, now_s: float) -> None:
        """Note that the unit gave no answer; each time in a row it is left alone for twice as long."""
        before = self._silences.get(unit)
        pause_s = FIRST_PAUSE_S if before is None else min(2 * before.pause_s, LONGEST_PAUSE_S)
        self._silences[unit] = _Silence(pause_s, now_s + pause_s)

    def answered(self, unit: int) -> None:
        """Note that the unit answers."""
        self._silences.pop(unit, None)
