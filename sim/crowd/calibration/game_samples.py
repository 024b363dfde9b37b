"""Many games of a sport, and what was measured on each, drawn by two processes."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from sim.crowd.calibration.estimates import Floats
from sim.crowd.game import Game
from sim.crowd.sports.registry import sport_named
from sim.engine.random_streams import RandomStreams

# Games drawn from one stream; the same games come whichever process draws them.
BATCH = 500
PROCESSES = 2

Measure = Callable[[Game], tuple[float, ...]]


def sample(sport: str, seed: int, games: int, measure: Measure) -> Floats:
    """Return what was measured: a row for each figure, a column for each game.

    `games` are rounded up to whole batches; the measure must be a function of a module.
    """
    batches = range(-(-games // BATCH))
    with ProcessPoolExecutor(PROCESSES) as processes:
        drawn = processes.map(partial(batch, sport, seed, measure), batches)
        return np.concatenate(list(drawn), axis=1)


def batch(sport: str, seed: int, measure: Measure, number: int) -> Floats:
    """Return what was measured on the games of one batch."""
    rng = RandomStreams(seed).named(f"calibration.{sport}.{number}")
    played = sport_named(sport)
    measured = [measure(played.draw_game(rng)) for _ in range(BATCH)]
    return np.array(measured, dtype=np.float64).T
