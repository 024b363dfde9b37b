"""Small sizes of the trials of hostile input."""

from collections.abc import Callable

import pytest

from tests.trials import hostile_bodies
from tests.trials.hostile import Tally

TRIALS = {"bodies": (hostile_bodies.run_trial, 500)}


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
