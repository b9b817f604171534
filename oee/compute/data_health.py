"""Data health of lines, from samples, liveness and facts (see `oee.live_source.DataHealthSource`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from oee.compute.service import COLLECTOR_TIMEOUT_US, clock_us
from oee.config.model import LineConfig, MachineConfig, PlantConfig, SignalConfig
from oee.errors import NotFoundError
from oee.live_source import Gap, LineHealth, MachineHealth, SignalHealth, SourceHealth, UnmappedState
from oee.model import CounterDecision
from oee.store import health as stored
from oee.store.database import Database, Session
from oee.store.instances import running_instances
from oee.store.master import Ids, Master
from oee.store.samples import IMPORT_SOURCE

NO_INSTANCE_US = 8 * 3_600_000_000
"""What is looked at where no instance runs: the last eight hours."""
SILENT_US = 60_000_000
"""A source silent for longer is called so, where its machine names no greatest age of its own."""
NEEDED_FOR: Mapping[str, tuple[str, ...]] = {
    "state": ("availability", "performance", "oee"),
    "mode": ("availability", "oee"),
    "speed": ("availability", "oee"),
    "total": ("performance", "quality", "oee"),
    "good": ("performance", "quality", "oee"),
    "reject": ("quality", "oee"),
    "rework": ("first_pass_yield",),
    "fault": ("reasons",),
    "product": ("performance", "oee"),
    "order": ("orders",),
}
"""What is unknown or wrong without a signal."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store knows of some machines, by their numbers."""

    latest: Mapping[tuple[int, str], stored.Latest]
    alive: Mapping[int, Mapping[str, int]]
    reported: Mapping[str, int]
    gaps: Mapping[int, Sequence[Gap]]
    decisions: Mapping[int, Sequence[CounterDecision]]
    unmapped: Mapping[int, Sequence[UnmappedState]]


class DataHealth:
    """Data health over one database."""

    def __init__(self, database: Database, now_us: Callable[[], int] = clock_us) -> None:
        self._database, self._now_us = database, now_us
        self._master = Master(database)

    def line_health(self, line: str) -> LineHealth:
        """Data health of one line."""
        lines = self._plant().lines
        if line not in lines:
            raise NotFoundError(f"there is no line {line!r}; lines here: {', '.join(lines)}")
        return self._healths([line])[0]

    def plant_health(self) -> Sequence[LineHealth]:
        """Data health of all lines, in the order of the plant file."""
        return self._healths(list(self._plant().lines))

    def gaps(self, line: str, from_us: int, to_us: int) -> Mapping[str, Sequence[Gap]]:
        """Known gaps of each machine of a line that reach into ``[from_us, to_us)``."""
        ids = self._master.ids()
        ids.line(line)
        with self._database.snapshot() as conn:
            numbers = {machine: number for (of, machine), number in ids.machines.items() if of == line}
            found = stored.gaps_of(conn, list(numbers.values()), from_us, to_us)
        return {machine: tuple(found.get(number, ())) for machine, number in numbers.items()}

    def _plant(self) -> PlantConfig:
        return self._master.config_at(self._now_us()).plant

    def _healths(self, lines: Sequence[str]) -> list[LineHealth]:
        plant, ids, now = self._plant(), self._master.ids(), self._now_us()
        with self._database.snapshot() as conn:
            running = {s.instance.line: s.instance.start_us for s in running_instances(conn, now)}
            starts = {line: running.get(line, now - NO_INSTANCE_US) for line in lines}
            return [
                self._line(plant, ids, plant.lines[line], known, (start, now))
                for start in dict.fromkeys(starts.values())
                for known in [self._known(conn, ids, [n for n in lines if starts[n] == start], start, now)]
                for line in lines
                if starts[line] == start
            ]

    @staticmethod
    def _known(conn: Session, ids: Ids, lines: Sequence[str], start_us: int, end_us: int) -> _Known:
        """Ask for all machines of lines that are looked at over the same window."""
        wanted = set(lines)
        numbers = [number for (line, _), number in ids.machines.items() if line in wanted]
        return _Known(
            stored.latest(conn, numbers),
            stored.alive(conn, numbers),
            stored.reported(conn),
            stored.gaps_of(conn, numbers, start_us, end_us),
            stored.decisions(conn, numbers, start_us, end_us),
            stored.unmapped(conn, numbers, start_us, end_us),
        )

    @staticmethod
    def _line(plant: PlantConfig, ids: Ids, line: LineConfig, known: _Known, span_us: tuple[int, int]) -> LineHealth:
        machines = []
        for machine in line.machines.values():
            number = ids.machine(line.id, machine.id)
            health = MachineHealth(
                machine=machine.id,
                name=machine.name,
                sources=_sources(plant, machine, known, number, span_us[1]),
                signals=_signals(machine, known, number),
                gaps=tuple(known.gaps.get(number, ())),
                decisions=tuple(known.decisions.get(number, ())),
                unmapped=tuple(known.unmapped.get(number, ())),
            )
            machines.append(health)
        return LineHealth(line.id, *span_us, tuple(machines))


def _told(machine: MachineConfig) -> list[SignalConfig]:
    """Signals that come from somewhere: all but a derived state (S-21)."""
    return [s for s in machine.signals.values() if s.derive is None]


def _sources(
    plant: PlantConfig, machine: MachineConfig, known: _Known, number: int, now_us: int
) -> tuple[SourceHealth, ...]:
    named = dict.fromkeys(s.connector or IMPORT_SOURCE for s in _told(machine))
    limit_us = machine.max_age_us or SILENT_US
    found = []
    for source in named:
        alive_us = known.alive.get(number, {}).get(source)
        reported_us = known.reported.get(source)
        kind = plant.connectors[source].kind if source in plant.connectors else IMPORT_SOURCE
        status = _status(kind, alive_us, reported_us, now_us, limit_us)
        found.append(SourceHealth(source, kind, status, alive_us, reported_us))
    return tuple(found)


def _status(kind: str, alive_us: int | None, reported_us: int | None, now_us: int, limit_us: int) -> str:
    """A collector proves life every few seconds; one that has not reported for long says nothing of its machines."""
    if kind == IMPORT_SOURCE:
        return IMPORT_SOURCE
    if alive_us is None:
        return "never"
    told = reported_us is not None and now_us - reported_us <= COLLECTOR_TIMEOUT_US
    return "up" if told and now_us - alive_us <= max(limit_us, SILENT_US // 4) else "silent"


def _signals(machine: MachineConfig, known: _Known, number: int) -> tuple[SignalHealth, ...]:
    found = []
    for signal in _told(machine):
        last = known.latest.get((number, signal.name))
        found.append(
            SignalHealth(
                signal=signal.name,
                source=signal.connector or IMPORT_SOURCE,
                address=signal.address,
                value=last.value if last and last.good else None,
                changed_us=last.changed_us if last else None,
                good=last.good if last else False,
                needed_for=NEEDED_FOR.get(signal.name, ()),
            )
        )
    return tuple(found)
