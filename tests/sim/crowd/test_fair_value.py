"""The crowd's fair prices are consistent across markets, and from tip-off to the end."""

from math import erfc, sqrt

import numpy as np
import pytest

from sim.crowd.crowd_types import CrowdType
from sim.crowd.fair_value import FairValue, Moves
from sim.crowd.game import Game, GameTimes, Points, Score
from sim.crowd.sports.nba import NBA
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


@pytest.fixture
def fair_value() -> FairValue:
    """Return the fair values of the game."""
    rng = np.random.Generator(np.random.PCG64(1))
    moves = Moves.drawn(rng, NBA, opens_ns=OPENS_NS, starts_ns=TIP_OFF_NS, news=1.0)
    return FairValue(NBA, GAME, moves, opens_ns=OPENS_NS, starts_ns=TIP_OFF_NS)


def at_share(share: float) -> int:
    """Return the time at which this share of the game has been played."""
    return TIP_OFF_NS + int(share * 2880 * SECOND_NS)


def fair(
    fair_value: FairValue, type_: CrowdType, point: float, score: Score, share: float
) -> float:
    """Return the fair probability of a pair's first line at a share of the game."""
    return fair_value.fair(type_, point, score, at_share(share))


def test_the_moneyline_at_tip_off_follows_the_closing_line(fair_value: FairValue) -> None:
    """A favourite by 4.5 wins with Phi(4.5 / 11.4), as closing lines and moneylines relate."""
    expected = erfc(-4.5 / 11.42 / sqrt(2)) / 2
    got = fair(fair_value, MarketType.MONEYLINE, 0.0, Score(0, 0), 0.0)
    assert got == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("lead", "share"), [(0, 0.25), (7, 0.5), (-12, 0.75), (3, 0.9)])
def test_moneyline_in_play_is_the_fit_to_real_games(
    fair_value: FairValue, lead: int, share: float
) -> None:
    """In-play the price is the measured probit of lead, line and time left, up to noise."""
    left = 1 - share
    z = (lead + 1.55 * left * 4.5 - 0.27 * left * (lead - share * 4.5)) / (17.7 * sqrt(left))
    got = fair(fair_value, MarketType.MONEYLINE, 0.0, Score(60 + lead, 60), share)
    assert got == pytest.approx(erfc(-z / sqrt(2)) / 2, abs=0.03)


def test_spread_and_moneyline_come_from_one_margin(fair_value: FairValue) -> None:
    """Giving points makes a win less likely, and giving the expected points makes it even."""
    score = Score(0, 0)
    prices = [fair(fair_value, MarketType.SPREAD, point, score, 0.0) for point in (0.0, -2.5, -4.5)]
    assert prices[0] == fair(fair_value, MarketType.MONEYLINE, 0.0, score, 0.0)
    assert prices[0] > prices[1] > prices[2] == pytest.approx(0.5)


def test_total_follows_points_and_time(fair_value: FairValue) -> None:
    """The over is about even at the expected total, likelier after a fast half, certain at last."""
    tip_off = fair(fair_value, MarketType.TOTAL, 212.5, Score(0, 0), 0.0)
    quick = fair(fair_value, MarketType.TOTAL, 212.5, Score(65, 55), 0.5)
    done = fair(fair_value, MarketType.TOTAL, 212.5, Score(120, 110), 1.0)
    assert 0.47 < tip_off < 0.55
    assert tip_off < quick < done
    assert done == pytest.approx(1.0)


def test_a_level_score_may_still_go_over(fair_value: FairValue) -> None:
    """Seconds before a level end the under is not certain, as an overtime adds points."""
    level = fair(fair_value, MarketType.TOTAL, 212.5, Score(100, 100), 0.998)
    decided = fair(fair_value, MarketType.TOTAL, 212.5, Score(105, 95), 0.998)
    assert level > 0.1
    assert decided < 0.01


def test_expectations_move_before_the_game_and_end_at_the_close(fair_value: FairValue) -> None:
    """Pre-game prices move by a few points of probability and end at the closing line."""
    prices = [
        fair_value.fair(MarketType.SPREAD, -4.5, Score(0, 0), OPENS_NS + second * SECOND_NS)
        for second in range(0, 3_601, 10)
    ]
    assert 1 < len(set(prices)) < 30
    assert max(abs(price - 0.5) for price in prices) < 0.15
    assert prices[-1] == pytest.approx(0.5)
