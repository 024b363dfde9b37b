"""The offers of all lines of a recording at a moment, as sorted arrays."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[Any]

# A place in the books is one integer, so that offers sort by line and then by odds.
_ODDS_BITS = 24
_ODDS_SHIFT = 1 << (_ODDS_BITS - 1)
NO_PLACE = -1


def places(lines: IntArray, odds: IntArray) -> IntArray:
    """Return the places of offers by the indices of their lines and their odds."""
    return (lines.astype(np.int64) << _ODDS_BITS) + odds + _ODDS_SHIFT


def lines_of(offer_places: IntArray) -> IntArray:
    """Return the indices of the lines of places; NO_PLACE for NO_PLACE."""
    lines: IntArray = offer_places >> _ODDS_BITS
    return lines


class OfferTable(NamedTuple):
    """Every offer that is displayed, by place; amounts are what a taker can stake, in cents."""

    places: IntArray
    cents: IntArray

    @classmethod
    def empty(cls) -> "OfferTable":
        """Return the table before the first row."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))

    def updated(self, row_places: IntArray, row_cents: IntArray) -> "OfferTable":
        """Return the table after rows in their order; those at NO_PLACE are of no offer."""
        of_offers = row_places != NO_PLACE
        every_place = np.concatenate((self.places, row_places[of_offers]))
        every_cents = np.concatenate((self.cents, row_cents[of_offers]))
        # `unique` finds the first of equal places, and the last row counts.
        found, at = np.unique(every_place[::-1], return_index=True)
        cents = every_cents[::-1][at]
        displayed = cents != 0
        return OfferTable(found[displayed], cents[displayed])

    def of_line(self, line: int) -> list[tuple[int, int]]:
        """Return odds and cents of the offers on a line, longest odds first."""
        first, last = np.searchsorted(self.places, (line << _ODDS_BITS, (line + 1) << _ODDS_BITS))
        odds = (self.places[first:last] & ((1 << _ODDS_BITS) - 1)) - _ODDS_SHIFT
        pairs = zip(odds.tolist(), self.cents[first:last].tolist(), strict=True)
        return sorted(pairs, reverse=True)
