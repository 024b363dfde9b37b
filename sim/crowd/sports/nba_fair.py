"""What a line of an NBA game is worth, before it and in it.

The margin is a probit fit to 6,581 real games with their closing lines. Written out, the fit says
that the final margin is normal around `line + residual (1 - 0.27 left) / (1 + 0.55 left)` with a
s.d. of `17.7 sqrt(left) / (1 + 0.55 left)`, so one formula prices moneyline and spread, and at
tip-off it gives Phi(line / 11.4). The total is normal around the points scored and the pace
expected, longer by an overtime as likely as the margin makes it.
"""

from math import erfc, exp, pi, sqrt

from sim.crowd.game import Score
from sim.crowd.sports.nba_score import CLOCK, OVERTIME_POINTS
from strategies.trading.model.market_types import MarketType

MARGIN_SIGMA = 17.7
MARGIN_REVERSION = 0.27
MARGIN_EXTRA = 0.55
TOTAL_SIGMA = 16.6
# So much likelier than the smooth margin says is a level end, as the team behind plays for it.
LEVEL_EXCESS = 2.0
OVERTIME_SHARE = CLOCK.overtime_s / CLOCK.regulation_s
# A share of regulation below which nothing more than a last score is to be feared.
MIN_SHARE_LEFT = 1e-4


def fair(
    type_: MarketType, point: float, score: Score, share_left: float, line: float, total: float
) -> float:
    """Return the fair probability of home or over; points are halves, so nothing is pushed."""
    left = max(share_left, MIN_SHARE_LEFT)
    mean, sigma = _margin(left, line, score)
    if type_ is not MarketType.TOTAL:
        return _normal_cdf((mean + point) / sigma)
    level = _level_probability(mean, sigma) if share_left > 0 else 0.0
    return _over(left, total - OVERTIME_POINTS, sum(score) - point, level)


def _margin(left: float, line: float, score: Score) -> tuple[float, float]:
    """Return mean and s.d. of the final margin."""
    residual = score.home - score.away - (1 - left) * line
    shrink = 1 + MARGIN_EXTRA * left
    mean = line + residual * (1 - MARGIN_REVERSION * left) / shrink
    return mean, MARGIN_SIGMA * sqrt(left) / shrink


def _level_probability(mean: float, sigma: float) -> float:
    """Return the probability that regulation ends level."""
    smooth = exp(-((mean / sigma) ** 2) / 2) / (sigma * sqrt(2 * pi))
    return min(1.0, LEVEL_EXCESS * smooth)


def _over(left: float, pace: float, surplus: float, level: float) -> float:
    """Return the probability of points enough, with and without an overtime."""
    longer = left + OVERTIME_SHARE
    short = _normal_cdf((surplus + left * pace) / (TOTAL_SIGMA * sqrt(left)))
    long = _normal_cdf((surplus + longer * pace) / (TOTAL_SIGMA * sqrt(longer)))
    return (1 - level) * short + level * long


def _normal_cdf(z: float) -> float:
    return erfc(-z / sqrt(2)) / 2
