"""The trial of an evening at a small size."""

from pathlib import Path

import pytest

from tests.trials.evening import run_trial
from tests.trials.evening_plan import EveningShape


@pytest.mark.slow  # a sandbox, a session, its watchdog, its page and its metrics as processes
def test_an_evening_is_traded_watched_and_exported(tmp_path: Path) -> None:
    """Two games with two faults: all is seen, nothing is open, the export is the account."""
    lines: list[str] = []
    verdict = run_trial(EveningShape.short(), 1, tmp_path, lines.append)
    assert verdict.problems == [], [*lines, *verdict.lines()]
