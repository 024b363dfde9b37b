"""Checks of simulated NFL and baseball games against closing lines and results of real ones.

No tolerances were measured: those here are about the change of such a figure from one period of
years to another.
"""

from collections.abc import Sequence

import numpy as np

from sim.crowd.arrays import Floats
from sim.crowd.calibration.calibration_check import Check, sourced
from sim.crowd.calibration.estimates import (
    Estimate,
    deviation,
    mean,
    prices_p_value,
    share,
)
from sim.crowd.calibration.game_samples import sample
from sim.crowd.calibration.joint_outcomes import joint_mlb_checks, joint_nfl_checks
from sim.crowd.calibration.sources import JOINT_MLB, JOINT_NFL, MLB_GAMES, NFL_GAMES
from sim.crowd.calibration.sport_figures import SportFigures
from sim.crowd.game import Game, Score
from sim.crowd.sports.mlb import MLB
from strategies.trading.model.market_types import MarketType

N_GAMES = 20_000
GROUP = 1


def measure(game: Game) -> tuple[float, ...]:
    """Return the results of one game, in the order of SportFigures."""
    home, away = game.final
    return home - away, home + away, game.points.spreads[0], game.points.totals[0]


def measure_priced(game: Game) -> tuple[float, ...]:
    """Return the results of one baseball game, and its closing price last."""
    price = MLB.fair(MarketType.MONEYLINE, 0.0, Score(0, 0), 1.0, game.line, game.total)
    return *measure(game), price


def nfl_checks(seed: int) -> list[Check]:
    """Compare N_GAMES drawn games of the NFL with 2,693 real ones."""
    return checks_of_nfl(SportFigures(*sample("nfl", seed, N_GAMES, measure)))


def checks_of_nfl(of: SportFigures) -> list[Check]:
    """Compare results with those of the NFL in 2011 to 2021."""
    margin = np.abs(of.margin)
    figures = _around(
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
    return [*sourced(NFL_GAMES, figures), *sourced(JOINT_NFL, joint_nfl_checks(of))]


def mlb_checks(seed: int) -> list[Check]:
    """Compare N_GAMES drawn games of baseball with 14,784 real ones."""
    *results, prices = sample("mlb", seed, N_GAMES, measure_priced)
    return checks_of_mlb(SportFigures(*results), prices)


def checks_of_mlb(of: SportFigures, prices: Floats) -> list[Check]:
    """Compare results and closing prices with those of 2014 to 2019.

    In real games the s.d. of the total (4.50) is below that of its error (4.63): the total on offer
    predicted next to nothing, or was badly recorded. Here it is the expected total with noise,
    which its price makes up for.
    """
    p_value = prices_p_value(prices, of.margin > 0)
    figures = _around(
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
    )
    prices_fit = Check(GROUP, "closing prices against results, p", "above 0.001", 0.001, 1, p_value)
    return [
        *sourced(MLB_GAMES, [*figures, prices_fit]),
        *sourced(JOINT_MLB, joint_mlb_checks(of)),
    ]


def _around(figures: Sequence[tuple[str, float, float, Estimate]]) -> list[Check]:
    """Return a check of each figure against its target, with a symmetric tolerance."""
    return [
        Check(
            GROUP,
            name,
            f"{target:g} (+- {tolerance:g})",
            target - tolerance,
            target + tolerance,
            found.value,
            found.standard_error,
        )
        for name, target, tolerance, found in figures
    ]
