"""Samples of games: figures of many games of a sport, drawn by all processors."""

from collections.abc import Callable
from functools import partial

import numpy as np

from sim.crowd.arrays import Floats
from sim.crowd.calibration.measured_games import measured_games
from sim.crowd.game import Game
from sim.crowd.sports.registry import sport_named
from sim.engine.random_streams import RandomStreams

# Games per random stream; the result does not depend on which process draws a batch.
BATCH = 500

MeasureGame = Callable[[Game], tuple[float, ...]]


def sample(sport: str, seed: int, games: int, measure: MeasureGame) -> Floats:
    """Return the figures of many games: a row for each figure, a column for each game.

    `games` is rounded up to whole batches; `measure` must be picklable.
    """
    batches = range(-(-games // BATCH))
    drawn = measured_games("drawn game", partial(batch, sport, seed, measure), batches, BATCH)
    return np.concatenate(drawn, axis=1)


def batch(sport: str, seed: int, measure: MeasureGame, number: int) -> Floats:
    """Return the figures of one batch of games."""
    rng = RandomStreams(seed).named(f"calibration.{sport}.{number}")
    played = sport_named(sport)
    measured = [measure(played.draw_game(rng)) for _ in range(BATCH)]
    return np.array(measured, dtype=np.float64).T
