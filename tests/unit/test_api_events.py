"""The stream of signals: what is told to whom, what is told again after a break, and how it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from oee.api import events
from oee.api.serve import address_of, listen, serve
from oee.api.watch import QUEUE_LENGTH, RESET, Batch, Event, Listener, Watcher, missed, moved
from oee.live_source import MOST_PUBLISHED, LineMark, Published
from tests.api_fixture import MemoryAccounts, app
from tests.live_fixture import MemoryChanges

NOW_US = 1_800_000_000_000_000
FINAL = Published(NOW_US - 1, "line-1", "2026-03-02", "early", 2, "final")


def test_moved_tells_each_machine_in_another_state_and_each_line_computed_anew() -> None:
    changes = MemoryChanges()
    changes.state("a", "filler", 1, 6)
    changes.state("a", "capper", 1, 6)
    changes.live("b", 5)
    before = changes.marks()
    assert list(moved(before, changes.marks())) == []
    changes.state("a", "capper", 9, 3)
    changes.live("b", 7)
    assert list(moved(before, changes.marks())) == [Event("state", "a", (("machine", "capper"),)), Event("shift", "b")]


def test_after_a_break_nothing_is_left_out() -> None:
    changes = MemoryChanges()
    changes.state("line-1", "filler", NOW_US - 10**9, 6)
    changes.live("line-1", NOW_US - 1)
    changes.revisions = [FINAL]
    kinds = [e.kind for e in missed(changes, NOW_US - 2, NOW_US).events]
    assert kinds == ["shift", "revision"]
    assert [e.kind for e in missed(changes, NOW_US - 2 * 10**9, NOW_US).events] == ["state", "shift", "revision"]
    assert missed(changes, NOW_US + 10**9, NOW_US).events == ()


def many(count: int) -> list[Published]:
    return [Published(NOW_US - count + n, "line-1", "2026-03-02", "early", n + 1, "provisional") for n in range(count)]


def test_more_than_is_told_one_by_one_is_told_as_a_reset_to_all() -> None:
    changes = MemoryChanges()
    changes.revisions = many(MOST_PUBLISHED - 1)
    assert len(missed(changes, NOW_US - 5000, NOW_US).events) == MOST_PUBLISHED - 1
    changes.revisions = many(MOST_PUBLISHED + 1)
    batch = missed(changes, NOW_US - 5000, NOW_US)
    assert batch.events == (RESET,)
    for line in (None, "line-1", "line-2"):
        assert batch.text(line) == f'id: {NOW_US}\nevent: reset\ndata: {{"read": "/api/v1/revisions"}}\n\n'


async def test_a_reset_is_told_once_per_look_that_brings_news_and_then_silence() -> None:
    changes = MemoryChanges()
    watcher = Watcher(changes, lambda: NOW_US, period_s=0.02)
    with watcher.listening() as listener:
        await asyncio.sleep(0.1)
        changes.revisions = many(3 * MOST_PUBLISHED)
        assert (await asyncio.wait_for(listener.queue.get(), 2)).events == (RESET,)
        await asyncio.sleep(0.1)
        assert listener.queue.empty()
        changes.revisions.append(FINAL)
        assert (await asyncio.wait_for(listener.queue.get(), 2)).events == (RESET,)


def test_a_listener_that_takes_nothing_is_let_go() -> None:
    listener = Listener()
    for n in range(QUEUE_LENGTH + 1):
        listener.tell(Batch(n, ()))
    assert (listener.queue.qsize(), listener.queue.get_nowait()) == (1, None)


async def test_many_listeners_share_one_watch_that_rests_without_them() -> None:
    changes = MemoryChanges()
    watcher = Watcher(changes, lambda: NOW_US, period_s=0.02)
    with watcher.listening() as one, watcher.listening() as other:
        await asyncio.sleep(0.1)
        changes.live("a", 1)
        batches = await asyncio.wait_for(asyncio.gather(one.queue.get(), other.queue.get()), 2)
        assert batches[0] == batches[1] == Batch(NOW_US, (Event("shift", "a"),))
        changes.away = True
        await asyncio.sleep(0.1)
        changes.live("a", 2)
        changes.away = False
        assert await asyncio.wait_for(one.queue.get(), 2) == batches[0]
        assert watcher.listener_count == 2
    await asyncio.sleep(0.1)
    asked = changes.asked
    await asyncio.sleep(0.1)
    assert changes.asked == asked


@pytest.mark.parametrize(("text", "id_"), [("17", 17), ("", None), ("-1", None), ("x", None), ("9" * 40, None)])
def test_an_id_that_is_none_of_ours_is_none(text: str, id_: int | None) -> None:
    assert events.last_id(text) == id_


@asynccontextmanager
async def running(accounts: MemoryAccounts | None = None) -> AsyncIterator[tuple[str, MemoryChanges, asyncio.Event]]:
    """The application on a port, its changes, and what stops it."""
    accounts = accounts or MemoryAccounts()
    application = app(accounts=accounts)
    changes = application.state.watcher.source
    application.state.watcher._period_s = 0.05
    listener, stop, started = listen("127.0.0.1", 0, accounts), asyncio.Event(), asyncio.Event()
    address = address_of(listener)
    serving = asyncio.create_task(serve(application, listener, stop, started.set))
    await asyncio.wait_for(started.wait(), 10)
    yield f"{address}/api/v1/events", changes, stop
    stop.set()
    await asyncio.wait_for(serving, 3)


async def told(lines: AsyncIterator[str], count: int) -> list[tuple[str, dict[str, object]]]:
    """The next events of a stream: their kind and data."""
    found, kind = list[tuple[str, dict[str, object]]](), ""
    async for line in lines:
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        if line.startswith("data: "):
            found.append((kind, json.loads(line.removeprefix("data: "))))
        if len(found) == count:
            break
    return found


async def test_a_stream_tells_its_line_and_what_was_missed_and_ends_with_the_server() -> None:
    async with running() as (url, changes, stop), httpx.AsyncClient(timeout=5) as client:
        changes.revisions = [FINAL]
        changes.live("line-1", 1)
        headers = {"Last-Event-ID": str(NOW_US - 2)}
        async with client.stream("GET", url, params={"line": "line-1"}, headers=headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            lines = answer.aiter_lines()
            ((kind, data),) = await told(lines, 1)
            assert (kind, data["revision"], data["status"]) == ("revision", 2, "final")
            await asyncio.sleep(0.3)
            changes.live("other", 2)
            changes.live("line-1", 2)
            changes.state("line-1", "filler", NOW_US, 3)
            assert await told(lines, 2) == [
                ("state", {"line": "line-1", "machine": "filler"}),
                ("shift", {"line": "line-1"}),
            ]
            metrics = await client.get(url.replace("/api/v1/events", "/metrics"))
            assert "oee_event_streams 1.0" in metrics.text
            stop.set()
            assert [line async for line in lines if line] == []


async def test_silence_is_filled_and_a_stream_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEEP_ALIVE_S", 0.1)
    monkeypatch.setattr(events, "STREAM_S", 0.35)
    async with running() as (url, _, _), httpx.AsyncClient(timeout=5) as client:
        lines = [line for line in (await client.get(url)).text.splitlines() if line]
    assert lines[0] == "retry: 2000"
    assert set(lines[1:]) == {": still here"}
    assert len(lines) >= 3


async def test_access_is_that_of_other_reads() -> None:
    accounts = MemoryAccounts()
    accounts.add("anna", "viewer")
    async with running(accounts) as (url, _, _), httpx.AsyncClient(timeout=5) as client:
        assert (await client.get(url)).status_code == 401
    async with running() as (url, _, _), httpx.AsyncClient(timeout=5) as client:
        assert (await client.get(url, params={"line": "nope"})).status_code == 404
        assert (await client.get(url, params={"lime": "line-1"})).status_code == 422


def test_a_mark_of_a_line_is_what_it_is_compared_by() -> None:
    mark = LineMark("a", (("m", 1, 6, "6", None),), 0)
    assert [e.kind for e in moved({"a": mark}, {"a": LineMark("a", (("m", 1, 6, "6", "JAM"),), 0)})] == ["state"]
