"""What is known of where data come from, for any number of machines at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oee.config.model import canonical_text
from oee.live_source import Gap, UnmappedState
from oee.model import CounterDecision
from oee.store.database import Session, fetch
from oee.store.samples import GOOD_LIMIT, IMPORT_SOURCE, TEXT_SIGNALS
from oee.store.times import from_us, to_us


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest sample of a signal: since when [µs UTC], its value as text (None where bad), whether it is Good."""

    changed_us: int
    value: str | None
    good: bool


def latest(conn: Session, machines: Sequence[int]) -> dict[tuple[int, str], Latest]:
    """The newest sample by (machine number, signal)."""
    rows = fetch(conn, "health/latest", machines=list(machines), texts=sorted(TEXT_SIGNALS))
    return {
        (machine, signal): Latest(to_us(ts), _text(signal, value, text), 0 <= quality < GOOD_LIMIT)
        for machine, signal, ts, value, quality, text in rows
    }


def _text(signal: str, value: float, text: str | None) -> str | None:
    if signal in TEXT_SIGNALS:
        return text
    return None if value != value else canonical_text(value)  # noqa: PLR0124 - NaN is not itself


def alive(conn: Session, machines: Sequence[int]) -> dict[int, dict[str, int]]:
    """The newest proof of life [µs UTC] by machine number and source."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for machine, source, through in fetch(conn, "health/alive", machines=list(machines)):
        found[machine][source] = to_us(through)
    return found


def reported(conn: Session) -> dict[str, int]:
    """When each collector reported last [µs UTC]."""
    return {source: to_us(at) for source, at in fetch(conn, "health/reported")}


def decisions(
    conn: Session, machines: Sequence[int], start_us: int, end_us: int
) -> Mapping[int, list[CounterDecision]]:
    """Counter decisions in ``[start, end)`` by machine number, in order of time."""
    params = {"machines": list(machines), "from": from_us(start_us), "to": from_us(end_us)}
    found: dict[int, list[CounterDecision]] = defaultdict(list)
    for machine, at, *rest in fetch(conn, "health/decisions", **params):
        found[machine].append(CounterDecision(to_us(at), *rest))
    return found


def unmapped(conn: Session, machines: Sequence[int], start_us: int, end_us: int) -> Mapping[int, list[UnmappedState]]:
    """States that no profile knows, claimed in ``[start, end)``, by machine number."""
    params = {"machines": list(machines), "from": from_us(start_us), "to": from_us(end_us)}
    found: dict[int, list[UnmappedState]] = defaultdict(list)
    for machine, state, length_us, last in fetch(conn, "health/unmapped", **params):
        found[machine].append(UnmappedState(state, length_us, to_us(last)))
    return found


def gaps_of(conn: Session, machines: Sequence[int], start_us: int, end_us: int) -> Mapping[int, Sequence[Gap]]:
    """Known gaps that reach into ``[start, end)``, whole, by machine number, and what an import filled in of them."""
    params = {"machines": list(machines), "from": from_us(start_us), "to": from_us(end_us), "import": IMPORT_SOURCE}
    found: dict[int, list[Gap]] = defaultdict(list)
    for machine, source, start, end, reason, filled_us in fetch(conn, "health/gaps", **params):
        found[machine].append(Gap(source, to_us(start), None if end is None else to_us(end), reason, filled_us))
    return found
