"""Structured logs on standard error: for people by default, JSON with ``OEE_LOG=json``."""

from __future__ import annotations

import logging
import os
import sys
from typing import TextIO, cast

import structlog


def set_up_logs() -> None:
    """Send all logs of the service and, from warnings on, of its libraries to standard error.

    Libraries log whole results at INFO, which costs more than the work they do (collection.md): WARNING is pinned.
    """
    as_json = os.environ.get("OEE_LOG", "console") == "json"
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", sys.stderr)),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    # A round that takes longer than its interval is no news: the ledger keeps what is due.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    # It reports each attempt while the database is away; the service says once that it is, and once that it is back.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
