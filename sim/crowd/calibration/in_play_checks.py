"""Checks of the moneyline of a simulated NBA game in play: group 12 of the targets.

Where real markets gave a figure and no gate, the gate here follows from the errors of that figure:
that of a correlation or slope from two games of 900 samples is 0.03, that of medians and quantiles
of a single book about a third of it. Platt slope and depths by price are of other exchanges, so
their gates are wide.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from math import inf

import numpy as np

from sim.crowd.arrays import Floats
from sim.crowd.calibration.bootstrap import TargetCheck, from_source
from sim.crowd.calibration.estimates import platt_slope
from sim.crowd.calibration.in_play_figures import (
    MOVES_S,
    SECONDS_AFTER,
    InPlayFigures,
    LatePrices,
)
from sim.crowd.calibration.moments import Moments
from sim.crowd.calibration.sources import (
    BETFAIR,
    IN_PLAY_BOOKS,
    KALSHI_SCORES,
    LATE_FAVOURITES,
    PRICE_OF_DEPTH,
    SX_BET,
)

GROUP = 12
CENT = 0.01
TEN_S, MINUTE_S = 10.0, 60.0
# Price of the touch, measured dollars; the gate is a factor of 2.5 on both sides.
DEPTHS = ((0.2, "below 20 c", 5.0), (0.35, "20 to 35 c", 24.0), (0.65, "35 to 65 c", 118.0))
DEPTH_FACTOR = 2.5

InPlayTarget = TargetCheck[InPlayFigures]
InPlayGames = Sequence[InPlayFigures]


def in_play_targets() -> Iterator[InPlayTarget]:
    """Return the checks of group 12, but for that of late prices."""
    yield from two_sided_targets()
    yield from from_source(IN_PLAY_BOOKS, _momentum())
    yield from from_source(KALSHI_SCORES, _reactions())
    yield from from_source(IN_PLAY_BOOKS, _waves())
    name = "trades a minute, in-play"
    # Of these games rather than the full ones: there are four times as many, and games differ.
    yield InPlayTarget(GROUP, name, "8 to 50", 8, 50, _trades_a_minute, BETFAIR)
    yield from _spreads()
    yield from from_source(PRICE_OF_DEPTH, _depths())


def late_targets() -> Iterator[TargetCheck[LatePrices]]:
    """Return the check of late prices: one result a game is little, so it takes many games."""
    name = "last 10 minutes, Platt slope"
    yield TargetCheck(GROUP, name, "1.62 (hint)", 1.0, 2.4, _platt, LATE_FAVOURITES)


def two_sided_targets() -> Iterator[InPlayTarget]:
    """Return the checks that the book has two sides at every second after a score."""
    for index, seconds in enumerate(SECONDS_AFTER):
        name = f"two-sided {seconds} s after a score"
        statistic = partial(_mean_column, "two_sided", index)
        yield InPlayTarget(GROUP, name, "1.00", 0.99, 1, statistic, IN_PLAY_BOOKS)


def _momentum() -> Iterator[InPlayTarget]:
    for seconds, target, low, high in (
        (TEN_S, "-0.17 and -0.04", -0.20, 0.0),
        (MINUTE_S, "-0.035", -0.10, 0.02),
    ):
        name = f"changes in {seconds:g} s, autocorrelation"
        yield InPlayTarget(GROUP, name, target, low, high, partial(_autocorrelation, seconds))
    name = "next 60 s on in_game less mid, slope"
    yield InPlayTarget(GROUP, name, "0 (+- 0.1)", -0.1, 0.1, _slope_ahead)


def _reactions() -> Iterator[InPlayTarget]:
    # Of a single game; between simulated ones the s.d. of this figure is 1.1 cents.
    gates = {10.0: ("1.8 cents (one game)", 0.5, 3.9)}
    for index, seconds in enumerate(MOVES_S):
        target, low, high = gates.get(seconds, ("for information", -inf, inf))
        name = f"move for the scorer by {seconds:g} s, cents"
        yield InPlayTarget(GROUP, name, target, low, high, partial(_move, index))
    name, statistic = "move for the scorer, 20 to 60 s, cents", partial(_later_move, 20.0, 60.0)
    yield InPlayTarget(GROUP, name, "0 (+- 0.3)", -0.3, 0.3, statistic)


def _waves() -> Iterator[InPlayTarget]:
    for seconds, target, low, high in (
        (TEN_S, "1.3 to 1.9", 1.3, 1.9),
        (MINUTE_S, "3.4 to 5.1", 3.4, 5.1),
    ):
        name = f"trades in {seconds:g} s, variance over mean"
        yield InPlayTarget(GROUP, name, target, low, high, partial(_dispersion, seconds))


def _spreads() -> Iterator[InPlayTarget]:
    for level, target, low, high in ((0.25, "1.5 cents", 1.0, 2.2), (0.75, "4.6 cents", 2.5, 5.5)):
        name = f"overround, {level:.0%} quantile, cents"
        statistic = partial(_quantile, "overround", level)
        yield InPlayTarget(GROUP, name, target, low, high, statistic, IN_PLAY_BOOKS)
    for when, column, target, low, high in (
        ("before the last quarter", "overround_before", "7 cents", 4.0, 9.0),
        ("in the last quarter", "overround_late", "9 cents", 5.0, 12.0),
    ):
        name = f"overround, 90% {when}, cents"
        statistic = partial(_quantile, column, 0.9)
        yield InPlayTarget(GROUP, name, target, low, high, statistic, PRICE_OF_DEPTH)


def _depths() -> Iterator[InPlayTarget]:
    for price, name, dollars in DEPTHS:
        low, high = dollars / DEPTH_FACTOR, dollars * DEPTH_FACTOR
        target = f"{dollars:g} dollars"
        yield InPlayTarget(
            GROUP, f"touch {name}, median", target, low, high, partial(_depth, price)
        )
    for name, column in (("touch", "least_touch"), ("trade", "least_trade")):
        statistic = partial(_median, column)
        title = f"smallest {name} of a game, dollars"
        yield InPlayTarget(GROUP, title, "0.7", 0, 1, statistic, IN_PLAY_BOOKS)
    for name, column, target, high, source in (
        ("touch", "touches", "2.6 (2 pounds)", 10.0, BETFAIR),
        ("trade", "trades", "0.04 to 1", 3.0, f"{BETFAIR}; {SX_BET}"),
    ):
        statistic = partial(_small, column)
        title = f"{name}, 5% quantile, dollars"
        yield InPlayTarget(GROUP, title, target, 0, high, statistic, source)


def _pooled(column: str, games: InPlayGames) -> Floats:
    return np.concatenate([getattr(game, column) for game in games])


def _mean_column(column: str, index: int, games: InPlayGames) -> float:
    return float(_pooled(column, games)[:, index].mean())


def _move(index: int, games: InPlayGames) -> float:
    return _mean_column("moves", index, games) / CENT


def _later_move(from_s: float, to_s: float, games: InPlayGames) -> float:
    return _move(MOVES_S.index(to_s), games) - _move(MOVES_S.index(from_s), games)


def _autocorrelation(seconds: float, games: InPlayGames) -> float:
    return Moments.total(game.changes[seconds] for game in games).correlation


def _slope_ahead(games: InPlayGames) -> float:
    return Moments.total(game.ahead for game in games).slope


def _trades_a_minute(games: InPlayGames) -> float:
    return float(np.mean([game.trades_a_minute for game in games]))


def _dispersion(seconds: float, games: InPlayGames) -> float:
    return float(np.mean([game.dispersion[seconds] for game in games]))


def _quantile(column: str, level: float, games: InPlayGames) -> float:
    values = _pooled(column, games)
    return float(np.quantile(values[~np.isnan(values)], level)) / CENT


def _depth(price: float, games: InPlayGames) -> float:
    return float(np.median(np.concatenate([game.depths[price] for game in games])))


def _small(column: str, games: InPlayGames) -> float:
    return float(np.quantile(_pooled(column, games), 0.05))


def _median(column: str, games: InPlayGames) -> float:
    return float(np.median([getattr(game, column) for game in games]))


def _platt(games: Sequence[LatePrices]) -> float:
    won = [np.full(len(game.mid), game.home_won) for game in games]
    return platt_slope(np.concatenate([game.mid for game in games]), np.concatenate(won))
