"""An explanation as text for a terminal, read from the top down: figures, time, counts, what was decided. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby

from oee.evidence import SaidEntry
from oee.model import Segment, ShiftResult, Stop
from oee.report import figures as f
from oee.report.explain import CountRow, Explanation, RevisionRow
from oee.report.explain_amounts import amount_text, number_text, percent_text, seconds_text
from oee.report.explain_config import configuration_json
from oee.report.explain_figures import Figure
from oee.report.view import shift_head

WIDTH = 100
Table = Sequence[Sequence[str]]


def explanation_text(x: Explanation) -> str:
    """Write an explanation in lines of at most 100 columns."""
    sections = (
        ("", _head(x)),
        ("Figures", _figures(x)),
        ("Losses, from known time K down to good parts", _losses(x)),
        ("Time", _time(x)),
        ("Counts", _counts(x)),
        ("Stops", _stops(x)),
        ("Counter decisions", _decisions(x)),
        ("Flags", _listed(f"{r.flag}: {r.sentence}" + (f" Here: {r.because}." if r.because else "") for r in x.flags)),
        ("Rules that made a difference", _listed(f"{r.rule}  {r.says}: {r.here}" for r in x.rules)),
        ("Configuration", _configuration(x)),
        ("Machines", _parts(x.evidence.machines.values())),
        ("Parts", _parts(x.evidence.parts)),
        ("Entries", _listed(_entry(s, x) for s in x.evidence.entries)),
        ("Revisions", _revisions(x)),
        ("Sums", _sums(x)),
    )
    written = []
    for title, lines in sections:
        told = list(lines)
        if told:
            written.append("\n".join([title, "-" * len(title), *told] if title else told))
    return "\n\n".join(written).replace(f.NBSP, " ")


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text.replace(f.NBSP, " "), WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ") or [
        ""
    ]


def _listed(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from _wrapped(text.rstrip())


def _table(rows: Table, right: tuple[int, ...] = ()) -> Iterator[str]:
    """Columns as wide as their widest cell; the last one is wrapped."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))] if rows else []
    for row in rows:
        cells = [c.rjust(widths[n]) if n in right else c.ljust(widths[n]) for n, c in enumerate(row)]
        head = "  " + "  ".join(cells[:-1]) + "  "
        room = max(WIDTH - len(head), 24)
        first, *rest = textwrap.wrap(row[-1], room) or [""]
        yield (head + (first.rjust(widths[-1]) if len(row) - 1 in right else first)).rstrip()
        yield from (" " * len(head) + line for line in rest)


def _head(x: Explanation) -> list[str]:
    result, zone = x.result, x.zone
    who = f"Line {result.line}" + (f", machine {result.machine}" if result.machine else "")
    head = shift_head(result, zone)
    what = f"{head.title}, {head.day}" if head.name else f"window of {head.day}"
    computed = f"{f.day(f.local(result.computed_us, zone).date())}, {f.hhmmss(result.computed_us, zone)}"
    by = f", by {x.author}" if x.author else ""
    lines = [
        f"{who}: {what}, {head.span} {f.zone_label(result.instance.start_us, zone)}, {head.length}",
        f"{head.status}; computed {computed}; cause: {result.cause}{by}",
        f"id {result.id}; method {result.method}; {result.definition}",
    ]
    return [told for line in lines for told in _wrapped(line, "")]


def _figures(x: Explanation) -> Iterator[str]:
    yield from _table([(fig.words, _shown(fig), _sentence(fig)) for fig in x.figures], right=(1,))
    seen = {q.symbol: q for fig in x.figures for q in fig.inputs}
    yield ""
    yield from _table([(s, amount_text(q.value, q.unit), q.words) for s, q in seen.items()], right=(1,))


def _shown(fig: Figure) -> str:
    return amount_text(fig.value, fig.unit) if fig.unit == "us" else percent_text(fig.value)


def _sentence(fig: Figure) -> str:
    if fig.value is None:
        return f"{fig.formula}: none, because {fig.why}"
    value = amount_text(fig.value, fig.unit)
    return f"{fig.formula} = {fig.calculation} {value if value.startswith('≈') else f'= {value}'}"


def _losses(x: Explanation) -> Iterator[str]:
    rows = [(r.words, seconds_text(r.time_us), f"{_parts_text(r.parts_count)} parts", r.formula) for r in x.losses]
    yield from _table(rows, right=(1, 2))


def _parts_text(value: Fraction | None) -> str:
    return f.DASH if value is None else number_text(Fraction(f.rounded(value, Fraction(1, 10)), 10))


def _time(x: Explanation) -> Iterator[str]:
    rows = [
        (c.category.word, seconds_text(c.time_us), _counted(len(c.segments), "stretch", "stretches"))
        for c in x.categories
    ]
    e = x.result.window.elements
    rows.append(("calendar", seconds_text(e.calendar_us), "all of it"))
    yield from _table(rows, right=(1,))
    if x.result.window.segments:
        yield ""
        yield from _table([_segment(s, x) for s in x.result.window.segments], right=(1,))


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _segment(s: Segment, x: Explanation) -> tuple[str, str, str, str]:
    span = f"{f.hhmmss(s.start_us, x.zone)}{f.DASH}{f.hhmmss(s.end_us, x.zone)}"
    words = [s.machine, s.state and f"state {s.state}", s.reason and f"reason {s.reason}", "setup" if s.setup else None]
    told = ", ".join(word for word in words if word) + (" (goes on)" if s.open else "")
    return span, seconds_text(s.end_us - s.start_us), s.category.word, told


def _counts(x: Explanation) -> Iterator[str]:
    head = ("product", "made in", "total", "good", "reject", "rework", "ideal cycle")
    rows: list[tuple[str, ...]] = [head]
    for row in x.products:
        o = row.output
        cycle = "unknown" if o.ideal_cycle_us is None else f"{seconds_text(o.ideal_cycle_us)}, from the {row.source}"
        numbers = (f"{n:,}" for n in (o.total_count, o.good_count, o.reject_count, o.rework_count))
        rows.append((o.product or "no product", row.kind, *numbers, cycle))
    if len(rows) == 1:
        return
    yield from _table(rows, right=(2, 3, 4, 5))
    yield ""
    yield from _table([_count(row, x) for row in x.counts], right=(3, 4, 5, 6))


def _count(row: CountRow, x: Explanation) -> tuple[str, ...]:
    o = row.output
    span = f"{f.hhmm(row.start_us, x.zone)}{f.DASH}{f.hhmm(row.end_us, x.zone)}"
    numbers = (f"{n:,}" for n in (o.total_count, o.good_count, o.reject_count, o.rework_count))
    return (span, o.product or "no product", row.kind, *numbers)


def _stops(x: Explanation) -> Iterator[str]:
    yield from _table([_stop(s, x) for s in x.result.window.stops], right=(1,))


def _stop(s: Stop, x: Explanation) -> tuple[str, str, str, str]:
    until = "goes on" if s.end_us is None else f.hhmmss(s.end_us, x.zone)
    told = [s.machine, f"reason {s.reason}" if s.reason else "no reason", "counts here" if s.counted else None]
    told += ["ends here" if s.closed else None, f"{seconds_text(s.in_window_us)} of it here"]
    span = f"{f.hhmmss(s.start_us, x.zone)}{f.DASH}{until}"
    return span, seconds_text(s.length_us), s.category.word, ", ".join(word for word in told if word)


def _decisions(x: Explanation) -> Iterator[str]:
    """Decisions of one kind in a row are told once, with how many they are."""
    rows = []
    for (machine, signal, kind, why), group in groupby(
        x.result.window.decisions, key=lambda d: (d.machine, d.signal, d.kind, d.why)
    ):
        same = list(group)
        span = f.hhmmss(same[0].at_us, x.zone)
        if len(same) > 1:
            span += f"{f.DASH}{f.hhmmss(same[-1].at_us, x.zone)}"
        amounts = same[0].amount if len(same) == 1 else f"{len(same)} times"
        rows.append((span, ".".join(n for n in (machine, signal) if n), kind, amounts, why))
    yield from _table(rows, right=(3,))


def _configuration(x: Explanation) -> Iterator[str]:
    for c in x.evidence.configurations:
        since = "the beginning" if c.since_us is None else f"{f.local(c.since_us, x.zone):%Y-%m-%d %H:%M:%S %z}"
        doubt = (
            "" if c.proven else "; another version of the rules made the figures: this is what is in force for them now"
        )
        yield from _wrapped(f"configuration {c.number}, in force from {since}{doubt}")
        told = configuration_json(c.plant, x.result)
        machines, reasons = told.pop("machines"), told.pop("reasons")
        yield from _listed(f"{name}: {_plain(value)}" for name, value in told.items() if _plain(value))
        for machine in machines:
            signals = machine.pop("signals")
            yield from _wrapped(f"machine {machine.pop('machine')}: {_plain(machine)}")
            yield from _listed(f"  signal {signal.pop('signal')}: {_plain(signal)}" for signal in signals)
        if reasons:
            yield from _wrapped("reasons: " + ", ".join(f"{r['code']} ({r['category']})" for r in reasons))


def _plain(value: object) -> str:
    """A value of the configuration without brackets and quotes; what is not set is left out."""
    if isinstance(value, dict):
        return ", ".join(f"{k} {_plain(v)}" for k, v in value.items() if v not in (None, [], {}, ()))
    return "; ".join(_plain(v) for v in value) if isinstance(value, list) else str(value)


def _parts(parts: Iterable[ShiftResult]) -> Iterator[str]:
    rows = [("id", "APT", "K", "total", "good")]
    for r in parts:
        e = r.window.elements
        times = (seconds_text(e.actual_production_us), seconds_text(e.known_us))
        rows.append(
            (f"{r.machine or r.instance.name} {r.id}".strip(), *times, f"{e.total_count:,}", f"{e.good_count:,}")
        )
    if len(rows) > 1:
        yield from _table(rows, right=(1, 2, 3, 4))


def _entry(s: SaidEntry, x: Explanation) -> str:
    when = f"{f.local(s.entered_us, x.zone):%Y-%m-%d %H:%M}"
    undone = f", undone by {s.undone[1]}" if s.undone else ""
    later = "" if s.entered_us <= x.result.computed_us else ", after these figures were made"
    why = f" ({s.why})" if s.why else ""
    return f"{s.number}: {s.kind} {_plain(dict(s.said))} by {s.author}, {when}{why}{undone}{later}"


def _revisions(x: Explanation) -> Iterator[str]:
    for r in x.revisions:
        yield from _wrapped(_revision(r, x))
        for d in r.changed:
            unit = "us" if d.element.endswith("_us") else "ratio"
            name = d.element.removesuffix("_us")
            yield from _wrapped(f"{name}: {amount_text(d.before, unit)} → {amount_text(d.after, unit)}", "    ")


def _revision(r: RevisionRow, x: Explanation) -> str:
    at = f"{f.local(r.result.computed_us, x.zone):%Y-%m-%d %H:%M:%S}"
    this = "  ← explained here" if r.result.revision == x.result.revision else ""
    by = f", by {r.author}" if r.author else ""
    return f"{r.result.revision}  {r.result.status}  {at}  {r.result.cause}{by}{this}"


def _sums(x: Explanation) -> Iterator[str]:
    wrong = [s for s in x.sums if not s.equal]
    if not wrong:
        yield f"  All {len(x.sums)} sums hold exactly: segments, hours, stops, losses and formulas."
    yield from _listed(f"{s.of} is {s.parts_value}, but {s.whole} is {s.whole_value}" for s in wrong)
