"""The scenarios by name."""

from __future__ import annotations

from typing import Final

from simulators.bench import BENCH
from simulators.demo import DEMO
from simulators.spec import Scenario

SCENARIOS: Final[dict[str, Scenario]] = {scenario.name: scenario for scenario in (DEMO, BENCH)}
