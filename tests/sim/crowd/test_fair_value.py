"""The crowd's fair prices are consistent across markets, and from tip-off to the end."""

from dataclasses import replace
from math import erfc, sqrt

import numpy as np
import pytest

from sim.crowd.crowd_types import CrowdType
from sim.crowd.fair_value import COURTSIDE, FairValue, Moves, Sight
from sim.crowd.game import Game, GameTimes, Points, Score, Situation
from sim.crowd.sports.nba import NBA
from sim.crowd.sports.nba_fair import fair as nba_fair
from strategies.trading.model.market_types import MarketType

SECOND_NS = 1_000_000_000
OPENS_NS = 1_000_000 * SECOND_NS
TIP_OFF_NS = OPENS_NS + 3_600 * SECOND_NS
# A game whose clock never stops, so that wall time is game time.
GAME = Game(
    4.5,
    212.0,
    Points((-4.5,), (212.5,)),
    GameTimes(2880.0, 300.0),
    [(2800.0, Score(110, 100))],
    [0.0, 2880.0],
    [0.0, 2880.0],
    [],
)


def fair_value_of(game: Game) -> FairValue:
    """Return the fair values of a game."""
    rng = np.random.Generator(np.random.PCG64(1))
    moves = Moves.drawn(rng, NBA, opens_ns=OPENS_NS, starts_ns=TIP_OFF_NS, news=1.0)
    return FairValue(NBA, game, moves, opens_ns=OPENS_NS, starts_ns=TIP_OFF_NS)


@pytest.fixture
def fair_value() -> FairValue:
    """Return the fair values of the game."""
    return fair_value_of(GAME)


def fair(type_: CrowdType, point: float, score: Score, share: float, ball: int = 0) -> float:
    """Return the fair probability of a pair's first line at a share of the game."""
    return nba_fair(type_, point, score, 1 - share, GAME.line, GAME.total, Situation(ball, 0.0))


def test_the_moneyline_at_tip_off_follows_the_closing_line() -> None:
    """A favourite by 4.5 wins with Phi(4.5 / 11.4), as closing lines and moneylines relate."""
    expected = erfc(-4.5 / 11.42 / sqrt(2)) / 2
    got = fair(MarketType.MONEYLINE, 0.0, Score(0, 0), 0.0)
    assert got == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("lead", "share"), [(0, 0.25), (7, 0.5), (-12, 0.75), (3, 0.9)])
def test_moneyline_in_play_is_near_the_fit_to_real_games(lead: int, share: float) -> None:
    """In-play the price is near the measured probit of lead, line and time left, and another."""
    left = 1 - share
    z = (lead + 1.55 * left * 4.5 - 0.27 * left * (lead - share * 4.5)) / (17.7 * sqrt(left))
    got, fitted = (
        fair(MarketType.MONEYLINE, 0.0, Score(60 + lead, 60), share),
        erfc(-z / sqrt(2)) / 2,
    )
    assert got == pytest.approx(fitted, abs=0.03)
    assert got != pytest.approx(fitted, abs=1e-4)


def test_the_side_with_the_ball_is_worth_more() -> None:
    """Whoever has the ball is likelier to win, most of all near the end."""
    early, late = (
        fair(MarketType.MONEYLINE, 0.0, Score(60, 60), share, 1)
        - fair(MarketType.MONEYLINE, 0.0, Score(60, 60), share, -1)
        for share in (0.25, 0.95)
    )
    assert 0.01 < early < late


def test_spread_and_moneyline_come_from_one_margin() -> None:
    """Giving points makes a win less likely, and giving the expected points makes it even."""
    score = Score(0, 0)
    prices = [fair(MarketType.SPREAD, point, score, 0.0) for point in (0.0, -2.5, -4.5)]
    assert prices[0] == fair(MarketType.MONEYLINE, 0.0, score, 0.0)
    assert prices[0] > prices[1] > prices[2] == pytest.approx(0.5)


def test_total_follows_points_and_time() -> None:
    """The over is about even at the expected total, likelier after a fast half, certain at last."""
    tip_off = fair(MarketType.TOTAL, 212.5, Score(0, 0), 0.0)
    quick = fair(MarketType.TOTAL, 212.5, Score(65, 55), 0.5)
    done = fair(MarketType.TOTAL, 212.5, Score(120, 110), 1.0)
    assert 0.45 < tip_off < 0.55
    assert tip_off < quick < done
    assert done == pytest.approx(1.0)


def test_a_level_score_may_still_go_over() -> None:
    """Seconds before a level end the under is not certain, as an overtime adds points."""
    level = fair(MarketType.TOTAL, 212.5, Score(100, 100), 0.998)
    decided = fair(MarketType.TOTAL, 212.5, Score(105, 95), 0.998)
    assert level > 0.1
    assert decided < 0.01


def test_who_sees_late_prices_what_was() -> None:
    """Two seconds after a score only those at the game price it; five later everybody does."""
    value = fair_value_of(replace(GAME, scores=[(1000.0, Score(3, 0))]))
    slow, scored_ns = Sight(5.0, 5.0), TIP_OFF_NS + 1_000 * SECOND_NS

    def price(after_s: int, sight: Sight) -> float:
        now_ns = scored_ns + after_s * SECOND_NS
        return value.true(MarketType.MONEYLINE, 0.0, now_ns, sight)

    assert price(2, COURTSIDE) > price(-1, COURTSIDE) + 0.05
    assert price(2, slow) == pytest.approx(price(-1, slow), abs=0.001)
    assert price(7, slow) == pytest.approx(price(7, COURTSIDE), abs=0.001)


def test_makers_are_wrong_in_play_and_not_before(fair_value: FairValue) -> None:
    """The makers' view strays from the truth in the game; before the start it does not."""
    errors = [
        fair_value.of_makers(MarketType.SPREAD, -4.5, at_ns, COURTSIDE)
        - fair_value.true(MarketType.SPREAD, -4.5, at_ns, COURTSIDE)
        for second in range(-3_000, 2_000, 50)
        for at_ns in [TIP_OFF_NS + second * SECOND_NS]
    ]
    assert set(errors[:60]) == {0.0}
    assert max(map(abs, errors)) < 0.15
    assert np.std(errors[61:]) > 0.005


def test_expectations_move_before_the_game_and_end_at_the_close(fair_value: FairValue) -> None:
    """Pre-game prices move by a few points of probability and end at the closing line."""
    prices = [
        fair_value.true(MarketType.SPREAD, -4.5, OPENS_NS + second * SECOND_NS, Sight(0.0, 0.0))
        for second in range(0, 3_601, 10)
    ]
    assert 1 < len(set(prices)) < 30
    assert max(abs(price - 0.5) for price in prices) < 0.15
    assert prices[-1] == pytest.approx(0.5)
