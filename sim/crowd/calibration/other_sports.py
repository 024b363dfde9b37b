"""What is known of games of the NFL and of baseball, held against simulated ones.

Both were measured as closing lines against results. No tolerance was measured with them: those
here are about the change of such a figure from one span of years to another.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.crowd.calibration.calibration_check import Check
from sim.crowd.calibration.estimates import (
    Estimate,
    Floats,
    deviation,
    mean,
    prices_p_value,
    share,
)
from sim.crowd.calibration.game_samples import sample
from sim.crowd.game import Game, Score
from sim.crowd.sports.mlb import MLB
from strategies.trading.model.market_types import MarketType

N_GAMES = 20_000
GROUP = 1


class SportFigures(NamedTuple):
    """Margin and total of each game, and the points that were on offer for both."""

    margin: Floats
    points: Floats
    spread: Floats
    over: Floats

    @property
    def home_wins(self) -> NDArray[np.bool_]:
        """Return who won, of games that were not drawn."""
        return np.asarray(self.margin[self.margin != 0] > 0)

    @property
    def total_error(self) -> Floats:
        """Return points beyond those on offer."""
        return self.points - self.over


def measure(game: Game) -> tuple[float, ...]:
    """Return the results of one game, in the order of SportFigures."""
    home, away = game.final
    return home - away, home + away, game.points.spreads[0], game.points.totals[0]


def measure_priced(game: Game) -> tuple[float, ...]:
    """Return the results of one baseball game, and its closing price last."""
    price = MLB.fair(MarketType.MONEYLINE, 0.0, Score(0, 0), 1.0, game.line, game.total)
    return *measure(game), price


def nfl_checks(seed: int) -> list[Check]:
    """Draw N_GAMES games of the NFL and hold them against 2,693 real ones."""
    return nfl_checks_of(SportFigures(*sample("nfl", seed, N_GAMES, measure)))


def nfl_checks_of(of: SportFigures) -> list[Check]:
    """Hold results against those of the NFL in 2011 to 2021."""
    margin = np.abs(of.margin)
    return _around(
        (
            ("final margin, s.d.", 14.8, 0.5, deviation(of.margin)),
            ("home win share", 0.567, 0.02, share(of.home_wins)),
            ("spread error, s.d.", 13.3, 0.5, deviation(of.margin + of.spread)),
            ("total, mean", 46.0, 0.6, mean(of.points)),
            ("total error, s.d.", 13.2, 0.5, deviation(of.total_error)),
            ("pushes of the spread", 0.031, 0.006, share(of.margin == -of.spread)),
            ("margins of 3", 0.139, 0.015, share(margin == 3)),
            ("margins of 7", 0.091, 0.015, share(margin == 7)),
        )
    )


def mlb_checks(seed: int) -> list[Check]:
    """Draw N_GAMES games of baseball and hold them against 14,784 real ones."""
    *results, prices = sample("mlb", seed, N_GAMES, measure_priced)
    return mlb_checks_of(SportFigures(*results), prices)


def mlb_checks_of(of: SportFigures, prices: Floats) -> list[Check]:
    """Hold results and closing prices against those of 2014 to 2019.

    Of real games the total spread less (4.50) than its error (4.63): the total on offer told next
    to nothing of what followed, or was badly recorded. Here it is told with some noise about what
    is expected, which its price makes up for.
    """
    p_value = prices_p_value(prices, of.margin > 0)
    return [
        *_around(
            (
                ("home win share", 0.533, 0.02, share(of.home_wins)),
                ("final margin, s.d.", 4.40, 0.15, deviation(of.margin)),
                ("games won by one run", 0.281, 0.02, share(np.abs(of.margin) == 1)),
                ("total, mean", 8.89, 0.20, mean(of.points)),
                ("total, s.d.", 4.50, 0.15, deviation(of.points)),
                ("total error, s.d.", 4.63, 0.15, deviation(of.total_error)),
                ("total error, mean", 0.44, 0.15, mean(of.total_error)),
                ("pushes of the total", 0.051, 0.008, share(of.total_error == 0)),
            )
        ),
        Check(GROUP, "closing prices against results, p", "above 0.001", 0.001, 1, p_value),
    ]


def _around(figures: Sequence[tuple[str, float, float, Estimate]]) -> list[Check]:
    """Hold each figure against its target, so far to either side."""
    return [
        Check(
            GROUP,
            name,
            f"{target:g} (+- {reach:g})",
            target - reach,
            target + reach,
            found.value,
            found.standard_error,
        )
        for name, target, reach, found in figures
    ]
