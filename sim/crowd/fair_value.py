"""The crowd's fair value of a line: the sport's fair price under moving expectations.

All makers and takers share one model; they differ in the score that they have seen.
"""

from math import sqrt
from typing import NamedTuple, Self, assert_never

import numpy as np
from numpy.random import Generator

from sim.crowd.crowd_types import CrowdType
from sim.crowd.game import Game, Score
from sim.crowd.sports.sport import Sport
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.units import NS_PER_SECOND

# Expectations are updated every ten seconds. Before the start they move in rare steps to their
# closing values, mostly in the last hours; in the game they fluctuate around those with a memory
# of about a minute, which stands for fouls and line-ups.
STEP_NS = 10 * NS_PER_SECOND
IN_PLAY_STEPS = 2_000
LATE_STEPS = 2_160
MOVE_PROBABILITY, EARLY_MOVE_PROBABILITY = 0.014, 0.002
# Both are shares of the s.d. of the outcome: a margin or a total. The moves of a day add up to a
# fifth of it, though closing lines differ from opening ones by a ninth: with that, prices would
# move too little from minute to minute.
MOVE, NOISE = 0.032, 0.02
NOISE_PERSISTENCE = 0.85
# With less of the game left than this, the side that has the ball may not score with it.
NEXT_SCORE_LEFT = 0.01


class Moves(NamedTuple):
    """What is expected of margin and total, less its closing value: at each step from the opening.

    The last step before the game has the closing value; those in the game fluctuate around it.
    """

    lines: list[float]
    totals: list[float]

    @classmethod
    def drawn(
        cls, rng: Generator, sport: Sport, *, opens_ns: int, starts_ns: int, news: float
    ) -> Self:
        """Draw how expectations move; `news` is a multiple of the usual size before the game."""
        steps = (starts_ns - opens_ns) // STEP_NS
        lines = _moves(rng, steps, sport.margin_sigma, news)
        return cls(lines, _moves(rng, steps, sport.total_sigma, news))


class FairValue:
    """The crowd's fair probabilities of all lines of one game, given a score and a time.

    `move_times_ns` are the times before the start at which expectations change.
    """

    def __init__(
        self, sport: Sport, game: Game, moves: Moves, *, opens_ns: int, starts_ns: int
    ) -> None:
        """Take a game, and how expectations move from the opening of the markets to its end."""
        self._fair = sport.fair
        self._possession_points = sport.possession_points
        self._game = game
        self._scorers = _scorers(game)
        self._opens_ns = opens_ns
        self._starts_ns = starts_ns
        steps = (starts_ns - opens_ns) // STEP_NS
        self._lines = [game.line + moved for moved in moves.lines]
        self._totals = [game.total + moved for moved in moves.totals]
        self.move_times_ns = [
            opens_ns + step * STEP_NS
            for step in range(1, steps)
            if self._expected(step) != self._expected(step - 1)
        ]

    def fair(self, type_: CrowdType, point: float, score: Score, now_ns: int) -> float:
        """Return the fair probability of the first line of a pair, at this point and score.

        The first line is home (who must win by more than minus the point) or over.
        """
        clock_s = self._game.clock_at(max(0, now_ns - self._starts_ns) / NS_PER_SECOND)
        left = self._game.share_left(clock_s)
        step = min((now_ns - self._opens_ns) // STEP_NS, len(self._lines) - 1)
        point -= self._possession(type_, score, left)
        return self._fair(type_, point, score, left, *self._expected(step))

    def _possession(self, type_: CrowdType, score: Score, left: float) -> float:
        """Return what the ball is worth to the side that did not score last, in home points."""
        match type_:
            case MarketType.MONEYLINE | MarketType.SPREAD:
                return (
                    self._possession_points
                    * self._scorers.get(score, 0)
                    * min(1.0, left / NEXT_SCORE_LEFT)
                )
            case MarketType.TOTAL:
                return 0.0
            case _:
                assert_never(type_)

    def _expected(self, step: int) -> tuple[float, float]:
        return self._lines[step], self._totals[step]


def _scorers(game: Game) -> dict[Score, int]:
    """Return who made each score: home +1, away -1."""
    before = Score(0, 0)
    scorers = {}
    for _, score in game.scores:
        scorers[score] = 1 if score.home - before.home > score.away - before.away else -1
        before = score
    return scorers


def _moves(rng: Generator, steps: int, sigma: float, news: float) -> list[float]:
    """Return what is to come until the close at each step, then AR(1) noise."""
    shares = np.where(np.arange(steps)[::-1] < LATE_STEPS, MOVE_PROBABILITY, EARLY_MOVE_PROBABILITY)
    moves = rng.normal(0, MOVE * sigma * news, steps) * (rng.random(steps) < shares)
    expected: list[float] = np.cumsum(moves[::-1])[::-1].tolist()
    noise, noise_sigma = 0.0, NOISE * sigma * sqrt(1 - NOISE_PERSISTENCE**2)
    for drawn in rng.normal(0, noise_sigma, IN_PLAY_STEPS).tolist():
        expected.append(noise)
        noise = NOISE_PERSISTENCE * noise + drawn
    return expected
