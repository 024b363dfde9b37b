"""The wall times of a game in turns: random durations of turns, and breaks between them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from sim.crowd.game import Game, GameTimes, Points, Situation, Span
from sim.crowd.sports.turns import PlayedTurns


@dataclass(frozen=True, slots=True)
class TurnTiming:
    """Durations of turns and breaks, in seconds.

    A turn of `turn_s` on the game clock takes a gamma-distributed wall time of mean `wall_s` and
    shape `wall_shape`; `breaks` are the ranges of breaks by the game clock at which they start.
    """

    clock: GameTimes
    turn_s: float
    wall_s: float
    wall_shape: float
    breaks: Mapping[float, tuple[float, float]]


def timed_game(
    rng: Generator,
    timing: TurnTiming,
    played: PlayedTurns,
    line: float,
    total: float,
    points: Points,
) -> Game:
    """Return the game with the wall time of every score, in seconds since its start."""
    wall_s, clock_s, breaks = [0.0], [0.0], []
    for reached_s, duration_s in _turns(rng, timing, played.end_s):
        wall_s.append(wall_s[-1] + duration_s)
        clock_s.append(reached_s)
        if reached_s in timing.breaks and reached_s < played.end_s:
            breaks.append(
                Span(wall_s[-1], wall_s[-1] + float(rng.uniform(*timing.breaks[reached_s])))
            )
            wall_s.append(breaks[-1].to_s)
            clock_s.append(reached_s)
    scored_s = np.interp([at_s for at_s, _ in played.scores], clock_s, wall_s).tolist()
    scores = [(at_s, score) for at_s, (_, score) in zip(scored_s, played.scores, strict=True)]
    seen_s = np.interp([at_s for at_s, _ in played.seen], clock_s, wall_s).tolist()
    situations = [
        (at_s, Situation(0, 0.0, turn)) for at_s, (_, turn) in zip(seen_s, played.seen, strict=True)
    ]
    return Game(line, total, points, timing.clock, scores, wall_s, clock_s, breaks, situations)


def _turns(rng: Generator, timing: TurnTiming, end_s: float) -> list[tuple[float, float]]:
    """Return the game clock at the end of each turn, and the wall time that the turn took."""
    turns = max(1, int(np.ceil(end_s / timing.turn_s)))
    clock_s = np.minimum(np.arange(turns + 1) * timing.turn_s, end_s)
    whole_s = rng.gamma(timing.wall_shape, timing.wall_s / timing.wall_shape, turns)
    durations_s = np.diff(clock_s) / timing.turn_s * whole_s
    return list(zip(clock_s[1:].tolist(), durations_s.tolist(), strict=True))
