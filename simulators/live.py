"""A plant in real time: the model advanced to the clock whenever somebody looks at it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import numpy as np

from simulators.model import Plant, Reading
from simulators.truth import TruthWriter

WRITE_INTERVAL_S = 0.2


def wall_clock_us() -> int:
    """Return the present [µs UTC]."""
    return time.time_ns() // 1000


class LivePlant:
    """The devices' common view of a plant.

    What it shows is a function of the plant's scenario, seed and start and of the time alone. A clock that steps back
    shows the present of before until it has caught up.
    """

    def __init__(self, plant: Plant, clock_us: Callable[[], int] = wall_clock_us) -> None:
        self.plant = plant
        self._clock_us = clock_us

    def now_us(self) -> int:
        """Advance the plant to the clock and return its present [µs UTC]."""
        self.plant.advance(self._clock_us())
        return self.plant.now_us

    def read(self, machine: str) -> tuple[int, Reading | None]:
        """Return the present [µs UTC] and what the machine's signals show at it; None while its sensors are dead."""
        now_us = self.now_us()
        is_dead = self.plant.logs[machine].is_dead(np.array([now_us], dtype=np.int64))[0]
        return now_us, None if is_dead else self.plant.read(machine, now_us)


@asynccontextmanager
async def recording(live: LivePlant, truth: TruthWriter) -> AsyncIterator[None]:
    """Write the truth every `WRITE_INTERVAL_S` while the context is open, and its rest at the end."""
    task = asyncio.create_task(_record(live, truth))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        live.now_us()
        truth.write()


async def _record(live: LivePlant, truth: TruthWriter) -> None:
    while True:
        live.now_us()
        truth.write()
        await asyncio.sleep(WRITE_INTERVAL_S)
