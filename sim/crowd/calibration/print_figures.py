"""The prints of one recorded game: what one taker traded at one moment, as the tape shows it."""

from collections.abc import Iterator, Sequence
from functools import partial
from math import inf
from typing import NamedTuple

import numpy as np

from sim.crowd.arrays import Floats
from sim.crowd.calibration.bootstrap import TargetCheck, from_source
from sim.crowd.calibration.sources import PROPHETX_PRINTS
from sim.crowd.calibration.tape_view import TapeView
from strategies.trading.model.market_types import MarketType

GROUP = 8
CENT = 0.01
CENTS_PER_DOLLAR = 100


class PrintFigures(NamedTuple):
    """The prints on the moneyline of a game, one after the other.

    `contracts` pay a dollar each. `paid` is the implied probability, `won` whether the contracts
    paid, `home_price` the price of home, whichever side was taken.
    """

    contracts: Floats
    paid: Floats
    won: Floats
    home_price: Floats


PrintTarget = TargetCheck[PrintFigures]


def prints_of(view: TapeView) -> PrintFigures:
    """Return the prints on the moneyline of a game."""
    trades = view.trades_of(MarketType.MONEYLINE)
    _, first, index = np.unique(trades.seq, return_index=True, return_inverse=True)
    contracts = np.bincount(index, trades.stakes / trades.implied) / CENTS_PER_DOLLAR
    paid = trades.implied[first]
    is_first = trades.is_first[first]
    return PrintFigures(
        contracts,
        paid,
        (is_first == view.home_won).astype(np.float64),
        np.where(is_first, paid, 1 - paid),
    )


def count_of_prints(view: TapeView) -> int:
    """Return the number of prints in all markets of a game."""
    return sum(len(np.unique(view.trades_of(type_).seq)) for type_ in view.types)


def print_targets() -> Iterator[PrintTarget]:
    """Return the checks of prints on the moneyline, of group 8.

    They are measured on games that open six hours before the start; some 30 prints are earlier. The
    gates are for a game of the NBA's size on ProphetX; the mean prices of its summer are shown
    beside ours and not gated: over a run's games their errors are as large as they are.
    """
    yield from from_source(PROPHETX_PRINTS, _print_targets())


def count_target() -> TargetCheck[int]:
    """Return the check of the number of prints in all markets, of group 8."""
    name, target = "prints of all markets", "266, any sport"
    return TargetCheck(GROUP, name, target, -inf, inf, _mean_count, PROPHETX_PRINTS)


def _print_targets() -> Iterator[PrintTarget]:
    name = "prints of the moneyline, from 6 h ahead"
    yield PrintTarget(GROUP, name, "100 to 1000", 100, 1000, _prints)
    yield PrintTarget(
        GROUP, "contracts of a print, mean", "208.6 (100 to 400)", 100, 400, _contracts
    )
    for name, column, target in (
        ("mean price paid, cents", "paid", "44.15"),
        ("contracts won, of 100", "won", "42.96"),
        ("home side's mean price, cents", "home_price", "53.3"),
    ):
        yield PrintTarget(GROUP, name, f"{target}, not gated", -inf, inf, partial(_mean, column))


def _prints(games: Sequence[PrintFigures]) -> float:
    return _mean_count([len(game.contracts) for game in games])


def _mean_count(games: Sequence[int]) -> float:
    return float(np.mean(games))


def _contracts(games: Sequence[PrintFigures]) -> float:
    return float(np.concatenate([game.contracts for game in games]).mean())


def _mean(column: str, games: Sequence[PrintFigures]) -> float:
    return float(np.concatenate([getattr(game, column) for game in games]).mean()) / CENT
