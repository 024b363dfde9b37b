"""The golden run: the main command on the shipped recording gives the figures pinned here.

Where a change of the code, the settings or the recording is meant to change them, renew them with

    python -m pytest tests/golden --renew-golden

and give the reason in the changelog.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FinishedRun
from tests.paths import PROJECT

pytestmark = pytest.mark.slow  # whole runs of the shipped game

GOLDEN = Path(__file__).with_name("nba.json")
PINNED = (
    "digest",
    "recording_digest",
    "profit_cents",
    "profit_cents_front",
    "profit_cents_back",
    "commission_cents",
    "marked_cents",
    "turnover_cents",
    "turnover_cents_front",
    "turnover_cents_back",
    "commands",
    "wagers_placed",
    "wagers_cancelled",
    "wagers_matched",
    "fills",
    "denials",
    "max_exposure_cents",
    "max_drawdown_cents",
    "rows",
    "decisions",
    "seed",
)


@pytest.fixture(scope="module")
def golden(nba_run: FinishedRun, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the pinned figures, renewed first if `--renew-golden` is given."""
    if request.config.getoption("--renew-golden"):
        pinned = {key: nba_run.summary[key] for key in PINNED}
        GOLDEN.write_text(json.dumps(pinned, indent=2) + "\n", encoding="utf-8")
    figures: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return figures


def run_elsewhere(folder: Path, hash_seed: str) -> dict[str, Any]:
    """Run the main command in a process of its own and return its summary."""
    done = subprocess.run(
        [sys.executable, "-m", "sim", "run", "+experiment=nba"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(PROJECT), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    summary = Path(done.stdout.splitlines()[-1]) / "summary.json"
    figures: dict[str, Any] = json.loads(summary.read_text(encoding="utf-8"))
    return figures


def pinned_of(summary: dict[str, Any]) -> dict[str, Any]:
    """Return the pinned figures of a summary."""
    return {key: summary[key] for key in PINNED}


def test_the_golden_run_trades_enough(golden: dict[str, Any]) -> None:
    """The pinned run trades: 100 commands, 10 fills, and a result."""
    assert golden["commands"] >= 100
    assert golden["fills"] >= 10
    assert golden["profit_cents"] != 0


def test_the_main_command_gives_the_golden_figures(
    nba_run: FinishedRun, golden: dict[str, Any]
) -> None:
    """The main experiment gives the pinned digest and figures, to the cent."""
    assert pinned_of(nba_run.summary) == golden


def test_a_second_pass_is_the_same_run(
    build_backtest: Callable[..., Any], golden: dict[str, Any]
) -> None:
    """Built once and run twice, each pass starts fresh and sends the same commands."""
    backtest = build_backtest("+experiment=nba")
    passes = [backtest.run_pass(backtest.queue()) for _ in range(2)]
    assert {run.journal.digest.hexdigest() for run in passes} == {golden["digest"]}


def test_another_process_with_another_hash_seed_is_the_same_run(
    golden: dict[str, Any], tmp_path: Path
) -> None:
    """`python -m sim run +experiment=nba`, with another order of hashes, gives them too."""
    assert pinned_of(run_elsewhere(tmp_path, "4242")) == golden
