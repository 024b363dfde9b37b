"""The trial of endings at a small size."""

import pytest

from tests.trials.endings import run


@pytest.mark.slow
def test_a_session_that_is_ended_leaves_nothing_open() -> None:
    """A closed terminal, a stuck one, and a disk without space: nothing is open at its exit."""
    ways = ["SIGHUP twice, SIGTERM", "stderr not read, then SIGINT", "no file can be written"]
    outcomes = run(size=1, seed=1, ways=ways)
    assert [outcome.way for outcome in outcomes if not outcome.empty_at_exit] == []
