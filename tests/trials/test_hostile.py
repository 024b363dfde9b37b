"""Small sizes of the trials of hostile input."""

from collections.abc import Callable

import pytest

from tests.trials import (
    hostile_bodies,
    hostile_frames,
    hostile_requests,
    hostile_settings,
    hostile_tapes,
)
from tests.trials.hostile import Tally

TRIALS = {
    "bodies": (hostile_bodies.run_trial, 500),
    "requests": (hostile_requests.run_trial, 200),
    "settings": (hostile_settings.run_trial, 100),
    "tapes": (hostile_tapes.run_trial, 150),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIALS)
def test_hostile_input_is_refused_in_one_line_or_accepted(name: str) -> None:
    """In time, by an error of a named kind; both happen often."""
    trial: Callable[[int, int, Tally], None]
    trial, size = TRIALS[name]
    tally = Tally()
    trial(size, 1, tally)
    assert tally.total >= size
    accepted = sum(counts["accepted"] for counts in tally.outcomes.values())
    assert 0 < accepted < tally.total


@pytest.mark.slow
def test_a_session_trades_on_through_hostile_frames() -> None:
    """It places further wagers, agrees with the exchange, ends with nothing open, and replays."""
    tally = Tally()
    hostile_frames.run_trial(200, 1, tally)
    assert tally.total > 150
