"""Markets on halves and on teams in a backtest, settled and labelled correctly."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recordings.reader import Tape
from recordings.validator import validate
from sim.report.document import write_report
from tests.derived_markets import OFFERED, SETTINGS, write_derived_tape
from tests.settlements import require_right_settlement


def test_a_recording_keeps_period_and_team(tmp_path: Path) -> None:
    """What is written of a market's period and team is read again, and the recording is valid."""
    tape = Tape(write_derived_tape(tmp_path / "tape"))
    validate(tape)
    assert [market.kind for market in tape.info.markets] == [each.kind for each in OFFERED]


@pytest.mark.slow
def test_a_backtest_settles_and_names_every_market(
    run_in: Callable[..., Any], tmp_path: Path
) -> None:
    """Each market's profit is that of its fills by its result; without one it stays open."""
    write_derived_tape(tmp_path / "tape")
    words = ("recording.path=tape", "fees=none", "strategy.default_stake=10", *SETTINGS)
    run = run_in(tmp_path, *words)
    write_report(run.folder)
    require_right_settlement(run.folder)
    labels = [pair["label"] for pair in run.summary["pairs"]]
    assert labels == [each.full_label for each in OFFERED]


@pytest.mark.slow
def test_only_whole_games_are_followed_unless_periods_are_chosen(
    run_in: Callable[..., Any], tmp_path: Path
) -> None:
    """With the default settings the markets on halves and on teams are left out."""
    write_derived_tape(tmp_path / "tape")
    run = run_in(tmp_path, "recording.path=tape")
    assert [pair["label"] for pair in run.summary["pairs"]] == ["Bulls at Hawks: moneyline"]
