"""APScheduler as a hint over the ledger: it says when to look, the database says what is due (R19)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from oee.compute.service import ComputeService
from oee.errors import DatabaseUnavailable, OeeError

_log = structlog.get_logger()
TICK_S = 2.0
RETENTION_S = 3600.0


class Ticker:
    """Runs rounds one after the other; says once when the database goes away and when it is back."""

    def __init__(self, service: ComputeService, may_close: Callable[[], bool]) -> None:
        self._service, self._may_close = service, may_close
        self._away = False
        self._busy = threading.Lock()

    def tick(self) -> None:
        """One round; a database that is away is tried again by the next."""
        with self._busy:
            try:
                self._service.tick(close=self._may_close())
            except DatabaseUnavailable as error:
                self._note(away=True, reason=str(error))
            except OeeError as error:
                _log.error("computing failed", reason=str(error))
            else:
                self._note(away=False)

    def _note(self, *, away: bool, reason: str = "") -> None:
        if away and not self._away:
            _log.warning("computing waits for the database", reason=reason)
        if self._away and not away:
            self._service.be_patient()
            _log.info("the database is back, computing goes on")
        self._away = away


@contextmanager
def scheduled(service: ComputeService, may_close: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Compute in the background while the context lasts.

    Parameters
    ----------
    may_close : whether closed shifts may be published already; False while history is still filling in.
    """
    scheduler = BackgroundScheduler(
        timezone=UTC,
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    service.be_patient()
    ticker = Ticker(service, may_close)
    scheduler.add_job(ticker.tick, "interval", seconds=TICK_S, id="tick")
    scheduler.add_job(_retention(service), "interval", seconds=RETENTION_S, id="retention")
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)


def _retention(service: ComputeService) -> Callable[[], None]:
    def job() -> None:
        try:
            service.drop_old()
        except DatabaseUnavailable:
            _log.warning("retention waits for the database")

    return job
