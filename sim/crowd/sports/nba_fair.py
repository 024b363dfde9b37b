"""Fair probabilities of NBA lines, before the game and in-play: the crowd's own model of a score.

It has the states by which games are played in `nba_score`: score, time left, who has the ball, and
how good the players in play are. The residual, by which the lead exceeds what was expected by
now, reverts at a constant rate; the margin after regulation is normal around what remains of it.
The constants are regressions on 16,000 games played by that module. They have nothing in common
with `pricing=in_game`, which is a fit to real games and knows score and time alone.

The total is normal around the points scored plus the expected rate of scoring, with what the fouls
of the last minutes add, and with an overtime at the probability of a tie that follows from the
margin.
"""

from math import erfc, exp, pi, sqrt
from typing import assert_never

from sim.crowd.crowd_types import CrowdType
from sim.crowd.game import UNKNOWN_SITUATION, Score, Situation
from sim.crowd.sports.nba_score import CLOCK, END_GAME_POINTS, OVERTIME_POINTS
from strategies.trading.model.market_types import MarketType

# The share of the residual that reverts in a game, as a rate, and its s.d. per root game.
REVERSION = 0.69
MARGIN_SIGMA = 15.8
# The points of the ball, and of a line-up's strength while enough of the game is left for it.
BALL_POINTS = 0.45
STRENGTH_SHARE, STRENGTH_LEFT = 0.08, 0.1
# Variance and points that the end-game adds, in full with at least that share of regulation left.
LATE_MARGIN_VARIANCE, LATE_MARGIN_LEFT = 4.0, 0.02
TOTAL_SIGMA = 15.2
LATE_TOTAL_VARIANCE, LATE_TOTAL_LEFT = 7.0, 0.045
# A lack of less than a score is made up for by the next one; the normal distribution gives it the
# probability of that, which matters near the end, if it takes the lack for this.
NEXT_SCORE, NEXT_SCORE_NORMAL = 2.0, 1.25
# A tie is this much likelier than the normal margin implies, as the team behind plays for it.
TIE_EXCESS = 2.0
OVERTIME_SHARE = CLOCK.overtime_s / CLOCK.regulation_s
# Share of regulation below which the s.d. is held, as one more score may still fall.
MIN_SHARE_LEFT = 1e-4


def fair(
    type_: CrowdType,
    point: float,
    score: Score,
    share_left: float,
    line: float,
    total: float,
    situation: Situation = UNKNOWN_SITUATION,
) -> float:
    """Return the fair probability of home or over; points are halves, so nothing is pushed."""
    left = max(share_left, MIN_SHARE_LEFT)
    mean, sigma = _margin(left, line, score, situation)
    match type_:
        case MarketType.MONEYLINE | MarketType.SPREAD:
            return _normal_cdf((mean + point) / sigma)
        case MarketType.TOTAL:
            tie = _tie_probability(mean, sigma) if share_left > 0 else 0.0
            return _over(left, total - OVERTIME_POINTS, sum(score) - point, tie)
        case _:
            assert_never(type_)


def _margin(left: float, line: float, score: Score, situation: Situation) -> tuple[float, float]:
    """Return mean and s.d. of the margin after regulation."""
    residual = score.home - score.away - (1 - left) * line + BALL_POINTS * situation.ball
    strength = STRENGTH_SHARE * min(1.0, left / STRENGTH_LEFT) * situation.strength
    mean = line + residual * exp(-REVERSION * left) + strength
    spread = (1 - exp(-2 * REVERSION * left)) / (2 * REVERSION)
    late = LATE_MARGIN_VARIANCE * min(1.0, left / LATE_MARGIN_LEFT)
    return mean, sqrt(MARGIN_SIGMA**2 * spread + late)


def _tie_probability(mean: float, sigma: float) -> float:
    """Return the probability that regulation ends in a tie."""
    smooth = exp(-((mean / sigma) ** 2) / 2) / (sigma * sqrt(2 * pi))
    return min(1.0, TIE_EXCESS * smooth)


def _over(left: float, full_total: float, surplus: float, tie: float) -> float:
    """Return the probability of enough points, with and without an overtime."""
    if -NEXT_SCORE < surplus < 0:
        surplus = -NEXT_SCORE_NORMAL
    late = min(1.0, left / LATE_TOTAL_LEFT)
    expected = surplus + left * (full_total - END_GAME_POINTS) + late * END_GAME_POINTS
    variance = TOTAL_SIGMA**2 * left + LATE_TOTAL_VARIANCE * late
    short = _normal_cdf(expected / sqrt(variance))
    expected += OVERTIME_SHARE * full_total
    long = _normal_cdf(expected / sqrt(variance + TOTAL_SIGMA**2 * OVERTIME_SHARE))
    return (1 - tie) * short + tie * long


def _normal_cdf(z: float) -> float:
    return erfc(-z / sqrt(2)) / 2
