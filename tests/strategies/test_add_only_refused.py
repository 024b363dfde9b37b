"""Case 19 of ../shared/cases: a fair price of 62 % against an offer at +105."""

from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest


@pytest.mark.parametrize("strategy", ["simple_market_maker", "skewed_market_maker", "at_the_touch"])
def test_case_19_no_strategy_of_ours_asks_for_what_will_be_refused(
    strategy: str, find_case: Callable[[str], Path], tmp_path: Path, run_in: Callable[..., Any]
) -> None:
    """Every wager rests: of an hour of quotes none is refused for the offer that it would take."""
    recording = copytree(find_case("19-add-only-refused"), tmp_path / "case")
    run = run_in(
        tmp_path,
        *("+experiment=nba", "pricing=reference", f"strategy={strategy}"),
        *(f"recording.path={recording}", "risk.max_price_deviation_percent=0"),
    )
    assert run.summary["wagers_placed"] > 0
    assert run.summary["wagers_ended"].get("invalid", 0) == 0
    assert run.summary["wagers_placed"] < 50
