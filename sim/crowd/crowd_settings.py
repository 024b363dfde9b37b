"""Settings of the simulated crowd: numbers of makers, rates, delays, and the length of a game."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from numpy.random import Generator

from sim.crowd.book_profiles import BOOK_PROFILES
from sim.crowd.crowd_types import CROWD_TYPES, CrowdType
from sim.crowd.game import Game, Score, Situation, Span

DAY_S = 86_400.0
USUAL, HARD = "usual", "hard"
# By name, how many suspensions each market has besides those at the start and at the end.
SUSPENSIONS = {USUAL: 0, HARD: 12}
# Scores of a compressed game are at least this far apart; closer ones are merged.
MIN_SCORE_GAP_S = 4.0
# Situations of a compressed game are at least this far apart; those between are left out.
MIN_SITUATION_GAP_S = 20.0


@dataclass(frozen=True, slots=True)
class CrowdSettings:
    """Settings of a crowd. Times are in seconds; rates are multiples of the measured ones.

    `makers` is the number of makers, the tightest profiles first; `requote_rate` is how often they
    requote, `interest` how often takers arrive. `informed` is how many takers know more than the
    makers do, as a multiple of the usual. Only markets of `types` are traded. `extra_suspensions`
    happen in every market besides those at the start and at the end. `in_play_delay_s` replaces
    the sport's own. A trade and the book change that it caused are published up to `trade_skew_s`
    apart. `game_s` is the length of the game on the wall clock; None keeps its natural length.
    `news` is the size of the moves of expectations before the game, as a multiple of the usual.
    `mispricing` is the probability by which the whole crowd prices every home and over line too
    low: whoever backs these lines at its fair price has that edge, and who backs the others lacks
    it. A line that is worth less than twice of it is priced at half of its value. `reference_s`
    is the time between two publications of the true fair prices of main lines, as if by an outside
    source; None publishes none. `books` is how many simulated outside books publish what they
    offer, the sharpest first (`simulated_books.py`).
    """

    opens_before_s: float = DAY_S
    makers: int = 6
    requote_rate: float = 1.0
    interest: float = 1.0
    informed: float = 1.0
    types: tuple[CrowdType, ...] = CROWD_TYPES
    extra_suspensions: int = 0
    in_play_delay_s: float | None = None
    trade_skew_s: float = 0.03
    game_s: float | None = None
    news: float = 1.0
    mispricing: float = 0.0
    reference_s: float | None = None
    books: int = 0

    @property
    def notes(self) -> list[str]:
        """Return what a report on this crowd must say."""
        notes = []
        if self.mispricing:
            points = f"{100 * self.mispricing:g} percentage points"
            notes.append(
                f"SIMULATED with a planted edge: home and over are priced {points} too low"
            )
        if self.reference_s is not None:
            notes.append("SIMULATED reference prices: the true fair prices, without a planted edge")
        if self.books:
            names = ", ".join(profile.name for profile in BOOK_PROFILES[: self.books])
            notes.append(f"SIMULATED outside books, with assumed vig, lag and error: {names}")
        return notes

    @property
    def has_outside_prices(self) -> bool:
        """Return whether prices from outside the exchange are published."""
        return self.reference_s is not None or self.books > 0

    @classmethod
    def drawn(cls, rng: Generator) -> Self:
        """Draw a small crowd with a game of minutes, for the storm tests."""
        return cls(
            opens_before_s=float(rng.uniform(30, 120)),
            makers=int(rng.integers(1, 6)),
            requote_rate=float(rng.uniform(1, 6)),
            interest=float(rng.uniform(0.2, 4)),
            informed=float(rng.uniform(0, 3)),
            extra_suspensions=int(rng.integers(0, 4)),
            in_play_delay_s=float(rng.choice([0.0, 1.0, 5.0])),
            trade_skew_s=float(rng.choice([0.0, 0.03])),
            game_s=float(rng.uniform(60, 240)),
        )


def compressed(game: Game, game_s: float) -> Game:
    """Return the game compressed to `game_s` on the wall clock, with the same final score.

    Scores that would come closer than MIN_SCORE_GAP_S are merged into one.
    """
    factor = game_s / game.length_s
    scores: list[tuple[float, Score]] = []
    for wall_s, score in game.scores:
        if scores and wall_s * factor - scores[-1][0] < MIN_SCORE_GAP_S:
            scores[-1] = (scores[-1][0], score)
        else:
            scores.append((wall_s * factor, score))
    return replace(
        game,
        scores=scores,
        wall_s=[wall_s * factor for wall_s in game.wall_s],
        breaks=[Span(pause.from_s * factor, pause.to_s * factor) for pause in game.breaks],
        situations=_thinned(
            [(wall_s * factor, situation) for wall_s, situation in game.situations]
        ),
    )


def _thinned(situations: Sequence[tuple[float, Situation]]) -> list[tuple[float, Situation]]:
    """Return situations that are so far apart that makers can react to each."""
    kept: list[tuple[float, Situation]] = []
    for wall_s, situation in situations:
        if not kept or wall_s - kept[-1][0] >= MIN_SITUATION_GAP_S:
            kept.append((wall_s, situation))
    return kept
