"""From vectors to cases, one module per kind: each only turns inputs into what a plant would configure and send."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from golden_case import Example

from adapters import counters, edges, policies, products, timelines, totals

ADAPTERS: dict[str, Callable[[Mapping[str, Any]], Example]] = {
    "totals": totals.example,
    "reliability": totals.example,
    "timeline": timelines.example,
    "timeline_windows": timelines.example,
    "timeline_states": timelines.example,
    "counter": counters.example,
    "multi_product": products.example,
    "rollup": products.example,
    "policy": policies.example,
    "edge_derived": edges.example,
}


def example(vector: Mapping[str, Any]) -> Example:
    """The cases of a vector, and how to read their answers."""
    by_time = vector["id"] in totals.SPECIAL
    adapt = totals.example if by_time else ADAPTERS[vector["kind"]]
    return adapt(vector)
