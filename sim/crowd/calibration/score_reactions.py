"""How the moneyline's book answers a score: how far ahead of the official feed, and how."""

from typing import NamedTuple

import numpy as np

from sim.crowd.calibration.tape_view import Floats, TapeView, Touches, Whole
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND

# What the book looked like so long before the official score is what it answers from: nobody can
# have seen the ball go in by then.
BEFORE_S = 4.6
AFTER_S = 12.0
# Scores that moved the middle by less than this, from before to after, are not looked at: what is
# seen around them is other people's doing.
MOVED = 0.02
# Scores so close on each other cannot be told apart.
APART_S = 8.0
CENT = 0.01


class ScoreReactions(NamedTuple):
    """By how many seconds each answer came ahead of the official score, negative if after it.

    `worse`: the first cent by which it became dearer to back those who scored: offers were taken
    or withdrawn. `better`: by which it became cheaper to back the others: offers were placed.
    """

    worse: Floats
    better: Floats


def reactions_of(view: TapeView) -> ScoreReactions:
    """Return how a game's moneyline answered each score that stands alone."""
    touches = view.main_pair(MarketType.MONEYLINE)
    worse: list[float] = []
    better: list[float] = []
    told = _told_alone(view)
    for official_ns, scorer in told:
        if not _has_moved(touches, official_ns, scorer):
            continue
        backing, against = touches.first, touches.second
        if scorer < 0:
            backing, against = against, backing
        worse += _ahead_s(touches.at_ns, -np.nan_to_num(backing, nan=1.0), official_ns)
        better += _ahead_s(touches.at_ns, np.nan_to_num(against, nan=1.0), official_ns)
    return ScoreReactions(np.array(worse), np.array(better))


def _has_moved(touches: Touches, official_ns: int, scorer: int) -> bool:
    ends_ns = [
        official_ns - int(BEFORE_S * NS_PER_SECOND),
        official_ns + int(AFTER_S * NS_PER_SECOND),
    ]
    before, after = touches.on(np.array(ends_ns)).mid
    return bool(scorer * (after - before) >= MOVED)


def _told_alone(view: TapeView) -> list[tuple[int, int]]:
    """Return when scores became official, and who made them: home +1, away -1."""
    changes = []
    before = (0, 0)
    for official_ns, score in view.scores:
        if score != before:
            gained = (score[0] - before[0]) - (score[1] - before[1])
            changes.append((official_ns, 1 if gained > 0 else -1))
            before = score
    apart_ns = int(APART_S * NS_PER_SECOND)
    times = [-apart_ns, *(at_ns for at_ns, _ in changes), changes[-1][0] + 10 * apart_ns]
    return [
        change
        for place, change in enumerate(changes, start=1)
        if times[place] - times[place - 1] > apart_ns and times[place + 1] - times[place] > apart_ns
    ]


def _window_ns(official_ns: int) -> tuple[int, int]:
    """Return the start and end of what is examined around an official score."""
    before_ns, after_ns = int(BEFORE_S * NS_PER_SECOND), int(AFTER_S * NS_PER_SECOND)
    return official_ns - before_ns, official_ns + after_ns


def _ahead_s(at_ns: Whole, price: Floats, official_ns: int) -> list[float]:
    """Return by how much ahead a price first fell by a cent, if it did at all."""
    since = (
        int(np.searchsorted(at_ns, official_ns - int(BEFORE_S * NS_PER_SECOND), side="right")) - 1
    )
    until = int(np.searchsorted(at_ns, official_ns + int(AFTER_S * NS_PER_SECOND), side="right"))
    fallen = np.flatnonzero(price[since:until] <= price[since] - CENT)
    return [(official_ns - int(at_ns[since + fallen[0]])) / NS_PER_SECOND] if len(fallen) else []
