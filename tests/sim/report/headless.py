"""A browser without a window that opens reports, and a run of two games to look at."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.sim.report.reported_runs import SPLIT, SUMMARY, Row, at

_ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


@contextmanager
def headless() -> Iterator[Chrome]:
    """Run a browser that logs what it asks the network for; skip where it is missing."""
    # Selenium would fetch a driver, or a browser, from the internet.
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed; .ci/run installs them")
    options = ChromeOptions()
    options.binary_location = browser
    for argument in _ARGUMENTS:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    chrome = Chrome(options=options, service=Service(driver))
    try:
        yield chrome
    finally:
        chrome.quit()


def requests_of(chrome: Chrome) -> list[str]:
    """Return the addresses that were asked for since the last call."""
    log: list[dict[str, Any]] = chrome.get_log("performance")  # type: ignore[no-untyped-call]
    messages = (json.loads(entry["message"])["message"] for entry in log)
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


def show(chrome: Chrome, page: Path, width: int = 1440) -> None:
    """Open a page in a window of a width."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    chrome.get(page.as_uri())


def two_games() -> Row:
    """Return what the summary of a run of two games has in place of that of one."""
    first = SUMMARY["events"][0]
    second = first | {"event_id": "9002", "name": "Badgers at Foxes"}
    lost = SPLIT | {"profit_cents": -50_000, "outcome_cents": -47_531}
    splits: Row = deepcopy(SUMMARY["splits"])
    splits["event"].append({"key": "9002", "label": "Badgers at Foxes", "split": lost})
    return {"events": [first, second | {"scheduled_ns": at(60)}], "splits": splits}
