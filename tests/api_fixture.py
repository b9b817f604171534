"""A small plant with known figures, in memory: what the API is asked in tests, and who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import reduce
from itertools import count
from operator import add
from zoneinfo import ZoneInfo

import httpx
from fastapi import APIRouter, FastAPI
from starlette.responses import HTMLResponse

from oee.api.app import create_app
from oee.api.reports import ReportFormat
from oee.calendar import month_of, week_of
from oee.config.model import LineConfig, MachineConfig, PlantConfig, PlantInfo, Rollup, Targets
from oee.errors import NotFoundError
from oee.model import (
    Category,
    Elements,
    HourRow,
    ProductOutput,
    Segment,
    ShiftInstance,
    ShiftResult,
    Stop,
    WindowResult,
)
from oee.source import Change, LineMoment, LineState, LineStop, MachineState, RevisionInfo
from oee.store.accounts import Principal, Role
from tests.explain_fixture import MemoryEvidence
from tests.live_fixture import MemoryChanges, MemoryHealth

ZONE = ZoneInfo("Europe/Budapest")
FIRST_DAY = date(2026, 3, 2)
HOUR_US = 3_600_000_000
IDEAL = Fraction(19_000_000)


def at(text: str) -> int:
    """µs UTC of a local time such as ``2026-03-02T06:00``."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZONE)
    return round(moment.timestamp()) * 1_000_000


def plant() -> PlantConfig:
    machines = {m: MachineConfig(m, "line-1", m.title(), ideal_cycle_s=Fraction(19)) for m in ("filler", "capper")}
    line = LineConfig("line-1", "Bottling 1", "default", Rollup("constraint", "filler"), Targets(oee=0.75), machines)
    return PlantConfig(1, PlantInfo("acme", "Acme", "Europe/Budapest", 360), {}, {}, {}, {"line-1": line})


def _break_hour(start_us: int) -> HourRow:
    elements = Elements(calendar_us=HOUR_US, excluded_us=HOUR_US)
    return HourRow(start_us, start_us + HOUR_US, elements, 0, None)


def _work_hour(start_us: int, total: int, reject: int, stop: bool) -> HourRow:
    stopped_us = 840_000_000 if stop else 0
    elements = Elements(
        calendar_us=HOUR_US,
        unplanned_stop_us=stopped_us,
        run_us=HOUR_US - stopped_us,
        stop_count=int(stop),
        closed_stop_count=int(stop),
        closed_stop_us=stopped_us,
        output=(ProductOutput("A", IDEAL, total, total - reject, reject),),
    )
    return HourRow(start_us, start_us + HOUR_US, elements, HOUR_US, Fraction(HOUR_US) / IDEAL * Fraction(3, 4))


def worked_hours(start_us: int) -> tuple[HourRow, ...]:
    """Eight hours, one of them a break: A 0.9, P 19000/22680, Q 0.95, the example of the interface's description."""
    counts = ((150, 50), (150, 0), (150, 0), (150, 0), (150, 0), (150, 0), (100, 0))
    work = [_work_hour(start_us + (i + 1) * HOUR_US, total, reject, i < 3) for i, (total, reject) in enumerate(counts)]
    return (_break_hour(start_us), *work)


def _result(line: str, machine: str | None, instance: ShiftInstance, hours: tuple[HourRow, ...]) -> ShiftResult:
    length_us = instance.end_us - instance.start_us
    elements = (
        reduce(add, (h.elements for h in hours))
        if hours
        else Elements(calendar_us=length_us, not_scheduled_us=length_us)
    )
    category = Category.RUN if hours else Category.NOT_SCHEDULED
    segment = Segment(instance.start_us, instance.end_us, category, state="6")
    return ShiftResult(
        id=f"{line}.{machine or 'line'}.{instance.production_date}.{instance.name}.1",
        line=line,
        machine=machine,
        method="constraint",
        instance=instance,
        status="final",
        revision=1,
        computed_us=instance.end_us,
        through_us=instance.end_us,
        definition="1-test",
        cause="shift closed",
        window=WindowResult(instance.start_us, instance.end_us, elements, (segment,)),
        hours=hours,
    )


def day_results(day: date, machine: str | None = None) -> list[ShiftResult]:
    """Early and late shift, then off time until the next morning."""
    d, after = day.isoformat(), (day + timedelta(days=1)).isoformat()
    early = ShiftInstance(
        "line-1",
        d,
        "early",
        at(f"{d}T06:00"),
        at(f"{d}T14:00"),
        breaks=((at(f"{d}T06:00"), at(f"{d}T07:00"), "Break"),),
    )
    late = ShiftInstance("line-1", d, "late", at(f"{d}T14:00"), at(f"{d}T22:00"))
    off = ShiftInstance("line-1", d, "off", at(f"{d}T22:00"), at(f"{after}T06:00"), planned=False)
    shifts = [_result("line-1", machine, i, worked_hours(i.start_us)) for i in (early, late)]
    return [*shifts, _result("line-1", machine, off, ())]


class MemorySource:
    """A `ResultSource` over plain results of ``days`` production days from `FIRST_DAY` on."""

    def __init__(self, days: int = 3) -> None:
        dates = [FIRST_DAY + timedelta(days=n) for n in range(days)]
        self._results = [r for m in (None, "filler", "capper") for d in dates for r in day_results(d, m)]

    def plant(self) -> PlantConfig:
        return plant()

    def now_us(self) -> int:
        return self._results[-1].window.end_us

    def state(self, line: str) -> LineState:
        self._of(line, None)
        since_us = at("2026-03-02T06:00")
        machines = tuple(
            MachineState(m, Category.RUN, since_us, "6", None, alive)
            for m, alive in (("filler", since_us + 1), ("capper", None))
        )
        return LineState("line-1", Category.RUN, since_us, "6", None, since_us + 1, machines)

    def current(self, line: str) -> ShiftResult | None:
        return self._of(line, None)[-1].with_status("live")

    def shift(
        self, line: str, production_date: str, shift: str, machine: str | None = None, revision: int | None = None
    ) -> ShiftResult:
        for result in self._of(line, machine):
            if result.instance.key == (line, production_date, shift) and revision in (None, 1):
                return result
        raise NotFoundError(f"there is no shift {shift} on {production_date} of line {line!r}")

    def shifts(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        return [r for r in self._of(line, machine) if from_us <= r.instance.start_us < to_us]

    def days(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        return self._sums(line, from_us, to_us, machine, lambda day: (day, day))

    def weeks(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        return self._sums(line, from_us, to_us, machine, week_of)

    def months(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        return self._sums(line, from_us, to_us, machine, month_of)

    def _sums(
        self, line: str, from_us: int, to_us: int, machine: str | None, bounds: Callable[[date], tuple[date, date]]
    ) -> list[ShiftResult]:
        periods: dict[date, list[ShiftResult]] = {}
        for result in self._of(line, machine):
            first, _ = bounds(date.fromisoformat(result.instance.production_date))
            periods.setdefault(first, []).append(result)
        return [_sum(rs) for rs in periods.values() if from_us <= rs[0].instance.start_us < to_us]

    def window(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> ShiftResult:
        inside = [r for r in self._of(line, machine) if from_us <= r.window.start_us and r.window.end_us <= to_us]
        if not inside:
            first = self._of(line, machine)[0]
            return replace(first, window=WindowResult(from_us, from_us, Elements()))
        return _sum(inside)

    def hours(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        return [
            replace(r, id=f"{r.id}.{h.start_us}", window=WindowResult(h.start_us, h.end_us, h.elements), hours=())
            for r in self._of(line, machine)
            for h in r.hours
            if from_us <= h.start_us < to_us
        ]

    def by_product(
        self, line: str, from_us: int, to_us: int, key: str, machine: str | None = None
    ) -> list[tuple[str | None, ShiftResult]]:
        """Each shift's share as if it were a product's, the last one nobody's."""
        inside = [r for r in self._of(line, machine) if from_us <= r.window.start_us and r.window.end_us <= to_us]
        frame = ShiftInstance(line, "", "", from_us, to_us)
        names = [*(f"{key}-{n}" for n in range(1, len(inside))), None][-len(inside) :]
        return [
            (
                name,
                replace(r, id=f"{r.id}-{name}", instance=frame, window=WindowResult(from_us, to_us, r.window.elements)),
            )
            for name, r in zip(names, inside, strict=True)
        ]

    def intervals(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[Segment]:
        segments = [s for r in self._of(line, machine) for s in r.window.segments]
        return [s for s in segments if s.start_us < to_us and s.end_us > from_us]

    def moments(self) -> dict[str, LineMoment]:
        return {"line-1": LineMoment(self.state("line-1"), None, None)}

    def same_before(self, line: str, instance: ShiftInstance) -> ShiftResult | None:
        return None

    def stops(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[LineStop]:
        self._of(line, machine)
        early = day_results(FIRST_DAY)[0].instance
        known = Stop(at("2026-03-02T07:00"), at("2026-03-02T07:14"), Category.UNPLANNED_STOP, "JAM", *[840_000_000] * 2)
        going_on = Stop(at("2026-03-02T13:50"), None, Category.EXTERNAL_STOP, None, 900_000_000, 600_000_000)
        found = [LineStop(line, machine or "filler", replace(known, counted=True), early)]
        found.append(LineStop(line, machine or "filler", going_on, None))
        return [s for s in found if s.stop.start_us < to_us and (s.stop.end_us or 2**60) > from_us]

    def changes(self, line: str | None, since_us: int, after: int, limit: int) -> list[Change]:
        found = [
            Change(n, r.line, r.machine, *r.instance.key[1:], 1, r.status, r.computed_us, r.cause, r.id)
            for n, r in enumerate(self._results, 1)
            if n > after and r.computed_us >= since_us
        ]
        return found[:limit] if line in (None, "line-1") else self._of(line, None) and []

    def instances(self, line: str, from_us: int, to_us: int) -> list[ShiftInstance]:
        instances = [r.instance for r in self._of(line, None)]
        return [i for i in instances if i.start_us < to_us and i.end_us > from_us]

    def revisions(self, line: str, production_date: str, shift: str) -> list[RevisionInfo]:
        result = self.shift(line, production_date, shift)
        return [RevisionInfo(1, "final", result.computed_us, result.cause)]

    def _of(self, line: str, machine: str | None) -> list[ShiftResult]:
        if line != "line-1":
            raise NotFoundError(f"there is no line {line!r}; there is line-1")
        if machine not in (None, "filler", "capper"):
            raise NotFoundError(f"there is no machine {machine!r} on line-1; there are filler, capper")
        return [r for r in self._results if r.machine == machine]


def _sum(results: list[ShiftResult]) -> ShiftResult:
    elements = reduce(add, (r.window.elements for r in results))
    window = WindowResult(results[0].window.start_us, results[-1].window.end_us, elements)
    instance = replace(results[0].instance, name="", end_us=window.end_us)
    return replace(results[0], id=f"{results[0].id}+{len(results)}", instance=instance, window=window, hours=())


class MemoryAccounts:
    """An `AccountBook` without a database: ``add`` makes a person with that password and a key of that text."""

    def __init__(self) -> None:
        self._people: dict[str, tuple[str, Role]] = {}
        self._keys: dict[str, Principal] = {}
        self.sessions: dict[str, str] = {}
        self._numbers = count()

    def add(self, name: str, role: Role, password: str = "correct horse") -> None:
        self._people[name] = (password, role)

    def add_key(self, key: str, role: Role, *scopes: str) -> None:
        self._keys[key] = Principal(key, role, "key", frozenset(scopes))

    def anybody(self) -> bool:
        return bool(self._people or self._keys)

    def authenticate(self, name: str, password: str) -> Principal | None:
        known = self._people.get(name)
        return Principal(name, known[1], "account") if known and known[0] == password else None

    def check_key(self, token: str) -> Principal | None:
        return self._keys.get(token)

    def new_session(self, name: str) -> str:
        token = f"session-{next(self._numbers)}"
        self.sessions[token] = name
        return token

    def session_account(self, token: str) -> Principal | None:
        name = self.sessions.get(token)
        return None if name is None else Principal(name, self._people[name][1], "account")

    def end_session(self, token: str) -> None:
        self.sessions.pop(token, None)


@dataclass
class Health:
    """A `HealthSource` that says what the test wants."""

    why: str | None = None
    ages: dict[str, float | None] = field(default_factory=lambda: {"line-1": 1.5, "line-2": None})

    def not_ready(self) -> str | None:
        return self.why

    def data_age_s(self) -> dict[str, float | None]:
        return self.ages

    def ledger_backlog_count(self) -> int:
        return 7


def page_router() -> APIRouter:
    """One page, as the pages' own router brings many."""
    router = APIRouter(include_in_schema=False)

    @router.get("/", response_class=HTMLResponse)
    def overview() -> str:
        return "<!doctype html><title>Overview</title>"

    @router.get("/lines/{line}", response_class=HTMLResponse)
    def line_page(line: str) -> str:
        if line == "nowhere":
            raise NotFoundError("there is no line <nowhere>")
        return f"<!doctype html><title>{line}</title>"

    return router


def app(
    source: MemorySource | None = None, accounts: MemoryAccounts | None = None, health: Health | None = None
) -> FastAPI:
    """The application over the plant in memory."""
    return create_app(
        source or MemorySource(),
        accounts or MemoryAccounts(),
        health=health or Health(),
        data_health=MemoryHealth("line-1", "filler"),
        changes=MemoryChanges(),
        evidence=MemoryEvidence(source or MemorySource()),
        reports={
            "json": ReportFormat("application/json", lambda r: f'{{"id":"{r.id}"}}'),
            "html": ReportFormat("text/html", lambda r: f"<!doctype html><title>{r.id}</title>"),
        },
        render_login=lambda next_path, error: f"<form>{next_path}|{error}</form>",
        pages=[page_router()],
    )


def client(
    application: FastAPI, *, host: str = "127.0.0.1", peer: str = "127.0.0.1", scheme: str = "http"
) -> httpx.AsyncClient:
    """A client that asks ``host`` from the address ``peer``; crashes of the application come back as answers."""
    transport = httpx.ASGITransport(application, raise_app_exceptions=False, client=(peer, 50_000))
    return httpx.AsyncClient(transport=transport, base_url=f"{scheme}://{host}")
