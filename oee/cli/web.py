"""The web application over one database: API, pages and reports from one source of results."""

from __future__ import annotations

import json

from fastapi import FastAPI

from oee.api.app import create_app
from oee.api.bookings import booking_router
from oee.api.corrections import correction_router
from oee.api.master_data import master_data_router
from oee.api.orders import order_router
from oee.api.reports import ReportFormat
from oee.compute.booking_desk import BookingDesk
from oee.compute.changes import Changes
from oee.compute.corrections import Corrections
from oee.compute.data_health import DataHealth
from oee.compute.evidence import Evidences
from oee.compute.health import Health
from oee.compute.master_data import MasterData
from oee.compute.orders import OrderDesk
from oee.compute.queries import Results
from oee.errors import OeeError
from oee.live_source import DataHealthSource
from oee.model import ShiftResult
from oee.report.html import report_html
from oee.report.json import report_json
from oee.report.view import ReportView, report_view, zone_of
from oee.source import RevisionInfo
from oee.store.accounts import Accounts
from oee.store.database import Database
from oee.web.assets import STATIC, style_urls, stylesheet
from oee.web.content import gap_words, same_before, shift_gaps
from oee.web.render import login_page
from oee.web.routes import pages


def web_app(database: Database) -> FastAPI:
    """Compose the application."""
    source, data_health = Results(database), DataHealth(database)
    _plant_name(source)  # the plant is read now, and set apart with all else that stays (`spare_long_lived`)

    def login(next_path: str, error: str | None) -> str:
        return login_page(_plant_name(source), next_path, error)

    return create_app(
        source,
        Accounts(database),
        health=Health(database),
        data_health=data_health,
        changes=Changes(database),
        evidence=Evidences(database),
        reports={
            "json": ReportFormat("application/json", lambda result: json_report(source, data_health, result)),
            "html": ReportFormat("text/html", lambda result: linked_report(source, data_health, result)),
        },
        render_login=login,
        writing=[
            correction_router(source, Corrections(database)),
            master_data_router(MasterData(database)),
            order_router(source, OrderDesk(database)),
            booking_router(source, BookingDesk(database)),
        ],
        pages=[pages(lambda _request: source, data_health)],
        static={"/static": STATIC},
    )


def _plant_name(source: Results) -> str:
    """Name for the log-in page, which must work before a plant was applied or while the database is away."""
    try:
        return source.plant().plant.name
    except OeeError:
        return "OEE"


def json_report(source: Results, health: DataHealthSource, result: ShiftResult) -> str:
    """The report as JSON text."""
    gaps = shift_gaps(health, result)
    report = report_json(result, _revisions(source, result), source.plant(), gaps)
    return json.dumps(report, indent=2, ensure_ascii=False)


def linked_report(source: Results, health: DataHealthSource, result: ShiftResult) -> str:
    """The report as a page that takes its style from this service."""
    return report_html(_view(source, health, result), zone_of(source.plant()), hrefs=style_urls())


def standalone_report(source: Results, health: DataHealthSource, result: ShiftResult) -> str:
    """The report as one file that needs nothing beside it."""
    return report_html(_view(source, health, result), zone_of(source.plant()), css=stylesheet())


def _view(source: Results, health: DataHealthSource, result: ShiftResult) -> ReportView:
    words = gap_words(source, health, result)
    return report_view(result, source.plant(), _revisions(source, result), same_before(source, result), words)


def _revisions(source: Results, result: ShiftResult) -> list[RevisionInfo]:
    return source.revisions(result.line, result.instance.production_date, result.instance.name)
