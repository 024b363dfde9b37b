"""What the crowd thinks a line is worth, before the game and in it.

In the game it is the probit fit to 6,581 real games with their closing lines. Written out, the
fit says that the final margin is normal around `line + residual (1 - 0.27 left) / (1 + 0.55 left)`
with a s.d. of `17.7 sqrt(left) / (1 + 0.55 left)`, so one formula prices moneyline and spread, and
at tip-off it gives Phi(line / 11.4). The total is normal around the points scored and the pace
expected.
"""

from math import erfc, exp, pi, sqrt

import numpy as np
from numpy.random import Generator

from sim.crowd.game import OVERTIME_S, REGULATION_S, Game, Score
from sim.crowd.tempo import NS_PER_S
from strategies.trading.market import MarketType

MARGIN_SIGMA = 17.7
MARGIN_REVERSION = 0.27
MARGIN_EXTRA = 0.55
TOTAL_SIGMA = 17.4
OVERTIME_SHARE = OVERTIME_S / REGULATION_S
# A share of regulation below which a score still to come is all that is left to fear.
SHARE_LEFT_LEAST = 1e-4

# What is expected of the rest of the game, in points, is looked at anew every ten seconds. Before
# tip-off it moves in rare small steps, about a point over five hours, to its closing value; in the
# game it sways around that for about a minute: possession, fouls, who is on the bench.
LOOK_NS = 10 * NS_PER_S
GAME_LOOKS = 2_000
MOVE_SHARE = 0.02
LINE_MOVE, LINE_SWAY = 0.18, 0.4
TOTAL_MOVE, TOTAL_SWAY = 0.28, 0.6
SWAY_KEPT = 0.85


class Outlook:
    """The crowd's fair probabilities: the same model for all, told what each one knows."""

    def __init__(self, game: Game, rng: Generator, *, opens_ns: int, tip_off_ns: int) -> None:
        """Draw how expectations move from the opening of the markets to the end of the game."""
        self._game = game
        self._opens_ns = opens_ns
        self._tip_off_ns = tip_off_ns
        looks = (tip_off_ns - opens_ns) // LOOK_NS
        self._lines = _expectations(rng, game.line, looks, LINE_MOVE, LINE_SWAY)
        self._totals = _expectations(rng, game.total, looks, TOTAL_MOVE, TOTAL_SWAY)

    def ahead_ns(self, now_ns: int) -> int:
        """Return how far ahead tip-off is; negative in the game."""
        return self._tip_off_ns - now_ns

    def fair(self, type_: MarketType, point: float, score: Score, now_ns: int) -> float:
        """Return the fair probability of the first line of a pair, at this point and score.

        The first line is home (who must win by more than minus the point) or over.
        """
        clock_s = self._game.clock_at(max(0, now_ns - self._tip_off_ns) / NS_PER_S)
        left = max(self._game.share_left(clock_s), SHARE_LEFT_LEAST)
        look = min((now_ns - self._opens_ns) // LOOK_NS, len(self._lines) - 1)
        mean, sigma = _margin(left, self._lines[look], score)
        if type_ is not MarketType.TOTAL:
            return _normal_cdf((mean + point) / sigma)
        level = _level_probability(mean, sigma) if clock_s < REGULATION_S else 0.0
        return _over(left, self._totals[look], sum(score), point, level)


def _margin(left: float, line: float, score: Score) -> tuple[float, float]:
    """Return mean and s.d. of the final margin."""
    residual = score.home - score.away - (1 - left) * line
    shrink = 1 + MARGIN_EXTRA * left
    mean = line + residual * (1 - MARGIN_REVERSION * left) / shrink
    return mean, MARGIN_SIGMA * sqrt(left) / shrink


def _level_probability(mean: float, sigma: float) -> float:
    """Return the probability that regulation ends level: the normal density of a margin of 0."""
    return min(1.0, exp(-((mean / sigma) ** 2) / 2) / (sigma * sqrt(2 * pi)))


def _over(left: float, total: float, scored: int, point: float, level: float) -> float:
    """Return the probability of more points than `point`, with and without an overtime."""
    longer = left + OVERTIME_SHARE
    short = _normal_cdf((scored + left * total - point) / (TOTAL_SIGMA * sqrt(left)))
    long = _normal_cdf((scored + longer * total - point) / (TOTAL_SIGMA * sqrt(longer)))
    return (1 - level) * short + level * long


def _expectations(
    rng: Generator, closing: float, looks: int, move: float, sway: float
) -> list[float]:
    """Return what is expected at each look: steps towards the closing value, then sways."""
    moves = rng.normal(0, move, looks) * (rng.random(looks) < MOVE_SHARE)
    expected: list[float] = (closing + np.cumsum(moves[::-1])[::-1]).tolist()
    swayed = 0.0
    for drawn in rng.normal(0, sway * sqrt(1 - SWAY_KEPT**2), GAME_LOOKS).tolist():
        expected.append(closing + swayed)
        swayed = SWAY_KEPT * swayed + drawn
    return expected


def _normal_cdf(z: float) -> float:
    return erfc(-z / sqrt(2)) / 2
