"""How an NBA game is laid out on the wall clock: the game clock stands still again and again.

After a score it stands for a moment, now and then for a time-out; between periods for minutes; and
in the last two minutes of a period that decides, for longer each time.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from sim.crowd.game import Score, Span
from sim.crowd.sports.nba_score import CLOCK, LATE_S

QUARTER_S = 720.0
HALF_S = 1440.0
DEAD_BALL_S = 21.0
TIMEOUT_SHARE = 0.13
TIMEOUT_S = (100.0, 170.0)
BREAK_S = (150.0, 175.0)
HALF_TIME_S = (920.0, 985.0)
LATE_SLOWDOWN = 3.0

Floats = NDArray[np.float64]


class WallTimes(NamedTuple):
    """A game on the wall clock: when each score falls, knots of both clocks, and the breaks."""

    told: list[tuple[float, Score]]
    wall_s: list[float]
    clock_s: list[float]
    breaks: list[Span]


def lay_out(rng: Generator, scores: Sequence[tuple[float, Score]]) -> WallTimes:
    """Give every score its time on the wall, which starts at tip-off."""
    scored_s = np.array([clock_s for clock_s, _ in scores])
    period_ends_s = _period_ends_s(float(scored_s[-1]))
    stops_s = np.concatenate([scored_s, period_ends_s])
    stands_s = np.concatenate([_dead_s(rng, scored_s), _breaks_s(rng, period_ends_s)])
    order = np.argsort(stops_s, kind="stable")
    reached_s = stops_s[order] + np.cumsum(stands_s[order]) - stands_s[order]
    left_s = reached_s + stands_s[order]
    wall_s = [0.0, *np.column_stack([reached_s, left_s]).ravel().tolist()]
    clock_s = [0.0, *np.repeat(stops_s[order], 2).tolist()]
    is_break = order >= len(scores)
    breaks = [Span(*span) for span in zip(reached_s[is_break], left_s[is_break], strict=True)]
    told_s = reached_s[~is_break].tolist()
    told = [(at_s, score) for at_s, (_, score) in zip(told_s, scores, strict=True)]
    return WallTimes(told, wall_s[:-1], clock_s[:-1], breaks[:-1])


def _period_ends_s(last_s: float) -> Floats:
    overtimes = max(0, int(np.ceil((last_s - CLOCK.regulation_s) / CLOCK.overtime_s)))
    quarters_s = np.arange(1, 5) * QUARTER_S
    return np.append(
        quarters_s, CLOCK.regulation_s + np.arange(1, overtimes + 1) * CLOCK.overtime_s
    )


def _dead_s(rng: Generator, scored_s: Floats) -> Floats:
    """Return how long the clock stands after each score."""
    dead_s = rng.exponential(DEAD_BALL_S, len(scored_s))
    left_s = CLOCK.regulation_s - scored_s
    left_s = np.where(left_s > 0, left_s, left_s % CLOCK.overtime_s)
    dead_s *= np.where(left_s < LATE_S, LATE_SLOWDOWN, 1.0)
    timeouts_s = rng.uniform(*TIMEOUT_S, len(scored_s))
    return np.asarray(dead_s + timeouts_s * (rng.random(len(scored_s)) < TIMEOUT_SHARE))


def _breaks_s(rng: Generator, period_ends_s: Floats) -> Floats:
    """Return how long it stands after each period; the last one ends the game."""
    breaks_s = rng.uniform(*BREAK_S, len(period_ends_s))
    breaks_s[period_ends_s == HALF_S] = rng.uniform(*HALF_TIME_S)
    return breaks_s
