"""Fair probabilities of NBA lines, before the game and in-play.

The margin is a probit fit to 6,581 real games with their closing lines. Written out, the fit says
that the final margin is normal around `line + residual (1 - 0.27 left) / (1 + 0.55 left)` with a
s.d. of `17.7 sqrt(left) / (1 + 0.55 left)`, so one formula prices moneyline and spread, and at
tip-off it gives Phi(line / 11.4). The total is normal around the points scored plus the expected
rate of scoring, with an overtime at the probability of a tie that follows from the margin.
"""

from math import erfc, exp, pi, sqrt
from typing import assert_never

from sim.crowd.crowd_types import CrowdType
from sim.crowd.game import Score
from sim.crowd.sports.nba_score import CLOCK, OVERTIME_POINTS
from strategies.trading.model.market_types import MarketType

MARGIN_SIGMA = 17.7
MARGIN_REVERSION = 0.27
MARGIN_EXTRA = 0.55
TOTAL_SIGMA = 16.6
# A tie is this much likelier than the normal margin implies, as the team behind plays for it.
TIE_EXCESS = 2.0
OVERTIME_SHARE = CLOCK.overtime_s / CLOCK.regulation_s
# Share of regulation below which the s.d. is held, as one more score may still fall.
MIN_SHARE_LEFT = 1e-4


def fair(
    type_: CrowdType, point: float, score: Score, share_left: float, line: float, total: float
) -> float:
    """Return the fair probability of home or over; points are halves, so nothing is pushed."""
    left = max(share_left, MIN_SHARE_LEFT)
    mean, sigma = _margin(left, line, score)
    match type_:
        case MarketType.MONEYLINE | MarketType.SPREAD:
            return _normal_cdf((mean + point) / sigma)
        case MarketType.TOTAL:
            tie = _tie_probability(mean, sigma) if share_left > 0 else 0.0
            return _over(left, total - OVERTIME_POINTS, sum(score) - point, tie)
        case _:
            assert_never(type_)


def _margin(left: float, line: float, score: Score) -> tuple[float, float]:
    """Return mean and s.d. of the final margin."""
    residual = score.home - score.away - (1 - left) * line
    shrink = 1 + MARGIN_EXTRA * left
    mean = line + residual * (1 - MARGIN_REVERSION * left) / shrink
    return mean, MARGIN_SIGMA * sqrt(left) / shrink


def _tie_probability(mean: float, sigma: float) -> float:
    """Return the probability that regulation ends in a tie."""
    smooth = exp(-((mean / sigma) ** 2) / 2) / (sigma * sqrt(2 * pi))
    return min(1.0, TIE_EXCESS * smooth)


def _over(left: float, full_total: float, surplus: float, tie: float) -> float:
    """Return the probability of enough points, with and without an overtime."""
    longer = left + OVERTIME_SHARE
    short = _normal_cdf((surplus + left * full_total) / (TOTAL_SIGMA * sqrt(left)))
    long = _normal_cdf((surplus + longer * full_total) / (TOTAL_SIGMA * sqrt(longer)))
    return (1 - tie) * short + tie * long


def _normal_cdf(z: float) -> float:
    return erfc(-z / sqrt(2)) / 2
