"""Derives trades from Betfair's cumulative traded stakes.

A rise at a price is a trade that was counted on both sides, so half of it was staked. Rises of
equal payout on both runners of a pair in one message are two stakes on opposite runners matched
with each other: one trade, each rise being one side of it at full size. The taker is the side that
met a price resting in the book just before; it is unknown if no such price rested, or if the two
runners contradict each other.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from recordings.importers.betfair.definition import RunnerKey, RunnerPair
from recordings.importers.betfair.market_book import MarketBook
from recordings.importers.betfair.snapping import BookSide
from recordings.importers.betfair.stream_file import RunnerChange

# A rise is the difference of two amounts, each rounded to the penny, so it is off by up to a penny.
_PENNY = Decimal("0.01")


class Rise(NamedTuple):
    """An increase of the volume traded on a runner at a price, in pounds as Betfair counts."""

    key: RunnerKey
    price: Decimal
    size: Decimal


class Match(NamedTuple):
    """A trade at a Betfair price: `size` is the stake on the runner in pounds.

    `side` is where the offer that was hit had rested, None if unknown; `crossed` is true if the
    trade was seen on both runners.
    """

    key: RunnerKey
    price: Decimal
    size: Decimal
    side: BookSide | None
    crossed: bool


class TradedStakes:
    """Follows what was traded on the runners of one market since it began."""

    def __init__(self) -> None:
        """Start with nothing traded."""
        self._traded: dict[tuple[RunnerKey, Decimal], Decimal] = {}

    def clear(self) -> None:
        """Forget all, as an image replaces it."""
        self._traded.clear()

    def rises(self, change: RunnerChange) -> list[Rise]:
        """Update the cumulative stakes and return where they rose; falls are corrections."""
        key = RunnerKey(change.id, change.hc)
        return [
            Rise(key, price, size)
            for price, traded in change.trd
            if (size := self._advance(key, price, traded)) > 0
        ]

    def _advance(self, key: RunnerKey, price: Decimal, traded: Decimal) -> Decimal:
        before = self._traded.get((key, price), Decimal(0))
        self._traded[key, price] = traded
        return traded - before


def matches(pair: RunnerPair, rises: Sequence[Rise], book: MarketBook) -> Iterator[Match]:
    """Yield the trades behind the rises of a pair in one message, with the book before it."""
    seconds = [rise for rise in rises if rise.key == pair.second]
    for first in rises:
        if first.key == pair.first:
            second = _equal_payout(first, seconds)
            if second is None:
                yield _plain(first, book)
            else:
                seconds.remove(second)
                yield _crossed(first, second, book)
    for second in seconds:
        yield _plain(second, book)


def _equal_payout(rise: Rise, others: Sequence[Rise]) -> Rise | None:
    nearest = min(others, key=lambda other: _payouts_apart(rise, other), default=None)
    if nearest is None:
        return None
    within = _PENNY * (rise.price + nearest.price)
    return nearest if _payouts_apart(rise, nearest) <= within else None


def _payouts_apart(rise: Rise, other: Rise) -> Decimal:
    return abs(rise.size * rise.price - other.size * other.price)


def _plain(rise: Rise, book: MarketBook) -> Match:
    sides = book.sides_holding(rise.key, rise.price)
    side = sides[0] if len(sides) == 1 else None
    return Match(rise.key, rise.price, rise.size / 2, side, crossed=False)


def _crossed(first: Rise, second: Rise, book: MarketBook) -> Match:
    hits = [
        (rise, side)
        for rise in (first, second)
        for side in book.sides_holding(rise.key, rise.price)
    ]
    # A taker meets an atb price on the runner's own line, and an atl price on the other.
    on_first = {(rise is first) == (side is BookSide.ATB) for rise, side in hits}
    if len(on_first) != 1:
        return Match(first.key, first.price, first.size, None, crossed=True)
    rise, side = hits[0]
    return Match(rise.key, rise.price, rise.size, side, crossed=True)
