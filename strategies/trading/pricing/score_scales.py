"""From the price at one point of a spread or total to the price at another, before a game.

The margin of a game is a whole number `m` with a probability proportional to
`weight(m) exp(-((m - mean) / sigma)**2 / 2)`: the weights are those of margins that a sport has
more often than a normal distribution says, such as three points in the NFL, or never, such as a tie
in the NBA. A price at one point gives the mean, and the mean the price at any other. The total is
normal, rounded to whole points. A moneyline is the spread at point zero. Prices are given that a
line is not pushed, as the exchange returns the stakes then.

Weights are those by which the margins of real games (MLB 7,388 of 2014 to 2016, NFL 1,596 of 2011
to 2016) are as frequent as they were, where the closing moneyline gives the mean; the NBA only
lacks a tie. The NHL's are of games of our own crowd: nothing measured was to be had. The error that
is left is in docs/reference.md. All are of whole games before they start.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from math import exp
from statistics import NormalDist
from typing import NamedTuple, Protocol

_NORMAL = NormalDist()
# How many s.d. from zero the grid of means reaches, and its steps for each of them.
_SIGMAS, _STEPS_OF_SIGMA = 5, 20
# Each step leaves a small part of the error that a push makes.
_STEPS_TO_MEAN = 4


class Scale(Protocol):
    """The distribution of what a market's points are compared with, up to its mean.

    Probabilities are those of the first line, home or over. `reach` is how many points from one
    that has a price the price of another is taken from it.
    """

    @property
    def reach(self) -> float:
        """Return the largest distance."""

    def fair(self, mean: float, point: float) -> float:
        """Return the fair probability at a point, where this is the mean."""

    def mean(self, fair: float, point: float) -> float:
        """Return the mean at which the first line has this fair probability."""


class MarginScale:
    """The final margin of home, by its s.d. and the weights of small margins.

    `home` are the weights from 0 on where home wins, `away` where away does; larger margins have
    weight 1. Means are those of the normal distribution before its weights, and at most five s.d.
    from zero.
    """

    def __init__(
        self, sigma: float, home: Sequence[float], away: Sequence[float], *, reach: float
    ) -> None:
        """Take the s.d. and the weights."""
        self.sigma = sigma
        self.reach = reach
        self._home, self._away = tuple(home), tuple(away)
        self._most = int((_SIGMAS + 4) * sigma) + 1
        self._step = sigma / _STEPS_OF_SIGMA

    def fair(self, mean: float, point: float) -> float:
        """Return the probability that home wins by more than minus the point."""
        place = min(max(0.0, (mean - self._means[0]) / self._step), len(self._means) - 1.000001)
        at = int(place)
        of_grid = self._fairs(point)
        return of_grid[at] + (place - at) * (of_grid[at + 1] - of_grid[at])

    def mean(self, fair: float, point: float) -> float:
        """Return the mean at which home has this probability; the nearest that is on the grid."""
        of_grid, means = self._fairs(point), self._means
        at = bisect_left(of_grid, fair)
        if at == 0:
            return means[0]
        if at == len(of_grid):
            return means[-1]
        below, above = of_grid[at - 1], of_grid[at]
        return means[at - 1] + self._step * (fair - below) / (above - below)

    @cached_property
    def _means(self) -> list[float]:
        count = _SIGMAS * _STEPS_OF_SIGMA
        return [self._step * number for number in range(-count, count + 1)]

    @cached_property
    def _fairs(self) -> "_FairsAt":
        return cache(self._fairs_at)

    def _fairs_at(self, point: float) -> list[float]:
        """Return the fair probability at a point for every mean of the grid."""
        return [self._exact(mean, point) for mean in self._means]

    def _exact(self, mean: float, point: float) -> float:
        won = lost = 0.0
        for margin in range(-self._most, self._most + 1):
            size, weights = abs(margin), self._home if margin > 0 else self._away
            weight = weights[size] if size < len(weights) else 1.0
            chance = weight * exp(-(((margin - mean) / self.sigma) ** 2) / 2)
            if margin + point > 0:
                won += chance
            elif margin + point < 0:
                lost += chance
        return won / (won + lost)


class _FairsAt(Protocol):
    def __call__(self, point: float, /) -> list[float]:
        """Return the fair probabilities of a grid at a point."""


class TotalScale:
    """The points of both sides, by their s.d."""

    def __init__(self, sigma: float, *, reach: float) -> None:
        """Take the s.d."""
        self.sigma = sigma
        self.reach = reach

    def fair(self, mean: float, point: float) -> float:
        """Return the probability of more points than the point."""
        if point != int(point):
            return _NORMAL.cdf((mean - point) / self.sigma)
        # Half a point on either side of a whole one is a push.
        over = _NORMAL.cdf((mean - point - 0.5) / self.sigma)
        under = _NORMAL.cdf((point - 0.5 - mean) / self.sigma)
        return over / (over + under)

    def mean(self, fair: float, point: float) -> float:
        """Return the mean at which over has this probability."""
        wanted = _NORMAL.inv_cdf(fair)
        mean = point + self.sigma * wanted
        if point != int(point):
            return mean
        for _ in range(_STEPS_TO_MEAN):
            mean += self.sigma * (wanted - _NORMAL.inv_cdf(self.fair(mean, point)))
        return mean


class SportScales(NamedTuple):
    """The two scales of a sport."""

    margin: MarginScale
    total: TotalScale


_NFL_WEIGHTS = (0.1, 0.9, 0.85, 2.8, 1.1, 0.7, 1.5, 2.1, 0.85, 0.3, 1.3, 0.65, 0.4, 0.8, 1.4)
_NHL_WEIGHTS = (0.0, 1.28, 0.99, 1.72)
# By the name of the sport, as in `SportEvent.sport`.
SCALES: Mapping[str, SportScales] = {
    "basketball": SportScales(
        MarginScale(12.0, (0.0,), (0.0,), reach=6.0), TotalScale(16.5, reach=6.0)
    ),
    "american football": SportScales(
        MarginScale(13.3, _NFL_WEIGHTS, _NFL_WEIGHTS, reach=3.0), TotalScale(13.2, reach=3.0)
    ),
    "baseball": SportScales(
        MarginScale(
            4.4,
            (0.0, 2.45, 1.4, 1.2, 1.05, 1.0, 1.0, 0.85, 0.9),
            (0.0, 1.7, 1.45, 1.3, 1.2, 1.15, 1.05, 1.1, 1.05),
            reach=2.0,
        ),
        TotalScale(4.5, reach=2.0),
    ),
    "ice hockey": SportScales(
        MarginScale(2.4, _NHL_WEIGHTS, _NHL_WEIGHTS, reach=2.0), TotalScale(2.3, reach=1.0)
    ),
}
