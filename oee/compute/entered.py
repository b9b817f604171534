"""What people entered about a machine, read for the calculation: the words of the entries become the kernel's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter

from oee.compute.rules import all_reasons, category_of
from oee.config.model import PlantConfig
from oee.kernels.people import Entered, MergeSaid, NoteSaid, Reason, ReasonSaid, SplitSaid, StopEntry
from oee.model import Category
from oee.store.database import Session
from oee.store.entries import Entry, Kind, entries_of
from oee.store.master import Master

STOP_KINDS: tuple[Kind, ...] = ("reason", "note", "split", "merge")


def stop_entries(conn: Session, machine_id: int, start_us: int, end_us: int) -> list[Entry]:
    """Entries about a machine's stops that touch ``[start, end)`` and hold, oldest first."""
    return entries_of(conn, STOP_KINDS, machine_id=machine_id, from_us=start_us, to_us=end_us)


def joined_span(entries: Sequence[Entry], span_us: tuple[int, int]) -> tuple[int, int]:
    """A span widened to the stops that people merged with some of its own: these are judged as one."""
    reach = [(e.from_us, e.to_us) for e in entries if e.kind == "merge"]
    known = [(a, b) for a, b in reach if a is not None and b is not None]
    return min([span_us[0], *(a for a, _ in known)]), max([span_us[1], *(b for _, b in known)])


def entered(master: Master, plant: PlantConfig, entries: Sequence[Entry]) -> Entered:
    """The entries as the kernel takes them, reasons by the tree in force."""
    reasons = _Reasons(master, plant)
    return Entered(stops=tuple(said for e in entries for said in _said(e, reasons)))


def _said(entry: Entry, reasons: Mapping[str, Reason]) -> Iterator[StopEntry]:
    said = entry.said
    start_us = entry.from_us or 0
    end_us = start_us + 1 if entry.to_us is None else entry.to_us
    code = said.get("reason")
    reason = None if code is None else reasons[code]
    if entry.kind == "split":
        yield SplitSaid(start_us)
    if entry.kind == "merge":
        yield MergeSaid(start_us, end_us, reason, entry.author)
    if entry.kind == "reason":
        yield ReasonSaid(start_us, end_us, reason, entry.author)
    if "note" in said:
        yield NoteSaid(start_us, end_us, said["note"])


class _Reasons(dict[str, Reason]):
    """Reasons by code: of the tree in force, else of the first applied that has them; an unknown one is a stop without.

    Not of the newest: what later files make of a reason must not change the shifts before they take force (S-54).
    """

    def __init__(self, master: Master, plant: PlantConfig) -> None:
        super().__init__()
        self._plants = [plant, *(c.plant for c in sorted(master.configs(), key=attrgetter("config_id")))]

    def __missing__(self, code: str) -> Reason:
        tree = (r for plant in self._plants for r in all_reasons(plant.reasons) if r.code == code)
        told = next(tree, None)
        category = category_of(told.category) if told else Category.UNPLANNED_STOP
        self[code] = Reason(code, category, told.setup if told else False)
        return self[code]
