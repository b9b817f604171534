"""People's entries about stops, written: each in one transaction with the shifts that it has computed again (S-51)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from oee.compute.entered import STOP_KINDS, stop_entries
from oee.compute.rolled import Look
from oee.compute.rules import all_reasons
from oee.compute.service import again, clock_us
from oee.compute.stops_near import Near, shifts_of, stops_near, told
from oee.compute.undoing import undo_reversible
from oee.corrections import Correction, LoggedEntry, StopName
from oee.errors import InputError
from oee.model import Spoken, Stop
from oee.store.database import Database
from oee.store.entries import Entry, Kind, add_entry, listed_entries, lock_entries, one_entry
from oee.store.master import Master
from oee.store.results import touch
from oee.store.times import from_us

TAKEN = ("planned_stop", "unplanned_stop", "external_stop", "small_stop")
"""Categories that a person's reason may have: what is run, excluded or not scheduled is not theirs to say (S-24)."""
CAUSES: Mapping[Kind, str] = {"reason": "stop reason", "split": "stop split", "merge": "stops merged"}
"""Causes of the revisions that entries make; a note makes none."""


class Corrections:
    """Writes what people say of stops (see `oee.corrections.StopCorrections`)."""

    def __init__(self, database: Database, now_us: Callable[[], int] = clock_us) -> None:
        self._database, self._now_us = database, now_us
        self._master = Master(database)

    def say(self, stop: StopName, said: Mapping[str, str | None], author: str) -> Correction:
        """Give a stop a reason or a note; what holds already makes no entry."""
        return again(partial(self._say, stop, said, author))

    def split(self, stop: StopName, at_us: int, note: str | None, author: str) -> Correction:
        """Make two stops of one; where it is split there already, nothing is entered."""
        return again(partial(self._split, stop, at_us, note, author))

    def merge(self, stops: Sequence[StopName], said: Mapping[str, str | None], author: str) -> Correction:
        """Make one stop of neighbours; what is one already makes no entry."""
        return again(partial(self._merge, stops, said, author))

    def undo(self, number: int, why: str | None, author: str) -> Correction:
        """Undo an entry about a stop, an order's event or a booking; one that is undone already makes no entry."""
        return again(partial(self._undo, number, why, author))

    def entries(self, line: str, from_us: int, to_us: int, after: int, limit: int) -> list[LoggedEntry]:
        """What was entered about a line, or the whole plant, and touches a range, oldest first; a page of it."""
        ids = self._master.ids()
        line_id = ids.line(line)
        machines = {number: machine for (_, machine), number in ids.machines.items()}
        with self._database.snapshot() as conn:
            found = listed_entries(conn, line_id, from_us, to_us, after, limit)
        return [_logged(e, undone_by, {line_id: line}, machines) for e, undone_by in found]

    @contextmanager
    def _writing(self, line: str, machine: str) -> Iterator[Look]:
        """Look at a machine and write about it, nobody else at the same time."""
        self._master.configs()  # before the numbers, which must know all that the configurations name
        now_us, ids = self._now_us(), self._master.ids()
        machine_id = ids.machine(line, machine)
        with self._database.transaction() as conn:
            lock_entries(conn, machine_id)
            yield Look(conn, self._master, ids, now_us)

    def _say(self, name: StopName, said: Mapping[str, str | None], author: str) -> Correction:
        with self._writing(name.line, name.machine) as look:
            near = stops_near(look, name.line, name.machine, name.start_us, name.start_us + 1)
            stop = near.named(name)
            self._check_reason(near, said.get("reason"))
            news = _news(stop.spoken or Spoken(), said)
            if not news:
                return Correction(None, (told(look, name.line, name.machine, stop),), ())
            kind: Kind = "reason" if "reason" in news else "note"
            entry = self._entry(look, name, kind, news, author, (stop.start_us, near.seen_until_us(stop)))
            return _entered(look, name, entry)

    def _split(self, name: StopName, at_us: int, note: str | None, author: str) -> Correction:
        with self._writing(name.line, name.machine) as look:
            near = stops_near(look, name.line, name.machine, name.start_us, name.start_us + 1)
            stop = near.named(name)
            held = stop_entries(look.conn, look.ids.machine(name.line, name.machine), at_us, at_us + 1)
            if any(e.kind == "split" and e.from_us == at_us for e in held) and near.until_us(stop) <= at_us:
                after = stops_near(look, name.line, name.machine, at_us, at_us + 1)
                both = [s for s in after.stops if s.start_us == stop.start_us or s.start_us >= at_us][:2]
                return Correction(None, tuple(told(look, name.line, name.machine, s) for s in both), ())
            if stop in near.small:
                raise InputError("a small stop is not split; only a stop that is listed and counted is")
            said = {} if note is None else {"note": note}
            entry = self._entry(look, name, "split", said, author, (at_us, None))
            done = _entered(look, name, entry, about_us=(stop.start_us, near.until_us(stop)))
            if len(done.stops) < 2:
                span = " to ".join(from_us(us).isoformat() for us in (stop.start_us, near.until_us(stop)))
                raise InputError(f"the stop lasts from {span}; split it at an instant between")
            return done

    def _merge(self, names: Sequence[StopName], said: Mapping[str, str | None], author: str) -> Correction:
        line, machine = names[0].line, names[0].machine
        if any((n.line, n.machine) != (line, machine) for n in names):
            raise InputError("stops of different machines are not merged: name stops of one machine")
        starts = sorted(n.start_us for n in names)
        with self._writing(line, machine) as look:
            near = stops_near(look, line, machine, starts[0], starts[-1] + 1)
            self._check_reason(near, said.get("reason"))
            members = _members(near, names)
            news = _news(members[0].spoken or Spoken(), said) if len(members) == 1 else dict(said)
            if len(members) == 1 and not news:
                return Correction(None, (told(look, line, machine, members[0]),), ())
            span = (members[0].start_us, near.seen_until_us(members[-1]))
            return _entered(look, names[0], self._entry(look, names[0], "merge", news, author, span))

    def _undo(self, number: int, why: str | None, author: str) -> Correction:
        with self._database.snapshot() as conn:
            entry, _ = one_entry(conn, number)
        if entry.kind not in STOP_KINDS:
            return undo_reversible(self._database, entry, why, author, self._now_us())
        line, machine = next(k for k, n in self._master.ids().machines.items() if n == entry.machine_id)
        name = StopName(line, machine, entry.from_us or 0)
        with self._writing(line, machine) as look:
            if not one_entry(look.conn, number)[1]:
                stops = _near(look, name, _of(entry)).meeting(*_of(entry))
                return Correction(None, tuple(told(look, line, machine, s) for s in stops), ())
            undo = replace(
                entry, kind="undo", said={}, undoes=number, author=author, entered_us=look.now_us, why=why, number=None
            )
            return _entered(look, name, undo, undone=entry.kind)

    def _entry(
        self,
        look: Look,
        name: StopName,
        kind: Kind,
        said: Mapping[str, str | None],
        author: str,
        span_us: tuple[int, int | None],
    ) -> Entry:
        ids = (look.ids.line(name.line), look.ids.machine(name.line, name.machine))
        return Entry(kind, said, author, look.now_us, *ids, *span_us, why=said.get("note"))

    def _check_reason(self, near: Near, code: str | None) -> None:
        """A reason must stand in the tree that is in force, now or at the stop."""
        if code is None:
            return
        plants = (near.who.plant, self._master.config_at(near.now_us).plant)
        tree = {r.code: r for plant in plants for r in all_reasons(plant.reasons)}
        usable = (
            ", ".join(r.code for r in tree.values() if r.category in TAKEN) or "none, the plant file has no reasons"
        )
        if code not in tree:
            raise InputError(f"there is no reason {code!r}; reasons here: {usable}")
        if tree[code].category not in TAKEN:
            raise InputError(
                f"reason {code!r} is {tree[code].category}, which is the calendar's to say; a stop takes: {usable}"
            )


def _news(spoken: Spoken, said: Mapping[str, str | None]) -> dict[str, str | None]:
    """What of an entry does not hold already."""
    news = dict(said)
    if {code for code, _ in spoken.reasons} == {said.get("reason")}:
        news.pop("reason", None)
    if spoken.note == said.get("note"):
        news.pop("note", None)
    return news


def _members(near: Near, names: Sequence[StopName]) -> list[Stop]:
    """The stops to be merged, in order; a single one where all names are of one that is merged already."""
    starts = {n.start_us for n in names}
    whole = [s for s in near.stops if s.start_us <= min(starts) and max(starts) < near.until_us(s)]
    if len(starts) > 1 and whole and whole[0].start_us in starts:
        return whole
    found = sorted({s.start_us: s for s in map(near.named, names)}.values(), key=lambda s: s.start_us)
    if any(s in near.small for s in found):
        raise InputError("a small stop is not merged; only stops that are listed and counted are")
    if len(found) < 2:
        raise InputError("name two stops or more that follow each other")
    between = [s for s in near.stops if found[0].start_us < s.start_us < found[-1].start_us and s not in found]
    if between:
        at = from_us(between[0].start_us).isoformat()
        raise InputError(f"the stops do not follow each other: one that starts at {at} lies between; name it too")
    return found


def _entered(
    look: Look,
    name: StopName,
    entry: Entry,
    *,
    undone: Kind | None = None,
    about_us: tuple[int, int] | None = None,
) -> Correction:
    """Add an entry, and have the shifts computed again that its stops reach into, as they were and as they are.

    Parameters
    ----------
    undone : what kind of entry it undoes.
    about_us : the time of the stops that it is about, where the entry itself does not tell.
    """
    about_us = about_us or _of(entry)
    before = _spans(_near(look, name, about_us), about_us)
    number = add_entry(look.conn, entry)
    now = _near(look, name, about_us)
    stops = tuple(told(look, name.line, name.machine, s) for s in now.meeting(*about_us))
    cause = CAUSES.get(undone or entry.kind)
    if cause is None:
        return Correction(number, stops, ())
    spans = sorted({*before, *_spans(now, about_us)})
    for start_us, end_us in spans:
        touch(
            look.conn, look.ids.line(name.line), start_us, end_us, f"undo of {cause}" if undone else cause, entry.author
        )
    return Correction(number, stops, shifts_of(look, name.line, spans))


def _near(look: Look, name: StopName, about_us: tuple[int, int]) -> Near:
    return stops_near(look, name.line, name.machine, *about_us)


def _spans(near: Near, about_us: tuple[int, int]) -> list[tuple[int, int]]:
    """From when to when the stops last that reach into a time, and the start-ups after them."""
    startup_us = near.who.source.startup_us
    return [(s.start_us, near.until_us(s) + startup_us) for s in near.meeting(*about_us)]


def _of(entry: Entry) -> tuple[int, int]:
    """The time that an entry speaks of; a split of the instants on both of its sides."""
    start_us = entry.from_us or 0
    return (start_us - 1, start_us + 1) if entry.to_us is None else (start_us, entry.to_us)


def _logged(entry: Entry, undone_by: int | None, lines: Mapping[int, str], machines: Mapping[int, str]) -> LoggedEntry:
    return LoggedEntry(
        entry.number or 0,
        entry.kind,
        lines.get(entry.line_id or 0),
        machines.get(entry.machine_id or 0),
        entry.from_us,
        entry.to_us,
        entry.said,
        entry.author,
        entry.entered_us,
        entry.why,
        entry.undoes,
        undone_by,
    )
