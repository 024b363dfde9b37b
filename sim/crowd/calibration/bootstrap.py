"""Checks of statistics of pooled games, with standard errors by resampling whole games."""

from collections.abc import Callable, Iterable, Iterator, Sequence
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
    source: str = ""

    def measured(self, games: Sequence[T]) -> Check:
        """Measure the statistic, with a bootstrap standard error.

        The name of the check names its random stream: renaming a check changes its standard error.
        """
        rng = RandomStreams(DRAWS_SEED).named(self.name)
        draws = rng.integers(len(games), size=(DRAWS, len(games))).tolist()
        drawn = [self.statistic([games[index] for index in indices]) for indices in draws]
        found, error = self.statistic(games), float(np.std(drawn))
        return Check(
            self.group, self.name, self.target, self.low, self.high, found, error, self.source
        )


def from_source(source: str, targets: Iterable[TargetCheck[T]]) -> Iterator[TargetCheck[T]]:
    """Yield checks whose targets were measured on a source, those without one of their own."""
    return (each if each.source else each._replace(source=source) for each in targets)


def measured_checks(targets: Iterable[TargetCheck[T]], games: Sequence[T]) -> list[Check]:
    """Measure the statistic of each target on the same games."""
    return [target.measured(games) for target in targets]
