"""A small size of the trial of random requests at a session's socket."""

from pathlib import Path

import pytest

from tests.trials.hostile_operators import ANSWER_SECONDS, run_trial


@pytest.mark.slow
def test_random_requests_are_answered_and_end_nothing(tmp_path: Path) -> None:
    """Each has an answer in time, some words are done, and a replay agrees with the journal."""
    held = run_trial(300, 1, tmp_path)
    assert held.outcomes.total() == 300
    assert held.outcomes["refused"] > held.outcomes["done"] > 10
    assert held.slowest_seconds < ANSWER_SECONDS
