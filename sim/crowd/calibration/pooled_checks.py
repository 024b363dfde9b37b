"""A check of a statistic that is pooled over games, with its standard error."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from sim.crowd.calibration.calibration_check import Check
from sim.engine.random_streams import RandomStreams

# Number and seed of the bootstrap samples of games that give the standard errors.
DRAWS, DRAWS_SEED = 100, 1

T = TypeVar("T")
Statistic = Callable[[Sequence[T]], float]


def pooled_check(
    group: int,
    name: str,
    target: str,
    low: float,
    high: float,
    statistic: Statistic[T],
    games: Sequence[T],
) -> Check:
    """Measure a statistic of pooled games, with a bootstrap standard error.

    The name of the check names its random stream: renaming a check changes its standard error.
    """
    rng = RandomStreams(DRAWS_SEED).named(name)
    draws = rng.integers(len(games), size=(DRAWS, len(games))).tolist()
    drawn = [statistic([games[index] for index in indices]) for indices in draws]
    return Check(group, name, target, low, high, statistic(games), float(np.std(drawn)))
