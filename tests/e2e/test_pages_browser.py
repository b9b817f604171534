"""Pages in a real browser over the real service: no outside request, no complaint, the API's figures, live in place."""

from __future__ import annotations

import base64
import re
import time
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pytest
from looking import at_width, eventually, in_scheme, is_listening, requested_hosts, shown_at, texts
from main_job import iso
from works import LINES, LIVE, Works

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

RATIOS = ("oee", "availability", "performance", "quality")


def pages_of(works: Works) -> list[str]:
    """The pages of the plant; each line has another condition."""
    reports = [works.report_path("filling"), works.report_path("pressing"), works.report_path("picking", 1)]
    return ["/", *(f"/lines/{line}" for line in LINES), *reports, "/health", "/reports"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1440, 1920])
def test_pages_ask_nobody_else_complain_of_nothing_and_fit(
    works: Works, browser: Chrome, width: int, scheme: str
) -> None:
    at_width(browser, width)
    in_scheme(browser, scheme)
    for path in pages_of(works):
        browser.get_log("performance")
        browser.get(works.service.url(path))
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, path
        ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 3 * 128) == (scheme == "dark"), (path, ground)
        assert browser.execute_script("return getComputedStyle(document.body).fontVariantNumeric").startswith("lining")
        assert browser.get_log("browser") == [], path
        assert requested_hosts(browser) == {f"127.0.0.1:{works.service.port}"}, path


@pytest.mark.parametrize("line", [line for line in LINES if line != "spare"])
def test_report_prints_on_one_page(works: Works, browser: Chrome, line: str) -> None:
    browser.get(works.service.url(works.report_path(line)))
    pdf = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "transferMode": "ReturnAsStream"})
    read = browser.execute_cdp_cmd("IO.read", {"handle": pdf["stream"], "size": 10_000_000})
    assert base64.b64decode(read["data"]).count(b"/Type /Page\n") == 1


def kpis(works: Works, line: str, group_by: str, nth: int) -> dict[str, Any]:
    """The one item over a shift: of the one before (0), of the running one (1)."""
    start, next_start = (*works.shifts.starts_us, works.shifts.starts_us[1] + 8 * 3_600_000_000)[nth : nth + 2]
    window = {"line": line, "from": iso(start), "to": iso(next_start), "group_by": group_by}
    (item,) = works.service.get("/api/v1/kpis", **window)["items"]
    return dict(item)


def as_shown(item: dict[str, Any]) -> dict[str, str]:
    """Write the API's figures as people read them: a missing one is a dash."""
    found = {name: _percent(item[name]) for name in RATIOS}
    return found | {"good_count": f"{item['elements']['good_count']:,}"}


def _percent(ratio: float | None) -> str:
    if ratio is None:
        return "–"
    return str((Decimal(repr(ratio)) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP))


def overview_figures(browser: Chrome, name: str) -> dict[str, str]:
    """Figures of a line's tile."""
    (at,) = (n for n, found in enumerate(texts(browser, ".tile h2")) if found == name)
    tile = f".tile:nth-child({at + 1})"
    oee, good = (_figure(text) for text in texts(browser, f"{tile} .fig .v"))
    others = re.findall(r"(Availability|Performance|Quality) ([0-9.]+|–)", texts(browser, f"{tile} .apq")[0])
    return {"oee": oee, **{key.lower(): value for key, value in others}, "good_count": good}


def line_figures(browser: Chrome) -> dict[str, str]:
    """Figures of the page of a line."""
    ratios = dict(zip(texts(browser, "#kpis .k"), texts(browser, "#kpis .v"), strict=True))
    good = texts(browser, "#output .v")[1]
    return {**{key.lower(): _figure(value) for key, value in ratios.items()}, "good_count": _figure(good)}


def report_figures(browser: Chrome) -> dict[str, str]:
    """Figures at the head of a report, and all good pieces in its hour board."""
    ratios = dict(zip(texts(browser, ".kp .k"), texts(browser, ".kp .v"), strict=True))
    found = {key.lower(): _figure(value) for key, value in ratios.items() if key.lower() in RATIOS}
    return {**found, "good_count": texts(browser, ".hours:first-of-type tfoot td.num:nth-of-type(2)")[0]}


def _figure(text: str) -> str:
    """The figure alone, without its unit, and without the words that say why there is none."""
    return re.split(r"[% ]", text)[0]


NAMES = dict(zip(LINES, ("Filling 1", "Pressing", "Bottling", "Picking", "Spare line"), strict=True))


@pytest.mark.parametrize("line", LINES)
def test_live_pages_show_the_figures_of_the_api(works: Works, browser: Chrome, line: str) -> None:
    ways = (("/", lambda: overview_figures(browser, NAMES[line])), (f"/lines/{line}", lambda: line_figures(browser)))
    for path, figures in (*ways, (works.report_path(line, 1), lambda: report_figures(browser))):
        works.compute()  # what is live now stands for eight seconds
        expected = as_shown(kpis(works, line, "shift", 1))
        browser.get(works.service.url(path))
        assert figures() == expected, path


@pytest.mark.parametrize("line", [line for line in LINES if line != "spare"])
def test_pages_of_a_closed_shift_show_the_figures_of_the_api(works: Works, browser: Chrome, line: str) -> None:
    item = kpis(works, line, "shift", 0)
    assert item["status"] == "final"
    assert item["elements"] == kpis(works, line, "none", 0)["elements"]
    path = works.report_path(line)
    assert works.service.get(f"/api/v1{path}/report", format="json")["kpi"] == item
    browser.get(works.service.url(path))
    assert report_figures(browser) == as_shown(item)
    browser.get(works.service.url(f"/lines/{line}?date={works.shifts.dates[0]}&shift={works.shifts.names[0]}"))
    assert line_figures(browser) == as_shown(item)


def test_what_happened_to_the_line_is_told(works: Works, browser: Chrome) -> None:
    """Both products, the changeover, the stop without a reason, the counter that started anew, the gap; the team."""
    browser.get(works.service.url(works.report_path("filling")))
    (told,) = texts(browser, "main")
    for words in ("Orange juice 1 L", "Iced tea 1 L", "Label jam", "Changeover", "No reason", "counter reset"):
        assert words in told, words
    assert "connection lost" in told
    team = kpis(works, LIVE, "shift", 0)["team"]
    browser.get(works.service.url(works.report_path(LIVE)))
    assert f"team {team}" in texts(browser, "main")[0]


def test_a_signal_changes_the_page_at_once_and_in_place(works: Works, browser: Chrome) -> None:
    """A state that is imported and computed and told by a signal alone."""
    works.import_rows([(datetime.now(UTC), "robot", "state", "RUN")])  # no banner that says how old the data are
    works.compute()
    at_width(browser, 1440)
    browser.get(works.service.url(f"/lines/{LIVE}"))
    eventually(lambda: is_listening(browser), 10)
    eventually(lambda: browser.execute_script("return due - performance.now() > 10_000"), 10)
    time.sleep(1.5)  # the watch has looked once
    browser.execute_script("clearTimeout(timer)")  # from here on only a signal brings news
    assert "Running" in texts(browser, "#head .state")[0]
    browser.execute_script("timeline.open = true; hours.scrollIntoView(); window.kept = 1")
    place = "return Math.round(hours.getBoundingClientRect().top)"
    before = browser.execute_script(place)
    works.import_rows([(datetime.now(UTC), "robot", "state", "FAULT")])
    works.compute()
    eventually(lambda: "Running" not in texts(browser, "#head .state")[0], 10)
    assert browser.execute_script("return [timeline.open, window.kept]") == [True, 1]
    assert browser.execute_script(place) == before, "the reader's place"
    works.import_rows([(datetime.now(UTC), "robot", "state", "RUN")])
    works.compute()
    eventually(lambda: "Running" in texts(browser, "#head .state")[0], 10)


def test_without_signals_the_page_refreshes_by_the_clock(works: Works, browser: Chrome) -> None:
    browser.get(works.service.url("/"))
    browser.execute_script("signals.close(); listen = () => {}; return refresh()")
    before = shown_at(browser)
    eventually(lambda: shown_at(browser) != before, 8)
