"""How long a KPI read takes over HTTP, as an asker on this machine sees it."""

from __future__ import annotations

import statistics
import time

import httpx

WARM_UP_COUNT = 20


def run(
    base_url: str, line: str, start: str, end: str, *, key: str | None = None, reads_count: int = 500
) -> list[tuple[str, float, str]]:
    """Read the KPIs of one line over ``[start, end)`` (RFC 3339), one after the other on one connection.

    Returns
    -------
    (what, figure, unit) of the median and the 99th percentile per grouping [ms].
    """
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    rows = []
    with httpx.Client(base_url=base_url, headers=headers) as client:
        for group in ("none", "shift", "day"):
            parameters = {"line": line, "from": start, "to": end, "group_by": group, "limit": "1000"}
            times_ms = [_read_ms(client, parameters) for _ in range(WARM_UP_COUNT + reads_count)][WARM_UP_COUNT:]
            percentiles = statistics.quantiles(times_ms, n=100)
            rows.append((f"KPI read by {group}, p50", percentiles[49], "ms"))
            rows.append((f"KPI read by {group}, p99", percentiles[98], "ms"))
    return rows


def _read_ms(client: httpx.Client, parameters: dict[str, str]) -> float:
    started = time.perf_counter()
    client.get("/api/v1/kpis", params=parameters).raise_for_status()
    return (time.perf_counter() - started) * 1000.0
