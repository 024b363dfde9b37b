"""Checks of statistics of pooled games, with standard errors by resampling whole games."""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from sim.crowd.calibration.calibration_check import Check
from sim.engine.random_streams import RandomStreams

# Number and seed of the bootstrap samples of games that give the standard errors.
DRAWS, DRAWS_SEED = 100, 1

T = TypeVar("T")
Statistic = Callable[[Sequence[T]], float]


class TargetCheck(NamedTuple, Generic[T]):
    """A check that is still to be measured on games."""

    group: int
    name: str
    target: str
    low: float
    high: float
    statistic: Statistic[T]

    def measured(self, games: Sequence[T]) -> Check:
        """Measure the statistic, with a bootstrap standard error.

        The name of the check names its random stream: renaming a check changes its standard error.
        """
        rng = RandomStreams(DRAWS_SEED).named(self.name)
        draws = rng.integers(len(games), size=(DRAWS, len(games))).tolist()
        drawn = [self.statistic([games[index] for index in indices]) for indices in draws]
        return Check(*self[:5], self.statistic(games), float(np.std(drawn)))


def measured_checks(targets: Iterable[TargetCheck[T]], games: Sequence[T]) -> list[Check]:
    """Measure the statistic of each target on the same games."""
    return [target.measured(games) for target in targets]
