"""A real browser, and the small plant behind a real service; both once for all tests in this folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from main_job import module_database
from works import Works, running_works

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

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


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Debian's chromium without a window; in CI it must be there."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if os.environ.get("CI") != "true":
        if chromium is None or driver is None:
            pytest.skip("needs Debian's chromium and chromium-driver")
        pytest.importorskip("selenium", reason="needs selenium (pip)")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(driver)))
    yield opened
    opened.quit()


@pytest.fixture(scope="session")
def works(browser: Chrome, server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    """The small plant with its history, computed and served."""
    with (
        module_database(server, template) as database,
        running_works(database, tmp_path_factory.mktemp("works")) as running,
    ):
        yield running
