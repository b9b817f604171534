"""Results of a line or a machine from settled facts: each machine once, then the roll-up of the line (S-40)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from oee.compute.calculator import Context, Subject, context, shift_result, subject
from oee.compute.rules import calculation_rules
from oee.kernels.rollup import BookedAs, contributors, roll_up
from oee.model import ShiftInstance, ShiftResult
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
    """A line or machine with the settled facts of the machines that its figures come from, in flow order."""

    who: Subject
    contexts: Mapping[str, Context]

    def result(self, instance: ShiftInstance) -> ShiftResult:
        """Everything to say of one instance, live while it runs."""
        results = {machine: shift_result(ctx, instance) for machine, ctx in self.contexts.items()}
        return line_result(self.who, results) if self.who.machine is None else results[self.who.machine]


def line_result(who: Subject, results: Mapping[str, ShiftResult]) -> ShiftResult:
    """The line's result from those of its machines."""
    return roll_up(who.line.rollup, results, _booked_as(who))


def _booked_as(who: Subject) -> BookedAs:
    """Parts that another machine counts keep their product, and go by the constraint's ideal cycle (S-40)."""
    rules = calculation_rules(who.plant, who.source)

    def book(product: str | None) -> tuple[str | None, Fraction | None]:
        named = product or rules.product
        return named, rules.ideal_of(named)

    return book


def whole(look: Look, who: Subject, span_us: tuple[int, int]) -> Whole:
    """Settle what a line or machine needs over a span."""
    line = who.line
    machines = contributors(line.rollup, line.machines) if who.machine is None else (who.machine,)
    return Whole(who, {m: _settled(look, who, m, span_us) for m in machines})


def _settled(look: Look, who: Subject, machine: str, span_us: tuple[int, int]) -> Context:
    of = replace(who, source=who.line.machines[machine], machine=machine)
    return context(look.conn, look.master, look.ids, of, span_us, look.now_us)


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
    results = {machine: shift_result(ctx, instance) for machine, ctx in found.contexts.items()}
    numbered = {look.ids.machine(line, machine): result for machine, result in results.items()}
    return {LINE: line_result(found.who, results), **numbered}
