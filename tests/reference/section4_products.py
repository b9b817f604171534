"""Products and orders: S-12, and the changes of S-25."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from reference.case import Case, machine_of

Made = tuple[str | None, str | None]
"""Product and order."""


def in_force(case: Case, at_us: int) -> Made:
    """What is made at an instant; a signal that the plant file does not name says nothing, an empty text is none."""
    product, order = (
        case.in_force(key, at_us) or None if key in case.machine.signals else None for key in ("product", "order")
    )
    return product, order


def ideal_of(case: Case, product: str | None, at_us: int) -> Fraction | None:
    """S-12: ideal cycle [µs per part] of a product at the machine, else the machine's own; the one valid just then."""
    plant = next((plant for since_us, plant in reversed(case.later) if since_us <= at_us), case.plant)
    machine = machine_of(plant)
    seconds = machine.ideal_cycles_s.get(product or "", machine.ideal_cycle_s)
    return None if seconds is None else seconds * 1_000_000


def without_order(case: Case, at_us: int) -> bool:
    """Whether an order source is configured and says that there is none. Decided: silent so far, it says none."""
    return "order" in case.machine.signals and at_us >= case.first_us and not case.in_force("order", at_us)


def changes(case: Case) -> list[int]:
    """S-25. Decided: a change is a known product or order that differs from the last known one."""
    found = set()
    for key in ("product", "order"):
        known = [(t, word) for t, word in case.good_words(key) if word] if key in case.machine.signals else []
        found |= {t for (_, before), (t, word) in pairwise(known) if word != before}
    return sorted(found)
