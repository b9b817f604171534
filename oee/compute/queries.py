"""Answers to pages, reports and the API, all from the results or from the same calculation over the same facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date

from oee.compute import stored as stored_results
from oee.compute import windows
from oee.compute.overview import Moments
from oee.compute.rolled import Look
from oee.compute.service import clock_us
from oee.compute.states import line_state
from oee.config.model import PlantConfig
from oee.errors import InputError, NotFoundError
from oee.kernels.products import ProductKey
from oee.model import Segment, ShiftInstance, ShiftResult
from oee.source import Change, LineMoment, LineState, LineStop, RevisionInfo
from oee.store.changes import changes
from oee.store.database import Database
from oee.store.instances import StoredInstance, instance_named, instances_in
from oee.store.master import Master
from oee.store.results import published, published_before, revisions


class Results:
    """The one read side (see `oee.source.ResultSource`)."""

    def __init__(self, database: Database, now_us: Callable[[], int] = clock_us) -> None:
        self._database, self._now_us = database, now_us
        self._master = Master(database)
        self._moments = Moments(database, self)

    def plant(self) -> PlantConfig:
        """The configuration in force now."""
        return self._master.config_at(self._now_us()).plant

    def now_us(self) -> int:
        """The instant up to which live figures are told [µs UTC]."""
        return self._now_us()

    def moments(self) -> Mapping[str, LineMoment]:
        """All lines as they are now, in the order of the plant file."""
        return self._moments.moments()

    @contextmanager
    def _look(self, line: str) -> Iterator[Look]:
        """Look at one line as it stands at one instant; an unknown one raises `NotFoundError`."""
        self._master.configs()  # before the numbers, which must know all that the configurations name
        now, ids = self._now_us(), self._master.ids()
        ids.line(line)
        with self._database.snapshot() as conn:
            yield Look(conn, self._master, ids, now)

    def state(self, line: str) -> LineState:
        """What the line and its machines are in now."""
        with self._look(line) as look:
            return line_state(look, line)

    def current(self, line: str) -> ShiftResult | None:
        """The live result of the running instance; None before the first calendar."""
        with self._look(line) as look:
            running = instances_in(look.conn, line, look.ids.line(line), look.now_us, look.now_us + 1)
            return stored_results.newest(look, running[0], None) if running else None

    def shift(
        self, line: str, production_date: str, shift: str, machine: str | None = None, revision: int | None = None
    ) -> ShiftResult:
        """One shift: the newest revision, the one asked for, or the live result where none is published."""
        with self._look(line) as look:
            stored = instance_of(look, line, production_date, shift)
            if revision is None:
                return stored_results.newest(look, stored, machine)
            number = stored_results.number_of(look, line, machine)
            found = published(look.conn, stored.instance_id, number, revision)
        if found is None:
            raise NotFoundError(f"shift {shift} of {production_date} on line {line!r} has no revision {revision}")
        return found

    def shifts(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        """Newest results of the instances that start in the range and have begun, off time included."""
        with self._look(line) as look:
            return stored_results.shifts(look, line, machine, from_us, to_us)

    def days(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        """Sums of all instances of each production day that starts in the range."""
        return self._sums(line, from_us, to_us, machine, stored_results.DAY)

    def weeks(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        """Sums of all instances of each ISO week of production days that starts in the range."""
        return self._sums(line, from_us, to_us, machine, stored_results.WEEK)

    def months(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        """Sums of all instances of each calendar month of production days that starts in the range."""
        return self._sums(line, from_us, to_us, machine, stored_results.MONTH)

    def _sums(
        self, line: str, from_us: int, to_us: int, machine: str | None, period: stored_results.Period
    ) -> list[ShiftResult]:
        with self._look(line) as look:
            return stored_results.sums(look, line, machine, from_us, to_us, period)

    def window(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> ShiftResult:
        """One result over ``[from, to)``, clipped to what has elapsed."""
        with self._look(line) as look:
            return windows.window(look, line, machine, from_us, to_us)

    def hours(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        """Local clock hours clipped to the range and cut at the edges of shifts (S-36)."""
        with self._look(line) as look:
            return windows.hours(look, line, machine, from_us, to_us)

    def by_product(
        self, line: str, from_us: int, to_us: int, key: ProductKey, machine: str | None = None
    ) -> list[tuple[str | None, ShiftResult]]:
        """The range per product or order; None for time that belongs to none."""
        with self._look(line) as look:
            return windows.products(look, line, machine, from_us, to_us, key)

    def intervals(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[Segment]:
        """Final categories over the range, tiling what of it has elapsed; of a pooled line machine by machine."""
        return list(self.window(line, from_us, to_us, machine).window.segments)

    def stops(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[LineStop]:
        """Stops that overlap the range, whole as they are known now, in order of their start."""
        with self._look(line) as look:
            return windows.stops(look, line, machine, from_us, to_us)

    def same_before(self, line: str, instance: ShiftInstance) -> ShiftResult | None:
        """The newest published result of the newest earlier shift of the same name."""
        with self._look(line) as look:
            return published_before(look.conn, look.ids.line(line), instance.name, instance.start_us)

    def instances(self, line: str, from_us: int, to_us: int) -> list[ShiftInstance]:
        """Shift instances that overlap the range, those to come too."""
        with self._look(line) as look:
            return [s.instance for s in instances_in(look.conn, line, look.ids.line(line), from_us, to_us)]

    def revisions(self, line: str, production_date: str, shift: str) -> list[RevisionInfo]:
        """All published revisions of a line's shift, oldest first."""
        with self._look(line) as look:
            stored = instance_of(look, line, production_date, shift)
            return [RevisionInfo(*row) for row in revisions(look.conn, stored.instance_id)]

    def changes(self, line: str | None, since_us: int, after: int, limit: int) -> list[Change]:
        """Published revisions of all lines or one, in the order in which they were published."""
        line_id = None if line is None else self._master.ids().line(line)
        with self._database.snapshot() as conn:
            return changes(conn, line_id, since_us, after, limit)


def instance_of(look: Look, line: str, day: str, name: str) -> StoredInstance:
    """A shift by its production date and name; `InputError` for a date that is none, `NotFoundError` for no shift."""
    try:
        day = date.fromisoformat(day).isoformat()  # Python reads more spellings than PostgreSQL
    except ValueError:
        raise InputError(f"{day!r} is no date; write it as 2026-11-19") from None
    known = name.isprintable()  # PostgreSQL refuses a NUL
    stored = instance_named(look.conn, line, look.ids.line(line), day, name) if known else None
    if stored is None:
        raise NotFoundError(f"line {line!r} has no shift {name!r} on {day}")
    return stored
