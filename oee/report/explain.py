"""Where a result came from (S-53): formulas with their inputs, time, counts, decisions, rules, configuration. Pure.

One `Explanation` is made from the evidence; JSON and text only write it down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from zoneinfo import ZoneInfo

from oee.config.model import PlantConfig
from oee.evidence import Evidence
from oee.model import Category, Elements, ProductOutput, ShiftResult
from oee.report.explain_config import cycle_source
from oee.report.explain_figures import Figure, LossRow, figures, loss_rows
from oee.report.explain_rules import FlagRow, RuleRow, flag_rows, rule_rows
from oee.report.explain_sums import KINDS, Sum, flat, sums_of
from oee.report.kpi import result_ratios


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """Time of one category [µs], and the stretches that it is made of; ``segments`` are indices into the result's."""

    category: Category
    time_us: int
    segments: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ProductRow:
    """Parts of one product and cycle; ``kind`` is known, unscheduled or no_data (S-13); ``source`` that of S-12."""

    kind: str
    output: ProductOutput
    source: str


@dataclass(frozen=True, slots=True)
class CountRow:
    """Parts of one product and cycle in a stretch of the window, an hour or a part."""

    start_us: int
    end_us: int
    kind: str
    output: ProductOutput


@dataclass(frozen=True, slots=True)
class Difference:
    """What a revision changed of one element [µs or parts] against the revision before."""

    element: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """A published revision and what it changed."""

    result: ShiftResult
    author: str | None
    changed: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that a result came from; ``sums`` says that it adds up."""

    evidence: Evidence
    plant: PlantConfig
    zone: ZoneInfo
    author: str | None
    figures: tuple[Figure, ...]
    losses: tuple[LossRow, ...]
    categories: tuple[CategoryRow, ...]
    products: tuple[ProductRow, ...]
    counts: tuple[CountRow, ...]
    flags: tuple[FlagRow, ...]
    rules: tuple[RuleRow, ...]
    revisions: tuple[RevisionRow, ...]
    sums: tuple[Sum, ...]

    @property
    def result(self) -> ShiftResult:
        """The result explained."""
        return self.evidence.result

    @property
    def exact(self) -> bool:
        """Whether every sum holds."""
        return all(s.equal for s in self.sums)


_KIND_WORDS = {"output": "known", "unscheduled": "unscheduled", "unknown": "no_data"}


def explain(evidence: Evidence) -> Explanation:
    """Explain a result.

    Parameters
    ----------
    evidence : the result with what is kept of where it came from; its newest configuration names the zone.
    """
    result, plant = evidence.result, evidence.configurations[-1].plant
    zone, rollup = ZoneInfo(plant.plant.timezone), plant.lines[result.line].rollup
    shown, lost = figures(result, asdict(result_ratios(result))), loss_rows(result.window)
    revisions = tuple(_revisions(evidence))
    return Explanation(
        evidence=evidence,
        plant=plant,
        zone=zone,
        author=next((r.author for r in revisions if r.result.revision == result.revision), None),
        figures=shown,
        losses=lost,
        categories=tuple(_categories(result)),
        products=tuple(_products(result, plant)),
        counts=tuple(_counts(evidence)),
        flags=flag_rows(result.window),
        rules=rule_rows(evidence, plant, zone),
        revisions=revisions,
        sums=sums_of(evidence, shown, lost, rollup),
    )


def _categories(result: ShiftResult) -> Iterator[CategoryRow]:
    """Every category that took time."""
    segments = list(enumerate(result.window.segments))
    for category in Category:
        spent_us: int = getattr(result.window.elements, f"{category.word}_us")
        if spent_us:
            yield CategoryRow(category, spent_us, tuple(i for i, s in segments if s.category is category))


def _made(e: Elements) -> Iterator[tuple[str, ProductOutput]]:
    for kind, _ in KINDS:
        for output in getattr(e, kind):
            yield _KIND_WORDS[kind], output


def _products(result: ShiftResult, plant: PlantConfig) -> Iterator[ProductRow]:
    line = plant.lines[result.line]
    machine = line.machines[result.machine or line.rollup.machine]
    pooled = result.machine is None and line.rollup.method == "pooled"
    for kind, output in _made(result.window.elements):
        source = "each machine's own" if pooled else cycle_source(machine, plant, output.product)
        yield ProductRow(kind, output, source)


def _counts(e: Evidence) -> Iterator[CountRow]:
    """Parts by hour, or by part of a sum; where neither is told, those of the whole window."""
    window = e.result.window
    rows = [(h.start_us, h.end_us, h.elements) for h in e.result.hours]
    rows = rows or [(p.window.start_us, p.window.end_us, p.window.elements) for p in e.parts]
    for start, end, elements in rows or [(window.start_us, window.end_us, window.elements)]:
        for kind, output in _made(elements):
            yield CountRow(start, end, kind, output)


def _revisions(e: Evidence) -> Iterator[RevisionRow]:
    """Every published revision with what it changed against the one before."""
    before: ShiftResult | None = None
    for past in e.revisions:
        changed = () if before is None else tuple(_differences(before.window.elements, past.result.window.elements))
        yield RevisionRow(past.result, past.author, changed)
        before = past.result


def _differences(before: Elements, after: Elements) -> Iterator[Difference]:
    old, new = flat(before), flat(after)
    for name in dict.fromkeys((*old, *new)):
        if old.get(name, 0) != new.get(name, 0):
            yield Difference(name, old.get(name, 0), new.get(name, 0))
