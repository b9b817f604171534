"""A page that stays open while the real service is stopped, killed and started again on its port."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from looking import at_width, eventually, is_listening, is_lost, shown_at
from service_process import computing
from works import LIVE, Works

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

HOUR_S = float(os.environ.get("OEE_TEST_PAGE_S", "3600"))
AWAY_S = 15
"""Long enough for the page to say that its connection is lost."""
HEALED_S = 12
TOLD_S = 30
"""How often a state changes during the hour."""


def open_live(works: Works, browser: Chrome) -> None:
    """Open the page of a line that runs."""
    at_width(browser, 1440)
    browser.get_log("browser")
    browser.get(works.service.url(f"/lines/{LIVE}"))
    eventually(lambda: is_listening(browser), 10)
    assert not is_lost(browser)


def assert_heals(browser: Chrome, before: str) -> None:
    """It is told again, and shows what was not known before."""
    eventually(lambda: is_listening(browser) and not is_lost(browser) and shown_at(browser) != before, HEALED_S)


def complaints(browser: Chrome) -> list[str]:
    """What the console has, less the connections that failed while the service was away."""
    return [e["message"] for e in browser.get_log("browser") if not re.search("ERR_CONN|ERR_INCOM", e["message"])]


def test_a_killed_service_is_told_and_its_return_heals_the_page(works: Works, browser: Chrome) -> None:
    open_live(works, browser)
    browser.execute_script("window.kept = 1")
    works.service.kill()
    eventually(lambda: is_lost(browser), 20)
    known = shown_at(browser)
    assert browser.execute_script("return document.querySelector('#lost').textContent").count(known) == 1
    works.service.start()
    assert_heals(browser, known)
    assert browser.execute_script("return window.kept") == 1, "healed in place, not loaded anew"
    assert complaints(browser) == []


def test_a_service_restarted_under_an_open_page_is_hardly_noticed(works: Works, browser: Chrome) -> None:
    open_live(works, browser)
    works.service.stop()
    works.service.start()
    assert_heals(browser, shown_at(browser))
    assert complaints(browser) == []


@pytest.mark.slow
@pytest.mark.timeout(HOUR_S + 300)
def test_an_hour_with_the_page_open_over_three_restarts(works: Works, browser: Chrome) -> None:
    """OEE_TEST_PAGE_S shortens the hour; the second restart is asked for, the others are ``kill -9``."""
    open_live(works, browser)
    began, heaps, restarts, told, bad = time.monotonic(), list[float](), 0, 0, list[str]()
    with computing(works.folder, works.database):
        while (elapsed_s := time.monotonic() - began) < HOUR_S:
            if elapsed_s > (told + 1) * TOLD_S:
                state = "FAULT" if told % 2 == 0 else "RUN"
                works.import_rows([(datetime.now(UTC), "robot", "state", state)])
                told += 1
            if elapsed_s > (restarts + 1) * HOUR_S / 4 and restarts < 3:
                known = shown_at(browser)
                (works.service.stop if restarts == 1 else works.service.kill)()
                time.sleep(AWAY_S)
                works.service.start()
                assert_heals(browser, known)
                restarts += 1
            bad += complaints(browser)
            browser.get_log("performance")
            browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
            heaps.append(browser.execute_script("return performance.memory.usedJSHeapSize"))
            time.sleep(2)
        assert not is_lost(browser)
        eventually(lambda: _is_current(browser), 20)
    early, late = min(heaps[len(heaps) // 4 : len(heaps) // 2]), min(heaps[-len(heaps) // 4 :])
    assert (restarts, bad) == (3, [])
    assert late < early * 1.2 + 500_000, (early, late)


def _is_current(browser: Chrome) -> bool:
    """Whether the page shows the present, to a few seconds (the plant lives in UTC)."""
    hours, minutes, seconds = map(int, shown_at(browser).split(":"))
    now = datetime.now(UTC)
    age_s = (now.hour - hours) * 3600 + (now.minute - minutes) * 60 + now.second - seconds
    return age_s % 86_400 <= 6
