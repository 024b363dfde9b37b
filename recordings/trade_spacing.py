"""How far apart a recording has a trade and the fall of the offer that it took.

They are two rows, in either order, and not marked as belonging together. A fall of the offer at
the odds of a trade, by exactly its stake and nearest in time, is taken for its own. Others may be
equal by chance, which is why a share of the pairs is looked at and not the longest.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recordings.reader import Chunk
from recordings.tape import Clocks, Kind, Side, TapeInfo
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Odds, opposite

# Rows further apart than this are not taken for a pair.
FARTHEST_NS = 2_000_000_000
# The share of the pairs that is no further apart than the spacing.
_SHARE = 0.9

# An offer by line and odds, and the stake in cents by which it fell.
_Fall = tuple[int, int, int]


class TradeSpacing(NamedTuple):
    """How many trades have a fall of their own, and within which time nine in ten of them do."""

    pairs: int
    within_ns: int


class SpacingMeter:
    """Measures the spacing chunk by chunk; a pair of which a row is in the next one is left out."""

    def __init__(self, info: TapeInfo) -> None:
        """Start with no rows of a recording with these dictionaries."""
        catalogue = info.catalogue()
        places = {line.line_id: place for place, line in enumerate(info.lines)}
        self._opposites = [places[catalogue.opposite(line_id).line_id] for line_id in places]
        self._one_clock = info.clocks == Clocks.ONE
        self._distances_ns: list[int] = []

    def note(self, chunk: Chunk) -> None:
        """Measure the trades of a chunk."""
        numbers = chunk.numbers
        received = numbers["received_ns"]
        times = received if self._one_clock else np.minimum(numbers["exchange_ns"], received)
        trades = list(self._trades(numbers, times))
        at_by_fall: dict[_Fall, list[int]] = {fall: [] for fall, _ in trades}
        for fall, at_ns in _falls(numbers, times):
            if fall in at_by_fall:
                at_by_fall[fall].append(at_ns)
        for fall, at_ns in trades:
            distance_ns = _nearest_ns(at_by_fall[fall], at_ns)
            if distance_ns <= FARTHEST_NS:
                self._distances_ns.append(distance_ns)

    def spacing(self) -> TradeSpacing:
        """Return the spacing of what was measured."""
        distances = sorted(self._distances_ns)
        within_ns = distances[int(_SHARE * (len(distances) - 1))] if distances else 0
        return TradeSpacing(len(distances), within_ns)

    def _trades(
        self, numbers: dict[str, NDArray[Any]], times: NDArray[Any]
    ) -> Iterator[tuple[_Fall, int]]:
        """Yield the fall that each trade causes, and the trade's time."""
        rows = np.flatnonzero(numbers["kind"] == Kind.TRADE)
        names = ("line", "odds", "amount_cents", "side")
        for line, odds, cents, side, at_ns in _zipped(numbers, names, times, rows):
            if side == Side.MAKER:
                staked_cents = profit_cents(cents, odds)
                yield (self._opposites[line], opposite(Odds(odds)), staked_cents), at_ns
            elif side == Side.TAKER:
                yield (line, odds, cents), at_ns


def _falls(numbers: dict[str, NDArray[Any]], times: NDArray[Any]) -> Iterator[tuple[_Fall, int]]:
    """Yield the falls of offers with their times; those of one offer in order."""
    offers = np.flatnonzero(numbers["kind"] == Kind.OFFER)
    keys = times[offers], numbers["odds"][offers], numbers["line"][offers]
    ordered = offers[np.lexsort(keys)]
    before, after = ordered[:-1], ordered[1:]
    line, odds, amount = numbers["line"], numbers["odds"], numbers["amount_cents"]
    fell = (line[before] == line[after]) & (odds[before] == odds[after])
    fell &= (amount[before] > amount[after]) & (amount[after] >= 0)
    fallen = amount[before[fell]] - amount[after[fell]]
    rows = _zipped(numbers, ("line", "odds"), times, after[fell])
    for (line_index, odds_of, at_ns), cents in zip(rows, fallen.tolist(), strict=True):
        yield (line_index, odds_of, cents), at_ns


def _zipped(
    numbers: dict[str, NDArray[Any]],
    names: tuple[str, ...],
    times: NDArray[Any],
    rows: NDArray[Any],
) -> Iterator[tuple[int, ...]]:
    """Return some columns of some rows, and their times, row by row."""
    columns = [*(numbers[name] for name in names), times]
    return zip(*(column[rows].tolist() for column in columns), strict=True)


def _nearest_ns(times: list[int], at_ns: int) -> int:
    """Return the distance to the nearest of some times in order, beyond FARTHEST_NS without one."""
    place = bisect_left(times, at_ns)
    near = times[max(0, place - 1) : place + 1]
    return min((abs(each - at_ns) for each in near), default=FARTHEST_NS + 1)
