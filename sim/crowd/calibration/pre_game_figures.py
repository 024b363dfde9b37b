"""Figures of the moneyline of one recorded game before its start, to be pooled over games."""

from typing import NamedTuple

import numpy as np

from sim.crowd.arrays import Floats
from sim.crowd.calibration.tape_view import TapeView
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND

HOUR_NS = 3_600 * NS_PER_SECOND
# Two looks at the same books were this far apart.
WINDOW_NS = int(5.6 * 60 * NS_PER_SECOND)
GRID_NS = 60 * NS_PER_SECOND


class PreGameFigures(NamedTuple):
    """The figures of one game: samples of one to three hours before, and of the last three.

    `best_changed` and `any_changed` are whether, between the two ends of a window, a best price
    changed, and whether the odds of any level did. `width` is that of the book in steps of the
    ladder, `overround` what both sides imply beyond one.
    """

    best_changed: Floats
    any_changed: Floats
    width: Floats
    overround: Floats


def pre_game_figures_of(view: TapeView) -> PreGameFigures:
    """Return the figures of a game that was recorded from three hours before its start on."""
    touches = view.main_pair(MarketType.MONEYLINE)
    ends = touches.on(np.arange(view.live_ns - 3 * HOUR_NS, view.live_ns - HOUR_NS, WINDOW_NS))
    sampled = touches.on(np.arange(view.live_ns - 3 * HOUR_NS, view.live_ns, GRID_NS))
    best = (np.diff(ends.first) != 0) | (np.diff(ends.second) != 0)
    known = ~np.isnan(sampled.width)
    return PreGameFigures(
        best.astype(np.float64),
        (np.diff(ends.prices) != 0).astype(np.float64),
        sampled.width[known],
        sampled.overround[known],
    )
