"""The ids of KPI items, read back: which result an id names (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from oee.compute.stored import DAY, MONTH, WEEK, Period
from oee.errors import NotFoundError
from oee.kernels.products import ProductKey

MOST = 2**31 - 1
"""The greatest number of a machine or a revision."""
_STORED = re.compile(r"(\d{1,18})-(\d{1,10})-(live|\d{1,10})")
_SUM = re.compile(r"(\d{4})-(?:(\d\d)-(\d\d)|W(\d\d)|(\d\d))")
_WINDOW = re.compile(r"(\d{1,16})-(\d{1,16})(?:-(product|order)-(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class StoredId:
    """A result of a shift instance; machine 0 is the line, revision None the running figures."""

    instance_id: int
    machine_id: int
    revision: int | None


@dataclass(frozen=True, slots=True)
class SumId:
    """The sum of a day, week or month of production days."""

    line: str
    machine: str | None
    day: date
    period: Period


@dataclass(frozen=True, slots=True)
class WindowId:
    """A free window [µs UTC], or the row of a product or order in it (``key`` says which)."""

    line: str
    machine: str | None
    from_us: int
    to_us: int
    key: ProductKey | None = None


KpiId = StoredId | SumId | WindowId


def read_kpi_id(text: str, machines: Iterable[tuple[str, str]]) -> KpiId:
    """Read an id as answers give it.

    Parameters
    ----------
    machines : all (line, machine) of the plant, by which names with hyphens are told apart.

    Raises
    ------
    NotFoundError
        No answer ever gave such an id.
    """
    if stored := _STORED.fullmatch(text):
        revision = None if stored[3] == "live" else int(stored[3])
        if int(stored[2]) <= MOST and (revision or 0) <= MOST:
            return StoredId(int(stored[1]), int(stored[2]), revision)
    owners = {(line, None): f"{line}-line-" for line, _ in machines} | {(o, m): f"{o}-{m}-" for o, m in machines}
    for (line, machine), head in owners.items():
        found = _named(line, machine, text.removeprefix(head)) if text.startswith(head) else None
        if found is not None:
            return found
    raise NotFoundError(f"there are no figures with the id {text!r}; take an `id` that GET /api/v1/kpis answered")


def _named(line: str, machine: str | None, rest: str) -> KpiId | None:
    """What stands behind the names of line and machine: a period, or a window."""
    if summed := _SUM.fullmatch(rest):
        return _sum_id(line, machine, summed)
    window = _WINDOW.fullmatch(rest)
    if window is None or int(window[1]) >= int(window[2]):
        return None
    key: ProductKey | None = None
    if window[3] is not None:
        key = "product" if window[3] == "product" else "order"
    return WindowId(line, machine, int(window[1]), int(window[2]), key)


def _sum_id(line: str, machine: str | None, summed: re.Match[str]) -> SumId | None:
    year, month, day, week, only_month = (int(part or 0) for part in summed.groups())
    try:
        if week:
            return SumId(line, machine, date.fromisocalendar(year, week, 1), WEEK)
        if only_month:
            return SumId(line, machine, date(year, only_month, 1), MONTH)
        return SumId(line, machine, date(year, month, day), DAY)
    except ValueError:
        return None
