"""When a game began, which the quotes do not say, from how its moneyline moved.

Before a game a moneyline hardly moves; from its first minutes on it moves all the time. The start
is taken from the first such change: the last quote before it, down to five minutes. Of 16 games of
the WNBA in the public files, 14 then begin within ten minutes after a full hour, and two within ten
minutes before one. A game whose recording begins while it moves is in play already.
"""

from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strategies.trading.model.units import NS_PER_SECOND

_NS_PER_MINUTE = 60 * NS_PER_SECOND
_WINDOW_NS = 20 * _NS_PER_MINUTE
# The sum of all moves of the mid price within the window, in dollars of a contract.
_LIVELY, _QUIET = 0.10, 0.04
_GRID_NS = 5 * _NS_PER_MINUTE


class StartSource(StrEnum):
    """Where the time at which a game began comes from."""

    GIVEN = "given"
    ESTIMATED = "estimated"
    BEFORE = "before"
    ASSUMED = "assumed"


class GameStart(NamedTuple):
    """The start of a game; `is_seen` if the recording reaches beyond it."""

    ns: int
    source: StartSource
    is_seen: bool


def estimated_start(
    times_ns: NDArray[np.int64], mids: NDArray[Any], day_ns: int, assumed_ns: int
) -> GameStart:
    """Return when a game began, by the quotes of its moneyline at rising times.

    `day_ns` is the beginning of its day and `assumed_ns` the start to assume on that day if its
    quotes do not reach into the game; it is never before the last quote.
    """
    if len(times_ns) == 0:
        return GameStart(assumed_ns, StartSource.ASSUMED, is_seen=False)
    moved = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(mids)))))
    after = _at(times_ns, moved, times_ns + _WINDOW_NS) - moved
    before = moved - _at(times_ns, moved, times_ns - _WINDOW_NS)
    known = times_ns - times_ns[0] >= _WINDOW_NS
    if times_ns[0] >= day_ns and after[0] >= _LIVELY:
        return GameStart(int(times_ns[0]), StartSource.BEFORE, is_seen=True)
    begins = known & (times_ns >= day_ns) & (after >= _LIVELY) & (before <= _QUIET)
    if not begins.any():
        assumed_ns = max(assumed_ns, int(times_ns[-1]) + _GRID_NS)
        return GameStart(assumed_ns, StartSource.ASSUMED, is_seen=False)
    first = int(np.argmax(begins))
    still = begins[first:]
    # The last quote of the first such stretch: the next one has moved.
    last = first + (int(np.argmin(still)) if not still.all() else len(still)) - 1
    ns = int(times_ns[last]) // _GRID_NS * _GRID_NS
    return GameStart(ns, StartSource.ESTIMATED, is_seen=True)


def _at(times_ns: NDArray[np.int64], moved: NDArray[Any], at_ns: NDArray[np.int64]) -> NDArray[Any]:
    """Return how much had been moved by each time."""
    places = np.searchsorted(times_ns, at_ns, side="right") - 1
    reached: NDArray[Any] = moved[np.maximum(places, 0)]
    return reached
