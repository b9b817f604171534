"""The shape of an explanation, as OpenAPI shows it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from oee.api.models import Elements, Kpi, Shape, Timestamp


class Quantity(Shape):
    """An input of a formula."""

    symbol: str
    says: str
    value: float | None = Field(description="In `unit`; null where unknown.")
    exact: str | None = Field(description="The same as an exact fraction, such as 7/3.")
    unit: str = Field(description="s, parts, stops or ratio.")


class Figure(Shape):
    """An indicator: formula, inputs, result."""

    name: str
    says: str
    formula: str
    inputs: list[Quantity]
    calculation: str = Field(description="The formula with its numbers.")
    value: float | None
    exact: str | None
    unit: str
    why_null: str | None


class ExplainedLoss(Shape):
    """A loss of the waterfall: known time less all of them is the ideal time of good parts."""

    name: str
    says: str
    formula: str
    s: float | None
    exact_s: str | None
    parts: float | None


class CategoryTime(Shape):
    """Time of one category, and where it lies; no_data and excluded time too."""

    category: str
    s: float
    us: int = Field(description="Exactly, in microseconds.")
    segments: list[int] = Field(description="Places in `segments`.")
    spans: list[list[str]]


class ExplainedSegment(Shape):
    """A stretch of one final category; all of them tile the window, of a pooled line machine by machine."""

    start: Timestamp
    end: Timestamp
    s: float
    us: int
    category: str
    state: str | None
    reason: str | None
    setup: bool
    machine: str | None
    open: bool


class Output(Shape):
    """Parts of one product at one ideal cycle."""

    kind: str = Field(description="known: made in known planned time; unscheduled; no_data.")
    product: str | None
    ideal_cycle_s: str | None = Field(description="Exact seconds per part, such as 23/4.")
    total_count: int
    good_count: int
    reject_count: int
    rework_count: int
    ideal_total_s: float | None
    ideal_good_s: float | None


class ProductOutput(Output):
    """Parts of the whole window."""

    ideal_cycle_source: str = Field(description="Machine and product, machine, or product (rule S-12).")


class CountRow(Output):
    """Parts of an hour, or of a part of a sum; the rows sum to `products`."""

    start: Timestamp
    end: Timestamp


class ExplainedStop(Shape):
    """A stop, uncut by the window."""

    start: Timestamp
    end: Timestamp | None
    category: str
    reason: str | None
    machine: str | None
    length_s: float
    in_window_s: float
    counted: bool = Field(description="In `stop_count`.")
    closed: bool | None = Field(description="In `closed_stop_count`; null where an old revision does not tell.")


class CounterDecision(Shape):
    """What the counter rules decided at one sample."""

    at: Timestamp
    machine: str | None
    signal: str
    kind: str
    amount: str
    why: str


class Flag(Shape):
    """A flag, what it means and what raised it."""

    flag: str
    says: str
    because: str


class Rule(Shape):
    """A calculation rule that made a difference."""

    rule: str
    says: str
    here: str


class Configuration(Shape):
    """A configuration that the figures follow, resolved."""

    number: int
    since: str | None = Field(description="From when it is in force; null from the beginning.")
    proven: bool = Field(description="It gives exactly this definition; else it is what is in force for the time now.")
    zone: str
    day_start: str
    calendar: dict[str, Any]
    rollup: dict[str, Any]
    targets: dict[str, Any]
    policies: dict[str, Any]
    machines: list[dict[str, Any]]
    reasons: list[dict[str, Any]]


class Definition(Shape):
    """Rules and configuration of the figures."""

    text: str
    rules_version: str
    configurations: list[Configuration]


class Difference(Shape):
    """What a revision changed of an element."""

    element: str
    before: float
    after: float
    difference: float


class ExplainedRevision(Shape):
    """A published revision, and what it changed against the one before."""

    id: str
    revision: int
    status: str
    computed: Timestamp
    cause: str
    author: str | None
    definition: str
    changed: list[Difference]


class Entry(Shape):
    """Something that a person or an order system entered about this time."""

    entry: int
    kind: str
    machine: str | None
    start: str | None
    end: str | None
    said: dict[str, Any]
    author: str
    entered: Timestamp
    why: str | None
    undone: dict[str, Any] | None
    known_then: bool = Field(description="Entered before these figures were made.")


class Part(Shape):
    """A result that the figures are made from: a machine of the line, or a stretch of the time."""

    id: str
    machine: str | None
    shift: str | None
    production_date: str | None
    start: Timestamp
    end: Timestamp
    status: str
    revision: int | None
    elements: Elements
    flags: list[str]


class Sum(Shape):
    """One sum that must hold, exactly; times in microseconds."""

    of: str
    whole: str
    sum: str
    expected: str
    equal: bool


class Explanation(Shape):
    """Everything that a result came from."""

    kpi: Kpi
    computed: Timestamp
    cause: str
    author: str | None
    figures: list[Figure]
    losses: list[ExplainedLoss]
    time: list[CategoryTime]
    segments: list[ExplainedSegment]
    products: list[ProductOutput]
    counts: list[CountRow]
    stops: list[ExplainedStop]
    counter_decisions: list[CounterDecision]
    flags: list[Flag]
    rules: list[Rule]
    definition: Definition
    revisions: list[ExplainedRevision]
    entries: list[Entry]
    machines: list[Part] = Field(description="The machines that a line's figures were rolled up from.")
    parts: list[Part] = Field(description="The shifts of a day, week or month; the hours of a free window.")
    sums: list[Sum]
    exact: bool = Field(description="Every sum holds.")
