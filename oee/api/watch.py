"""One watcher per process asks what changed, once a second and only while somebody listens, and tells all listeners."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from oee.errors import OeeError
from oee.live_source import MOST_PUBLISHED, ChangeSource, LineMark, Published
from oee.model import US_PER_S

_log = structlog.get_logger()
PERIOD_S = 1.0
MARGIN_US = 60 * US_PER_S
"""How far behind its own time a change may be committed: such a stretch is asked for again each time."""
QUEUE_LENGTH = 60
"""Batches that a slow listener may be behind; then its stream ends, and it comes back with the last id it saw."""


@dataclass(frozen=True, slots=True)
class Event:
    """A signal: its kind, its line (None: it is for all), and what it tells beside the line."""

    kind: str
    line: str | None
    more: tuple[tuple[str, str | int], ...] = ()

    def text(self, id_: int) -> str:
        """Write it for a stream."""
        whose = {} if self.line is None else {"line": self.line}
        data = json.dumps({**whose, **dict(self.more)}, ensure_ascii=False)
        return f"id: {id_}\nevent: {self.kind}\ndata: {data}\n\n"


RESET = Event("reset", None, (("read", "/api/v1/revisions"),))
"""Too much was published to tell it one by one."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Signals found together, under one id: the instant at which they were found [µs UTC]."""

    id: int
    events: tuple[Event, ...]

    def text(self, line: str | None) -> str:
        """Write the signals of one line, or of all."""
        return "".join(e.text(self.id) for e in self.events if None in (line, e.line) or line == e.line)


def moved(before: Mapping[str, LineMark], now: Mapping[str, LineMark]) -> Iterator[Event]:
    """Compare marks: what lines are in another state, and whose live figures were computed anew."""
    for line, mark in now.items():
        known = before.get(line)
        claims = set(known.claims) if known else set()
        for machine, *_ in (c for c in mark.claims if c not in claims):
            yield Event("state", line, (("machine", machine),))
        if mark.live_us > (known.live_us if known else 0):
            yield Event("shift", line)


def announced(published: Sequence[Published], fresh: Iterable[Published]) -> Iterator[Event]:
    """Say which shifts have a new revision or status; where the list was cut, that everything may have one."""
    cut = len(published) >= MOST_PUBLISHED
    if cut and any(True for _ in fresh):
        yield RESET
    for p in () if cut else fresh:
        more = (
            ("production_date", p.production_date),
            ("shift", p.shift),
            ("revision", p.revision),
            ("status", p.status),
        )
        yield Event("revision", p.line, more)


def missed(source: ChangeSource, last_id: int, now_us: int) -> Batch:
    """Tell what may have changed since an id; what is doubtful is told once more, what is too much as a `RESET`."""
    since_us, marks = last_id - MARGIN_US, source.marks()
    then = {
        line: LineMark(line, tuple(c for c in mark.claims if c[1] <= since_us), min(mark.live_us, last_id))
        for line, mark in marks.items()
    }
    published = source.published(since_us)
    return Batch(now_us, (*moved(then, marks), *announced(published, published)))


class Listener:
    """One open stream; ``None`` in its queue ends it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Batch | None] = asyncio.Queue()

    def tell(self, batch: Batch) -> None:
        """Hand a batch over; who does not take them any more is let go."""
        if self.queue.qsize() < QUEUE_LENGTH:
            self.queue.put_nowait(batch)
        else:
            self.end()

    def end(self) -> None:
        """End the stream, whatever waits in it."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Watcher:
    """Asks the source in a thread while there are listeners.

    Parameters
    ----------
    now_us : the clock that ids are made of [µs UTC].
    """

    def __init__(self, source: ChangeSource, now_us: Callable[[], int], period_s: float = PERIOD_S) -> None:
        self.source, self.now_us = source, now_us
        self._period_s = period_s
        self._listeners: set[Listener] = set()
        self._watching: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def listener_count(self) -> int:
        """How many streams are open."""
        return len(self._listeners)

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """Listen while the context lasts; the first one starts the watch, after the last it ends."""
        listener = Listener()
        self._listeners.add(listener)
        if self._closed:
            listener.end()
        elif self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End all streams, for good: the server stops."""
        self._closed = True
        for listener in self._listeners:
            listener.end()

    async def _watch(self) -> None:
        """Ask and tell; whatever fails for good ends the streams, so that browsers come back."""
        marks: Mapping[str, LineMark] | None = None
        told = dict[Published, None]()
        try:
            while self._listeners and not self._closed:
                try:
                    marks = await self._look(marks, told)
                except OeeError as error:
                    _log.debug("what changed can't be asked now", reason=str(error))
                await asyncio.sleep(self._period_s)
        finally:
            for listener in self._listeners:
                listener.end()

    async def _look(self, before: Mapping[str, LineMark] | None, told: dict[Published, None]) -> Mapping[str, LineMark]:
        """Compare once with the time before; at first there is nothing to compare with."""
        now_us = self.now_us()
        marks, published = await asyncio.to_thread(self._ask, now_us - MARGIN_US)
        fresh = [p for p in published if p not in told]
        told.clear()
        told.update(dict.fromkeys(published))
        if before is not None:
            events = (*moved(before, marks), *announced(published, fresh))
            for listener in self._listeners if events else ():
                listener.tell(Batch(now_us, events))
        return marks

    def _ask(self, after_us: int) -> tuple[Mapping[str, LineMark], list[Published]]:
        return self.source.marks(), list(self.source.published(after_us))
