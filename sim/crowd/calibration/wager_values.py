"""The value of fills of a game some time after them, and at the close and settlement."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recordings.reader import Tape
from sim.crowd.arrays import Flags, Floats, Integers
from sim.crowd.calibration.tape_view import TapeView
from sim.crowd.calibration.touch_joiner import JoinerFill, joiner_fills_on_tape
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND

# Seconds between two looks of the joiners; zero is at every change.
EVERY_S = AT_CHANGE_S, USUAL_S, SLOW_S = (0.0, 5.0, 30.0)
HORIZONS_S = (1.0, 10.0, 60.0)
CLOSE, SETTLED = "close", "settled"
PHASES = PRE, IN = ("pre-game", "in-play")
# Seconds after a fill, CLOSE or SETTLED.
Horizon = float | str
# Beyond these prices a half-spread is so small that values in half-spreads mean little.
LEAST_MID, MOST_MID = 0.05, 0.95


class FillSums(NamedTuple):
    """Sums over fills, each weighted by what it pays: values by horizon, and half-spreads.

    Values are probabilities: the fair price at the horizon less the price paid. That at the close
    is of fills before the game; of those in play it is the value at settlement.
    """

    fills: int
    weight: float
    half_spread: float
    values: dict[Horizon, float]


class WagerValues(NamedTuple):
    """The values of a game's wagers: joiners by time between looks and phase; its takers' by phase.

    `stakes` is what the makers staked in all trades of the moneyline, by phase.
    """

    joiners: dict[tuple[float, str], FillSums]
    makers: dict[str, FillSums]
    stakes: dict[str, float]


class _Fills(NamedTuple):
    """Fills as arrays; `is_first` is whether the first line was backed, `weight` what they pay."""

    at_ns: Integers
    is_first: Flags
    price: Floats
    weight: Floats

    @property
    def staked(self) -> float:
        """Return the stake of all fills."""
        return float((self.price * self.weight).sum())

    def chosen(self, chosen: Flags) -> "_Fills":
        """Return some of the fills."""
        return _Fills(
            self.at_ns[chosen], self.is_first[chosen], self.price[chosen], self.weight[chosen]
        )


def values_of(tape: Tape, view: TapeView) -> WagerValues:
    """Return what fills were worth: of joiners, run on a recorded game, and of its makers."""
    prices = _Prices(view)
    joined = joiner_fills_on_tape(tape, EVERY_S)
    joiners = {
        (seconds, phase): prices.sums(_arrays(fills), phase)
        for seconds, fills in zip(EVERY_S, joined, strict=True)
        for phase in PHASES
    }
    made = _makers_fills(view)
    stakes = {phase: made.chosen(prices.of_phase(made, phase)).staked for phase in PHASES}
    return WagerValues(joiners, {phase: prices.sums(made, phase) for phase in PHASES}, stakes)


def sums_by_phase(view: TapeView, fills: Sequence[JoinerFill]) -> dict[str, FillSums]:
    """Return what the fills of a joiner were worth, by the prices of a recording."""
    prices, arrays = _Prices(view), _arrays(fills)
    return {phase: prices.sums(arrays, phase) for phase in PHASES}


class _Prices:
    """The prices of a game's moneyline by which its fills are valued."""

    def __init__(self, view: TapeView) -> None:
        self._view = view
        self._touches = view.main_pair(MarketType.MONEYLINE)
        self._mid = self._touches.mid
        known = np.flatnonzero(~np.isnan(self._mid))
        count = len(self._mid)
        # For each message the last one with both sides, or else the first one; and the next one.
        self._last = np.maximum(self._touches.last_two_sided, known[0])
        following = np.append(known, count)
        self._next = following[np.searchsorted(known, np.arange(count))]
        self._result = view.home_value

    def of_phase(self, fills: _Fills, phase: str) -> Flags:
        """Return which fills are of a phase, at prices that are not extreme."""
        mid = self._mid_before(fills.at_ns)
        in_play = fills.at_ns >= self._view.live_ns
        chosen: Flags = (in_play == (phase == IN)) & (mid >= LEAST_MID) & (mid <= MOST_MID)
        return chosen

    def sums(self, fills: _Fills, phase: str) -> FillSums:
        """Return the sums over the fills of a phase."""
        of = fills.chosen(self.of_phase(fills, phase))
        settled = np.full(len(of.at_ns), self._result)
        closed_ns = np.full(len(of.at_ns), self._view.live_ns - 1)
        values: dict[Horizon, Floats] = {
            s: self._mid_after(of.at_ns + int(s * NS_PER_SECOND)) for s in HORIZONS_S
        }
        values[CLOSE] = self._mid_after(closed_ns) if phase == PRE else settled
        values[SETTLED] = settled
        before = self._index_before(of.at_ns)
        half_spread = self._touches.overround[before] / 2
        return FillSums(
            len(of.at_ns),
            float(of.weight.sum()),
            float((of.weight * half_spread).sum()),
            {at: _total_value(of, fair) for at, fair in values.items()},
        )

    def _index_before(self, at_ns: Integers) -> Integers:
        """Return the last message before each time by which both sides were offered."""
        index: Integers = self._last[np.searchsorted(self._touches.at_ns, at_ns, "left") - 1]
        return index

    def _mid_before(self, at_ns: Integers) -> Floats:
        return np.asarray(self._mid[self._index_before(at_ns)])

    def _mid_after(self, at_ns: Integers) -> Floats:
        """Return the mid at each time, or the next one known; after the last one, the result."""
        index = self._next[np.searchsorted(self._touches.at_ns, at_ns, "right") - 1]
        return np.asarray(np.append(self._mid, self._result)[index])


def _total_value(fills: _Fills, fair: Floats) -> float:
    of_line = np.where(fills.is_first, fair, 1 - fair)
    return float((fills.weight * (of_line - fills.price)).sum())


def _arrays(fills: Sequence[JoinerFill]) -> _Fills:
    at_ns, is_first, price, payout = zip(*fills, strict=True) if fills else ((), (), (), ())
    return _Fills(
        np.array(at_ns, dtype=np.int64),
        np.array(is_first, dtype=bool),
        np.array(price, dtype=np.float64),
        np.array(payout, dtype=np.float64),
    )


def _makers_fills(view: TapeView) -> _Fills:
    """Return the makers' side of every trade of the moneyline."""
    trades = view.trades_of(MarketType.MONEYLINE)
    payout = trades.stakes / trades.implied
    return _Fills(trades.at_ns, ~trades.is_first, 1 - trades.implied, payout)
