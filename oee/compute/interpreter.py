"""The shell of the interpretation: finds dirty machines, rewinds to a checkpoint, replaces their facts (S-42, S-52).

A machine is interpreted again from the newest checkpoint before everything that the new data can change: the new
instant itself, the counter samples before it that it is interpolated from, and the silence that it ends.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from oee.compute.entered import joined_span, stop_entries
from oee.compute.loading import load, usable_values
from oee.compute.rules import COUNTERS, machine_rules
from oee.compute.touched import NOTHING, held_difference, touched_range
from oee.config.model import PlantConfig
from oee.interpret import Checkpoint, Facts, MachineRules, interpret
from oee.kernels.states import merge
from oee.model import RULES_VERSION
from oee.store import facts as store
from oee.store.checkpoints import checkpoint_after, checkpoint_before
from oee.store.database import Database, Session, fetch, fetch_one, run
from oee.store.facts import (
    FactsState,
    StoredFacts,
    facts_state,
    read_claims,
    read_facts,
    replace_facts,
    run_before_us,
    set_facts_state,
)
from oee.store.master import ALWAYS_US, Ids, Master
from oee.store.results import touch
from oee.store.series import first_sample_us, read_series
from oee.store.times import FAR_US, from_us, to_us

LATE = "late data"
OUTDATED = "rules changed"


def mark_outdated(database: Database) -> None:
    """Have machines whose facts were made by another version of the rules told anew, once at the start of a process."""
    store.mark_outdated(database, RULES_VERSION)


def interpret_dirty(database: Database, master: Master, now_us: int, limit: int = 1000) -> int:
    """Work off dirty marks, one machine a transaction; several workers share them (R18).

    What a machine is marked for is taken in a transaction of its own, so that data never waits for an interpretation
    (R3), and what comes meanwhile is of the next round.

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
            skip.append(claimed[0])
            ids = master.catch_up(conn, ids)
            _work_off(database, conn, master, ids, claimed[0], now_us)
    return limit


def _work_off(database: Database, conn: Session, master: Master, ids: Ids, machine_id: int, now_us: int) -> None:
    """Interpret one machine that this transaction holds, by its mark as it stands now that it is held."""
    with database.transaction() as aside:
        mark = fetch_one(aside, "facts/take", machine_id=machine_id)
    if mark is None:
        return  # another worker was done with it in the moment before it was held
    from_ts, cause, author = mark
    name = next(key for key, number in ids.machines.items() if number == machine_id)
    _interpret(conn, master, ids, name, to_us(from_ts), now_us, (cause or LATE, author))
    run(conn, "facts/clear", machine_id=machine_id)


def _interpret(
    conn: Session,
    master: Master,
    ids: Ids,
    name: tuple[str, str],
    dirty_us: int,
    now_us: int,
    asked: tuple[str, str | None],
) -> None:
    """Tell a machine's facts anew; what changes is due by the cause and author that ``asked``."""
    touched, outdated = tell_anew(conn, master, ids, name, dirty_us, now_us)
    if touched is not None:
        touch(conn, ids.lines[name[0]], *touched, *((OUTDATED, None) if outdated else asked))


def tell_anew(
    conn: Session, master: Master, ids: Ids, name: tuple[str, str], dirty_us: int, now_us: int
) -> tuple[tuple[int, int] | None, bool]:
    """Replace a machine's facts from before an instant on; the caller holds the machine.

    Facts whose samples are gone stay as they are (S-55): the earliest restart is the first checkpoint of the samples
    that are kept.

    Returns
    -------
    The stretch in which the facts differ, None if they do not; whether other rules made them.
    """
    machine_id = ids.machines[name]
    first_us = first_sample_us(conn, machine_id)
    rules = rules_at(master, name, now_us)
    if rules is None or first_us is None:
        return None, False
    before = facts_state(conn, machine_id)
    outdated = before is not None and before.rules != RULES_VERSION
    from_us_ = dirty_us if before and not outdated else first_us
    at_us = _restart(conn, ids, name, rules, from_us_, before)
    facts = _from_checkpoint(conn, master, ids, name, at_us, first_us, before)
    if facts is None:
        return None, False
    start_us = facts.start_us
    old = read_facts(conn, machine_id, start_us, FAR_US)
    standstill = _standstill(conn, machine_id, first_us, start_us)
    replace_facts(conn, machine_id, facts)
    set_facts_state(conn, machine_id, FactsState(first_us, facts.through_us, facts.hold_until_us, RULES_VERSION))
    held = held_difference(before, old, facts, now_us)
    touched = (start_us, FAR_US) if outdated else touched_range(old, facts, held, standstill)
    if touched is not None:
        touched = joined_span(stop_entries(conn, machine_id, *touched), touched)
        touched = touched[0], min(touched[1] + _startup_us(master, name), FAR_US)
    return touched, outdated


def _startup_us(master: Master, name: tuple[str, str]) -> int:
    """For how long at most a planned stop tells what rejects behind it are."""
    line, machine = name
    plants = (c.plant for c in master.configs() if line in c.plant.lines)
    return max(
        (p.lines[line].machines[machine].startup_us for p in plants if machine in p.lines[line].machines), default=0
    )


def _from_checkpoint(
    conn: Session,
    master: Master,
    ids: Ids,
    name: tuple[str, str],
    at_us: int,
    first_us: int,
    before: FactsState | None,
) -> Facts | None:
    """Interpret from the newest checkpoint up to an instant; from further back where what is heard reaches there.

    Never from before the samples that are kept (S-55); None where none of them can be taken up.
    """
    while True:
        checkpoint = checkpoint_before(conn, ids.machines[name], at_us)
        start_us, is_first = (checkpoint.at_us, False) if checkpoint else (first_us, True)
        if before is not None and before.first_us < before.kept_us and (is_first or start_us < before.kept_us):
            start_us, checkpoint = _restart_kept(conn, ids.machines[name], before)
            is_first = True
        if start_us == FAR_US:
            return None
        facts = _facts(conn, master, ids, name, start_us, checkpoint)
        if facts.reaches_back_us is None or is_first:
            return facts
        at_us = facts.reaches_back_us


def _standstill(conn: Session, machine_id: int, first_us: int, start_us: int) -> StoredFacts:
    """Facts of the standstill that a run starts in, from its beginning up to the run's."""
    ran_us = run_before_us(conn, machine_id, start_us)
    since_us = first_us if ran_us is None else ran_us
    if since_us >= start_us:
        return NOTHING
    found = read_claims(conn, machine_id, since_us, start_us)
    pieces = [replace(p, end_us=min(p.end_us, start_us)) for p in found.pieces]
    return replace(found, pieces=[p for p in pieces if p.start_us < p.end_us])


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
        runs=[r for r in facts.runs if r.start_us < end_us],
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
        runs=[r for part in parts for r in part.runs],
        reaches_back_us=parts[0].reaches_back_us,
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
    conn: Session, ids: Ids, name: tuple[str, str], rules: MachineRules, dirty_us: int, before: FactsState | None
) -> int:
    """An instant before everything that data from ``dirty_us`` on can change."""
    machine_id = ids.machines[name]
    at_us, told_us = dirty_us, before.through_us if before else FAR_US
    counters = [tag for (*of, signal), tag in ids.tags.items() if tuple(of) == name and signal in COUNTERS]
    for tag, ts in fetch(conn, "samples/before", tags=counters, at=from_us(dirty_us)):
        if ts is not None and _spreads_back(conn, tag, to_us(ts), dirty_us, told_us):
            at_us = min(at_us, to_us(ts))
    life = fetch_one(conn, "samples/last_alive", machine_id=machine_id, at=from_us(dirty_us))
    if life and life[0] is not None:
        at_us = min(at_us, to_us(life[0]))
    return at_us - rules.longest_stand_us


def _restart_kept(conn: Session, machine_id: int, before: FactsState) -> tuple[int, Checkpoint | None]:
    """The first checkpoint from which all samples are kept (S-55).

    Without one the machine has not run since: what is told goes on after the facts there are, with the first sample
    then; the far future if there is none.
    """
    checkpoint = checkpoint_after(conn, machine_id, before.kept_us)
    if checkpoint is not None:
        return checkpoint.at_us, checkpoint
    after = from_us(max(before.kept_us, before.through_us))
    row = fetch_one(conn, "samples/first_after", machine_id=machine_id, after=after)
    return (to_us(row[0]) if row and row[0] is not None else FAR_US), None


def _spreads_back(conn: Session, tag: int, before_us: int, dirty_us: int, told_us: int) -> bool:
    """Whether a rise at or after ``dirty_us`` is, or was, spread back over the time before it (S-7).

    It is if the counter moves at once. It may have been if a later move was told already (up to ``told_us``): the
    values between may be the late ones. A value that stood still until a move not told yet has nothing to spread.
    """
    series = read_series(conn, [tag], before_us, FAR_US).get(tag)
    if series is None:
        return False
    ts, values = usable_values(*series)
    k = int(np.searchsorted(ts, dirty_us))
    if k == 0 or k == len(ts):
        return k < len(ts)
    if np.any(values[:k] != values[k - 1]):
        return True
    moves = np.flatnonzero(values[k:] != values[k - 1])
    return bool(len(moves)) and (moves[0] == 0 or int(ts[k + moves[0]]) <= told_us)
