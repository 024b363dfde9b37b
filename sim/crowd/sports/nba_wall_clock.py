"""The wall times of an NBA game: how long the game clock is stopped, and when.

It stops briefly after each score, sometimes for a time-out, for minutes between periods, and for
longer in the last two minutes of the fourth quarter and of overtimes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from sim.crowd.arrays import Floats
from sim.crowd.game import Score, Span
from sim.crowd.sports.nba_score import CLOCK, END_GAME_S

QUARTER_S = 720.0
HALF_S = 1440.0
DEAD_BALL_S = 21.0
TIMEOUT_SHARE = 0.13
TIMEOUT_S = (100.0, 170.0)
BREAK_S = (150.0, 175.0)
HALF_TIME_S = (920.0, 985.0)
END_GAME_SLOWDOWN = 3.0


class WallTimes(NamedTuple):
    """A game on the wall clock: its scores with their times, knots of both clocks, and breaks."""

    scores: list[tuple[float, Score]]
    wall_s: list[float]
    clock_s: list[float]
    breaks: list[Span]


def wall_times(rng: Generator, scores: Sequence[tuple[float, Score]]) -> WallTimes:
    """Return the wall times of a game, in seconds since tip-off."""
    scored_s = np.array([clock_s for clock_s, _ in scores])
    period_ends_s = _period_ends_s(float(scored_s[-1]))
    stopped_at_s = np.concatenate([scored_s, period_ends_s])
    stoppages_s = np.concatenate([_stoppages_s(rng, scored_s), _breaks_s(rng, period_ends_s)])
    order = np.argsort(stopped_at_s, kind="stable")
    reached_s = stopped_at_s[order] + np.cumsum(stoppages_s[order]) - stoppages_s[order]
    left_s = reached_s + stoppages_s[order]
    wall_s = [0.0, *np.column_stack([reached_s, left_s]).ravel().tolist()]
    clock_s = [0.0, *np.repeat(stopped_at_s[order], 2).tolist()]
    is_break = order >= len(scores)
    breaks = [Span(*span) for span in zip(reached_s[is_break], left_s[is_break], strict=True)]
    scored_wall_s = reached_s[~is_break].tolist()
    timed = [(at_s, score) for at_s, (_, score) in zip(scored_wall_s, scores, strict=True)]
    return WallTimes(timed, wall_s[:-1], clock_s[:-1], breaks[:-1])


def _period_ends_s(last_s: float) -> Floats:
    overtimes = max(0, int(np.ceil((last_s - CLOCK.regulation_s) / CLOCK.overtime_s)))
    quarters_s = np.arange(1, 5) * QUARTER_S
    return np.append(
        quarters_s, CLOCK.regulation_s + np.arange(1, overtimes + 1) * CLOCK.overtime_s
    )


def _stoppages_s(rng: Generator, scored_s: Floats) -> Floats:
    """Return how long the clock is stopped after each score."""
    dead_s = rng.exponential(DEAD_BALL_S, len(scored_s))
    left_s = CLOCK.regulation_s - scored_s
    left_s = np.where(left_s > 0, left_s, left_s % CLOCK.overtime_s)
    dead_s *= np.where(left_s < END_GAME_S, END_GAME_SLOWDOWN, 1.0)
    timeouts_s = rng.uniform(*TIMEOUT_S, len(scored_s))
    return np.asarray(dead_s + timeouts_s * (rng.random(len(scored_s)) < TIMEOUT_SHARE))


def _breaks_s(rng: Generator, period_ends_s: Floats) -> Floats:
    """Return the break after each period; the last one ends the game."""
    breaks_s = rng.uniform(*BREAK_S, len(period_ends_s))
    breaks_s[period_ends_s == HALF_S] = rng.uniform(*HALF_TIME_S)
    return breaks_s
