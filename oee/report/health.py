"""Data health in words and as JSON: where data come from, how old they are, what is missing, which figures suffer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from oee.config.model import PlantConfig
from oee.live_source import Gap, LineHealth, MachineHealth, SignalHealth, SourceHealth
from oee.model import CounterDecision, ShiftResult
from oee.report import figures as f
from oee.report.kpi import local_iso, result_ratios, seconds
from oee.report.quality import SHOWN_GAPS
from oee.report.states import state_word
from oee.report.view import line_of, zone_of

NEED_WORDS: Mapping[str, str] = {
    "availability": "availability",
    "performance": "performance",
    "quality": "quality",
    "oee": "OEE",
    "first_pass_yield": "first pass yield",
    "reasons": "reasons of stops",
    "orders": "orders",
}
STATUS_LOOK: Mapping[str, tuple[str, str]] = {
    "up": ("Up", "ok"),
    "silent": ("Silent", "none"),
    "never": ("No answer yet", "none"),
    "import": ("By import", "plan"),
}
"""Word and icon of a source's status."""
DECISION_ROWS = 12


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source: its status in a word, and how old its newest proof of life is."""

    source: str
    kind: str
    word: str
    icon: str
    bad: bool
    alive: str


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A signal: its newest value, since when, what is wrong with it, and what needs it."""

    signal: str
    source: str
    value: str
    age: str
    problem: str
    needs: str


@dataclass(frozen=True, slots=True)
class GapRow:
    """A stretch without data: from, to, tenths of minutes, and why."""

    source: str
    span: str
    tenths: int
    reason: str
    open: bool
    filled: str


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What a counter decided."""

    at: str
    signal: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class MachineRows:
    """Everything to say of one machine; ``trouble`` in sentences, empty where all is well."""

    name: str
    sources: tuple[SourceRow, ...]
    signals: tuple[SignalRow, ...]
    gaps: tuple[GapRow, ...]
    decisions: tuple[DecisionRow, ...]
    more_decisions: int
    trouble: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HealthView:
    """Data health of a line for people; coverage in tenths of a percent of the running shift."""

    line_id: str
    name: str
    span: str
    coverage: int | None
    machines: tuple[MachineRows, ...]

    @property
    def trouble_count(self) -> int:
        """How many sentences of trouble there are."""
        return sum(len(m.trouble) for m in self.machines)


def health_view(health: LineHealth, current: ShiftResult | None, plant: PlantConfig) -> HealthView:
    """Build the view of one line."""
    zone, line = zone_of(plant), line_of(plant, health.line)
    return HealthView(
        line_id=health.line,
        name=line.name,
        span=f"since {f.hhmm(health.from_us, zone)}",
        coverage=f.ratio_tenths(result_ratios(current).coverage) if current else None,
        machines=tuple(_machine(m, health, plant, zone) for m in health.machines),
    )


def _machine(m: MachineHealth, health: LineHealth, plant: PlantConfig, zone: ZoneInfo) -> MachineRows:
    now_us, silent = health.to_us, {s.source for s in m.sources if s.status in ("silent", "never")}
    config = line_of(plant, health.line).machines.get(m.machine)
    state = config.signals.get("state") if config else None
    profile = state.profile if state else None
    shown = m.decisions[-DECISION_ROWS:]
    return MachineRows(
        name=m.name,
        sources=tuple(_source(s, now_us) for s in m.sources),
        signals=tuple(_signal(s, silent, now_us, profile) for s in m.signals),
        gaps=tuple(_gap(g, now_us, zone) for g in m.gaps),
        decisions=tuple(_decision_row(d, zone) for d in reversed(shown)),
        more_decisions=len(m.decisions) - len(shown),
        trouble=tuple(_trouble(m, zone)),
    )


def _source(s: SourceHealth, now_us: int) -> SourceRow:
    word, icon = STATUS_LOOK[s.status]
    age = "" if s.alive_us is None else f.age_words((now_us - s.alive_us) // 1_000_000)
    return SourceRow(s.source, s.kind, word, icon, s.status in ("silent", "never"), age)


def _signal(s: SignalHealth, silent: set[str], now_us: int, profile: str | None) -> SignalRow:
    problem = "silent" if s.source in silent else ""
    if s.changed_us is None:
        problem = "no value yet"
    elif not s.good:
        problem = "bad value"
    value = state_word(profile, s.value) if s.signal == "state" and s.value is not None else s.value
    return SignalRow(
        signal=s.signal,
        source=s.source,
        value=f.DASH if value is None else value,
        age="" if s.changed_us is None else f.age_words((now_us - s.changed_us) // 1_000_000),
        problem=problem,
        needs=needs(s.needed_for),
    )


def _gap(g: Gap, now_us: int, zone: ZoneInfo) -> GapRow:
    end_us = now_us if g.to_us is None else g.to_us
    span = f"{f.hhmmss(g.from_us, zone)}{f.DASH}{'so far' if g.to_us is None else f.hhmmss(g.to_us, zone)}"
    tenths = f.rounded(end_us - g.from_us, f.TENTH_MIN_US)
    return GapRow(g.source, span, tenths, g.reason, g.to_us is None, filled_words(g))


def filled_words(g: Gap) -> str:
    """Say what an import has filled in of a gap."""
    if not g.filled_us:
        return ""
    if g.to_us is not None and g.filled_us >= g.to_us - g.from_us - f.US_PER_MIN // 60:
        return "filled in by import"
    return f"{f.minutes(f.rounded(g.filled_us, f.TENTH_MIN_US))}{f.NBSP}min of it filled in by import"


def _decision_row(d: CounterDecision, zone: ZoneInfo) -> DecisionRow:
    return DecisionRow(f.hhmmss(d.at_us, zone), d.signal, f"{d.kind.replace('_', ' ')}, {d.amount}", d.why)


def _trouble(m: MachineHealth, zone: ZoneInfo) -> Iterator[str]:
    """One sentence for each thing that a person should look at, with the figures that suffer."""
    for s in m.sources:
        hurt = needs(n for x in m.signals if x.source == s.source for n in x.needed_for)
        if s.status == "silent" and s.alive_us is not None:
            yield f"{m.name}: {s.source} is silent since {f.hhmm(s.alive_us, zone)}. Unknown since then: {hurt}."
        if s.status == "never":
            yield f"{m.name}: {s.source} has not answered yet. Unknown: {hurt}."
    quiet = {s.source for s in m.sources if s.status == "never"}
    for x in m.signals:
        if x.source not in quiet and x.changed_us is None and x.source != "import":
            yield f"{m.name}: signal {x.signal} has no value yet. Unknown: {needs(x.needed_for)}."
        elif x.changed_us is not None and not x.good:
            at = f.hhmm(x.changed_us, zone)
            yield f"{m.name}: signal {x.signal} is bad since {at}. Unknown since then: {needs(x.needed_for)}."
    for u in m.unmapped:
        long = f.minutes(f.rounded(u.length_us, f.TENTH_MIN_US))
        yield (
            f"{m.name}: state {u.state} is in no map, {long}{f.NBSP}min so far. This time is no data: "
            "availability and OEE are less sure."
        )


def gap_sentences(gaps: Mapping[str, Sequence[Gap]], plant: PlantConfig, line: str, zone: ZoneInfo) -> tuple[str, ...]:
    """Say which machines were not collected, when and why; the first few, as a shift report has room for."""
    machines = line_of(plant, line).machines
    told = [
        _gap_sentence(machines[m].name if m in machines else m, g, zone) for m, found in gaps.items() for g in found
    ]
    more = len(told) - SHOWN_GAPS
    return (*told[:SHOWN_GAPS], *([f"{more} more gaps of collection stand in the JSON."] if more > 0 else []))


def _gap_sentence(machine: str, g: Gap, zone: ZoneInfo) -> str:
    until = "so far" if g.to_us is None else f.hhmm(g.to_us, zone)
    filled = f", {words}" if (words := filled_words(g)) else ""
    return f"{machine}, {g.source}: not collected {f.hhmm(g.from_us, zone)}{f.DASH}{until} ({g.reason}){filled}."


def needs(names: Sequence[str] | Iterator[str]) -> str:
    """Name indicators once each, ``availability, performance and OEE``."""
    words = [NEED_WORDS[n] for n in dict.fromkeys(names)]
    words.sort(key=list(NEED_WORDS.values()).index)
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def line_health_json(health: LineHealth, current: ShiftResult | None, zone: ZoneInfo) -> dict[str, Any]:
    """Build the JSON object of one line's data health."""
    coverage = result_ratios(current).coverage if current else None
    return {
        "line": health.line,
        "start": local_iso(health.from_us, zone),
        "end": local_iso(health.to_us, zone),
        "coverage": None if coverage is None else float(coverage),
        "machines": [_machine_json(m, zone) for m in health.machines],
    }


def _machine_json(m: MachineHealth, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "machine": m.machine,
        "sources": [
            {
                "source": s.source,
                "kind": s.kind,
                "status": s.status,
                "alive": _iso(s.alive_us, zone),
                "reported": _iso(s.reported_us, zone),
            }
            for s in m.sources
        ],
        "signals": [
            {
                "signal": s.signal,
                "source": s.source,
                "address": s.address,
                "value": s.value,
                "changed": _iso(s.changed_us, zone),
                "good": s.good,
                "needed_for": list(s.needed_for),
            }
            for s in m.signals
        ],
        "gaps": [gap_json(g, zone) for g in m.gaps],
        "counter_decisions": [
            {"at": local_iso(d.at_us, zone), "signal": d.signal, "kind": d.kind, "amount": d.amount, "why": d.why}
            for d in m.decisions
        ],
        "unmapped_states": [
            {"state": u.state, "length_s": seconds(u.length_us), "last": local_iso(u.last_us, zone)} for u in m.unmapped
        ],
    }


def gap_json(g: Gap, zone: ZoneInfo) -> dict[str, Any]:
    """A known gap as an answer tells it."""
    return {
        "source": g.source,
        "start": local_iso(g.from_us, zone),
        "end": _iso(g.to_us, zone),
        "reason": g.reason,
        "filled_s": seconds(g.filled_us),
    }


def _iso(us: int | None, zone: ZoneInfo) -> str | None:
    return None if us is None else local_iso(us, zone)
