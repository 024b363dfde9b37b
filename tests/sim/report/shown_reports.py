"""Reports as a browser shows them, and a run of two games to look at."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome

from tests.sim.report.reported_runs import SPLIT, SUMMARY, Row, at


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
