"""Snaps decimal prices to rungs of the American ladder, never paying a taker more than offered.

A size at an `atb` price p lets a taker stake it on the runner's own line, where it wins p - 1 per
unit. A size at an `atl` price is a stake on the runner that rests for a taker of the other line,
who stakes size x (p - 1) and wins 1 / (p - 1) per unit. One pound counts as one dollar.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from fractions import Fraction
from typing import NamedTuple

from strategies.trading.model.odds import Ladder, Odds, implied_probability, payout_ratio

_CENTS = Decimal(100)


class BookSide(Enum):
    """The side of Betfair's book that a price is on."""

    ATB = "atb"
    ATL = "atl"


class Snapped(NamedTuple):
    """A rung, and how much more it implies than the price did, in probability, never negative."""

    odds: Odds
    moved: float


def taker_ratio(side: BookSide, price: Decimal) -> Fraction:
    """Return what a taker wins per unit staked on the line where the offer is shown."""
    ratio = Fraction(price) - 1
    return ratio if side is BookSide.ATB else 1 / ratio


def taker_cents(side: BookSide, price: Decimal, size: Decimal) -> int:
    """Return what a taker may stake on the line where the offer is shown, half up to the cent."""
    stake = size if side is BookSide.ATB else size * (price - 1)
    return int((stake * _CENTS).quantize(Decimal(1), rounding=ROUND_HALF_UP))


class Snapper:
    """Snaps prices to a ladder."""

    def __init__(self, ladder: Ladder) -> None:
        """Snap to this ladder."""
        self._ladder = ladder
        self._longest = Fraction(*payout_ratio(ladder.rungs[-1]))
        # A market has few different prices and many changes, so each price is snapped once.
        self._known: dict[tuple[BookSide, Decimal], Snapped | None] = {}

    def snap(self, side: BookSide, price: Decimal) -> Snapped | None:
        """Return the longest rung paying no more than the price, or None beyond the ladder."""
        asked = (side, price)
        if asked not in self._known:
            self._known[asked] = self.snap_ratio(taker_ratio(side, price))
        return self._known[asked]

    def snap_ratio(self, ratio: Fraction) -> Snapped | None:
        """Return the longest rung paying no more than a profit per stake, or None beyond it."""
        odds = self._ladder.longest_paying_at_most(ratio)
        if odds is None or ratio > self._longest:
            return None
        return Snapped(odds, max(0.0, implied_probability(odds) - float(1 / (1 + ratio))))


@dataclass(slots=True)
class Movement:
    """The distance by which snapping moved prices, as implied probability weighted by stake."""

    count: int = 0
    cents: int = 0
    moved_by_stake: float = 0.0
    most: float = 0.0

    def add(self, moved: float, cents: int) -> None:
        """Count one price with the stake that a taker could place, or placed, at it."""
        self.count += 1
        self.cents += cents
        self.moved_by_stake += moved * cents
        self.most = max(self.most, moved)

    @property
    def mean(self) -> float:
        """Return the mean by stake, zero where nothing was counted."""
        return self.moved_by_stake / self.cents if self.cents else 0.0
