"""The shapes of the answers, as OpenAPI shows them. Answers are built from plain data; tests hold them to these."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="RFC 3339 in plant time.")]


class Shape(BaseModel):
    """Closed: an answer never has a field that the documentation doesn't know."""

    model_config = ConfigDict(extra="forbid")


class Elements(Shape):
    """What the ratios are made of: durations in seconds and parts as counts; they add up over time."""

    calendar_s: float
    not_scheduled_s: float
    excluded_s: float
    planned_busy_s: float
    no_data_s: float
    planned_stop_s: float
    unplanned_stop_s: float
    external_stop_s: float
    small_stop_s: float
    run_s: float
    actual_production_s: float
    setup_s: float
    ideal_total_s: float | None
    ideal_good_s: float | None
    total_count: int
    good_count: int
    reject_count: int
    rework_count: int
    unscheduled_count: int
    no_data_count: int
    stopped_count: int
    startup_count: int = Field(description="Rejects of starting up; part of the rejects.")
    wip_count: int | None = Field(description="Work in process: total less judged parts; null unless counted apart.")
    stop_count: int
    closed_stop_count: int
    closed_stop_s: float


class Loss(Shape):
    """What a loss cost, in seconds and in parts; null where unknown."""

    s: float | None
    parts: float | None


class Kpi(Shape):
    """Indicators of one line or machine over one window; null where unknown or impossible."""

    id: str
    line: str
    machine: str | None = Field(description="null: the line as a whole.")
    shift: str | None
    team: str | None = Field(description="Who worked the shift, where a rotation has teams.")
    production_date: str | None
    start: Timestamp
    end: Timestamp
    product: str | None
    order: str | None
    status: str = Field(description="live, provisional or final.")
    revision: int | None = Field(description="null while live.")
    method: str = Field(description="How the line's figures come from its machines.")
    definition: str = Field(description="Version of the rules and of the configuration that gave these figures.")
    availability: float | None
    performance: float | None = Field(description="Raw: above 1 where parts came faster than ideal.")
    quality: float | None
    oee: float | None
    loading: float | None
    teep: float | None
    ooe: float | None
    nee: float | None
    coverage: float | None
    availability_min: float | None
    availability_max: float | None
    piece_quality: float | None
    scrap_ratio: float | None = Field(description="Rejects per part, in pieces.")
    rework_ratio: float | None
    first_pass_yield: float | None = Field(description="Parts right first time per part.")
    mttr_s: float | None
    mtbf_s: float | None
    elements: Elements
    losses: dict[str, Loss]
    flags: list[str]


class KpiPage(Shape):
    """One page of KPIs; ``next`` is the cursor of the page after it, null on the last."""

    items: list[Kpi]
    next: str | None


class Targets(Shape):
    """Targets as ratios from 0 to 1; null where the plant set none."""

    oee: float | None
    availability: float | None
    performance: float | None
    quality: float | None


class Machine(Shape):
    """A machine of a line."""

    id: str
    name: str


class Line(Shape):
    """A line; machines in the order in which parts flow."""

    id: str
    name: str
    timezone: str
    calendar: str
    method: str
    constraint: str | None = Field(description="The machine whose state is the line's; null for a pooled line.")
    targets: Targets
    machines: list[Machine]


class Lines(Shape):
    """All lines."""

    items: list[Line]


class MachineState(Shape):
    """What a machine is in, since when, and when it last proved that it is alive."""

    machine: str
    category: str
    state: str | None = Field(description="The machine's own word or number.")
    reason: str | None
    since: Timestamp
    alive: Timestamp | None


class LineState(Shape):
    """The state of a line is that of its constraint machine; a pooled one runs while any of its machines does."""

    line: str
    category: str
    state: str | None
    reason: str | None
    since: Timestamp
    alive: Timestamp | None
    machines: list[MachineState]


class Interval(Shape):
    """A stretch of one category."""

    start: Timestamp
    end: Timestamp
    category: str
    state: str | None
    reason: str | None
    machine: str | None = Field(description="null: the line as a whole.")
    open: bool = Field(description="It goes on; its end is only how far we know.")


class Intervals(Shape):
    """Categories over the range, without gaps, as far as it has elapsed; of a pooled line machine by machine."""

    items: list[Interval]


class Stop(Shape):
    """One standstill longer than a small stop, whole as it is known now."""

    id: str = Field(description="Stays the same as long as machine and start do.")
    line: str
    machine: str
    start: Timestamp
    end: Timestamp | None = Field(description="null while it goes on.")
    category: str = Field(description="What it was for most of its time.")
    reason: str | None
    reason_name: str | None = Field(description="Its name in the plant's tree of reasons.")
    reason_by: str | None = Field(description="Who gave the reason; null where the machine or the calendar did.")
    note: str | None = Field(description="What people remarked.")
    length_s: float = Field(description="Its whole length so far, less excluded time.")
    in_window_s: float = Field(description="What of it lies in the range asked for.")
    open: bool
    counted: bool = Field(description="Its first unplanned time starts in the range, whose `stop_count` has it.")
    production_date: str | None = Field(description="Of the shift, or off time, that it starts in.")
    shift: str | None


class Stops(Shape):
    """Stops that overlap the range, in order of their start."""

    items: list[Stop]


class Break(Shape):
    """A break within a shift."""

    start: Timestamp
    end: Timestamp
    name: str


class Shift(Shape):
    """One shift of one line on one production day."""

    line: str
    production_date: str
    shift: str
    team: str | None = Field(description="Who works it, where a rotation has teams.")
    start: Timestamp
    end: Timestamp
    length_s: float
    cancelled: bool
    breaks: list[Break]


class Shifts(Shape):
    """Shifts that overlap the range, those to come too."""

    items: list[Shift]


class Revision(Shape):
    """One published revision of a shift, and why there is one."""

    revision: int
    status: str
    computed: Timestamp
    cause: str
    author: str | None = Field(None, description="Whose entry made it; null where data or the clock did.")


class Revisions(Shape):
    """All revisions of a shift, oldest first."""

    items: list[Revision]


class Change(Shape):
    """One published revision of a line's shift, or of one of its machines'."""

    line: str
    machine: str | None = Field(description="null: the line as a whole.")
    production_date: str
    shift: str
    revision: int
    status: str = Field(description="provisional or final, as it is now.")
    computed: Timestamp
    cause: str
    author: str | None = Field(None, description="Whose entry made it; null where data or the clock did.")
    kpi_id: str = Field(description="The `id` of the figures.")


class Changes(Shape):
    """One page of published revisions, oldest first."""

    items: list[Change]
    next: str | None = Field(description="Cursor of the page after it, null on the last.")
    resume: str | None = Field(description="Cursor after the last revision seen: ask with it later for what is new.")


class Fault(Shape):
    """One field that can't be taken."""

    pointer: str = Field(description="JSON pointer into the request, such as /query/from.")
    detail: str


class Problem(Shape):
    """An error, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] = []
