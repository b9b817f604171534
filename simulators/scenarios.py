"""The scenarios by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simulators.bench import BENCH
from simulators.demo import demo_scenario
from simulators.spec import Scenario

SCENARIOS: Final[dict[str, Callable[[int], Scenario]]] = {"demo": demo_scenario, "bench": lambda _: BENCH}
"""Each makes the plant that begins at an instant [µs UTC]."""
