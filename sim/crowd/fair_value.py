"""What the crowd thinks a line is worth: its sport's fair price, and expectations that move.

All who look at a game share one model, told what each one knows.
"""

from math import sqrt

import numpy as np
from numpy.random import Generator

from sim.crowd.activity_rates import NS_PER_S
from sim.crowd.game import Game, Score
from sim.crowd.sports.sport import Sport
from strategies.trading.model.market import MarketType

# What is expected of the rest of the game is looked at anew every ten seconds. Before the start it
# moves in rare steps to its closing value, most of them in the last hours; in the game it sways
# around that for about a minute: fouls, who is on the bench.
LOOK_NS = 10 * NS_PER_S
GAME_LOOKS = 2_000
LAST_LOOKS = 2_160
MOVE_SHARE, EARLY_MOVE_SHARE = 0.014, 0.002
# Both are shares of the s.d. of the outcome: a margin or a total. The steps of a day add up to a
# ninth of it, as closing lines differ from opening ones.
MOVE, SWAY = 0.032, 0.02
SWAY_KEPT = 0.85
# With less of the game left than this, the side that has the ball may not score with it.
NEXT_SCORE_LEFT = 0.01


class FairValue:
    """The crowd's fair probabilities: the same model for all, told what each one knows.

    `moves_ns` are the times before the start at which expectations change.
    """

    def __init__(
        self, sport: Sport, game: Game, rng: Generator, *, opens_ns: int, tip_off_ns: int
    ) -> None:
        """Draw how expectations move from the opening of the markets to the end of the game."""
        self._fair = sport.fair
        self._given_back = sport.given_back
        self._game = game
        self._scorers = _scorers(game)
        self._opens_ns = opens_ns
        self._tip_off_ns = tip_off_ns
        looks = (tip_off_ns - opens_ns) // LOOK_NS
        self._lines = _expectations(rng, game.line, looks, sport.margin_sigma)
        self._totals = _expectations(rng, game.total, looks, sport.total_sigma)
        self.moves_ns = [
            opens_ns + look * LOOK_NS
            for look in range(1, looks)
            if self._expected(look) != self._expected(look - 1)
        ]

    def ahead_ns(self, now_ns: int) -> int:
        """Return how far ahead tip-off is; negative in the game."""
        return self._tip_off_ns - now_ns

    def fair(self, type_: MarketType, point: float, score: Score, now_ns: int) -> float:
        """Return the fair probability of the first line of a pair, at this point and score.

        The first line is home (who must win by more than minus the point) or over.
        """
        clock_s = self._game.clock_at(max(0, now_ns - self._tip_off_ns) / NS_PER_S)
        left = self._game.share_left(clock_s)
        look = min((now_ns - self._opens_ns) // LOOK_NS, len(self._lines) - 1)
        if type_ is not MarketType.TOTAL:
            point -= (
                self._given_back * self._scorers.get(score, 0) * min(1.0, left / NEXT_SCORE_LEFT)
            )
        return self._fair(type_, point, score, left, *self._expected(look))

    def _expected(self, look: int) -> tuple[float, float]:
        return self._lines[look], self._totals[look]


def _scorers(game: Game) -> dict[Score, int]:
    """Return who made each score: home +1, away -1."""
    before = Score(0, 0)
    scorers = {}
    for _, score in game.scores:
        scorers[score] = 1 if score.home - before.home > score.away - before.away else -1
        before = score
    return scorers


def _expectations(rng: Generator, closing: float, looks: int, sigma: float) -> list[float]:
    """Return what is expected at each look: steps towards the closing value, then sways."""
    shares = np.where(np.arange(looks)[::-1] < LAST_LOOKS, MOVE_SHARE, EARLY_MOVE_SHARE)
    moves = rng.normal(0, MOVE * sigma, looks) * (rng.random(looks) < shares)
    expected: list[float] = (closing + np.cumsum(moves[::-1])[::-1]).tolist()
    swayed, sway_sigma = 0.0, SWAY * sigma * sqrt(1 - SWAY_KEPT**2)
    for drawn in rng.normal(0, sway_sigma, GAME_LOOKS).tolist():
        expected.append(closing + swayed)
        swayed = SWAY_KEPT * swayed + drawn
    return expected
