"""How a game in turns is laid out on the wall clock: turns take their time, breaks more."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from sim.crowd.game import Game, GameTimes, Points, Span
from sim.crowd.sports.turns import Played


@dataclass(frozen=True, slots=True)
class TurnPace:
    """How turns and breaks pass, in seconds.

    A turn of `turn_s` on the game clock takes a gamma-distributed time of mean `wall_s`; `breaks`
    are the ranges of pauses by the game clock at which they fall.
    """

    clock: GameTimes
    turn_s: float
    wall_s: float
    wall_shape: float
    breaks: Mapping[float, tuple[float, float]]


def lay_out(
    rng: Generator, pace: TurnPace, played: Played, line: float, total: float, points: Points
) -> Game:
    """Give every score its time on the wall, which starts with the game."""
    wall_s, clock_s, breaks = [0.0], [0.0], []
    for reached_s, lasted_s in _turns(rng, pace, played.end_s):
        wall_s.append(wall_s[-1] + lasted_s)
        clock_s.append(reached_s)
        if reached_s in pace.breaks and reached_s < played.end_s:
            breaks.append(
                Span(wall_s[-1], wall_s[-1] + float(rng.uniform(*pace.breaks[reached_s])))
            )
            wall_s.append(breaks[-1].to_s)
            clock_s.append(reached_s)
    told_s = np.interp([at_s for at_s, _ in played.scores], clock_s, wall_s).tolist()
    told = [(at_s, score) for at_s, (_, score) in zip(told_s, played.scores, strict=True)]
    return Game(line, total, points, pace.clock, told, wall_s, clock_s, breaks)


def _turns(rng: Generator, pace: TurnPace, end_s: float) -> list[tuple[float, float]]:
    """Return the game clock at the end of each turn, and how long the turn took."""
    turns = max(1, int(np.ceil(end_s / pace.turn_s)))
    clock_s = np.minimum(np.arange(turns + 1) * pace.turn_s, end_s)
    whole_s = rng.gamma(pace.wall_shape, pace.wall_s / pace.wall_shape, turns)
    lasted_s = np.diff(clock_s) / pace.turn_s * whole_s
    return list(zip(clock_s[1:].tolist(), lasted_s.tolist(), strict=True))
