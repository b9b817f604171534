"""What the service knows of its own health; a dead device is no reason to be unready."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from oee.compute.service import clock_us
from oee.errors import DatabaseUnavailable, MigrationError
from oee.model import US_PER_S
from oee.store.database import Database
from oee.store.migrate import status
from oee.store.times import to_us


class Health:
    """Readiness and gauges over one database."""

    def __init__(self, database: Database, now_us: Callable[[], int] = clock_us) -> None:
        self._database, self._now_us = database, now_us

    def not_ready(self) -> str | None:
        """Why requests can't be served now: database away or migrations missing; None if they can."""
        try:
            pending = status(self._database.conninfo).pending
        except (DatabaseUnavailable, MigrationError) as error:
            return str(error)
        return f"migrations are missing: {', '.join(pending)}; run `oee db upgrade`" if pending else None

    def data_age_s(self) -> Mapping[str, float | None]:
        """Per line, how old the newest proof of life is [s]."""
        now = self._now_us()
        return {
            line: None if at is None else (now - to_us(at)) / US_PER_S
            for line, at in self._database.rows("samples/data_age")
        }

    def ledger_backlog_count(self) -> int:
        """How many closed shifts wait to be computed."""
        return int(self._database.rows("ledger/backlog")[0][0])
