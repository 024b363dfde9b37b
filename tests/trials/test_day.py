"""The trial of a day of games at a small size."""

from pathlib import Path

import pytest

from sim.crowd.crowd_settings import CrowdSettings
from tests.trials.day import DayShape, run_trial


@pytest.mark.slow  # a sandbox, a session and its watchdog in processes of their own
def test_a_day_of_games_ends_flat_and_agrees(tmp_path: Path) -> None:
    """Four short games that overlap: nothing open, no drift, a replay agrees, memory is flat."""
    lines: list[str] = []
    crowd = CrowdSettings(opens_before_s=600, makers=2, game_s=120)
    trial = run_trial(DayShape(4, 300, crowd), 0.6, 1, tmp_path, lines.append, every_seconds=2)
    assert trial.problems == [], lines
    assert trial.samples[-1].wagers, "it traded"
