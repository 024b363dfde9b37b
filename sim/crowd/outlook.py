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
from sim.crowd.tempo import NS_PER_MINUTE, NS_PER_S
from strategies.trading.market import MarketType

MARGIN_SIGMA = 17.7
MARGIN_REVERSION = 0.27
MARGIN_EXTRA = 0.55
TOTAL_SIGMA = 17.4
OVERTIME_SHARE = OVERTIME_S / REGULATION_S
# A share of regulation below which a score still to come is all that is left to fear.
SHARE_LEFT_LEAST = 1e-4

# Before the game the expectation moves in rare small steps, about a point over five hours.
MOVE_SHARE_PER_MINUTE = 0.12
LINE_MOVE = 0.18
TOTAL_MOVE = 0.28


class Outlook:
    """The crowd's fair probabilities: the same model for all, told what each one knows."""

    def __init__(self, game: Game, rng: Generator, *, opens_ns: int, tip_off_ns: int) -> None:
        """Draw how expectations move from the opening of the markets until tip-off."""
        self._game = game
        self._opens_ns = opens_ns
        self._tip_off_ns = tip_off_ns
        minutes = (tip_off_ns - opens_ns) // NS_PER_MINUTE + 1
        self._line_gap = _wandering(rng, minutes, LINE_MOVE)
        self._total_gap = _wandering(rng, minutes, TOTAL_MOVE)

    def ahead_ns(self, now_ns: int) -> int:
        """Return how far ahead tip-off is; negative in the game."""
        return self._tip_off_ns - now_ns

    def fair(self, type_: MarketType, point: float, score: Score, now_ns: int) -> float:
        """Return the fair probability of the first line of a pair, at this point and score.

        The first line is home (who must win by more than minus the point) or over.
        """
        clock_s = self._game.clock_at(max(0, now_ns - self._tip_off_ns) / NS_PER_S)
        left = max(self._game.share_left(clock_s), SHARE_LEFT_LEAST)
        minute = (now_ns - self._opens_ns) // NS_PER_MINUTE
        line = self._game.line + _at(self._line_gap, minute)
        mean, sigma = _margin(left, line, score)
        if type_ is not MarketType.TOTAL:
            return _normal_cdf((mean + point) / sigma)
        level = _level_probability(mean, sigma) if clock_s < REGULATION_S else 0.0
        total = self._game.total + _at(self._total_gap, minute)
        return _over(left, total, sum(score), point, level)


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


def _wandering(rng: Generator, minutes: int, step: float) -> list[float]:
    """Return how far expectations are from their closing value, minute by minute."""
    moves = rng.normal(0, step, minutes) * (rng.random(minutes) < MOVE_SHARE_PER_MINUTE)
    gaps: list[float] = np.cumsum(moves[::-1])[::-1].tolist()
    return gaps


def _at(gaps: list[float], minute: int) -> float:
    return gaps[minute] if minute < len(gaps) else 0.0


def _normal_cdf(z: float) -> float:
    return erfc(-z / sqrt(2)) / 2
