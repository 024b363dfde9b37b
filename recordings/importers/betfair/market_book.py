"""The book of one Betfair market as offers on the rungs of the tape's ladder.

Several prices may snap to one rung, and two sides of Betfair's book meet on one line: the `atb` of
its runner and the `atl` of the opposite one. A rung shows their sum.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from recordings.importers.betfair.definition import RunnerKey
from recordings.importers.betfair.snapping import BookSide, Movement, Snapper, taker_cents
from recordings.importers.betfair.stream_file import PriceSize

Rung = tuple[int, int]


class LineIndices(NamedTuple):
    """The indices of a runner's own line and of the opposite one in the tape's dictionary."""

    own: int
    opposite: int

    def shown_on(self, side: BookSide) -> int:
        """Return the line on which a taker meets a price of this side."""
        return self.own if side is BookSide.ATB else self.opposite


class _Resting(NamedTuple):
    rung: Rung | None
    cents: int


class MarketBook:
    """Follows the levels of a market's runners and yields the rungs that changed."""

    def __init__(self, snapper: Snapper, movement: Movement) -> None:
        """Start empty; every price that is set is added to `movement`."""
        self.levels_off_ladder = 0
        self._snapper = snapper
        self._movement = movement
        self._resting: dict[tuple[RunnerKey, BookSide, Decimal], _Resting] = {}
        self._cents: dict[Rung, int] = {}
        self._shown: dict[Rung, int] = {}
        self._touched: dict[Rung, None] = {}

    def sides_holding(self, key: RunnerKey, price: Decimal) -> list[BookSide]:
        """Return the sides of a runner's book with something at this price."""
        return [side for side in BookSide if (key, side, price) in self._resting]

    def clear(self) -> None:
        """Forget every level, as an image replaces them."""
        for resting in self._resting.values():
            self._add(resting.rung, -resting.cents)
        self._resting.clear()

    def set_levels(
        self,
        key: RunnerKey,
        indices: LineIndices,
        side: BookSide,
        levels: Sequence[PriceSize],
    ) -> None:
        """Set the sizes at these prices; a size of zero removes the level."""
        for price, size in levels:
            before = self._resting.pop((key, side, price), None)
            if before is not None:
                self._add(before.rung, -before.cents)
            if size:
                resting = self._snapped(indices, side, price, size)
                self._resting[key, side, price] = resting
                self._add(resting.rung, resting.cents)

    def changes(self) -> Iterator[tuple[int, int, int]]:
        """Yield (line, odds, amount in cents) of rungs that differ from what was last written."""
        for rung in sorted(self._touched):
            cents = self._cents.get(rung, 0)
            if cents != self._shown.get(rung, 0):
                self._shown[rung] = cents
                yield (*rung, cents)
        self._touched.clear()

    def _snapped(
        self, indices: LineIndices, side: BookSide, price: Decimal, size: Decimal
    ) -> _Resting:
        snapped = self._snapper.snap(side, price)
        cents = taker_cents(side, price, size)
        if snapped is None:
            self.levels_off_ladder += 1
            return _Resting(None, cents)
        self._movement.add(snapped.moved, cents)
        return _Resting((indices.shown_on(side), snapped.odds), cents)

    def _add(self, rung: Rung | None, cents: int) -> None:
        if rung is not None:
            self._cents[rung] = self._cents.get(rung, 0) + cents
            self._touched[rung] = None
