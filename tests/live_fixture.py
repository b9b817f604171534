"""Changes and data health in memory: what events and the data-health pages are asked in tests, without a database."""

from __future__ import annotations

from oee.errors import DatabaseUnavailable, NotFoundError
from oee.live_source import (
    MOST_PUBLISHED,
    Gap,
    LineHealth,
    LineMark,
    MachineHealth,
    Published,
    SignalHealth,
    SourceHealth,
    UnmappedState,
)
from oee.model import CounterDecision

MIN_US = 60_000_000


class MemoryChanges:
    """A `ChangeSource` that says what the test wants."""

    def __init__(self) -> None:
        self.lines: dict[str, LineMark] = {}
        self.revisions: list[Published] = []
        self.away = False
        self.asked = 0

    def state(self, line: str, machine: str, since_us: int, category: int) -> None:
        mark = self.lines.get(line, LineMark(line, (), 0))
        others = tuple(c for c in mark.claims if c[0] != machine)
        self.lines[line] = LineMark(line, (*others, (machine, since_us, category, None, None)), mark.live_us)

    def live(self, line: str, at_us: int) -> None:
        mark = self.lines.get(line, LineMark(line, (), 0))
        self.lines[line] = LineMark(line, mark.claims, at_us)

    def marks(self) -> dict[str, LineMark]:
        self.asked += 1
        if self.away:
            raise DatabaseUnavailable("the database is away")
        return dict(self.lines)

    def published(self, after_us: int) -> list[Published]:
        return [p for p in self.revisions if p.at_us > after_us][-MOST_PUBLISHED:]


class MemoryHealth:
    """A `DataHealthSource` of lines with one machine each; ``ailing`` lines have every fault there is."""

    def __init__(self, *names: str, ailing: frozenset[str] = frozenset(), now_us: int = 60 * MIN_US) -> None:
        self._machine, self._lines = names[-1], names[:-1]
        self._ailing, self._now_us = ailing, now_us

    def line_health(self, line: str) -> LineHealth:
        if line not in self._lines:
            raise NotFoundError(f"there is no line {line!r}")
        ails, now = line in self._ailing, self._now_us
        machine = MachineHealth(
            machine=self._machine,
            name=self._machine.title(),
            sources=(SourceHealth("plc1", "opcua", "silent" if ails else "up", now - 7 * MIN_US * ails, now),),
            signals=(
                SignalHealth("state", "plc1", "ns=2;s=State", "6", now - 9 * MIN_US, True, ("availability", "oee")),
                SignalHealth("good", "plc1", "ns=2;s=Good", None, now - MIN_US, not ails, ("performance", "oee")),
            ),
            gaps=(Gap("plc1", now - 7 * MIN_US, None, "connection refused"),) if ails else (),
            decisions=(CounterDecision(now - 5 * MIN_US, "good", "reset", "40 parts", "A drop."),) if ails else (),
            unmapped=(UnmappedState("99", 3 * MIN_US, now - MIN_US),) if ails else (),
        )
        return LineHealth(line, now - 60 * MIN_US, now, (machine,))

    def plant_health(self) -> list[LineHealth]:
        return [self.line_health(line) for line in self._lines]

    def gaps(self, line: str, from_us: int, to_us: int) -> dict[str, tuple[Gap, ...]]:
        found = {m.machine: m.gaps for m in self.line_health(line).machines}
        return {m: tuple(g for g in gaps if g.from_us < to_us) for m, gaps in found.items()}
