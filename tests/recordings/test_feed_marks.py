"""Gaps that a recording marks reach the desk of a backtest, as they did the desk of a session."""

from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import polars as pl
import pytest

from tests.paths import SHARED

CASES = SHARED / "cases"
SETTINGS = ("strategy=simple_market_maker", "risk.in_play=true")
# Where the case's gap begins and ends, nanoseconds since the epoch.
LOST_NS, RESTORED_NS = 1_795_900_105_000_000_000, 1_795_900_400_000_000_000


@pytest.fixture
def run_case(tmp_path: Path, run_in: Callable[..., Any]) -> Callable[[str], Any]:
    """Return the function that runs the market maker on a case, by its name."""

    def run(name: str) -> Any:
        if not (CASES / name).exists():
            pytest.skip(f"needs ../shared/cases/{name}")
        recording = copytree(CASES / name, tmp_path / name)
        return run_in(tmp_path, *SETTINGS, f"recording.path={recording}")

    return run


def test_nothing_is_filled_over_a_marked_gap(run_case: Callable[[str], Any]) -> None:
    """Quotes are pulled where the feed is lost, and nothing is filled at a stale price."""
    run = run_case("30-gap-with-marks")
    fills, wagers = run.table("fills"), run.table("wagers")
    late = pl.col("ns").is_between(LOST_NS + 1_000_000_000, RESTORED_NS - 1)
    assert fills.filter(late).is_empty()
    assert run.summary["wagers_placed"] > 0
    assert wagers.filter(
        pl.col("placed_ns").is_between(LOST_NS + 1_000_000_000, RESTORED_NS - 1)
    ).is_empty()


def test_without_marks_the_gap_is_silence(run_case: Callable[[str], Any]) -> None:
    """A gap that nobody marked looks like a quiet market: its quotes stay, and are filled."""
    run = run_case("30-gap-without-marks")
    late = pl.col("ns").is_between(LOST_NS + 1_000_000_000, RESTORED_NS + 5_000_000_000)
    assert not run.table("fills").filter(late).is_empty()
