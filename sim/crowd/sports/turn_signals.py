"""What is seen of a turn before it brings points, or none.

Whoever watches a turn has a signal with noise: it drifts up while home is to score, down while away
is, and has no drift in a turn without points. With the signal and the time that has passed without
a score, the probability of each outcome follows by Bayes' rule, so that a price which takes them
into account is fair at every moment. That there is such a signal is why a price moves between
scores, and by less at one; how clear it is was never measured.
"""

from collections.abc import Iterator
from math import inf, log, sqrt
from typing import NamedTuple

from numpy.random import Generator

from sim.crowd.game import SeenTurn


class TurnSignals(NamedTuple):
    """How often a turn is looked at, evenly spread over it, and how clear it is.

    `clarity` is the drift of the signal over a whole turn, in standard deviations of its noise.
    """

    looks: int
    clarity: float

    def of_turn(
        self, rng: Generator, turns_left: int, scorer: int, scored: float
    ) -> Iterator[tuple[float, SeenTurn]]:
        """Yield what is seen of a turn from each share of it on.

        `scorer` is home +1, away -1, or 0 if the turn brings no points; `scored` the share of the
        turn at which it does.
        """
        yield 0.0, SeenTurn(turns_left, 0.0, 0.0)
        steps = rng.normal(scorer * self.clarity / self.looks, 1 / sqrt(self.looks), self.looks)
        signal = 0.0
        for look, step in enumerate(steps[:-1].tolist(), 1):
            passed = look / self.looks
            if scorer and passed >= scored:
                break
            signal += step
            # The share of scorers' turns that have brought no points by now, and the ratio of two
            # normal densities.
            common = log(1 - passed) - self.clarity**2 * passed / 2
            tilt = self.clarity * signal
            yield passed, SeenTurn(turns_left, common + tilt, common - tilt)
        if scorer:
            yield scored, SeenTurn(turns_left, -inf, -inf)
