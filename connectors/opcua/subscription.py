"""OPC UA: one subscription with our own list of items, alive as long as the server publishes.

The library's subscription class would start a task for every notification, drop what its queue can't hold and lose
its items at a reconnection; of the library only the bare services are used, and a subscription in doubt is discarded
with its session (R25).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from asyncua import ua

from connectors import status
from connectors.base import Batch, Clock, ConnectorError, Reading
from connectors.opcua.address import NodeAddress
from connectors.opcua.session import Session, node_id, value_of
from connectors.opcua.values import microseconds, reading_of

KEEP_ALIVE_S = 2.0
"""A server with nothing to tell says so this often, or once an interval if that is longer."""
LIFETIME_KEEP_ALIVES = 10
"""So many keep-alives long a server keeps a subscription that nobody asks about."""
MAX_NOTIFICATIONS = 10_000
"""In one publication; the server sends more of them if it has to."""
MAX_WAITING = 1_000
"""Publications that wait to be taken; beyond them the connection is given up rather than one dropped."""
RETRY_S = 5.0
"""So often a server is asked again for nodes that it did not know, or refused."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the server publishes, and how often it looks at a value between [s]."""

    interval_s: float
    sampling_s: float

    @property
    def queue_size(self) -> int:
        """Values that the server keeps of a tag between publications: some report every change, not only samples."""
        return max(100, 2 * ceil(self.interval_s / self.sampling_s))


class _Published(NamedTuple):
    result: ua.PublishResult
    receive_us: int


class Subscription:
    """One subscription, not yet made; used once.

    Parameters
    ----------
    session
        An open session.
    tags
        Keys and addresses; an item's client handle is its place here.
    pace
        What the server is asked for; it may revise it.
    clock
        Gives receive times [µs UTC].
    """

    def __init__(self, session: Session, tags: Sequence[tuple[str, NodeAddress]], pace: Pace, clock: Clock) -> None:
        self._session = session
        self._tags = tags
        self._pace = pace
        self._clock = clock
        self._waiting: asyncio.Queue[_Published] = asyncio.Queue(MAX_WAITING)
        self._has_overflowed = False
        self._id = 0
        self._keep_alive_s = 0.0
        self._publishing_s = 0.0
        self._sampling_s = 0.0
        self._missing: Sequence[int] = range(len(tags))
        self._sequence: int | None = None

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Yield what the server publishes, until it is silent or says that it is over (`ConnectorError`)."""
        with self._session.explaining():
            await self._create()
            # From here on changes are reported: whatever is older comes as an item's first value.
            through_us = heard_us = self._clock()
            refused = await self._monitor()
        loop = asyncio.get_running_loop()
        retry_s = loop.time() + RETRY_S
        yield Batch(tuple(refused), through_us, self._clock())
        while True:
            result, receive_us = await self._next(heard_us)
            heard_us = receive_us
            if not result.MoreNotifications:
                # A value waits for the server's next look, then for its next publication.
                under_way_us = round((self._sampling_s + self._publishing_s) * 1e6)
                through_us = max(through_us, receive_us - under_way_us)
            yield Batch(tuple(self._readings(result, receive_us)), through_us, receive_us)
            if self._missing and loop.time() >= retry_s:
                with self._session.explaining():
                    refused = await self._monitor()
                retry_s = loop.time() + RETRY_S
                yield Batch(tuple(refused), through_us, self._clock())

    async def _create(self) -> None:
        keep_alives = ceil(KEEP_ALIVE_S / self._pace.interval_s)
        made = await self._session.services.create_subscription(
            ua.CreateSubscriptionParameters(
                RequestedPublishingInterval=1_000 * self._pace.interval_s,
                RequestedLifetimeCount=LIFETIME_KEEP_ALIVES * keep_alives,
                RequestedMaxKeepAliveCount=keep_alives,
                MaxNotificationsPerPublish=MAX_NOTIFICATIONS,
            ),
            self._take,
        )
        self._id = made.SubscriptionId
        self._publishing_s = made.RevisedPublishingInterval / 1_000
        self._keep_alive_s = self._publishing_s * max(1, made.RevisedMaxKeepAliveCount)

    def _take(self, result: ua.PublishResult) -> None:
        """Keep what the server published; called by the library."""
        try:
            self._waiting.put_nowait(_Published(result, self._clock()))
        except asyncio.QueueFull:
            self._has_overflowed = True

    async def _next(self, heard_us: int) -> _Published:
        """Return the next publication. `heard_us` is when the last one came."""
        if self._has_overflowed:
            raise ConnectorError(f"{self._session.endpoint} publishes faster than it can be taken")
        limit_s = 2 * self._keep_alive_s
        try:
            async with asyncio.timeout(limit_s):
                published = await self._waiting.get()
        except TimeoutError:
            raise self._silent(limit_s) from None
        if published.receive_us - heard_us > limit_s * 1e6:  # this computer slept meanwhile
            raise self._silent(limit_s)
        return published

    def _silent(self, limit_s: float) -> ConnectorError:
        return ConnectorError(f"{self._session.endpoint} has published nothing for {limit_s:g} s")

    async def _monitor(self) -> list[Reading]:
        """Ask for all items that are missing; return Bad readings of those that the server refuses."""
        most = await self._session.limit("monitor")
        index_of = await self._session.namespaces()
        nodes = {handle: node_id(self._tags[handle][1], index_of) for handle in self._missing}
        refused = {handle: status.BAD_NODE_ID_UNKNOWN for handle, node in nodes.items() if node is None}
        known = [(handle, node) for handle, node in nodes.items() if node is not None]
        for at in range(0, len(known), most):
            refused |= await self._add(dict(known[at : at + most]))
        self._missing = sorted(refused)
        now_us = self._clock()
        return [Reading(self._tags[handle][0], None, refused[handle], None, None, now_us) for handle in self._missing]

    async def _add(self, nodes: Mapping[int, ua.NodeId]) -> dict[int, int]:
        """Create items; return the StatusCodes of those that were refused."""
        wanted = [self._item(handle, node) for handle, node in nodes.items()]
        results = await self._session.services.create_monitored_items(
            ua.CreateMonitoredItemsParameters(self._id, ua.TimestampsToReturn.Both, wanted)
        )
        if len(results) != len(wanted):
            raise ConnectorError(f"{self._session.endpoint} answered {len(results)} of {len(wanted)} items")
        made = [result for result in results if not status.is_bad(result.StatusCode.value)]
        self._sampling_s = max([self._sampling_s, *(result.RevisedSamplingInterval / 1_000 for result in made)])
        answers = zip(nodes, results, strict=True)
        return {handle: r.StatusCode.value for handle, r in answers if status.is_bad(r.StatusCode.value)}

    def _item(self, handle: int, node: ua.NodeId) -> ua.MonitoredItemCreateRequest:
        return ua.MonitoredItemCreateRequest(
            value_of(node),
            ua.MonitoringMode.Reporting,
            ua.MonitoringParameters(
                ClientHandle=handle,
                SamplingInterval=1_000 * self._pace.sampling_s,
                QueueSize=self._pace.queue_size,
                DiscardOldest=True,
            ),
        )

    def _readings(self, result: ua.PublishResult, receive_us: int) -> Iterator[Reading]:
        message = result.NotificationMessage
        server_us = microseconds(message.PublishTime)
        for part in message.NotificationData:
            if isinstance(part, ua.StatusChangeNotification):
                raise ConnectorError(f"{self._session.endpoint} {_end(part.Status.value)}")
        if message.NotificationData:
            self._check_sequence(message.SequenceNumber)
        for part in message.NotificationData:
            for item in part.MonitoredItems:
                yield reading_of(self._tags[item.ClientHandle][0], item.Value, server_us, receive_us)

    def _check_sequence(self, number: int) -> None:
        """Raise where a message is missing: its values can't be had any more, and the gap must show."""
        if self._sequence is not None and number != self._sequence % 0xFFFF_FFFF + 1:
            raise ConnectorError(
                f"{self._session.endpoint} sent message {number} after {self._sequence}; some are lost"
            )
        self._sequence = number


def _end(code: int) -> str:
    """Say what a change of the subscription's status means; the library makes one where the connection is lost."""
    is_lost = code == ua.StatusCodes.BadShutdown
    return "closed the connection" if is_lost else f"ended the subscription ({status.describe(code)})"
