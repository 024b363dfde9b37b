"""Checks of the moneyline of a simulated NBA game before its start: group 13 of the targets.

The figures are of a few dozen books of ProphetX and of two of Betfair; the gates span both, or
are about three standard errors of a share or quantile of 52 books.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from sim.crowd.calibration.bootstrap import TargetCheck, from_source
from sim.crowd.calibration.pre_game_figures import PreGameFigures
from sim.crowd.calibration.sources import BETFAIR, PROPHETX_BOOKS

GROUP = 13
CENT = 0.01
# Level, measured percent, and the gate.
OVERROUNDS = (
    (0.05, 0.19, 0.05, 0.35),
    (0.25, 0.39, 0.25, 0.55),
    (0.50, 0.66, 0.48, 0.84),
    (0.75, 0.95, 0.72, 1.20),
    (0.95, 1.32, 1.00, 1.80),
)

PreGameTarget = TargetCheck[PreGameFigures]


def pre_game_targets() -> Iterator[PreGameTarget]:
    """Return the checks of group 13 on games recorded from three hours before the start."""
    yield from from_source(PROPHETX_BOOKS, _targets())


def _targets() -> Iterator[PreGameTarget]:
    for name, column, target, low, high in (
        ("a best price", "best_changed", "0.57 to 0.70", 0.45, 0.80),
        ("any level's price", "any_changed", "0.82 to 0.86", 0.65, 0.95),
    ):
        statistic = partial(_mean, column)
        title = f"5.6 minutes that change {name}"
        source = f"{PROPHETX_BOOKS}; {BETFAIR}"
        yield PreGameTarget(GROUP, title, target, low, high, statistic, source)
    yield PreGameTarget(GROUP, "books one rung wide", "12 of 52", 0.08, 0.40, _one_rung)
    for level, percent, low, high in OVERROUNDS:
        name = f"overround, {level:.0%} quantile, %"
        yield PreGameTarget(GROUP, name, f"{percent:g}", low, high, partial(_quantile, level))


def _mean(column: str, games: Sequence[PreGameFigures]) -> float:
    return float(np.concatenate([getattr(game, column) for game in games]).mean())


def _one_rung(games: Sequence[PreGameFigures]) -> float:
    return float(np.mean(np.concatenate([game.width for game in games]) == 1))


def _quantile(level: float, games: Sequence[PreGameFigures]) -> float:
    return float(np.quantile(np.concatenate([game.overround for game in games]), level)) / CENT
