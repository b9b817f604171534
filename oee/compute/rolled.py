"""Results of a line or a machine from settled facts: each machine once, then the roll-up of the line (S-40)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from oee.compute.booked_line import booked_by_line, in_time_of
from oee.compute.calculator import Context, Subject, by_product, context, shift_result, subject
from oee.kernels.culprits import charges
from oee.kernels.products import ProductKey
from oee.kernels.rollup import contributors, counters, pools, roll_up
from oee.model import Cell, Elements, ShiftInstance, ShiftResult, WindowResult
from oee.store.database import Session
from oee.store.instances import StoredInstance
from oee.store.master import Ids, Master
from oee.store.results import LINE


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the database: a transaction, the master data, and the instant up to which all is told [µs UTC]."""

    conn: Session
    master: Master
    ids: Ids
    now_us: int


@dataclass(frozen=True, slots=True)
class Whole:
    """A line or machine with the settled facts of the machines that its figures come from, in flow order.

    A line that is `whole` has its counting machines in the constraint's time already (see `line_contexts`).
    """

    who: Subject
    contexts: Mapping[str, Context]

    def result(self, instance: ShiftInstance) -> ShiftResult:
        """Everything to say of one instance, live while it runs."""
        results = {machine: shift_result(ctx, instance) for machine, ctx in self.contexts.items()}
        return self._of(results)

    def rows(self, frame: ShiftInstance, key: ProductKey) -> dict[str | None, ShiftResult]:
        """The result of a window per product or order, None for time without one; the rows sum to the whole."""
        bases = {machine: shift_result(ctx, frame) for machine, ctx in self.contexts.items()}
        split = {m: dict(by_product(ctx, frame.start_us, frame.end_us, key)) for m, ctx in self.contexts.items()}
        names = dict.fromkeys(name for rows in split.values() for name in rows)
        return {
            name: self._of({m: _share(bases[m], split[m].get(name)) for m in self.contexts})
            for name in sorted(names, key=lambda name: (name is None, name))
        }

    def _of(self, results: Mapping[str, ShiftResult]) -> ShiftResult:
        return roll_up(self.who.line.rollup, results) if self.who.machine is None else results[self.who.machine]


def _share(whole_: ShiftResult, share: WindowResult | None) -> ShiftResult:
    """A machine's result with one product's share of its window; without one, with nothing in it."""
    nothing = replace(whole_.window, elements=Elements(), segments=(), stops=(), decisions=(), flags=())
    return replace(whole_, window=share or nothing, hours=())


def line_contexts(who: Subject, contexts: Mapping[str, Context]) -> dict[str, Context]:
    """A line's machines as its figures see them: parts that another machine counts are judged by the constraint.

    Whether time is known, stopped or scheduled, and what is made in it, is the constraint's to say (S-40); so a part is
    never left out because the machine that counts it does not know its own state (S-13).
    """
    rollup = who.line.rollup
    seen = {m: contexts[m] for m in contributors(rollup, contexts)}
    if pools(rollup):
        return seen
    constraint = seen[rollup.machine]
    judged = {m: ctx if m == rollup.machine else _judged_by(constraint, ctx) for m, ctx in seen.items()}
    _, good, reject = counters(rollup)
    if good != reject and seen[good].settled.moved:
        judged[reject] = _with_rejects(judged[reject], constraint, seen[good].settled.moved)
    return judged


def _judged_by(constraint: Context, counting: Context) -> Context:
    """A counting machine's parts and what was decided about them, all else the constraint's."""
    settled, own = constraint.settled, counting.settled
    told = settled.with_cells(in_time_of(constraint, own.cells), in_time_of(constraint, own.moved))
    return replace(
        constraint,
        who=counting.who,
        rules=replace(constraint.rules, quality_known=counting.rules.quality_known),
        settled=replace(told, decisions=own.decisions),
    )


def _with_rejects(judged: Context, constraint: Context, moved: Sequence[Cell]) -> Context:
    """What was booked where the line's good parts are counted is rejected where its rejects are (S-10, S-40)."""
    rejected = [replace(c, total_count=0, good_count=0) for c in in_time_of(constraint, moved)]
    settled = judged.settled
    return replace(judged, settled=settled.with_cells([*settled.cells, *rejected], settled.moved))


def whole(look: Look, who: Subject, span_us: tuple[int, int], edges_us: Sequence[int] = ()) -> Whole:
    """Settle what a line or machine needs over a span; parts are counted up to ``edges_us`` exactly too."""
    line = who.line
    machines = contributors(line.rollup, line.machines) if who.machine is None else (who.machine,)
    contexts = {m: _settled(look, who, m, span_us, edges_us) for m in machines}
    return Whole(who, line_contexts(who, contexts) if who.machine is None else contexts)


def _settled(look: Look, who: Subject, machine: str, span_us: tuple[int, int], edges_us: Sequence[int] = ()) -> Context:
    ctx = _context(look, who, machine, span_us, edges_us)
    if not ctx.by_line:
        return ctx
    start_us = min(span_us[0], *(b.since_us for b in ctx.by_line))
    end_us = max(span_us[1], *(min(b.at_us, look.now_us) for b in ctx.by_line))
    return booked_by_line(_context(look, who, who.line.rollup.machine, (start_us, end_us)), ctx)


def _context(look: Look, who: Subject, machine: str, span_us: tuple[int, int], edges_us: Sequence[int] = ()) -> Context:
    of = replace(who, source=who.line.machines[machine], machine=machine)
    return context(look.conn, look.master, look.ids, of, span_us, look.now_us, edges_us)


def every_machine(look: Look, stored: StoredInstance) -> Whole | None:
    """A line with all of its machines around one instance; None where no configuration has the line."""
    line, at_us = stored.instance.line, stored.instance.start_us
    if look.master.config_with(line, None, at_us) is None:
        return None
    who = subject(look.master, line, None, at_us)
    span_us = (at_us, min(stored.instance.end_us, look.now_us))
    return Whole(who, {m: _settled(look, who, m, span_us) for m in who.line.machines})


def all_results(look: Look, found: Whole, instance: ShiftInstance) -> dict[int, ShiftResult]:
    """Results of a line (number 0) and of all its machines for one instance, by number of the machine."""
    line = instance.line
    own = {machine: shift_result(ctx, instance) for machine, ctx in found.contexts.items()}
    seen = {
        machine: own[machine] if ctx is found.contexts[machine] else shift_result(ctx, instance)
        for machine, ctx in line_contexts(found.who, found.contexts).items()
    }
    rollup = found.who.line.rollup
    lanes = {machine: result.window.segments for machine, result in own.items()}
    charged = () if pools(rollup) else charges(rollup.machine, lanes)
    numbered = {look.ids.machine(line, machine): result for machine, result in own.items()}
    return {LINE: replace(roll_up(rollup, seen), charges=charged), **numbered}
