"""Intervals of means over fills, prices or wagers that are drawn game by game.

What belongs to one game hangs together, so whole games are drawn with replacement, as in a
bootstrap; single fills are not.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.games.game_results import TOO_FEW

_Numbers = NDArray[np.float64]
_RESAMPLES = 2_000
_SEED = 1
_TAIL = 0.025


class ClusteredMean(NamedTuple):
    """A weighted mean, and its interval at 95 %, NaN for fewer than ten games."""

    mean: float
    low: float
    high: float
    games: int


class GameClusters:
    """The games that rows of a table belong to, drawn once for all means over these rows."""

    def __init__(self, games: Sequence[str]) -> None:
        """Take the game of each row."""
        numbers: dict[str, int] = {}
        self._rows = np.array([numbers.setdefault(g, len(numbers)) for g in games], dtype=np.intp)
        self._games = len(numbers)
        rng = np.random.default_rng(_SEED)
        shares = np.full(self._games, 1 / max(1, self._games))
        # How often each game is in each of the samples.
        self._drawn = (
            rng.multinomial(self._games, shares, size=_RESAMPLES).astype(np.float64)
            if self._games >= TOO_FEW
            else None
        )

    def mean(self, values: _Numbers, weights: _Numbers) -> ClusteredMean:
        """Return the weighted mean of the values that are known, with its interval."""
        known = ~np.isnan(values) & (weights > 0)
        rows, weights = self._rows[known], weights[known]
        above = np.bincount(rows, weights * values[known], self._games)
        below = np.bincount(rows, weights, self._games)
        games = int(np.count_nonzero(below))
        if not games:
            return ClusteredMean(np.nan, np.nan, np.nan, 0)
        mean = float(above.sum() / below.sum())
        if self._drawn is None or games < TOO_FEW:
            return ClusteredMean(mean, np.nan, np.nan, games)
        drawn_below = self._drawn @ below
        some = drawn_below > 0
        means = np.sort((self._drawn @ above)[some] / drawn_below[some])
        tail = round(_TAIL * len(means))
        return ClusteredMean(mean, float(means[tail]), float(means[-tail - 1]), games)
