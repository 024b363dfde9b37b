"""The trial of kills at a small size."""

from pathlib import Path

import pytest

from tests.trials.kills import Victim, run_trials


@pytest.mark.slow  # whole sessions in processes of their own
def test_nothing_stays_open_after_a_kill(tmp_path: Path) -> None:
    """Of trade, of its watchdog, of both and with SIGSTOP: empty in time, and the books agree."""
    lines: list[str] = []
    trials = run_trials(list(Victim), 5, tmp_path, lines.append)
    assert [trial for trial in trials if trial.problems] == [], lines
