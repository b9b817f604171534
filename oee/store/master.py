"""Master data: the numbers that stand for lines, machines and tags, and the effective-dated configuration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from time import monotonic

import structlog
from psycopg import Connection

from oee.config.layers import ALWAYS_US, Applied, Word, layered
from oee.config.model import PlantConfig
from oee.config.plant import load_applied, load_plant_text
from oee.errors import ConfigError, NotFoundError
from oee.store.database import Database, Row, fetch, fetch_one, run
from oee.store.entries import Entry, Kind, entries_of
from oee.store.times import from_us, to_us

_log = structlog.get_logger()
__all__ = ["ALWAYS_US", "ConfigRevision", "Ids", "Master"]
KINDS: tuple[Kind, ...] = ("exception", "targets", "product")
"""Entries that are laid over the applied files (see `oee.config.layers`)."""
CACHE_S = 0.5
"""How long a configuration is taken as the newest without asking again: one round asks hundreds of times."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Numbers of what the plant file names; only what was applied or imported is here."""

    lines: dict[str, int]
    machines: dict[tuple[str, str], int]
    tags: dict[tuple[str, str, str], int]

    def line(self, line: str) -> int:
        """Number of a line.

        Raises
        ------
        NotFoundError
            No such line was ever applied.
        """
        if line not in self.lines:
            known = ", ".join(self.lines) or "none: apply a plant file first"
            raise NotFoundError(f"there is no line {line!r}; lines here: {known}")
        return self.lines[line]

    def machine(self, line: str, machine: str) -> int:
        """Number of a machine; raises `NotFoundError` for one that was never applied."""
        if (line, machine) not in self.machines:
            known = ", ".join(m for of, m in self.machines if of == line)
            raise NotFoundError(f"line {line!r} has no machine {machine!r}; it has: {known}")
        return self.machines[line, machine]


@dataclass(frozen=True, slots=True)
class ConfigRevision:
    """A configuration, from when it is in force [µs UTC]."""

    config_id: int
    effective_us: int
    plant: PlantConfig


@lru_cache(maxsize=64)
def _applied(config_id: int, source: str) -> PlantConfig | None:
    """A configuration as it was applied once; None, and an error told once, where it can't be read any more."""
    try:
        plant, faults = load_applied(source, f"applied plant file {config_id}")
    except ConfigError as error:
        _log.error(
            "an applied plant file can't be read by this version and is left out; apply a corrected one, with"
            " --effective since when it is to be in force",
            revision=config_id,
            reason=str(error),
        )
        return None
    if faults:
        _log.warning(
            "this version would refuse an applied plant file; it stays in force, mend it with the next `oee apply`",
            revision=config_id,
            reason="\n".join(faults),
        )
    return plant


def word_of(entry: Entry) -> Word:
    """An entry of master data as it is laid over the applied files."""
    said = entry.said
    since_us = ALWAYS_US if entry.from_us is None else entry.from_us
    body = json.dumps(said["body"])
    kind = entry.kind
    assert kind in ("exception", "targets", "product")
    return Word(entry.number or 0, said["after"], kind, said["name"], body, since_us, said.get("date", ""))


class Master:
    """Reads and writes master data; the configuration is cached until another one is applied or written over it."""

    def __init__(self, database: Database, conn: Connection[Row] | None = None) -> None:
        self._rows: Callable[[str], list[Row]] = database.rows if conn is None else partial(fetch, conn)
        self._database, self._conn = database, conn
        self._newest = (-1, -1)
        self._configs: tuple[ConfigRevision, ...] = ()
        self._files: tuple[Applied, ...] = ()
        self._words: tuple[Word, ...] = ()
        self._looked_s = -CACHE_S

    def within(self, conn: Connection[Row]) -> Master:
        """Master data as one transaction sees them now, with what it has written itself; they are read once."""
        seen = Master(self._database, conn)
        seen.configs()
        return seen

    def ids(self) -> Ids:
        """All numbers, fresh."""
        found = Ids({}, {}, {})
        for line, machine, signal, line_id, machine_id, tag_id in self._rows("master/tags"):
            found.lines[line] = line_id
            found.machines[line, machine] = machine_id
            if signal is not None:
                found.tags[line, machine, signal] = tag_id
        return found

    def configs(self) -> tuple[ConfigRevision, ...]:
        """All configurations that can be read, in the order in which they take force; empty before the first apply.

        What was written by API lies over the applied files; the same tuple as long as nothing was applied or written.
        """
        if self._configs and (self._conn is not None or monotonic() - self._looked_s < CACHE_S):
            return self._configs
        applied, written = self._rows("master/config_newest")[0]
        if (applied, written) != self._newest:
            self._read()
            self._newest = (int(applied), int(written))
        self._looked_s = monotonic() if self._configs else -CACHE_S
        return self._configs

    def _read(self) -> None:
        self._files = tuple(
            Applied(n, ALWAYS_US if always else to_us(at), source, plant)
            for n, always, at, source, _ in self._rows("master/configs")
            if (plant := _applied(n, source)) is not None
        )
        self._words = tuple(word_of(e) for e in self._entries())
        self._configs = tuple(ConfigRevision(*c) for c in layered(self._files, self._words))

    def _entries(self) -> list[Entry]:
        if self._conn is not None:
            return entries_of(self._conn, KINDS)
        with self._database.transaction() as conn:
            return entries_of(conn, KINDS)

    def look_again(self) -> None:
        """Ask the database the next time, however short ago it was asked: this process has written."""
        self._looked_s = -CACHE_S

    def layers(self) -> tuple[tuple[Applied, ...], tuple[Word, ...]]:
        """The applied files that can be read, and what was written over them."""
        self.configs()
        return self._files, self._words

    def newest_applied(self) -> int:
        """Number of the configuration that was applied last; 0 before the first."""
        self.configs()
        return self._newest[0]

    def catch_up(self, conn: Connection[Row], ids: Ids) -> Ids:
        """Know every configuration that this transaction sees, however short a time ago it was applied or written.

        Work that a new configuration has made due must not be done by the one before it.

        Returns
        -------
        Numbers of all that the configurations name: ``ids``, where these are all.
        """
        if self._conn is None and fetch(conn, "master/config_newest")[0] != self._newest:
            self._looked_s = -CACHE_S
        lines = [line for config in self.configs() for line in config.plant.lines.values()]
        known = all((line.id, machine) in ids.machines for line in lines for machine in line.machines)
        return ids if known else self.ids()

    def config_at(self, us: int) -> ConfigRevision:
        """The configuration in force at an instant.

        Raises
        ------
        NotFoundError
            Nothing was applied yet.
        """
        configs = self.configs()
        if not configs:
            unread = "no applied plant file can be read by this version: run `oee apply` with a corrected one"
            none = "no plant file has been applied yet: run `oee apply PLANT.yaml`"
            raise NotFoundError(none if self._newest[0] < 1 else unread)
        return next((c for c in reversed(configs) if c.effective_us <= us), configs[0])

    def config_with(self, line: str, machine: str | None, us: int) -> PlantConfig | None:
        """The plant by which a line or machine is judged at an instant.

        Before it was added, that is the configuration that first has it; after it was removed, the last one that had
        it; None if none ever did.
        """
        having = [
            c
            for c in self.configs()
            if line in c.plant.lines and (machine is None or machine in c.plant.lines[line].machines)
        ]
        in_force = [c for c in having if c.effective_us <= us]
        found = in_force[-1] if in_force else next(iter(having), None)
        return found.plant if found else None

    def apply(self, source: str, effective: datetime | None, now_us: int) -> list[str]:
        """Bring a checked plant file into the database (S-54): the first is valid always, later ones from then on.

        Returns
        -------
        What changed, a sentence each; empty if the newest configuration is the same.
        """
        self._looked_s = -CACHE_S
        with self._database.transaction() as conn:
            run(conn, "master/lock")
            changes, since = self.apply_in(conn, source, effective, now_us)
            if since is not None and since != "-infinity":
                run(conn, "master/dirty_all", **{"from": since})
                run(conn, "ledger/touch_all", **{"from": since})
        return changes

    def apply_in(
        self, conn: Connection[Row], source: str, effective: datetime | None, now_us: int
    ) -> tuple[list[str], str | None]:
        """Write a plant file in the caller's transaction, and nothing that follows from it.

        Returns
        -------
        What changed, and from when on as the database writes it; None where the newest configuration is the same.
        """
        plant = load_plant_text(source, "applied plant file")
        digest = hashlib.sha256(source.encode()).hexdigest()
        before = fetch(conn, "master/configs")
        if before and max(before)[4] == digest and effective is None:
            return [], None
        changes = self._add_structure(conn, plant)
        since = (effective or from_us(now_us)).isoformat() if before else "-infinity"
        fetch_one(conn, "master/add_config", effective_from=since, sha256=digest, source=source)
        valid = "from the beginning" if not before else f"from {since}"
        return [*changes, f"configuration of plant {plant.plant.id!r} is valid {valid}"], since

    @staticmethod
    def _add_structure(conn: Connection[Row], plant: PlantConfig) -> list[str]:
        changes = []
        for line in plant.lines.values():
            if run(conn, "master/add_line", id=line.id):
                changes.append(f"line {line.id!r} is new")
            for machine in line.machines.values():
                if run(conn, "master/add_machine", line=line.id, machine=machine.id):
                    changes.append(f"machine {line.id}/{machine.id} is new")
                for signal in machine.signals:
                    run(conn, "master/add_tag", line=line.id, machine=machine.id, signal=signal)
        return changes
