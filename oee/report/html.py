"""HTML of the report, and the one place where templates learn how figures are written."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined

from oee.report import figures as f
from oee.report.view import ReportView


def environment(*loaders: BaseLoader) -> Environment:
    """Make a template environment: everything is escaped, a name that does not exist is an error.

    Parameters
    ----------
    loaders : where to look for templates before the report's own.
    """
    env = Environment(
        loader=ChoiceLoader([*loaders, PackageLoader("oee.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "pieces": f.pieces,
        "tenths": f.tenths,
        "minutes": f.minutes,
        "signed": f.signed,
        "hhmm": f.hhmm,
        "hhmmss": f.hhmmss,
        "pct": percent_text,
    }
    env.globals |= {"NBSP": f.NBSP, "DASH": f.DASH}
    return env


def percent_text(value: float) -> str:
    """Write a length [%] for an SVG attribute, without trailing zeros."""
    return f"{value:.3f}".rstrip("0").rstrip(".") + "%"


def report_html(report: ReportView, zone: ZoneInfo, *, css: str = "", hrefs: Sequence[str] = ()) -> str:
    """Build the report as a page of its own.

    Parameters
    ----------
    css : style written into the page, for a file that needs nothing beside it.
    hrefs : addresses of stylesheets instead, where the page is served and a security policy forbids style inside.
    """
    template = environment().get_template("report_file.html")
    return template.render(report=report, zone=zone, css=css, hrefs=hrefs)
