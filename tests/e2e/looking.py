"""What tests ask of the browser: a width, a colour scheme, what was requested and complained of, figures as shown."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


def at_width(browser: Chrome, width: int) -> None:
    """Give the page so many CSS pixels."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def in_scheme(browser: Chrome, scheme: str) -> None:
    """Prefer ``light`` or ``dark``."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def eventually(condition: Callable[[], object], within_s: float) -> None:
    """Wait until something is so."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.1)


def requested_hosts(browser: Chrome) -> set[str]:
    """Hosts that were asked for anything since the last time this was called."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return {urlsplit(url).netloc for url in urls if url.startswith(("http", "ws"))}


def is_listening(browser: Chrome) -> bool:
    """Whether the page's stream of signals is open."""
    return bool(browser.execute_script("return isTold()"))


def is_lost(browser: Chrome) -> bool:
    """Whether the page says that its connection is lost."""
    return bool(
        browser.execute_script("return !document.querySelector('#lost').hidden && 'stale' in document.body.dataset")
    )


def shown_at(browser: Chrome) -> str:
    """The service's time of day on the page."""
    return str(browser.execute_script("return document.querySelector('#clock').dataset.now"))


def texts(browser: Chrome, selector: str) -> list[str]:
    """What elements say, spaces joined."""
    script = (
        "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent.replace(/\\s+/g, ' ').trim())"
    )
    return list(browser.execute_script(script, selector))
