"""What lines and machines are in now, since when, and when they last proved that they are alive."""

from __future__ import annotations

from collections.abc import Sequence

from oee.compute.calculator import context, subject, window
from oee.compute.rolled import Look
from oee.compute.stored import FRESH_US
from oee.config.model import Rollup
from oee.glance import same_since
from oee.kernels.rollup import pools
from oee.model import Category, Segment
from oee.source import LineState, MachineState
from oee.store.facts import facts_state
from oee.store.instances import instances_in
from oee.store.results import live_result

LOOK_BACK_US = 2 * 86_400_000_000
"""How far back a state is followed for "since when"."""

POOLED_ORDER = (
    Category.RUN,
    Category.SMALL_STOP,
    Category.UNPLANNED_STOP,
    Category.EXTERNAL_STOP,
    Category.PLANNED_STOP,
    Category.EXCLUDED,
    Category.NOT_SCHEDULED,
    Category.NO_DATA,
)
"""Parallel machines: the line runs while any runs; else it says what needs somebody first, and no_data last."""


def line_state(look: Look, line: str) -> LineState:
    """What the line and its machines are in now."""
    config = subject(look.master, line, None, look.now_us).line
    machines = tuple(_machine_state(look, line, m) for m in config.machines)
    category, since_us, told = rolled_state(config.rollup, machines)
    alive_us = max((m.alive_us for m in machines if m.alive_us is not None), default=None)
    if not pools(config.rollup):
        alive_us = told.alive_us
    return LineState(line, category, since_us, told.state, told.reason, alive_us, machines)


def rolled_state(rollup: Rollup, machines: Sequence[MachineState]) -> tuple[Category, int, MachineState]:
    """Category of a line, since when [µs], and the machine whose state and reason stand for it.

    A pooled line runs since the first of those that run did; it has not run since the last of its machines changed.
    """
    if not pools(rollup):
        told = next(m for m in machines if m.machine == rollup.machine)
        return told.category, told.since_us, told
    category = min((m.category for m in machines), key=POOLED_ORDER.index)
    told = min((m for m in machines if m.category is category), key=lambda m: m.since_us)
    since_us = told.since_us if category is Category.RUN else max(m.since_us for m in machines)
    return category, since_us, told


def _machine_state(look: Look, line: str, machine: str) -> MachineState:
    segments = _live_segments(look, line, machine)
    last, since = segments[-1], same_since(segments)
    if since == segments[0].start_us:
        segments = _segments_before(look, line, machine)
        last, since = segments[-1], same_since(segments)
    known = facts_state(look.conn, look.ids.machine(line, machine))
    alive = known.through_us if known else None
    return MachineState(machine, last.category, since, last.state, last.reason, alive)


def _live_segments(look: Look, line: str, machine: str) -> Sequence[Segment]:
    """Segments of the running instance up to now: the live result's if it is fresh, else computed."""
    running = instances_in(look.conn, line, look.ids.line(line), look.now_us, look.now_us + 1)
    if running:
        found = live_result(look.conn, running[0].instance_id, look.ids.machine(line, machine))
        if found and found.window.segments and look.now_us - found.computed_us <= FRESH_US:
            return found.window.segments
    return _segments_before(look, line, machine)


def _segments_before(look: Look, line: str, machine: str) -> Sequence[Segment]:
    span = (look.now_us - LOOK_BACK_US, look.now_us)
    who = subject(look.master, line, machine, look.now_us)
    return window(context(look.conn, look.master, look.ids, who, span, look.now_us), *span).segments
