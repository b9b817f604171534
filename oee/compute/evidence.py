"""Where results came from, gathered in one snapshot: configuration, revisions, entries, machines, parts (S-53)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oee.compute import stored as stored_results
from oee.compute import windows
from oee.compute.kpi_ids import StoredId, SumId, WindowId, read_kpi_id
from oee.compute.queries import Results, instance_of
from oee.compute.rolled import Look
from oee.compute.rules import calculation_rules, configured
from oee.config.model import PlantConfig
from oee.errors import InputError, NotFoundError
from oee.evidence import Configuration, Evidence, SaidEntry
from oee.kernels.rollup import contributors, line_definition, pools
from oee.model import ShiftResult
from oee.store.evidence import entries_about, history, line_of_instance
from oee.store.instances import StoredInstance, instance_numbered
from oee.store.master import ALWAYS_US, ConfigRevision
from oee.store.results import LINE, live_result, published

MAX_WINDOW_US = 32 * 86_400_000_000
"""A free window is explained hour by hour: a month at most."""


class Evidences(Results):
    """Results that also tell what they came from (see `oee.evidence.EvidenceSource`)."""

    def of_shift(
        self, line: str, production_date: str, shift: str, machine: str | None = None, revision: int | None = None
    ) -> Evidence:
        """Evidence of one shift: its newest revision, the one asked for, or the running figures."""
        with self._look(line) as look:
            stored = instance_of(look, line, production_date, shift)
            number = stored_results.number_of(look, line, machine)
            if revision is None:
                return _of_instance(look, stored, number, stored_results.newest(look, stored, machine))
            found = published(look.conn, stored.instance_id, number, revision)
            if found is None:
                what = f"shift {shift} of {production_date} on line {line!r}"
                raise NotFoundError(f"{what} has no revision {revision}")
            return _of_instance(look, stored, number, found)

    def of_kpi(self, kpi_id: str) -> Evidence:
        """Evidence of a result by the id that answers gave it.

        Raises
        ------
        NotFoundError
            No answer ever gave such an id, or it named running figures of a shift that is closed since.
        InputError
            A free window too long to be explained.
        """
        self.plant()  # before anything was applied there are no ids: says so
        wanted = read_kpi_id(kpi_id, self._master.ids().machines)
        if isinstance(wanted, StoredId):
            with self._database.snapshot() as conn:
                line = line_of_instance(conn, wanted.instance_id)
            with self._look(line) as look:
                return _of_stored(look, line, wanted)
        with self._look(wanted.line) as look:
            return _of_sum(look, wanted) if isinstance(wanted, SumId) else _of_window(look, wanted, kpi_id)


def _of_stored(look: Look, line: str, wanted: StoredId) -> Evidence:
    stored = instance_numbered(look.conn, line, wanted.instance_id)
    if wanted.revision is not None:
        found = published(look.conn, wanted.instance_id, wanted.machine_id, wanted.revision)
        if found is None:
            raise NotFoundError(f"this shift has no revision {wanted.revision} of such a line or machine")
        return _of_instance(look, stored, wanted.machine_id, found)
    machine = _machine_numbered(look, line, wanted.machine_id)
    found = stored_results.newest(look, stored, machine)
    if found.status != "live":
        raise NotFoundError(f"this shift is closed since then; its figures have the id {found.id} now")
    return _of_instance(look, stored, wanted.machine_id, found)


def _machine_numbered(look: Look, line: str, number: int) -> str | None:
    if number == LINE:
        return None
    name = next((m for (of, m), n in look.ids.machines.items() if n == number and of == line), None)
    if name is None:
        raise NotFoundError(f"line {line!r} has no machine numbered {number}")
    return name


def _of_instance(look: Look, stored: StoredInstance, number: int, result: ShiftResult) -> Evidence:
    """Evidence of a shift's result: all that was published of it, and the machines of the line as they stood then."""
    instance = result.instance
    span = (instance.start_us, instance.end_us)
    configurations = _configurations(look, result, span)
    return Evidence(
        result,
        configurations,
        tuple(history(look.conn, stored.instance_id, number)),
        _entries(look, result, span),
        _machines(look, stored, result, configurations[-1].plant) if result.machine is None else {},
    )


def _machines(look: Look, stored: StoredInstance, result: ShiftResult, plant: PlantConfig) -> dict[str, ShiftResult]:
    """The machines' own results that the line's was made from: published up to then, or running as it does."""
    line = plant.lines[result.line]
    found = {}
    for machine in contributors(line.rollup, line.machines):
        number = look.ids.machine(result.line, machine)
        if result.status == "live":
            running = live_result(look.conn, stored.instance_id, number)
            same = running is not None and running.computed_us == result.computed_us
            found[machine] = running if running and same else stored_results.newest(look, stored, machine)
            continue
        then = [r.result for r in history(look.conn, stored.instance_id, number)]
        until = [r for r in then if r.computed_us <= result.computed_us]
        if until:
            found[machine] = until[-1]
    return found


def _of_sum(look: Look, wanted: SumId) -> Evidence:
    result, parts = stored_results.period_of(look, wanted.line, wanted.machine, wanted.day, wanted.period)
    span = (parts[0].instance.start_us, parts[-1].instance.end_us)
    entries = _entries(look, result, span)
    return Evidence(result, _configurations(look, result, span), entries=entries, parts=tuple(parts))


def _of_window(look: Look, wanted: WindowId, kpi_id: str) -> Evidence:
    """A free window, with its hours; of a row per product or order, the row alone."""
    span = (wanted.from_us, wanted.to_us)
    if span[1] - span[0] > MAX_WINDOW_US:
        raise InputError("a window of more than 32 days is explained in parts: ask for its days, weeks or months")
    if span[0] >= look.now_us:
        raise NotFoundError("this window has not begun yet")
    if wanted.key is None:
        result = windows.window(look, wanted.line, wanted.machine, *span)
        parts = tuple(windows.hours(look, wanted.line, wanted.machine, *span))
        entries = _entries(look, result, span)
        return Evidence(result, _configurations(look, result, span), entries=entries, parts=parts)
    rows = windows.products(look, wanted.line, wanted.machine, *span, wanted.key)
    found = [row for row in rows if row[1].id == kpi_id]
    if not found:
        raise NotFoundError(f"nothing of the {wanted.key} that {kpi_id!r} names was there in its window")
    name, result = found[0]
    configurations, entries = _configurations(look, result, span), _entries(look, result, span)
    named = {wanted.key: name}
    return Evidence(
        result, configurations, entries=entries, product=named.get("product"), order=named.get("order"), share=True
    )


def _entries(look: Look, result: ShiftResult, span_us: tuple[int, int]) -> tuple[SaidEntry, ...]:
    machine_id = None if result.machine is None else look.ids.machine(result.line, result.machine)
    return tuple(entries_about(look.conn, look.ids.line(result.line), machine_id, *span_us))


def _configurations(look: Look, result: ShiftResult, span_us: tuple[int, int]) -> tuple[Configuration, ...]:
    """The configurations whose definitions the result names, each the one that was in force nearest to its time."""
    having = list(_having(look, result))
    ordered = _nearest_first(having, span_us)
    found = []
    for said in result.definition.split("; "):
        matching = [c for c in ordered if _configured(c.plant, result) == said.partition(", cycles ")[0]]
        match = max(matching, key=lambda c: _same_cycles(c.plant, result), default=None)
        config = match or ordered[0]
        since_us = None if config.effective_us == ALWAYS_US else config.effective_us
        found.append(Configuration(config.config_id, since_us, config.plant, proven=match is not None))
    unique = {c.number: c for c in found}
    return tuple(sorted(unique.values(), key=lambda c: -1 if c.since_us is None else c.since_us))


def _having(look: Look, result: ShiftResult) -> Iterator[ConfigRevision]:
    """All configurations that know the line, or the machine."""
    for config in look.master.configs():
        line = config.plant.lines.get(result.line)
        if line is not None and (result.machine is None or result.machine in line.machines):
            yield config


def _nearest_first(having: Sequence[ConfigRevision], span_us: tuple[int, int]) -> list[ConfigRevision]:
    """Those in force by the start, the last first; then those that took force later (see `Master.config_with`)."""
    in_force = [c for c in having if c.effective_us <= span_us[0]]
    return in_force[::-1] + [c for c in having if c.effective_us > span_us[0]]


def _same_cycles(plant: PlantConfig, result: ShiftResult) -> int:
    """How many of a result's counts were made at an ideal cycle that a configuration gives them."""
    e, line = result.window.elements, plant.lines[result.line]
    names = (result.machine,) if result.machine is not None else contributors(line.rollup, line.machines)
    rules = [calculation_rules(plant, line.machines[name]) for name in names]
    return sum(
        any(r.ideal_of(o.product, result.window.start_us) == o.ideal_cycle_us for r in rules)
        for o in (*e.output, *e.unscheduled, *e.unknown)
    )


def _configured(plant: PlantConfig, result: ShiftResult) -> str:
    """The first half of the definition that a configuration gives to a line's or machine's results.

    The other half are the cycles of what was made; the elements tell them.
    """
    line = plant.lines[result.line]
    if result.machine is not None:
        return configured(plant, line, line.machines[result.machine])
    parts = {m: configured(plant, line, line.machines[m]) for m in contributors(line.rollup, line.machines)}
    if pools(line.rollup) or len(parts) > 1:
        return line_definition(line.rollup, parts).partition(", cycles ")[0]
    return parts[line.rollup.machine]
