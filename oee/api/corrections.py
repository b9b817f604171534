"""Corrections of stops by people, and the record of who entered what: reasons, notes, splits, merges, undo (S-24)."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import fastapi
from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from oee.api.access import ApiAccess
from oee.api.answers import json_answer
from oee.api.documented import READ_RESPONSES, WRITE_RESPONSES
from oee.api.models import Shape, Stop, Timestamp
from oee.api.params import MAX_FINE_DAYS, Instant, Name, RangeQuery, decode_cursor, encode_cursor
from oee.api.stops import stop_items, stop_name
from oee.corrections import Correction, LoggedEntry, StopCorrections
from oee.report.kpi import local_iso
from oee.source import ResultSource
from oee.store.accounts import Principal, Role


def _plain(text: str) -> str:
    """Refuse what no text has and PostgreSQL does not take, such as NUL; lines may break."""
    if not text.replace("\n", "").replace("\t", "").isprintable():
        raise PydanticCustomError("note", "has characters that no text has")
    return text


MAX_NOTE = 2000
MAX_ENTRIES = 1000
MAX_ENTRY = 2**63 - 1
"""What the database takes as the number of an entry."""
_MAY_CORRECT = ApiAccess(frozenset(Role) - {Role.VIEWER}, "write")
Author = Annotated[Principal, Depends(_MAY_CORRECT)]
EntryNumber = Annotated[int, fastapi.Path(ge=1, le=MAX_ENTRY)]
ReasonCode = Annotated[str, Field(min_length=1, max_length=200)]
Note = Annotated[str, Field(min_length=1, max_length=MAX_NOTE), AfterValidator(_plain)]


class Body(BaseModel):
    """The body of a request; unknown fields are refused, because a mistyped one that is ignored changes nothing."""

    model_config = ConfigDict(extra="forbid")


class StopSaid(Body):
    """What is to be known of a stop; what is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "JAM", "note": "bottle in the star wheel"}]}
    )
    reason: ReasonCode | None = Field(None, description="A code of the plant's reasons; null takes people's back.")
    note: Note | None = Field(None, description="A remark; null takes it back.")

    @model_validator(mode="after")
    def _something(self) -> StopSaid:
        if not self.model_fields_set:
            raise ValueError("say a reason or a note")
        return self


class StopSplit(Body):
    """Where a stop is split."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"at": "2026-03-02T07:08:00+01:00", "note": "then cleaning"}]}
    )
    at: Instant = Field(description="The second stop starts here: an instant within the stop.")
    note: Note | None = Field(None, description="A remark on both.")


class StopsMerged(Body):
    """Stops that are one."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"stops": ["line-1~filler~1772431200000000", "line-1~filler~1772432100000000"], "reason": "JAM"}
            ]
        },
    )
    stops: list[Annotated[str, Field(max_length=500)]] = Field(
        min_length=2, max_length=100, description="Ids of stops of one machine that follow each other."
    )
    reason: ReasonCode | None = Field(None, description="Of all of it; without one, the longest's names the stop.")
    note: Note | None = None


class Undo(Body):
    """Why an entry is undone."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"why": "wrong machine"}]})
    why: Note | None = None


class Affected(Shape):
    """A shift whose figures are computed again; a new revision tells cause and author."""

    line: str
    production_date: str
    shift: str


class CorrectedStop(Stop):
    """The stop as it is now, and what came of the entry."""

    entry: int | None = Field(description="Number of the entry; null: all of it held already, nothing was entered.")
    affected: list[Affected]


class CorrectedStops(Shape):
    """The stops as they are now, and what came of the entry."""

    items: list[Stop]
    entry: int | None = Field(description="Number of the entry; null: it held already, nothing was entered.")
    affected: list[Affected]


class Entry(Shape):
    """What somebody entered; nothing of it is ever changed."""

    entry: int = Field(description="Its number.")
    kind: str = Field(description="Such as reason, note, split, merge, booking; undo names another entry.")
    line: str | None = Field(description="null: of the whole plant.")
    machine: str | None = Field(description="null: of the whole line.")
    start: Timestamp | None = Field(description="The time that it speaks of.")
    end: Timestamp | None = Field(description="null: one instant, or without an end.")
    said: dict[str, Any]
    author: str
    entered: Timestamp
    why: str | None
    undoes: int | None = Field(description="The entry that it undoes.")
    undone_by: int | None = Field(description="The entry that undid it.")
    undone: bool = Field(description="It holds no more.")


class Entries(Shape):
    """Entries that touch the range, oldest first, undone ones too."""

    items: list[Entry]
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class EntryQuery(RangeQuery):
    """Which entries."""

    line: Name
    limit: int = Field(MAX_ENTRIES, ge=1, le=MAX_ENTRIES)
    cursor: str | None = Field(None, max_length=1000, description="`next` of the page before.")

    @property
    def identity(self) -> tuple[object, ...]:
        """What a cursor is bound to."""
        return ("entries", self.line, self.from_us, self.to_us)


def correction_router(source: ResultSource, corrections: StopCorrections) -> APIRouter:
    """Build the routes."""
    router = APIRouter(prefix="/api/v1", tags=["Corrections"])

    @router.patch("/stops/{stop}", response_model=CorrectedStop, responses=WRITE_RESPONSES)
    def say(stop: str, said: StopSaid, author: Author) -> Any:
        """Give a stop its reason, or a note. It holds for all of the stop, also where late data move its edges.

        A small stop is named likewise: line, machine and start [µs since 1970], with ~ between. It stays small under
        a reason that is not planned.
        """
        done = corrections.say(stop_name(stop), said.model_dump(exclude_unset=True), author.name)
        return _one(source, done)

    @router.post("/stops/{stop}/split", response_model=CorrectedStops, responses=WRITE_RESPONSES)
    def split(stop: str, where: StopSplit, author: Author) -> Any:
        """Make two stops of one; each is listed and counted by itself and may have its own reason."""
        return _several(source, corrections.split(stop_name(stop), where.at, where.note, author.name))

    @router.post("/stops:merge", response_model=CorrectedStop, responses=WRITE_RESPONSES)
    def merge(merged: StopsMerged, author: Author) -> Any:
        """Make one stop of neighbours of one machine; what ran between them stays run."""
        names = [stop_name(s) for s in merged.stops]
        said = merged.model_dump(exclude={"stops"}, exclude_none=True)
        return _one(source, corrections.merge(names, said, author.name))

    @router.post("/entries/{number}:undo", response_model=CorrectedStops, responses=WRITE_RESPONSES)
    def undo(number: EntryNumber, author: Author, said: Undo | None = None) -> Any:
        """Undo an entry about a stop, an order's event or a booking: a new revision says what holds without it.

        Only what is about a stop answers with stops. Which shifts an order's event touches is told by their revisions.
        """
        return _several(source, corrections.undo(number, said.why if said else None, author.name))

    @router.get("/entries", response_model=Entries, responses=READ_RESPONSES, dependencies=[Depends(ApiAccess())])
    def entries(request: Request, query: Annotated[EntryQuery, fastapi.Query()]) -> Response:
        """What people and order systems entered about a line, with author, time and whether it still holds."""
        query.check(MAX_FINE_DAYS, "entries")
        zone = ZoneInfo(source.plant().plant.timezone)
        after = decode_cursor(query.cursor, query.identity)[0] if query.cursor else 0
        found = corrections.entries(query.line, query.from_us, query.to_us, after, query.limit + 1)
        shown = found[: query.limit]
        more = len(found) > len(shown)
        following = encode_cursor((shown[-1].number, "", ""), query.identity) if more else None
        return json_answer(request, {"items": [_entry_item(e, zone) for e in shown], "next": following})

    return router


def _one(source: ResultSource, done: Correction) -> dict[str, Any]:
    return {**stop_items(done.stops, source.plant())[0], **_outcome(done)}


def _several(source: ResultSource, done: Correction) -> dict[str, Any]:
    return {"items": stop_items(done.stops, source.plant()), **_outcome(done)}


def _outcome(done: Correction) -> dict[str, Any]:
    affected = [{"line": i.line, "production_date": i.production_date, "shift": i.name} for i in done.affected]
    return {"entry": done.entry, "affected": affected}


def _entry_item(entry: LoggedEntry, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "entry": entry.number,
        "kind": entry.kind,
        "line": entry.line,
        "machine": entry.machine,
        "start": None if entry.from_us is None else local_iso(entry.from_us, zone),
        "end": None if entry.to_us is None else local_iso(entry.to_us, zone),
        "said": dict(entry.said),
        "author": entry.author,
        "entered": local_iso(entry.entered_us, zone),
        "why": entry.why,
        "undoes": entry.undoes,
        "undone_by": entry.undone_by,
        "undone": entry.undone_by is not None,
    }
