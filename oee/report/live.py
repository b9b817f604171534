"""Views of now: a line's state, banners that say what can't be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from oee.config.model import PlantConfig
from oee.model import Category, ShiftInstance, ShiftResult, WindowResult
from oee.report import figures as f
from oee.report.measures import Measure
from oee.report.view import ShiftView, shift_title, shift_view, zone_of
from oee.report.words import (
    BELOW_TARGET_NEED,
    BREAK,
    NO_DATA,
    OFF,
    RUN,
    Kind,
    Names,
    kind_of,
    names_of,
)
from oee.source import LineState

STALE_US = 60 * 1_000_000
"""A source silent for longer than this is called old, where its machine names no greatest age of its own."""


@dataclass(frozen=True, slots=True)
class StateNow:
    """The state of a line: look, how long, why; ``until`` is the last proof of life where there is none now."""

    kind: Kind
    clock: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class Banner:
    """One sentence in bold and what follows from it."""

    css: str
    icon: str
    head: str
    text: str


@dataclass(frozen=True, slots=True)
class LineNow:
    """A line as it is now: its state, the running shift (None before any data), banners, what comes next."""

    line_id: str
    name: str
    state: StateNow
    shift: ShiftView | None
    oee: Measure | None
    planned: bool
    banners: tuple[Banner, ...]
    need: tuple[int, int]
    age_s: int | None
    empty: str


def line_now(
    plant: PlantConfig,
    state: LineState,
    result: ShiftResult | None,
    now_us: int,
    coming: ShiftInstance | None = None,
) -> LineNow:
    """Build the live view of one line.

    Parameters
    ----------
    result : the live result of the running instance; None before any data.
    now_us : the instant up to which live figures are told [µs UTC].
    coming : the next planned shift, if one is known.
    """
    zone, line = zone_of(plant), plant.lines[state.line]
    shift = None if result is None else shift_view(result, plant)
    oee = None if shift is None else next(m for m in shift.measures if m.name == "oee")
    now = state_now(state, result, now_us, names_of(plant), zone)
    planned = result is not None and result.instance.planned and not result.instance.cancelled
    return LineNow(
        line_id=state.line,
        name=line.name,
        state=now,
        shift=shift,
        oee=oee,
        planned=planned,
        banners=tuple(_banners(plant, state, result, now_us)),
        need=line_need(now, state, oee),
        age_s=None if state.alive_us is None else max(now_us - state.alive_us, 0) // 1_000_000,
        empty=empty_words(result, coming, zone, now_us),
    )


def state_now(state: LineState, result: ShiftResult | None, now_us: int, names: Names, zone: ZoneInfo) -> StateNow:
    """Name the state; set-up and breaks are told by the last segment and the calendar."""
    last = result.window.segments[-1] if result is not None and result.window.segments else None
    setup = last is not None and last.setup and last.category is state.category
    breaks = () if result is None else result.instance.breaks
    kind = kind_of(
        state.category,
        setup=setup,
        on_break=any(start <= now_us < end for start, end, _ in breaks),
        state=state.state,
    )
    reason = names.reasons.get(state.reason, state.reason) if state.reason else ""
    until = f.since(waiting_us(state), now_us, zone) if kind is NO_DATA and state.alive_us is not None else ""
    reason = "" if kind in (RUN, BREAK, NO_DATA, OFF) else reason
    return StateNow(kind, f.running_clock(now_us - waiting_us(state)), reason, until)


def waiting_us(state: LineState) -> int:
    """Since when a line is in its state [µs UTC]; data are missing since the last proof of life.

    What the calendar claims in between, a break say, does not begin the silence anew.
    """
    if state.category is Category.NO_DATA and state.alive_us is not None:
        return min(state.since_us, state.alive_us)
    return state.since_us


def line_need(now: StateNow, state: LineState, oee: Measure | None) -> tuple[int, int]:
    """Order of need: the state first, then who has waited longer (the earlier instant first)."""
    below = now.kind is RUN and oee is not None and oee.bad
    return (BELOW_TARGET_NEED if below else now.kind.need, waiting_us(state))


def _banners(plant: PlantConfig, state: LineState, result: ShiftResult | None, now_us: int) -> list[Banner]:
    banners = list[Banner]()
    line = plant.lines[state.line]
    if state.alive_us is None:
        banners.append(Banner("st-none", "clock", "No data yet.", f"{line.name} has sent nothing so far."))
    else:
        limit_us = line.machines[line.rollup.machine].max_age_us or STALE_US
        if now_us - state.alive_us > limit_us:
            banners.append(_stale(line.name, state.alive_us, now_us, zone_of(plant)))
    if result is not None:
        banners.extend(rate_banners(result.window, names_of(plant)))
    return banners


def _stale(line: str, alive_us: int, now_us: int, zone: ZoneInfo) -> Banner:
    minutes = (now_us - alive_us) // f.US_PER_MIN
    age = "1 minute" if minutes == 1 else f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
    when = f.hhmmss(alive_us, zone)
    if f.local(alive_us, zone).date() != f.local(now_us, zone).date():
        when = f"{f.day(f.local(alive_us, zone).date(), year=False)}, {when}"
    return Banner("st-none", "clock", f"Data is {age} old.", f"{line} last answered at {when}. Figures are up to then.")


def rate_banners(window: WindowResult, names: Names) -> list[Banner]:
    """Name the ideal cycles that can't be right, or that are missing."""
    banners = list[Banner]()
    made = [o for o in window.elements.output if o.total_count]
    if "performance_over_100" in window.flags:
        cycles = ", ".join(
            f"{names.product(o.product)}, {float(o.ideal_cycle_us / 1_000_000):.3f}{f.NBSP}s"
            for o in made
            if o.ideal_cycle_us is not None
        )
        text = f"The ideal cycle may be too long: {cycles}."
        banners.append(Banner("st-short", "warn", f"Performance is above 100{f.NBSP}%.", text))
    if "ideal_cycle_missing" in window.flags:
        missing = ", ".join(names.product(o.product) for o in made if o.ideal_cycle_us is None)
        of = f" of {missing}" if missing else ""
        text = f"Performance and OEE are unknown until the plant file names the ideal cycle{of}."
        banners.append(Banner("st-short", "warn", "An ideal cycle is missing.", text))
    return banners


def empty_words(result: ShiftResult | None, coming: ShiftInstance | None, zone: ZoneInfo, now_us: int) -> str:
    """Say what is true and when it changes, where there are no figures to show."""
    if result is None:
        return "No figures yet. They appear with the first data of this line."
    if result.instance.planned and not result.instance.cancelled:
        return ""
    if coming is None and result.instance.end_us <= now_us:
        return "No figures yet of what runs now."
    true = "This shift is cancelled." if result.instance.cancelled else "No shift is scheduled now."
    made = sum(o.total_count for o in result.window.elements.unscheduled)
    if made:
        true += f" {f.pieces(made)} {'piece was' if made == 1 else 'pieces were'} made in this time all the same."
    if coming is None:
        return true
    day = f.local(coming.start_us, zone).date()
    same = day == f.local(result.window.end_us, zone).date()
    when = f.hhmm(coming.start_us, zone) + ("" if same else f" on {f.day(day, year=False)}")
    return f"{true} {shift_title(coming)} starts at {when}."
