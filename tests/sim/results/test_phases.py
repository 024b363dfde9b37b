"""The phase of a game that a fill belongs to."""

import pytest

from sim.results.phases import PHASES, phase_at
from strategies.trading.model.event_state import EventState
from strategies.trading.model.ids import EventId
from strategies.trading.model.market import EventStatus, SportEvent
from strategies.trading.model.units import NS_PER_SECOND

START_NS = 1_768_437_000 * NS_PER_SECOND
MINUTE_NS = 60 * NS_PER_SECOND


def state_of(tournament: str) -> EventState:
    """Return a game that has not started."""
    names = ("Away at Home", "Home", "Away", tournament, "a sport")
    return EventState(SportEvent(EventId("g"), *names, START_NS))


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
    assert phase_at(state_of("NBA"), START_NS - minutes * MINUTE_NS) == phase


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
    state = state_of(tournament)
    state.set_status(EventStatus.LIVE, START_NS)
    state.clock_ns = minutes * MINUTE_NS
    assert phase_at(state, START_NS + 3 * minutes * MINUTE_NS) == phase
    assert phase in PHASES
