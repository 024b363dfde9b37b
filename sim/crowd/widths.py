"""How wide the spreads of main lines are: a factor that moves slowly before the game, faster in it.

Real spreads differ by more than prices and the time left explain, from book to book and within one.
"""

from math import exp
from typing import NamedTuple, Self

from numpy.random import Generator

from sim.crowd.noise import ar1
from strategies.trading.model.units import NS_PER_SECOND


class WidthNoise(NamedTuple):
    """S.d. of the logarithm, how long a step lasts, and what it keeps of the one before."""

    sigma: float
    step_ns: int
    persistence: float


BEFORE = WidthNoise(0.33, 1_200 * NS_PER_SECOND, 0.6)
IN_PLAY = WidthNoise(0.44, 60 * NS_PER_SECOND, 0.85)
IN_PLAY_STEPS = 400


class Widths:
    """The factors by time; the same for all makers and lines of a game."""

    def __init__(self, starts_ns: int, before: list[float], in_play: list[float]) -> None:
        """Hold the logarithms by step; `before` counts backwards from the start."""
        self._starts_ns = starts_ns
        self._before = before
        self._in_play = in_play

    @classmethod
    def drawn(cls, rng: Generator, opens_ns: int, starts_ns: int) -> Self:
        """Draw the factors from the opening of the markets on."""
        steps = (starts_ns - opens_ns) // BEFORE.step_ns + 1
        before = ar1(rng, BEFORE.sigma, BEFORE.persistence, steps)
        return cls(starts_ns, before, ar1(rng, IN_PLAY.sigma, IN_PLAY.persistence, IN_PLAY_STEPS))

    def at(self, now_ns: int) -> float:
        """Return the factor at a time."""
        if now_ns < self._starts_ns:
            return exp(self._before[(self._starts_ns - now_ns) // BEFORE.step_ns])
        step = min((now_ns - self._starts_ns) // IN_PLAY.step_ns, IN_PLAY_STEPS - 1)
        return exp(self._in_play[step])
