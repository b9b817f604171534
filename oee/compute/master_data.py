"""Master data written by API: exceptions of calendars, targets, products. Each is an entry that stays (S-51, S-54).

What is written lies over the applied plant files (see `oee.config.layers`), and what follows from it is made due in the
same transaction, so that no worker sees one without the other. Writing the same again writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from oee.compute.following import Change, Touched, make_due, touched_by
from oee.compute.rehearsal import Rehearsal, rehearse
from oee.compute.rolled import Look
from oee.compute.service import again, clock_us
from oee.config.layers import ALWAYS_US, Applied, Fault, Word, faults_of, layered
from oee.config.model import PlantConfig
from oee.errors import InputError, NotFoundError
from oee.store.database import Database, Session, run
from oee.store.entries import Entry, Kind, add_entry, entries_of
from oee.store.master import Master
from oee.store.times import from_us, to_us

CAUSES: dict[Kind, str] = {
    "exception": "calendar exception",
    "targets": "targets changed",
    "product": "product changed",
}


class RefusedError(InputError):
    """A body that can't be taken; ``faults`` says what is wrong where in it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(" ".join(f"{'.'.join(path) or 'the body'}: {what}." for path, what in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody writes.

    Attributes
    ----------
    name : of the calendar, line or product.
    body : exceptions of a date as a list, None to take back what was written of it; targets or a product as a mapping;
        without what says when and why.
    effective_us : from when targets or a product hold [µs UTC]; None: now, and always for a product that is new.
    """

    kind: Kind
    name: str
    body: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None
    author: str
    date: date | None = None
    effective_us: int | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: whether it says anything new, from when on it holds, and in a rehearsal what it would do."""

    changed: bool
    effective_us: int | None
    rehearsal: Rehearsal | None = None


class MasterData:
    """Writes and reads what is written by API over the plant files."""

    def __init__(self, database: Database, now_us: Callable[[], int] = clock_us) -> None:
        self._database, self._now_us = database, now_us
        self._master = Master(database)

    def plant(self) -> PlantConfig:
        """The configuration in force now."""
        return self._master.config_at(self._now_us()).plant

    def entries(self, kind: Kind, name: str) -> list[Entry]:
        """What is written of a calendar, line or product and holds, oldest first."""
        with self._database.transaction() as conn:
            return [e for e in entries_of(conn, (kind,)) if e.said["name"] == name]

    def write(self, request: Request, *, dry_run: bool = False) -> Outcome:
        """Write it, or say what writing it would change.

        Raises
        ------
        NotFoundError
            No such calendar, line or machine.
        RefusedError
            The body can't be taken.
        """
        outcome = again(lambda: self._write(request, dry_run=dry_run))
        self._master.look_again()
        return outcome

    def _write(self, request: Request, *, dry_run: bool) -> Outcome:
        now = self._now_us()
        with self._database.transaction(undone=dry_run) as conn:
            if not dry_run:
                run(conn, "master/lock")
            before = self._master.within(conn)
            word = _word(_with_whole_names(request, before.config_at(now).plant), before, now)
            since_us = None if request.kind == "exception" else word.effective_us
            replaced = _replaced(word, before.layers()[1])
            if request.body is None and (replaced is None or replaced.body == word.body):
                raise NotFoundError(f"nothing is written of {request.date} that could be taken back")
            if not _is_new(word, replaced, before) and request.body is not None:
                return Outcome(False, since_us, Rehearsal() if dry_run else None)
            add_entry(conn, _entry(request, word, replaced, now))
            after = self._master.within(conn)
            dates = () if request.date is None else (request.date,)
            change = Change(before.configs(), after.configs(), CAUSES[request.kind], request.author, dates)
            found = follow(conn, after, change, now, dry_run=dry_run)
        return Outcome(True, since_us, found)


def follow(conn: Session, master: Master, change: Change, now_us: int, *, dry_run: bool) -> Rehearsal | None:
    """Have what follows from a change done by the workers, or rehearse it."""
    ids = master.ids()
    touched: list[Touched] = touched_by(conn, ids, change, now_us)
    if dry_run:
        return rehearse(Look(conn, master, ids, now_us), touched, change)
    make_due(conn, ids, touched, change)
    return None


def _word(request: Request, master: Master, now_us: int) -> Word:
    """The request as a word over the files, checked against the file that it concerns."""
    files, words = master.layers()
    file = _concerned(request, master, files, now_us)
    since_us = ALWAYS_US
    if request.kind != "exception":
        is_new = request.kind == "product" and request.name not in master.config_at(now_us).plant.products
        default_us = ALWAYS_US if is_new else now_us
        since_us = default_us if request.effective_us is None else request.effective_us
    kind = request.kind
    assert kind in ("exception", "targets", "product")
    if "\\u0000" in json.dumps(request.body) or "\\ud" in json.dumps(request.body):
        raise RefusedError([((), "holds characters that no text has")])
    day = "" if request.date is None else request.date.isoformat()
    number = max((w.number for w in words), default=0) + 1
    word = Word(number, master.newest_applied(), kind, request.name, json.dumps(request.body), since_us, day)
    faults = faults_of(file, [w for w in words if w.kind == kind and w.name == word.name], word)
    if faults:
        raise RefusedError(faults)
    return word


def _concerned(request: Request, master: Master, files: Sequence[Applied], now_us: int) -> Applied:
    """The file in force now, or on the date of an exception, which must have what is written about."""
    plant = master.config_at(now_us).plant
    at_us = now_us
    if request.date is not None:
        at_us = to_us(datetime.combine(request.date, time.max, ZoneInfo(plant.plant.timezone)))
    in_force = next((f for f in reversed(files) if f.effective_us <= at_us), files[0])
    _check_names(request, in_force.plant)
    return in_force


def _check_names(request: Request, plant: PlantConfig) -> None:
    known = {"exception": plant.calendars, "targets": plant.lines}.get(request.kind)
    if known is not None and request.name not in known:
        what = "calendar" if request.kind == "exception" else "line"
        raise NotFoundError(f"there is no {what} {request.name!r}; there are {', '.join(known)}")


def _with_whole_names(request: Request, plant: PlantConfig) -> Request:
    """The request with machines of a product named by line and machine."""
    said = request.body
    if request.kind != "product" or not isinstance(said, Mapping) or "machines" not in said:
        return request
    if not isinstance(said["machines"], Mapping):
        raise RefusedError([(("machines",), "must be an object from machines to their cycles")])
    whole = [f"{line.id}/{m}" for line in plant.lines.values() for m in line.machines]
    named = {name: [w for w in whole if name in (w, w.partition("/")[2])] for name in said["machines"]}
    strange = [(("machines", name), _told(name, found, whole)) for name, found in named.items() if len(found) != 1]
    if strange:
        raise RefusedError(strange)
    machines = {named[name][0]: cycle for name, cycle in said["machines"].items()}
    return replace(request, body={**said, "machines": machines})


def _told(name: str, found: Sequence[str], whole: Sequence[str]) -> str:
    if found:
        return f"{name} is on several lines; write {' or '.join(found)}"
    return f"there is no machine {name}; there are {', '.join(whole)}"


def _replaced(word: Word, words: Sequence[Word]) -> Word | None:
    """The word whose place this one takes: of the same subject, from the same instant on."""
    return next((w for w in words if (w.subject, w.effective_us) == (word.subject, word.effective_us)), None)


def _is_new(word: Word, replaced: Word | None, master: Master) -> bool:
    """Whether a word changes any configuration."""
    files, words = master.layers()
    after = layered(files, [*(w for w in words if w is not replaced), word])
    before = tuple((c.config_id, c.effective_us, c.plant) for c in master.configs())
    return _steps(before) != _steps(after)


def _steps(configs: Sequence[tuple[int, int, PlantConfig]]) -> list[tuple[int, PlantConfig]]:
    """Configurations by when they take force, neighbours that differ only."""
    found: list[tuple[int, PlantConfig]] = []
    for _, since_us, plant in configs:
        if not found or found[-1][1] != plant:
            found.append((since_us, plant))
    return found


def _entry(request: Request, word: Word, replaced: Word | None, now_us: int) -> Entry:
    said: dict[str, Any] = {"name": word.name, "after": word.after, "body": json.loads(word.body)}
    return Entry(
        request.kind,
        said | ({"date": word.date} if word.date else {}),
        request.author,
        now_us,
        from_us=None if word.effective_us == ALWAYS_US else word.effective_us,
        undoes=None if replaced is None else replaced.number,
        why=request.why,
    )


def rehearse_apply(database: Database, source: str, effective_us: int | None, now_us: int) -> Rehearsal:
    """Say what applying a checked plant file would change, and change nothing."""
    master = Master(database)
    with database.transaction(undone=True) as conn:
        before = master.within(conn)
        since = None if effective_us is None else from_us(effective_us)
        if not before.configs() or before.apply_in(conn, source, since, now_us)[1] is None:
            return Rehearsal()
        after = master.within(conn)
        change = Change(before.configs(), after.configs(), "configuration changed", dates=None)
        return follow(conn, after, change, now_us, dry_run=True) or Rehearsal()


def overlaid(source: PlantConfig, newest: PlantConfig) -> list[str]:
    """What was written by API and lies over a plant file that was just applied, a sentence each."""
    told = []
    for name, line in newest.lines.items():
        if name in source.lines and line.targets != source.lines[name].targets:
            told.append(f"targets of line {name!r} written by API stay over the file's")
    for name, product in newest.products.items():
        if product != source.products.get(name):
            told.append(f"product {name!r} written by API stays over the file's")
    for name, calendar in newest.calendars.items():
        said = source.calendars[name].exceptions if name in source.calendars else ()
        days = sorted({e.date for e in set(calendar.exceptions) ^ set(said)})
        told += [f"exception of {day} on calendar {name!r} written by API stays over the file's" for day in days]
    return told
