"""Names and states that attack the page: text that people and machines gave is shown as text, on every page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from looking import at_width, texts
from main_job import module_database
from service_process import ServiceProcess
from works import do, import_rows

from oee.compute.service import ComputeService
from oee.store.database import Database

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver import Chrome

HOSTILE = {
    "script": "<script>window.attacked=1;alert(1)</script><img src=x onerror=window.attacked=1>",
    "quotes": """"'><svg onload=window.attacked=1>&lt;"' onmouseover="window.attacked=1" ]]>--></title>""",
    "template": "{{7*7}}${7*7}{% raw %}{#7#}<%= 7*7 %>",
    "rtl": "\u202eשלום מכונה\u202c مرحبا \u200fآلة",
    "long": "W" * 300,
    "words": "long name " * 29 + "long name.",
}
"""The display names of all that a line has: itself, its machines, product, unit, reasons, break."""
PLANT_NAME = " ".join(HOSTILE.values())
POOLED = ("script", "long")
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => window.violations.push(e.violatedDirective));
"""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHIFTS = ("early", "late", "night")


def plant_of(start: datetime) -> dict[str, Any]:
    """A line for each name, and a calendar for each line; the running shift began at ``start``."""
    clocks = [f"{(start.hour + 8 * n) % 24:02}:00" for n in (0, 1, 2, 0)]
    lunch = {"start": f"{(start.hour + 3) % 24:02}:00", "end": f"{(start.hour + 3) % 24:02}:20"}
    plant: dict[str, Any] = {
        "version": 1,
        "plant": {"id": "p", "name": PLANT_NAME, "timezone": "UTC", "day_start": clocks[0]},
        "calendars": {},
        "products": {key: {"name": name, "ideal_cycle_s": 5, "unit": name} for key, name in HOSTILE.items()},
        "lines": {key: _line(key, name) for key, name in HOSTILE.items()},
        "reasons": [reason for key, name in HOSTILE.items() for reason in _reasons(key, name)],
    }
    for key, name in HOSTILE.items():
        shifts = {s: {"start": clocks[n], "end": clocks[n + 1]} for n, s in enumerate(SHIFTS)}
        shifts["early"]["breaks"] = [lunch | {"name": name}]  # type: ignore[assignment]
        plant["calendars"][key] = {"shifts": shifts, "week": {day: list(SHIFTS) for day in DAYS}}
    return plant


def _line(key: str, name: str) -> dict[str, Any]:
    state = {"profile": "custom", "map": {"RUN": "run", name: "unplanned_stop", "SETUP": "planned_stop"}}
    faults = {"reasons": {"1": f"{key}-1", "2": f"{key}-2"}}
    signals = {"state": state, "fault": faults, "product": {}, "good": {}, "reject": {}}
    machine = {"name": name, "products": {key: {}}, "signals": signals}
    line = {"name": name, "calendar": key, "targets": {"oee": 0.8}}
    rollup = {"rollup": {"method": "pooled"}} if key in POOLED else {}
    return line | rollup | {"machines": dict.fromkeys(_machines(key), machine)}


def _machines(key: str) -> tuple[str, ...]:
    return (f"{key}-a", f"{key}-b") if key in POOLED else (f"{key}-a",)


def _reasons(key: str, name: str) -> list[dict[str, Any]]:
    child = {"code": f"{key}-1", "name": name}
    return [
        {"code": key, "name": name, "category": "unplanned_stop", "children": [child]},
        {"code": f"{key}-2", "name": name, "category": "external_stop"},
    ]


def rows_of(key: str, start: datetime) -> Iterator[tuple[object, ...]]:
    """A state that the plant file maps, one that it does not know, fault codes, products that nobody named."""
    told, unknown = ('"' + text.replace('"', '""') + '"' for text in (HOSTILE[key], f"not {HOSTILE[key]}"))
    rows: list[tuple[int, str, object]] = [(0, "state", "RUN"), (0, "product", key), (0, "good", 0), (0, "reject", 0)]
    rows += [(30, "fault", 1), (30, "state", told), (45, "state", "RUN"), (46, "state", unknown), (60, "state", "RUN")]
    rows += [(70, "fault", told), (70, "state", told), (85, "state", "RUN"), (85, "fault", 2), (86, "good", 300)]
    rows += [(90, "state", "SETUP"), (95, "product", told), (100, "state", "RUN"), (130, "good", 500)]
    rows += [(131, "state", told), (132, "good", 20)]
    for machine in _machines(key):
        yield from (((start + timedelta(minutes=at)).isoformat(), machine, *row) for at, *row in rows)


@pytest.fixture(scope="module")
def hostile(
    browser: Chrome,
    server: str,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ServiceProcess]:
    """The plant, the shift before and the running one, served."""
    folder = tmp_path_factory.mktemp("hostile")
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=4)
    with module_database(server, template) as database:
        _fill(folder, database, start)
        with ServiceProcess(folder, database) as service:
            yield service


def _fill(folder: Path, database: str, start: datetime) -> None:
    (folder / "plant.yaml").write_text(json.dumps(plant_of(start), ensure_ascii=False), encoding="utf-8")
    do(folder, database, "apply", folder / "plant.yaml")
    begins = (start - timedelta(hours=8), start)
    import_rows(folder, database, [row for begin in begins for key in HOSTILE for row in rows_of(key, begin)])
    do(folder, database, "recompute")
    with Database(database) as db:
        ComputeService(db).tick()


def pages_of(service: ServiceProcess, key: str) -> list[str]:
    """The pages of a line: now, and the reports of the shift before and of the running one."""
    now = datetime.now(UTC)
    window = {"line": key, "from": (now - timedelta(hours=13)).isoformat(), "to": now.isoformat()}
    shifts = [s for s in service.get("/api/v1/shifts", **window)["items"] if s["shift"] in SHIFTS]
    return [f"/lines/{key}", *(f"/lines/{key}/shifts/{s['production_date']}/{s['shift']}" for s in shifts[-2:])]


def assert_harmless(browser: Chrome, service: ServiceProcess, path: str, *names: str) -> None:
    """Open a page: names are there as they are, nothing ran, nobody complained, it fits a narrow screen."""
    browser.get(service.url(path))
    browser.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    complaints = [e["message"] for e in browser.get_log("browser")]
    attacked, violations = browser.execute_script("return [window.attacked ?? null, window.violations]")
    assert (complaints, attacked, violations) == ([], None, []), path
    (shown,) = texts(browser, "body")
    for name in (*names, PLANT_NAME):
        assert name in shown, (path, name)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390, path


def test_hostile_names_are_text_on_every_page(hostile: ServiceProcess, browser: Chrome) -> None:
    at_width(browser, 390)
    browser.get_log("browser")
    watch = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    for path in ("/", "/health", "/reports", "/reports?line=rtl&by=day"):
        assert_harmless(browser, hostile, path, *HOSTILE.values())
    for key, name in HOSTILE.items():
        for path in pages_of(hostile, key):
            assert_harmless(browser, hostile, path, name)
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", watch)
