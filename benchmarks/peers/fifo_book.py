"""An exact order book: every order by itself, in price and time priority, in whole units.

Written without the code of the simulated exchange, whose queue models are compared with it. Prices
rise with the probability of home; bids are at lower prices than asks.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.peers.streams import ASK, BID


@dataclass(slots=True)
class Joined:
    """A hypothetical order of one unit at the end of a queue: it is filled, and changes nothing.

    `ahead` holds the numbers of the orders that were there first. `filled_ns` is None until a taker
    reaches it.
    """

    side: int
    price: int
    ahead: frozenset[int]
    filled_ns: int | None = None


class FifoBook:
    """Levels of orders, each level in order of arrival."""

    def __init__(self) -> None:
        """Start empty."""
        # What is left of each order, by side, price and number.
        self.levels: tuple[dict[int, dict[int, int]], ...] = ({}, {})
        self.joined: list[Joined] = []
        self._orders: dict[int, tuple[int, int, int]] = {}

    def touch(self, side: int) -> int | None:
        """Return the best price of a side, None if it is empty."""
        prices = self.levels[side]
        if not prices:
            return None
        return max(prices) if side == BID else min(prices)

    def amount(self, side: int, price: int) -> int:
        """Return what is left of the orders at a level."""
        return sum(self.levels[side].get(price, {}).values())

    def quantity(self, side: int, price: int) -> int:
        """Return the original size of the orders at a level that have something left."""
        return sum(self._orders[number][2] for number in self.levels[side].get(price, {}))

    def join(self, side: int, price: int) -> Joined:
        """Add a hypothetical order behind everything at a level."""
        joined = Joined(side, price, frozenset(self.levels[side].get(price, {})))
        self.joined.append(joined)
        return joined

    def add(self, at_ns: int, number: int, side: int, price: int, size: int) -> None:
        """Add an order that crosses no other; it fills the hypothetical orders that it crosses."""
        self.levels[side].setdefault(price, {})[number] = size
        self._orders[number] = side, price, size
        for joined in self.joined:
            crosses = price <= joined.price if side == ASK else price >= joined.price
            if joined.side != side and crosses:
                joined.filled_ns = joined.filled_ns or at_ns

    def cancel(self, number: int) -> tuple[int, int] | None:
        """Remove what is left of an order; return its level, None if nothing was left."""
        side, price, _ = self._orders[number]
        level = self.levels[side].get(price, {})
        if level.pop(number, None) is None:
            return None
        if not level:
            del self.levels[side][price]
        return side, price

    def take(self, at_ns: int, side: int, limit: int, size: int) -> Iterator[tuple[int, int]]:
        """Match a taker with a side up to a price; yield each price and what was taken there."""
        for joined in self.joined:
            accepts = joined.side == side and not _is_beyond(side, joined.price, limit)
            if accepts and size > self._ahead_of(joined):
                joined.filled_ns = joined.filled_ns or at_ns
        while size:
            price = self.touch(side)
            if price is None or _is_beyond(side, price, limit):
                return
            taken = self._take_level(side, price, size)
            size -= taken
            yield price, taken

    def _ahead_of(self, joined: Joined) -> int:
        """Return what a taker matches before a hypothetical order."""
        better = (
            self.amount(joined.side, price)
            for price in self.levels[joined.side]
            if price != joined.price and not _is_beyond(joined.side, price, joined.price)
        )
        level = self.levels[joined.side].get(joined.price, {})
        return sum(better) + sum(left for n, left in level.items() if n in joined.ahead)

    def _take_level(self, side: int, price: int, size: int) -> int:
        level, wanted = self.levels[side][price], size
        for number in tuple(level):
            taken = min(level[number], wanted)
            wanted -= taken
            level[number] -= taken
            if level[number]:
                break
            del level[number]
        if not level:
            del self.levels[side][price]
        return size - wanted


def _is_beyond(side: int, price: int, limit: int) -> bool:
    """Return whether a price of a side is worse for a taker than the limit."""
    return price < limit if side == BID else price > limit
