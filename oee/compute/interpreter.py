"""The shell of the interpretation: finds dirty machines, rewinds to a checkpoint, replaces their facts (S-42, S-52).

A machine is interpreted again from the newest checkpoint before everything that the new data can change: the new
instant itself, the counter samples before it that it is interpolated from, and the silence that it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from oee.compute.rules import COUNTERS, machine_rules
from oee.config.model import PlantConfig
from oee.interpret import FOREVER_US, UNITS_PER_COUNT, Checkpoint, Facts, MachineRules, MachineSamples, interpret
from oee.kernels.intervals import Int64s
from oee.kernels.states import Piece, Series, merge
from oee.model import RULES_VERSION, Category, Cell
from oee.store.database import Database, Session, fetch, fetch_one, run
from oee.store.facts import (
    FactsState,
    StoredFacts,
    checkpoint_before,
    facts_state,
    read_facts,
    replace_facts,
    set_facts_state,
)
from oee.store.master import ALWAYS_US, Ids, Master
from oee.store.samples import GOOD_LIMIT, IMPORT_SOURCE
from oee.store.series import alive_stretches, first_sample_us, in_force, is_good_at, read_series, symbol_texts
from oee.store.times import FAR_US, from_us, to_us

TEXTS = ("state", "mode", "fault")
LATE = "late data"
DECIDED_US = 86_400_000_000


def interpret_dirty(database: Database, master: Master, now_us: int, limit: int = 1000) -> int:
    """Work off dirty marks, one machine a transaction; several workers share them (R18).

    Returns
    -------
    The number of machines interpreted.
    """
    ids = master.ids()
    skip: list[int] = []
    for done in range(limit):
        with database.transaction() as conn:
            claimed = fetch_one(conn, "facts/claim", skip=skip)
            if claimed is None:
                return done
            machine_id, dirty_us = claimed[0], to_us(claimed[1])
            skip.append(machine_id)
            ids = master.catch_up(conn, ids)
            names = {number: key for key, number in ids.machines.items()}
            _interpret(conn, master, ids, names[machine_id], dirty_us, now_us)
            run(conn, "facts/clear", machine_id=machine_id)
    return limit


def _interpret(conn: Session, master: Master, ids: Ids, name: tuple[str, str], dirty_us: int, now_us: int) -> None:
    machine_id = ids.machines[name]
    first_us = first_sample_us(conn, machine_id)
    if rules_at(master, name, now_us) is None or first_us is None:
        return
    before = facts_state(conn, machine_id)
    from_us_ = dirty_us if before and before.rules == RULES_VERSION else first_us
    start_us, checkpoint = _restart(conn, ids, name, from_us_, before, first_us)
    facts = _facts(conn, master, ids, name, start_us, checkpoint)
    old = read_facts(conn, machine_id, start_us, FAR_US)
    replace_facts(conn, machine_id, facts)
    set_facts_state(conn, machine_id, FactsState(first_us, facts.through_us, facts.hold_until_us, RULES_VERSION))
    touched = touched_range(old, facts)
    if touched is not None:
        span = {"from": from_us(touched[0]), "to": from_us(touched[1])}
        run(conn, "ledger/touch", line_id=ids.lines[name[0]], cause=LATE, **span)


def _facts(
    conn: Session, master: Master, ids: Ids, name: tuple[str, str], start_us: int, checkpoint: Checkpoint | None
) -> Facts:
    """Interpret from a checkpoint to the end, each stretch by the configuration in force (S-54)."""
    stretches = rules_timeline(master, name, start_us)
    parts: list[Facts] = []
    for (since_us, rules), (until_us, _) in pairwise([*stretches, (FAR_US, stretches[-1][1])]):
        start = max(since_us, start_us)
        samples = load(conn, ids, name, rules, start, checkpoint, FAR_US)
        cuts = (until_us,) if start < until_us < samples.through_us else ()
        facts = interpret(rules, samples, checkpoint, start, cuts)
        if not cuts:
            return _joined([*parts, facts])
        parts.append(_until(facts, until_us))
        checkpoint = facts.handovers[0]
    return _joined(parts)


def rules_timeline(master: Master, name: tuple[str, str], start_us: int) -> list[tuple[int, MachineRules]]:
    """Rules of a machine from an instant on: (since, rules), neighbours that differ only.

    The first configuration that has the machine holds for all time before it, too.
    """
    found: list[tuple[int, MachineRules]] = []
    for config in master.configs():
        rules = _rules(config.plant, name)
        if rules is None or (found and found[-1][1] == rules):
            continue
        found.append((config.effective_us if found else ALWAYS_US, rules))
    later = [f for f in found if f[0] > start_us]
    return [*found[: len(found) - len(later)][-1:], *later]


def _until(facts: Facts, end_us: int) -> Facts:
    """Facts up to a handover; they were made with what came after in sight, as silences and counters need it."""
    return replace(
        facts,
        through_us=end_us,
        pieces=[replace(p, end_us=min(p.end_us, end_us)) for p in facts.pieces if p.start_us < end_us],
        cells=[c for c in facts.cells if c.start_us < end_us],
        decisions=[d for d in facts.decisions if d.at_us <= end_us],
        checkpoints=[c for c in facts.checkpoints if c.at_us <= end_us],
    )


def _joined(parts: list[Facts]) -> Facts:
    """Facts of consecutive stretches as one."""
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[-1],
        start_us=parts[0].start_us,
        pieces=merge([p for part in parts for p in part.pieces]),
        cells=[c for part in parts for c in part.cells],
        decisions=list(dict.fromkeys(d for part in parts for d in part.decisions)),
        checkpoints=[c for part in parts for c in part.checkpoints],
    )


def rules_at(master: Master, name: tuple[str, str], us: int) -> MachineRules | None:
    """Rules of a machine by the configuration in force; None where it is no longer part of the plant."""
    plant = master.config_with(*name, us)
    return _rules(plant, name) if plant else None


def _rules(plant: PlantConfig, name: tuple[str, str]) -> MachineRules | None:
    line = plant.lines.get(name[0])
    machine = line.machines.get(name[1]) if line else None
    return machine_rules(plant, machine) if machine else None


def _restart(
    conn: Session, ids: Ids, name: tuple[str, str], dirty_us: int, before: FactsState | None, first_us: int
) -> tuple[int, Checkpoint | None]:
    """The newest checkpoint before everything that data from ``dirty_us`` on can change."""
    machine_id = ids.machines[name]
    at_us, told_us = dirty_us, before.through_us if before else FAR_US
    counters = [tag for (*of, signal), tag in ids.tags.items() if tuple(of) == name and signal in COUNTERS]
    for tag, ts in fetch(conn, "samples/before", tags=counters, at=from_us(dirty_us)):
        if ts is not None and _spreads_back(conn, tag, to_us(ts), dirty_us, told_us):
            at_us = min(at_us, to_us(ts))
    life = fetch_one(conn, "samples/last_alive", machine_id=machine_id, at=from_us(dirty_us))
    if life and life[0] is not None:
        at_us = min(at_us, to_us(life[0]))
    checkpoint = checkpoint_before(conn, machine_id, at_us)
    return (checkpoint.at_us, checkpoint) if checkpoint else (first_us, None)


def _spreads_back(conn: Session, tag: int, before_us: int, dirty_us: int, told_us: int) -> bool:
    """Whether a rise at or after ``dirty_us`` is, or was, spread back over the time before it (S-7).

    It is if the counter moves at once. It may have been if a later move was told already (up to ``told_us``): the
    values between may be the late ones. A value that stood still until a move not told yet has nothing to spread.
    """
    series = read_series(conn, [tag], before_us, FAR_US).get(tag)
    if series is None:
        return False
    ts, values = _good(*series)
    k = int(np.searchsorted(ts, dirty_us))
    if k == 0 or k == len(ts):
        return k < len(ts)
    if np.any(values[:k] != values[k - 1]):
        return True
    moves = np.flatnonzero(values[k:] != values[k - 1])
    return bool(len(moves)) and (moves[0] == 0 or int(ts[k + moves[0]]) <= told_us)


def _good(
    ts: Int64s, values: np.ndarray, quality: np.ndarray, after_us: int = -FOREVER_US
) -> tuple[Int64s, np.ndarray]:
    """Samples that may be used (S-28)."""
    keep = (quality >= 0) & (quality < GOOD_LIMIT) & np.isfinite(values) & (ts > after_us)
    return ts[keep], values[keep]


def load(
    conn: Session,
    ids: Ids,
    name: tuple[str, str],
    rules: MachineRules,
    start_us: int,
    checkpoint: Checkpoint | None,
    end_us: int,
) -> MachineSamples:
    """All that the interpretation of a machine needs over ``[start, end)``.

    It ends a microsecond after the last word, so that a state said at the very end is part of what is told.
    """
    tags = {signal: tag for (*of, signal), tag in ids.tags.items() if tuple(of) == name}
    texts = {s: tags[s] for s in TEXTS if s in tags}
    held = in_force(conn, list(texts.values()), start_us)
    if "state" in texts and not is_good_at(conn, texts["state"], start_us):
        held.pop(texts["state"], None)  # a handover amid Bad values: the Good one before them is past
    series = read_series(conn, list(texts.values()), start_us + 1, end_us)
    counters = _counters(conn, tags, start_us, checkpoint, end_us)
    sources = alive_stretches(conn, ids.machines[name], _since(start_us, checkpoint))
    counters = {n: _closed(*counters[n], n, rules, sources, checkpoint) for n in counters}
    words = symbol_texts(conn, _symbols_in(held, series))
    index = {number: i for i, number in enumerate(words)}
    state, mode, fault = (_series(texts.get(s), held, series, index, start_us) for s in TEXTS)
    ends = [int(ts[-1]) for ts, _ in counters.values() if len(ts)]
    ends += [int(s.ts_us[-1]) for s in (state, mode, fault) if len(s.ts_us)]
    ends += [min(b, end_us) for stretches in sources.values() for _, b in stretches]
    others = {n: c.source for n, c in rules.counters.items() if c.source not in (None, rules.state_source)}
    return MachineSamples(
        tuple(words.values()),
        state,
        mode,
        fault,
        counters,
        _alive(sources, rules.state_source, start_us, end_us),
        min(max(ends, default=start_us - 1) + 1, end_us),
        {n: _alive(sources, source, start_us, end_us) for n, source in others.items()},
    )


def _symbols_in(
    held: dict[int, tuple[int, float]], series: dict[int, tuple[Int64s, np.ndarray, np.ndarray]]
) -> set[int]:
    numbers = {int(v) for _, v in held.values()}
    for _, values, _ in series.values():
        numbers |= {int(v) for v in np.unique(values[np.isfinite(values)]).tolist()}
    return numbers


def _alive(
    sources: dict[str, list[tuple[int, int]]], source: str | None, start_us: int, end_us: int
) -> tuple[Int64s, Int64s]:
    """Life of one source and of imports, clipped; without a source, of all."""
    wanted = sources if source is None else {s: sources[s] for s in (source, IMPORT_SOURCE) if s in sources}
    return _clip([stretch for stretches in wanted.values() for stretch in stretches], start_us, end_us)


def _since(start_us: int, checkpoint: Checkpoint | None) -> int:
    """From where on life matters: the counters' last breakpoints may lie before the start."""
    return min([start_us, *(c.carry.ts_us for c in checkpoint.counters.values())] if checkpoint else [start_us])


def _closed(
    ts: Int64s,
    values: np.ndarray,
    name: str,
    rules: MachineRules,
    sources: dict[str, list[tuple[int, int]]],
    checkpoint: Checkpoint | None,
) -> tuple[Int64s, np.ndarray]:
    """Close a counter's value where its source's life breaks off: seen alive up to there, it had not changed (S-7).

    A collector that restarts can't know how long the last value stood, so no sample says it.
    """
    rule = rules.counters.get(name)
    if rule is None or rule.source is None or rule.delta:
        return ts, values
    known, shown = ts, values
    carry = checkpoint.counters.get(name) if checkpoint else None
    if carry is not None:
        known = np.concatenate((np.array([carry.carry.ts_us], np.int64), ts))
        shown = np.concatenate((np.array([carry.carry.value / UNITS_PER_COUNT]), values))
    ends = np.array([b for _, b in sources.get(rule.source, [])], np.int64)
    at = np.searchsorted(known, ends, side="right")
    inside = (at > 0) & (at < len(known))
    ends, at = ends[inside], at[inside]
    fresh = known[at - 1] < ends
    ends, held = ends[fresh], shown[at[fresh] - 1]
    order = np.argsort(np.concatenate((ts, ends)), kind="stable")
    return np.concatenate((ts, ends))[order], np.concatenate((values, held))[order]


def _counters(
    conn: Session, tags: dict[str, int], start_us: int, checkpoint: Checkpoint | None, end_us: int
) -> dict[str, tuple[Int64s, np.ndarray]]:
    """Good counter samples after each counter's carry."""
    numbers = {tags[s]: s for s in COUNTERS if s in tags}
    carried = {s: c.carry.ts_us for s, c in checkpoint.counters.items()} if checkpoint else {}
    since = min([*carried.values(), start_us])
    found = {}
    for tag, (ts, values, quality) in read_series(conn, list(numbers), since, end_us).items():
        found[numbers[tag]] = _good(ts, values, quality, carried.get(numbers[tag], -FOREVER_US))
    return found


def _series(
    tag: int | None,
    held: dict[int, tuple[int, float]],
    series: dict[int, tuple[Int64s, np.ndarray, np.ndarray]],
    index: dict[int, int],
    start_us: int,
) -> Series:
    """A text signal from the start on, the value in force there as its first sample."""
    empty = np.empty(0, np.int64)
    ts, values, quality = series.get(tag or 0, (empty, np.empty(0), np.empty(0, np.int32)))
    good = (quality >= 0) & (quality < GOOD_LIMIT) & np.isfinite(values)
    symbols = np.array([index[int(v)] if g else -1 for v, g in zip(values, good, strict=True)], np.int64)
    if tag in held:
        ts = np.concatenate((np.array([start_us], np.int64), ts))
        symbols = np.concatenate((np.array([index[int(held[tag][1])]], np.int64), symbols))
        good = np.concatenate((np.ones(1, np.bool_), good))
    return Series(ts, symbols, good)


def _clip(stretches: Sequence[tuple[int, int]], start_us: int, end_us: int) -> tuple[Int64s, Int64s]:
    inside = [(max(a, start_us), min(b, end_us)) for a, b in stretches if a < end_us and b >= start_us]
    starts, ends = np.array(inside, np.int64).reshape(-1, 2).T
    return starts, ends


def touched_range(old: StoredFacts, new: Facts) -> tuple[int, int] | None:
    """The stretch in which facts differ, widened to the standstills that it reaches into; None if nothing does.

    A standstill that has lasted more than a day is no small stop, whatever comes: going on, it touches no shift before.
    """
    before = [replace(p, start_us=max(p.start_us, new.start_us)) for p in old.pieces]
    changed = _difference(before, new.pieces)
    changed += _difference(old.cells, new.cells)
    moments = [d.at_us for d in set(old.decisions) ^ set(new.decisions)]
    if not changed and not moments:
        return None
    start, end = min([a for a, _ in changed] + moments), max([b for _, b in changed] + [m + 1 for m in moments])
    stop_start = _stop_start(new.pieces, start)
    return (start if start - stop_start > DECIDED_US else stop_start), _stop_end(new.pieces, end)


def _difference(old: Sequence[Piece | Cell], new: Sequence[Piece | Cell]) -> list[tuple[int, int]]:
    """Spans of what only one side has; a last piece that merely grew differs only where it is new."""
    changed = [(p.start_us, p.end_us) for p in set(old) ^ set(new)]
    if old and new and changed:
        grown = _grown(old[-1], new)
        if grown is not None:
            changed = [c for c in changed if c[0] != grown[0]] + [grown[1]]
    return changed


def _grown(last: Piece | Cell, new: Sequence[Piece | Cell]) -> tuple[int, tuple[int, int]] | None:
    """If the last old piece goes on in the new ones: its start, and the stretch that was added to it."""
    if not isinstance(last, Piece):
        return None
    follow = next((p for p in new if isinstance(p, Piece) and p.start_us == last.start_us), None)
    if follow is None or not follow.same_claim(last) or follow.end_us <= last.end_us:
        return None
    return last.start_us, (last.end_us, follow.end_us)


def _stop_start(pieces: Sequence[Piece], at_us: int) -> int:
    for p in reversed(pieces):
        if p.start_us > at_us:
            continue
        if p.category is Category.RUN:
            break
        at_us = min(at_us, p.start_us)
    return at_us


def _stop_end(pieces: Sequence[Piece], at_us: int) -> int:
    for p in pieces:
        if p.end_us < at_us:
            continue
        if p.category is Category.RUN and p.start_us >= at_us:
            break
        at_us = max(at_us, p.end_us)
        if p.category is Category.RUN:
            break
    return at_us
