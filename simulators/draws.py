"""Randomness of one machine: its own streams, so that no machine's luck depends on another's."""

from __future__ import annotations

import math
import random
import zlib

import numpy as np

BLOCK_PARTS = 4096


class Draws:
    """Two seeded streams: one for the parts, drawn in blocks for speed, one for everything else."""

    def __init__(self, seed: int, name: str) -> None:
        self._parts = np.random.default_rng([seed, zlib.crc32(name.encode())])
        self._events = random.Random(f"{seed}/{name}")  # noqa: S311 - a simulation, not a secret

    def cycle_factors(self, slow_ratio: float) -> list[float]:
        """Return a block of real over ideal cycle times, at least 1, with mean ``1 + slow_ratio``."""
        factors: list[float] = (1.0 + slow_ratio * self._parts.standard_exponential(BLOCK_PARTS)).tolist()
        return factors

    def luck(self) -> list[float]:
        """Return a block of numbers in [0, 1): a part is a reject if its number is below the reject ratio."""
        numbers: list[float] = self._parts.random(BLOCK_PARTS).tolist()
        return numbers

    def until_next_us(self, mean_s: float) -> int:
        """Return an exponentially distributed time [µs] with this mean [s]."""
        return int(self._events.expovariate(1.0 / mean_s) * 1e6)

    def between_us(self, shortest_s: float, longest_s: float) -> int:
        """Return a log-uniform duration [µs] between two bounds [s]."""
        low, high = math.log(shortest_s), math.log(longest_s)
        return int(math.exp(self._events.uniform(low, high)) * 1e6)
