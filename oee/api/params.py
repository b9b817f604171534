"""What addresses take: instants, ranges and cursors, checked with sentences that say what would be right."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from oee.api.problems import invalid
from oee.model import US_PER_S

US_PER_DAY = 86_400 * US_PER_S
MAX_DAYS = 400
"""A year and a month: enough to compare with the same month of last year."""
MAX_REVISION = 2**31 - 1
"""What the database takes as the number of a revision."""
MAX_FINE_DAYS = 32
"""Hours and intervals: a month."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = range(1970, 2200)
# A literal + in a query means a space: people who paste an offset unescaped are understood all the same.
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?:([Zz])|([+ -])(\d\d:\d\d))?")


def parse_instant(text: str) -> int:
    """Parse RFC 3339 with an offset into µs UTC; fractions beyond the microsecond are cut.

    Raises
    ------
    ValueError
        With a sentence: not a timestamp, no offset, or out of the years that are taken.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError("write a timestamp such as 2026-03-02T06:00:00+01:00")
    day, clock, zulu, sign, offset = match.groups()
    if zulu is None and sign is None:
        raise ValueError("has no offset from UTC; add one, such as Z or +01:00")
    zone = "+00:00" if zulu else f"{sign.replace(' ', '+')}{offset}"
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{zone}")
    except ValueError:
        raise ValueError("there is no such day or time") from None
    if moment.year not in _YEARS:
        raise ValueError(f"take a year from {_YEARS[0]} to {_YEARS[-1]}")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _instant(value: object) -> int:
    try:
        return parse_instant(str(value))
    except ValueError as error:
        raise PydanticCustomError("instant", "{why}", {"why": str(error)}) from None


def _printable(name: str) -> str:
    """Refuse control characters: no name has them, and PostgreSQL does not take all of them."""
    if not name.isprintable():
        raise PydanticCustomError("name", "has characters that no name has")
    return name


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


Instant = Annotated[
    int,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "example": "2026-03-02T06:00:00+01:00"}),
]
"""An instant in the query, RFC 3339; µs UTC inside."""
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
"""A name of a line, machine or shift."""
OptionalName = Annotated[Name | None, BeforeValidator(_empty_is_none)]
"""A name that may be left out or empty."""


class Query(BaseModel):
    """A query string; unknown parameters are refused, because a mistyped filter that is ignored gives wrong figures."""

    model_config = ConfigDict(extra="forbid")


class RangeQuery(Query):
    """A half-open range of time."""

    from_us: Instant = Field(alias="from", description="Start, RFC 3339 with offset; included.")
    to_us: Instant = Field(alias="to", description="End, RFC 3339 with offset; excluded.")

    def check(self, max_days: int, what: str) -> None:
        """Refuse an empty, reversed or too long range (422)."""
        if self.from_us >= self.to_us:
            raise invalid("/query/to", "to: must be later than from.")
        if self.to_us - self.from_us > max_days * US_PER_DAY:
            raise invalid("/query/to", f"to: {what} may cover {max_days} days at most; ask in several parts.")


NO_CURSOR = "cursor: pass the `next` of the page before, unchanged."
Place = tuple[int, str, str]
"""Where an item stands in a list: a number (its start, or its place in a feed) and names that tell equal ones apart."""


def encode_cursor(after: Place, query: object) -> str:
    """Write the place after which the next page starts, bound to the query that it belongs to."""
    text = json.dumps([*after, _fingerprint(query)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, query: object) -> Place:
    """Read a cursor; one that was never given out, or for another query, is refused (422)."""
    try:
        number, day, name, fingerprint = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError):
        raise invalid("/query/cursor", NO_CURSOR) from None
    if not (type(number) is int and abs(number) < 2**63 and isinstance(day, str) and isinstance(name, str)):
        raise invalid("/query/cursor", NO_CURSOR)
    if fingerprint != _fingerprint(query):
        raise invalid("/query/cursor", "cursor: belongs to another query; keep all other parameters as they were.")
    return number, day, name


def _fingerprint(query: object) -> str:
    return hashlib.sha256(repr(query).encode()).hexdigest()[:12]


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield from field_names(field.field_info.annotation) or [field.alias]
    for inner in dependant.dependencies:
        yield from _query_names(inner)


def field_names(shape: object) -> list[str]:
    """Names of the fields of a model, as requests write them; none of anything else."""
    if not (isinstance(shape, type) and issubclass(shape, BaseModel)):
        return []
    return [field.alias or name for name, field in shape.model_fields.items()]


def refuse_stray_query(request: Request) -> None:
    """Refuse a query parameter that an address of changes does not know: a `dry_run` must not be lost."""
    route: APIRoute = request.scope["route"]
    known = set(_query_names(route.dependant))
    stray = next((name for name in request.query_params if name not in known), None)
    if request.method not in ("GET", "HEAD") and stray is not None:
        there = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
        raise invalid(f"/query/{stray}", f"{stray}: is not a parameter of this address; {there}.")
