"""How long a KPI read takes over HTTP, as an asker on this machine sees it."""

from __future__ import annotations

import statistics
import time
from datetime import datetime, timedelta

import httpx

from oee.store.database import Database

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


YEAR_DAYS = 364
_INSTANCES = """
INSERT INTO shift_instance (line_id, production_date, name, start_ts, end_ts, planned, cancelled, breaks)
SELECT i.line_id, i.production_date - n, i.name, i.start_ts - n * interval '1 day', i.end_ts - n * interval '1 day',
  i.planned, i.cancelled, i.breaks
FROM shift_instance i JOIN line l USING (line_id) CROSS JOIN generate_series(2, %(days)s) n
WHERE l.id = %(line)s AND NOT i.retired
  AND i.production_date = (SELECT max(production_date) FROM shift_instance JOIN result USING (instance_id)) - 1
ON CONFLICT (line_id, production_date, name) DO NOTHING"""
_RESULTS = """
INSERT INTO result (instance_id, machine_id, revision, computed_at, fingerprint, definition, cause, document)
SELECT i.instance_id, 0, 1, r.computed_at, r.fingerprint, r.definition, r.cause,
  jsonb_set(r.document, '{instance,1}', to_jsonb(i.production_date::text))
FROM shift_instance i JOIN line l USING (line_id) CROSS JOIN LATERAL (
  SELECT r.* FROM result r JOIN shift_instance j USING (instance_id)
  WHERE j.line_id = i.line_id AND j.name = i.name AND r.machine_id = 0 ORDER BY j.start_ts DESC LIMIT 1) r
WHERE l.id = %(line)s AND NOT EXISTS (SELECT 1 FROM result WHERE instance_id = i.instance_id) AND i.end_ts < now()"""
_FIRST_DATA = """
UPDATE machine_facts SET first_ts = first_ts - %(days)s * interval '1 day'
WHERE machine_id IN (SELECT machine_id FROM machine JOIN line USING (line_id) WHERE line.id = %(line)s)"""


def lengthen(db: Database, line: str) -> None:
    """Put a year before the history of a line: its newest whole day again and again, documents and all."""
    with db.transaction() as conn:
        for statement in (_INSTANCES, _RESULTS, _FIRST_DATA):
            conn.execute(statement.encode(), {"line": line, "days": YEAR_DAYS})


def run_year(base_url: str, line: str, end: datetime, *, reads_count: int) -> list[tuple[str, float, str]]:
    """Read a year's weeks and months of a line (see `lengthen`)."""
    window = {"from": (end - timedelta(days=YEAR_DAYS)).isoformat(), "to": end.isoformat()}
    rows = []
    with httpx.Client(base_url=base_url) as client:
        for group in ("week", "month"):
            parameters = {"line": line, "group_by": group, **window}
            times_ms = [_read_ms(client, parameters) for _ in range(reads_count)]
            rows.append((f"KPI read of a year by {group}, p50", statistics.median(times_ms), "ms"))
    return rows


def _read_ms(client: httpx.Client, parameters: dict[str, str]) -> float:
    started = time.perf_counter()
    client.get("/api/v1/kpis", params=parameters).raise_for_status()
    return (time.perf_counter() - started) * 1000.0
