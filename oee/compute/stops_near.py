"""Stops of one machine around a time, small ones too, whole as they are known now: what people's entries are about."""

from __future__ import annotations

from dataclasses import dataclass, replace

from oee.compute.calculator import Subject, context, subject
from oee.compute.rolled import Look
from oee.corrections import StopName
from oee.errors import NotFoundError
from oee.kernels.standstills import stop_of
from oee.model import ShiftInstance, Stop
from oee.source import LineStop
from oee.store.facts import facts_state, run_after_us
from oee.store.instances import instances_in
from oee.store.times import from_us


@dataclass(frozen=True, slots=True)
class Near:
    """Stops of a machine, small ones outside of them, each in order; and how far its facts reach [µs UTC]."""

    who: Subject
    stops: tuple[Stop, ...]
    small: tuple[Stop, ...]
    through_us: int
    now_us: int

    def meeting(self, start_us: int, end_us: int) -> list[Stop]:
        """Those that reach into ``[start, end)``."""
        every = sorted((*self.stops, *self.small), key=lambda s: s.start_us)
        return [s for s in every if s.start_us < end_us and start_us < self.until_us(s)]

    def named(self, name: StopName) -> Stop:
        """The stop that starts at an instant.

        Raises
        ------
        NotFoundError
            None does; the sentence says which one is there instead.
        """
        found = next((s for s in (*self.stops, *self.small) if s.start_us == name.start_us), None)
        if found is not None:
            return found
        at = from_us(name.start_us).isoformat()
        around = [from_us(s.start_us).isoformat() for s in self.meeting(name.start_us, name.start_us + 1)]
        hint = f"the one around that starts at {around[0]}" if around else "ask for the stops again"
        raise NotFoundError(f"machine {name.machine!r} of line {name.line!r} has no stop that starts at {at}; {hint}")

    def until_us(self, stop: Stop) -> int:
        """End of a stop; of an open one, now."""
        return max(self.now_us, stop.start_us + 1) if stop.end_us is None else stop.end_us

    def seen_until_us(self, stop: Stop) -> int:
        """End of a stop as the data show it: what an open one turns into after that, nobody has seen yet."""
        if stop.end_us is not None:
            return stop.end_us
        return max(min(self.now_us, self.through_us), stop.start_us + 1)


def stops_near(look: Look, line: str, machine: str, start_us: int, end_us: int) -> Near:
    """Look at the stops that reach into ``[start, end)``, and at those that people merged with them."""
    machine_id = look.ids.machine(line, machine)
    shift = instances_in(look.conn, line, look.ids.line(line), start_us, start_us + 1)
    who = subject(look.master, line, machine, shift[0].instance.start_us if shift else start_us)
    runs_us = run_after_us(look.conn, machine_id, end_us)
    reach_us = min(look.now_us if runs_us is None else runs_us, look.now_us)
    ctx = context(look.conn, look.master, look.ids, who, (start_us, max(reach_us, start_us)), look.now_us)
    settled = ctx.settled
    loose = (span for span in settled.small if not any(_holds(s, span.start_us) for s in settled.stops))
    small = tuple(stop_of(settled.pieces, settled.starts, span) for span in loose)
    stops = tuple(replace(s, counted=s.start_us in settled.counted_us) for s in settled.stops)
    state = facts_state(look.conn, machine_id)
    return Near(who, stops, small, state.through_us if state else start_us, look.now_us)


def _holds(stop: Stop, at_us: int) -> bool:
    return stop.start_us <= at_us and (stop.end_us is None or at_us < stop.end_us)


def told(look: Look, line: str, machine: str, stop: Stop) -> LineStop:
    """A stop on its own: the range asked for is all of it."""
    shifts = instances_in(look.conn, line, look.ids.line(line), stop.start_us, stop.start_us + 1)
    whole = replace(stop, in_window_us=stop.length_us)
    return LineStop(line, machine, whole, shifts[0].instance if shifts else None)


def shifts_of(look: Look, line: str, spans_us: list[tuple[int, int]]) -> tuple[ShiftInstance, ...]:
    """Planned shifts that some spans reach into, in order."""
    found = [s.instance for a, b in spans_us for s in instances_in(look.conn, line, look.ids.line(line), a, b)]
    return tuple(sorted({i for i in found if i.planned or i.cancelled}, key=lambda i: i.start_us))
