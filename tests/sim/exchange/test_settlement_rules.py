"""What markets settle to by how a game ended, a test for each rule of docs/exchange.md."""

import pytest

from sim.exchange.settlement_rules import Ending, GameEnd, first_result
from strategies.trading.model.market import Result
from strategies.trading.model.market_types import MarketType

WON, LOST, PUSHED, VOIDED = Result
MONEYLINE, SPREAD, TOTAL = MarketType.MONEYLINE, MarketType.SPREAD, MarketType.TOTAL


def settled(end: GameEnd, spread: float, total: float) -> tuple[Result, Result, Result]:
    """Return the results of the moneyline, of a home spread and of an over."""
    return (
        first_result(MONEYLINE, end.lead, end),
        first_result(SPREAD, end.lead + spread, end),
        first_result(TOTAL, end.home + end.away - total, end),
    )


@pytest.mark.parametrize("sport", ["American Football", "soccer", "Basketball", "ice hockey"])
def test_an_even_moneyline_is_void(sport: str) -> None:
    """A tie of the NFL, a draw of soccer, a dead heat; spread and total go by the score."""
    end = GameEnd(sport, 20, 20)
    assert settled(end, -2.5, 40.5) == (VOIDED, LOST, LOST)
    assert settled(end, 0.0, 40.0) == (VOIDED, PUSHED, PUSHED)


def test_a_game_decided_by_its_score_settles_every_market() -> None:
    """At the end of all overtimes."""
    assert settled(GameEnd("Basketball", 110, 108), -2.5, 217.5) == (WON, LOST, WON)
    assert settled(GameEnd("Basketball", 108, 110), 2.0, 218.0) == (LOST, PUSHED, PUSHED)


@pytest.mark.parametrize("sport", ["Baseball", "Basketball", "American Football"])
def test_a_game_that_does_not_begin_on_its_day_is_void(sport: str) -> None:
    """Every market of it."""
    end = GameEnd(sport, 0, 0, Ending.POSTPONED)
    assert settled(end, -1.5, 8.5) == (VOIDED, VOIDED, VOIDED)


@pytest.mark.parametrize(
    ("home", "away", "halves", "moneyline"),
    [
        (3, 2, 8, VOIDED),
        (3, 2, 9, WON),
        (2, 3, 9, VOIDED),
        (2, 3, 10, LOST),
        (3, 3, 9, VOIDED),
        (3, 3, 12, VOIDED),
    ],
)
def test_a_moneyline_stands_after_five_innings(
    home: int, away: int, halves: int, moneyline: Result
) -> None:
    """Or four and a half where home leads; what is not decided by then is void otherwise."""
    end = GameEnd("Baseball", home, away, Ending.SUSPENDED, halves)
    assert settled(end, 1.5, 8.5) == (moneyline, VOIDED, VOIDED)


@pytest.mark.parametrize(
    ("home", "away", "halves", "expected"),
    [
        (7, 4, 11, (WON, VOIDED, WON)),
        (7, 4, 4, (VOIDED, VOIDED, WON)),
        (4, 4, 18, (VOIDED, WON, LOST)),
        (5, 4, 17, (WON, WON, WON)),
        (4, 4, 17, (VOIDED, VOIDED, VOIDED)),
    ],
)
def test_other_markets_stand_after_nine_innings_or_when_over_has_won(
    home: int, away: int, halves: int, expected: tuple[Result, Result, Result]
) -> None:
    """Or eight and a half where home leads."""
    end = GameEnd("Baseball", home, away, Ending.SUSPENDED, halves)
    assert settled(end, 1.5, 8.5) == expected


def test_another_sport_has_no_official_part() -> None:
    """A game that is broken off is void, whoever led."""
    end = GameEnd("Basketball", 80, 20, Ending.SUSPENDED)
    assert settled(end, -2.5, 90.5) == (VOIDED, VOIDED, VOIDED)
