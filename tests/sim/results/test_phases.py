"""The phase of a game that a fill belongs to."""

import pytest

from sim.results.phases import PHASES, phase_of
from strategies.trading.model.units import NS_PER_SECOND

MINUTE_NS = 60 * NS_PER_SECOND


@pytest.mark.parametrize(
    ("minutes", "phase"),
    [
        (1_500, "more than 24 h before"),
        (1_440, "more than 24 h before"),
        (1_439, "6 to 24 h before"),
        (61, "1 to 6 h before"),
        (59, "last hour before"),
        (-5, "last hour before"),
    ],
)
def test_before_the_start_the_time_left_counts(minutes: int, phase: str) -> None:
    """A game that starts late is in its last hour until it does."""
    assert phase_of("NBA", minutes * MINUTE_NS, 0) == phase


@pytest.mark.parametrize(
    ("tournament", "minutes", "phase"),
    [
        ("NBA", 11, "quarter 1"),
        ("NBA", 47, "quarter 4"),
        ("NBA", 49, "overtime"),
        ("WNBA", 31, "quarter 4"),
        ("NFL", 16, "quarter 2"),
        ("NHL", 41, "period 3"),
        ("MLB", 0, "in play"),
        ("Big Bash", 30, "in play"),
    ],
)
def test_in_play_the_game_clock_counts(tournament: str, minutes: int, phase: str) -> None:
    """Each sport has its own periods; without a clock the game is in play."""
    assert phase_of(tournament, None, minutes * MINUTE_NS) == phase
    assert phase in PHASES
