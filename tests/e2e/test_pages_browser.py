"""Pages in a real browser over a real server: no outside request, no complaint, live without losing one's place."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from fastapi import FastAPI
from live_fixture import MemoryHealth
from pages_fixture import PagesSource
from pages_plant import LINES, NOW_US
from starlette.staticfiles import StaticFiles

from oee.api.headers import SecurityHeaders
from oee.web.assets import STATIC
from oee.web.routes import pages

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if os.environ.get("CI") != "true":
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs Debian's chromium and chromium-driver", allow_module_level=True)
    pytest.importorskip("selenium", reason="needs selenium (pip)")
from selenium import webdriver  # noqa: E402 - only where it is installed

PAGES = ("/", "/lines/filling-2", "/lines/canning-1", "/lines/filling-2/shifts/2026-11-18/early", "/reports")
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
    """The pages on a port of this machine; may be stopped and started again on the same one."""

    def __init__(self) -> None:
        self.source = PagesSource()
        self.port = 0
        self.start()

    def start(self) -> None:
        app = FastAPI()
        app.mount("/static", StaticFiles(directory=STATIC))
        app.include_router(pages(lambda _: self.source, HEALTH))
        app.add_middleware(SecurityHeaders)
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]})
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()

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


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_pages_ask_nobody_else_complain_of_nothing_and_fit(
    server: Server, browser: webdriver.Chrome, path: str, width: int
) -> None:
    browser.get_log("performance")
    at_width(browser, width)
    browser.get(server.url(path))
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script("return getComputedStyle(document.body).fontVariantNumeric").startswith("lining")
    assert browser.get_log("browser") == []
    assert requested_hosts(browser) == {f"127.0.0.1:{server.port}"}


def test_report_prints_on_one_page(server: Server, browser: webdriver.Chrome, tmp_path: Path) -> None:
    browser.get(server.url(PAGES[3]))
    pdf = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "transferMode": "ReturnAsStream"})
    read = browser.execute_cdp_cmd("IO.read", {"handle": pdf["stream"], "size": 10_000_000})
    raw = base64.b64decode(read["data"])
    assert raw.count(b"/Type /Page\n") == 1


def test_line_page_refreshes_in_place_and_tells_a_lost_connection(server: Server, browser: webdriver.Chrome) -> None:
    at_width(browser, 1440)
    browser.get(server.url("/lines/filling-2"))
    browser.execute_script("document.querySelector('#timeline').open = true; window.scrollTo(0, 700); window.kept = 1")
    clock = "return document.querySelector('#head .for').textContent"
    assert "6:24" in browser.execute_script(clock)

    server.source.now += 60_000_000
    eventually(lambda: "7:24" in browser.execute_script(clock), 15)
    assert browser.execute_script("return document.querySelector('#timeline').open")
    assert browser.execute_script("return [window.scrollY, window.kept]") == [700, 1]

    lost = "return !document.querySelector('#lost').hidden && document.body.hasAttribute('data-stale')"
    assert not browser.execute_script(lost)
    server.stop()
    eventually(lambda: browser.execute_script(lost), 40)
    assert browser.execute_script("return document.querySelector('#lost').textContent").count("11:43:00") == 1

    server.start()
    eventually(lambda: not browser.execute_script(lost), 20)
    complaints = [e["message"] for e in browser.get_log("browser") if "ERR_CONNECTION_REFUSED" not in e["message"]]
    assert complaints == []
