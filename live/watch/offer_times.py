"""The offers on the lines of an event over time: those of any moment are read at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strategies.trading.model.odds import Odds

_Ints = NDArray[Any]

# A place in the books is one integer, so that places sort by line and then by odds.
_ODDS_BITS = 24
_ODDS_SHIFT = 1 << (_ODDS_BITS - 1)


class OfferTimes:
    """Every change of an offer, sorted by its place in the books and then by time.

    A moment is then one search for the last change of each place, however long the recording is.
    Lines are indices of the dictionary of the recording.
    """

    def __init__(self, times: _Ints, lines: _Ints, odds: _Ints, cents: _Ints) -> None:
        """Take the changes in their order; `cents` is what a taker may stake from then on."""
        places = (lines.astype(np.int64) << _ODDS_BITS) + odds + _ODDS_SHIFT
        self._times = times
        self._count = len(times)
        self._places, groups = np.unique(places, return_inverse=True)
        order = np.argsort(groups, kind="stable")
        # Ascending: the number of the place, then that of the change.
        self._keys = groups[order] * self._count + order
        self._cents = cents[order]

    def at(self, line: int, at_ns: int) -> dict[Odds, int]:
        """Return what takers may stake on a line at a time, in cents by odds."""
        first, last = self._groups_of(line)
        starts = np.arange(first, last) * self._count
        changes = np.searchsorted(self._times, at_ns, side="right")
        ends = np.searchsorted(self._keys, starts + changes)
        known = ends > np.searchsorted(self._keys, starts)
        odds = (self._places[first:last][known] & ((1 << _ODDS_BITS) - 1)) - _ODDS_SHIFT
        cents = self._cents[ends[known] - 1]
        return {Odds(o): c for o, c in zip(odds.tolist(), cents.tolist(), strict=True) if c}

    def times_of(self, lines: Sequence[int]) -> _Ints:
        """Return when the offers on some lines changed, each time once, in order."""
        found = [np.zeros(0, dtype=np.int64)]
        for line in lines:
            first, last = self._groups_of(line)
            start, end = np.searchsorted(self._keys, (first * self._count, last * self._count))
            found.append(self._times[self._keys[start:end] % max(1, self._count)])
        return np.unique(np.concatenate(found))

    def _groups_of(self, line: int) -> tuple[int, int]:
        ends = np.searchsorted(self._places, (line << _ODDS_BITS, (line + 1) << _ODDS_BITS))
        return int(ends[0]), int(ends[1])
