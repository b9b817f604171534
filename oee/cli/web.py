"""The web application over one database: API, pages and reports from one source of results."""

from __future__ import annotations

import json

from fastapi import FastAPI

from oee.api.app import create_app
from oee.api.reports import ReportFormat
from oee.compute.health import Health
from oee.compute.queries import Results
from oee.model import ShiftResult
from oee.report.json import report_json
from oee.store.accounts import Accounts
from oee.store.database import Database


def web_app(database: Database) -> FastAPI:
    """Compose the application."""
    source = Results(database)

    def as_json(result: ShiftResult) -> str:
        found = source.revisions(result.line, result.instance.production_date, result.instance.name)
        return json.dumps(report_json(result, found, source.plant()), ensure_ascii=False)

    return create_app(
        source,
        Accounts(database),
        health=Health(database),
        reports={"json": ReportFormat("application/json", as_json)},
        render_login=lambda _next, error: error or "log in",
    )


def standalone_report(source: Results, result: ShiftResult) -> str:
    """The HTML report as one file."""
    return f"{source.plant().plant.name} {result.id}"
