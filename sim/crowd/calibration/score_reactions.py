"""Reactions of the moneyline book to scores, and their lead over the official score."""

from typing import NamedTuple

import numpy as np

from sim.crowd.arrays import Floats, Integers
from sim.crowd.calibration.tape_view import TapeView, Touches
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND

# The book this long before the official score is the reference: nobody has seen the score by then.
BEFORE_S = 4.6
AFTER_S = 12.0
# Scores that moved the mid price by less than this are ignored: changes around them have other
# causes.
MIN_MOVE = 0.02
# Scores closer than this cannot be separated, and are ignored.
ISOLATION_S = 8.0
CENT = 0.01


class ScoreReactions(NamedTuple):
    """Leads of reactions over the official score in seconds, negative if after it.

    `worse`: backing the side that scored became dearer by a cent, as offers were taken or
    cancelled. `better`: backing the other side became cheaper by a cent, as offers were placed.
    """

    worse: Floats
    better: Floats


def reactions_of(view: TapeView) -> ScoreReactions:
    """Return the reactions of the moneyline to each isolated score of a game."""
    touches = view.main_pair(MarketType.MONEYLINE)
    worse: list[float] = []
    better: list[float] = []
    for official_ns, scorer in _isolated_scores(view):
        if not _has_moved(touches, official_ns, scorer):
            continue
        backing, against = touches.first, touches.second
        if scorer < 0:
            backing, against = against, backing
        worse += _lead_s(touches.at_ns, -np.nan_to_num(backing, nan=1.0), official_ns)
        better += _lead_s(touches.at_ns, np.nan_to_num(against, nan=1.0), official_ns)
    return ScoreReactions(np.array(worse), np.array(better))


def _has_moved(touches: Touches, official_ns: int, scorer: int) -> bool:
    ends_ns = [
        official_ns - int(BEFORE_S * NS_PER_SECOND),
        official_ns + int(AFTER_S * NS_PER_SECOND),
    ]
    before, after = touches.on(np.array(ends_ns)).mid
    return bool(scorer * (after - before) >= MIN_MOVE)


def _isolated_scores(view: TapeView) -> list[tuple[int, int]]:
    """Return the official times of isolated scores, with the scorer: home +1, away -1."""
    changes = []
    before = (0, 0)
    for official_ns, score in view.scores:
        if score != before:
            gained = (score[0] - before[0]) - (score[1] - before[1])
            changes.append((official_ns, 1 if gained > 0 else -1))
            before = score
    isolation_ns = int(ISOLATION_S * NS_PER_SECOND)
    times = [-isolation_ns, *(at_ns for at_ns, _ in changes), changes[-1][0] + 10 * isolation_ns]
    return [
        change
        for index, change in enumerate(changes, start=1)
        if times[index] - times[index - 1] > isolation_ns
        and times[index + 1] - times[index] > isolation_ns
    ]


def _window_ns(official_ns: int) -> tuple[int, int]:
    """Return the start and end of what is examined around an official score."""
    before_ns, after_ns = int(BEFORE_S * NS_PER_SECOND), int(AFTER_S * NS_PER_SECOND)
    return official_ns - before_ns, official_ns + after_ns


def _lead_s(at_ns: Integers, price: Floats, official_ns: int) -> list[float]:
    """Return the lead of the first fall of a price by a cent, as a list of one, or of none."""
    since = (
        int(np.searchsorted(at_ns, official_ns - int(BEFORE_S * NS_PER_SECOND), side="right")) - 1
    )
    until = int(np.searchsorted(at_ns, official_ns + int(AFTER_S * NS_PER_SECOND), side="right"))
    fallen = np.flatnonzero(price[since:until] <= price[since] - CENT)
    return [(official_ns - int(at_ns[since + fallen[0]])) / NS_PER_SECOND] if len(fallen) else []
