"""The trial of kills at a small size."""

from pathlib import Path

import pytest

from tests.trials.kills import Victim, run_trials


@pytest.mark.slow  # whole sessions in processes of their own
def test_nothing_stays_open_after_a_kill(tmp_path: Path) -> None:
    """Of trade with its watchdog, and with SIGSTOP: empty in time, and the books agree.

    That the other of trade and watchdog acts if one is killed is in `test_watchdog.py`
    and `test_watched_session.py`.
    """
    lines: list[str] = []
    trials = run_trials([Victim.BOTH, Victim.FROZEN], 5, tmp_path, lines.append)
    assert [trial for trial in trials if trial.problems] == [], lines
