"""Sums over pairs of numbers, which can be added over games before slope and correlation."""

from collections.abc import Iterable
from typing import NamedTuple, Self

import numpy as np

from sim.crowd.arrays import Floats


class Moments(NamedTuple):
    """Number, sums, and sums of products of pairs (x, y)."""

    pairs: float
    x: float
    y: float
    xx: float
    xy: float
    yy: float

    @classmethod
    def of(cls, x: Floats, y: Floats) -> Self:
        """Return the sums over the pairs of which both numbers are known."""
        known = ~(np.isnan(x) | np.isnan(y))
        x, y = x[known], y[known]
        sums = (len(x), x.sum(), y.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum())
        return cls(*map(float, sums))

    @classmethod
    def total(cls, of: Iterable[Self]) -> Self:
        """Return the sums over all pairs of several."""
        return cls(*np.array(list(of)).sum(axis=0).tolist())

    @property
    def slope(self) -> float:
        """Return the least-squares slope of y on x."""
        return self._covariance / (self.xx - self.x**2 / self.pairs)

    @property
    def correlation(self) -> float:
        """Return the correlation."""
        variances = (self.xx - self.x**2 / self.pairs) * (self.yy - self.y**2 / self.pairs)
        return float(self._covariance / variances**0.5)

    @property
    def _covariance(self) -> float:
        return self.xy - self.x * self.y / self.pairs
