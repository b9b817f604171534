"""Pages in a real browser over a real server: no outside request, no complaint, live without losing one's place."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from live_fixture import MemoryChanges, MemoryHealth
from pages_fixture import PagesSource
from pages_plant import LINES, NOW_US

from oee.api.app import create_app
from oee.api.reports import ReportFormat
from oee.api.serve import serve
from oee.report.kpi import kpi_item
from oee.report.view import zone_of
from oee.web.assets import STATIC
from oee.web.render import login_page
from oee.web.routes import pages
from tests.api_fixture import Health, MemoryAccounts

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if os.environ.get("CI") != "true":
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs Debian's chromium and chromium-driver", allow_module_level=True)
    pytest.importorskip("selenium", reason="needs selenium (pip)")
from selenium import webdriver  # noqa: E402 - only where it is installed

PAGES = ("/", "/lines/filling-2", "/lines/canning-1", "/lines/filling-2/shifts/2026-11-18/early", "/reports", "/health")
HEALTH = MemoryHealth(*LINES, "m", ailing=frozenset({"canning-1"}), now_us=NOW_US)
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Server:
    """The whole application on a port of this machine; may be stopped and started again on the same one."""

    def __init__(self) -> None:
        self.source, self.changes = PagesSource(), MemoryChanges()
        self.port = 0
        self.start()

    def start(self) -> None:
        """Serve as ``oee serve`` does."""
        app = create_app(
            self.source,
            MemoryAccounts(),
            health=Health(),
            data_health=HEALTH,
            changes=self.changes,
            reports={"json": ReportFormat("application/json", lambda r: "{}")},
            render_login=login_page,
            pages=[pages(lambda _: self.source, HEALTH)],
            static={"/static": STATIC},
        )
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        self._loop, self._stop, started = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

        def run() -> None:
            self._loop.run_until_complete(serve(app, listening, self._stop, started.set))
            self._loop.close()

        self._thread = threading.Thread(target=run)
        self._thread.start()
        assert started.wait(10)

    def stop(self) -> None:
        """Stop, however many streams are open."""
        began = time.monotonic()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        assert time.monotonic() - began < 4, "open streams delay the end"

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    yield driver
    driver.quit()


def at_width(browser: webdriver.Chrome, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def eventually(condition: Callable[[], object], within_s: float) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.2)


def requested_hosts(browser: webdriver.Chrome) -> set[str]:
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return {urlsplit(url).netloc for url in urls if url.startswith(("http", "ws"))}


def in_scheme(browser: webdriver.Chrome, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1440, 1920])
def test_pages_ask_nobody_else_complain_of_nothing_and_fit(
    server: Server, browser: webdriver.Chrome, width: int, scheme: str
) -> None:
    at_width(browser, width)
    in_scheme(browser, scheme)
    for path in PAGES:
        browser.get_log("performance")
        browser.get(server.url(path))
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, path
        ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 3 * 128) == (scheme == "dark"), (path, ground)
        assert browser.execute_script("return getComputedStyle(document.body).fontVariantNumeric").startswith("lining")
        assert browser.get_log("browser") == [], path
        assert requested_hosts(browser) == {f"127.0.0.1:{server.port}"}, path


def test_report_prints_on_one_page(server: Server, browser: webdriver.Chrome, tmp_path: Path) -> None:
    browser.get(server.url(PAGES[3]))
    pdf = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "transferMode": "ReturnAsStream"})
    read = browser.execute_cdp_cmd("IO.read", {"handle": pdf["stream"], "size": 10_000_000})
    raw = base64.b64decode(read["data"])
    assert raw.count(b"/Type /Page\n") == 1


CLOCK = "return document.querySelector('#head .for').textContent"
LOST = "return !document.querySelector('#lost').hidden && document.body.hasAttribute('data-stale')"


def listening(browser: webdriver.Chrome) -> bool:
    return bool(browser.execute_script("return isTold()"))


def test_a_signal_changes_the_page_at_once_and_in_place(server: Server, browser: webdriver.Chrome) -> None:
    at_width(browser, 1440)
    browser.get(server.url("/lines/filling-2"))
    eventually(lambda: listening(browser), 10)
    time.sleep(1.5)  # the watch has looked once
    browser.execute_script("document.querySelector('#timeline').open = true; window.scrollTo(0, 700); window.kept = 1")
    assert "6:24" in browser.execute_script(CLOCK)
    server.source.now += 60_000_000
    server.changes.state("filling-2", "m", server.source.now, 6)
    eventually(lambda: "7:24" in browser.execute_script(CLOCK), 4)
    assert browser.execute_script("return document.querySelector('#timeline').open")
    assert browser.execute_script("return [window.scrollY, window.kept]") == [700, 1]


def test_a_restarted_server_heals_the_page_by_itself(server: Server, browser: webdriver.Chrome) -> None:
    browser.get_log("browser")
    browser.get(server.url("/lines/filling-2"))
    eventually(lambda: listening(browser), 10)
    assert not browser.execute_script(LOST)
    known = browser.execute_script("return document.querySelector('#clock').dataset.now")
    server.stop()
    eventually(lambda: browser.execute_script(LOST), 40)
    assert browser.execute_script("return document.querySelector('#lost').textContent").count(known) == 1
    server.start()
    eventually(lambda: not browser.execute_script(LOST), 12)
    eventually(lambda: listening(browser), 12)
    complaints = [e["message"] for e in browser.get_log("browser") if not re.search("ERR_CONN|ERR_INCOM", e["message"])]
    assert complaints == []


def test_without_signals_the_page_refreshes_by_the_clock(server: Server, browser: webdriver.Chrome) -> None:
    browser.get(server.url("/"))
    browser.execute_script("signals.close(); listen = () => {}; within(100)")
    before = browser.execute_script("return document.querySelector('#clock').dataset.now")
    server.source.now += 7_000_000
    eventually(lambda: browser.execute_script("return document.querySelector('#clock').dataset.now") != before, 12)


HOUR_S = float(os.environ.get("OEE_TEST_PAGE_S", "3600"))


@pytest.mark.slow
def test_an_hour_with_the_page_open_over_three_restarts(server: Server, browser: webdriver.Chrome) -> None:
    """OEE_TEST_PAGE_S shortens the hour."""
    browser.get(server.url("/lines/filling-2"))
    eventually(lambda: listening(browser), 10)
    began, heaps, restarts = time.monotonic(), list[float](), 0
    while (elapsed_s := time.monotonic() - began) < HOUR_S:
        server.source.now += 2_000_000
        server.changes.live("filling-2", server.source.now)
        if elapsed_s > (restarts + 1) * HOUR_S / 4 and restarts < 3:
            server.stop()
            time.sleep(15)
            server.start()
            restarts += 1
            eventually(lambda: not browser.execute_script(LOST) and listening(browser), 20)
        browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
        heaps.append(browser.execute_script("return performance.memory.usedJSHeapSize"))
        time.sleep(2)
    early, late = min(heaps[len(heaps) // 4 : len(heaps) // 2]), min(heaps[-len(heaps) // 4 :])
    assert restarts == 3
    assert late < early * 1.2 + 500_000, (early, late)
    assert not browser.execute_script(LOST)
    shown = browser.execute_script("return document.querySelector('#clock').dataset.now")
    page = httpx.get(server.url("/lines/filling-2")).text
    assert abs(_seconds(shown) - _seconds(re.findall(r'data-now="([^"]+)"', page)[0])) <= 12


def _seconds(clock: str) -> int:
    hours, minutes, seconds = map(int, clock.split(":"))
    return 3600 * hours + 60 * minutes + seconds


FIGURES = """
const text = (el) => el.textContent.replace(/\\s+/g, " ").trim();
const tile = [...document.querySelectorAll(".tile")].find((t) => text(t.querySelector("h2")) === arguments[0]);
return [...tile.querySelectorAll(".fig .v")].map(text).concat(text(tile.querySelector(".apq")));
"""


def test_pages_show_the_figures_of_the_api(server: Server, browser: webdriver.Chrome) -> None:
    live = server.source.current("filling-2")
    assert live is not None
    kpi = kpi_item(live, zone_of(server.source.plant()))
    percent = {n: f"{100 * kpi[n]:.1f}" for n in ("oee", "availability", "performance", "quality")}
    good = f"{kpi['elements']['good_count']:,}"
    browser.get(server.url("/"))
    oee, pieces, rest = browser.execute_script(FIGURES, "Filling 2")
    assert (oee, pieces) == (f"{percent['oee']}%", good)
    assert re.findall(r"[0-9.]+", rest) == [percent[n] for n in ("availability", "performance", "quality")]
    browser.get(server.url("/lines/filling-2"))
    shown = browser.execute_script("return [...document.querySelectorAll('#kpis .v')].map((v) => v.textContent)")
    assert shown == [f"{percent[n]}%" for n in ("availability", "performance", "quality", "oee")]
    assert browser.execute_script("return document.querySelectorAll('#output .v')[1].textContent") == good
    browser.get(server.url("/lines/filling-2/shifts/2026-11-19/early"))
    first = browser.execute_script("return document.querySelector('.kp .v').textContent")
    assert first == f"{percent['oee']}%"
