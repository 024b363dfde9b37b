"""Fair values of the lines of a game: the truth as far as one has seen it, and the makers' view.

The truth is the sport's own price of what has happened: the score and the situation, and what is
expected after the news so far. How late somebody sees either is a `Sight`. Makers see both late,
and all of them are wrong by the same error in the game, which moves. Near its end the whole crowd
takes favourites for too little.
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.random import Generator

from sim.crowd.crowd_types import CrowdType
from sim.crowd.game import Game
from sim.crowd.noise import ar1
from sim.crowd.sports.sport import Sport
from strategies.trading.model.units import NS_PER_SECOND

# Expectations are updated every ten seconds. Before the start they move in rare steps to their
# closing values, mostly in the last hours.
STEP_NS = 10 * NS_PER_SECOND
IN_PLAY_STEPS = 2_000
LATE_STEPS = 2_160
MOVE_PROBABILITY, EARLY_MOVE_PROBABILITY = 0.009, 0.002
# Shares of the s.d. of the outcome: a margin or a total. The moves of a day add up to a fifth of
# it, though closing lines differ from opening ones by a ninth: with that, prices would move too
# little from minute to minute.
MOVE, ERROR = 0.037, 0.04
# What is kept of an error after a step: it lasts for about forty minutes.
ERROR_PERSISTENCE = 0.996
NO_ERROR = (0.0, 0.0)
# Favourites are too cheap in this share of regulation at its end, fully so after that part of it.
LATE_LEFT, LATE_RAMP = 10 / 48, 0.25


class Sight(NamedTuple):
    """How late somebody sees what happens, in seconds: play, and news before it."""

    play_s: float
    news_s: float


# Those who are at the game.
COURTSIDE = Sight(0.2, 0.2)


class Moves(NamedTuple):
    """What is expected of margin and total, less its closing value: at each step from the opening.

    The last step has the closing value. `line_errors` and `total_errors` are by how much the makers
    are wrong in the game, at each step from its start.
    """

    lines: list[float]
    totals: list[float]
    line_errors: list[float]
    total_errors: list[float]

    @classmethod
    def drawn(
        cls, rng: Generator, sport: Sport, *, opens_ns: int, starts_ns: int, news: float
    ) -> Self:
        """Draw how expectations move; `news` is a multiple of the usual size before the game."""
        steps = (starts_ns - opens_ns) // STEP_NS
        sigmas = (sport.margin_sigma, sport.total_sigma)
        moves = [_moves(rng, steps, MOVE * sigma * news) for sigma in sigmas]
        errors = (ar1(rng, ERROR * sigma, ERROR_PERSISTENCE, IN_PLAY_STEPS) for sigma in sigmas)
        return cls(*moves, *errors)


class FairValue:
    """The fair probabilities of all lines of one game, at a time and by how late one sees.

    `move_times_ns` are the times before the start at which expectations change.
    """

    def __init__(
        self, sport: Sport, game: Game, moves: Moves, *, opens_ns: int, starts_ns: int
    ) -> None:
        """Take a game, and how expectations move from the opening of the markets to its end."""
        self._fair = sport.fair
        self._late_slope = sport.late_slope
        self._game = game
        self._opens_ns = opens_ns
        self._starts_ns = starts_ns
        self._lines = [game.line + moved for moved in moves.lines]
        self._totals = [game.total + moved for moved in moves.totals]
        self._errors = list(zip(moves.line_errors, moves.total_errors, strict=True))
        self.move_times_ns = [
            opens_ns + step * STEP_NS
            for step in range(1, len(self._lines))
            if self._expected(step) != self._expected(step - 1)
        ]

    def true(self, type_: CrowdType, point: float, now_ns: int, sight: Sight) -> float:
        """Return the fair probability of the first line of a pair, by what one has seen.

        The first line is home (who must win by more than minus the point) or over.
        """
        return self._price(type_, point, now_ns, sight, NO_ERROR)

    def of_informed(self, type_: CrowdType, point: float, now_ns: int, sight: Sight) -> float:
        """Return the same as an informed taker sees it: without error, but for late favourites."""
        return self._late(self._price(type_, point, now_ns, sight, NO_ERROR), now_ns)

    def of_makers(self, type_: CrowdType, point: float, now_ns: int, sight: Sight) -> float:
        """Return what makers take for it, who are all wrong by the same error in the game."""
        step = min((now_ns - self._starts_ns) // STEP_NS, len(self._errors) - 1)
        error = self._errors[step] if step >= 0 else NO_ERROR
        return self._late(self._price(type_, point, now_ns, sight, error), now_ns)

    def _price(
        self,
        type_: CrowdType,
        point: float,
        now_ns: int,
        sight: Sight,
        error: tuple[float, float],
    ) -> float:
        seen_s, game = self._wall_s(now_ns) - sight.play_s, self._game
        left = game.share_left(game.clock_at(max(0.0, seen_s)))
        step = (now_ns - int(sight.news_s * NS_PER_SECOND) - self._opens_ns) // STEP_NS
        line, total = self._expected(min(max(0, step), len(self._lines) - 1))
        score, situation = game.score_at(seen_s), game.situation_at(seen_s)
        return self._fair(type_, point, score, left, line + error[0], total + error[1], situation)

    def _late(self, fair: float, now_ns: int) -> float:
        """Return a price with what the whole crowd is wrong by near the end, nearer to even."""
        left = self._game.share_left(self._game.clock_at(max(0.0, self._wall_s(now_ns))))
        if left >= LATE_LEFT or self._late_slope == 1.0 or not 0.0 < fair < 1.0:
            return fair
        slope = 1 + (self._late_slope - 1) * min(1.0, (1 - left / LATE_LEFT) / LATE_RAMP)
        return float(1 / (1 + (1 / fair - 1) ** (1 / slope)))

    def _wall_s(self, now_ns: int) -> float:
        return (now_ns - self._starts_ns) / NS_PER_SECOND

    def _expected(self, step: int) -> tuple[float, float]:
        return self._lines[step], self._totals[step]


def _moves(rng: Generator, steps: int, sigma: float) -> list[float]:
    """Return what is to come until the close at each step; the close itself is the last one."""
    shares = np.where(np.arange(steps)[::-1] < LATE_STEPS, MOVE_PROBABILITY, EARLY_MOVE_PROBABILITY)
    moves = rng.normal(0, sigma, steps) * (rng.random(steps) < shares)
    expected: list[float] = np.cumsum(moves[::-1])[::-1].tolist()
    return [*expected, 0.0]
