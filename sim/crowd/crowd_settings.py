"""What a crowd is like: how many of whom, how keen, and how long it has."""

from dataclasses import dataclass, replace
from typing import Self

from numpy.random import Generator

from sim.crowd.game import Game, Score, Span
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.market import MarketType

DAY_S = 86_400.0
USUAL, HARD = "usual", "hard"
# By name, how often each market is suspended besides at the off and at the end.
SUSPENSIONS = {USUAL: 0, HARD: 12}
# Scores of a game played in a hurry are no closer than this.
HURRIED_GAP_S = 4.0


@dataclass(frozen=True, slots=True)
class CrowdSettings:
    """The shape of a crowd: times in seconds, shares and rates as multiples of the usual.

    `makers` counts those who quote, the keenest first, and `pace` multiplies how often they look;
    `interest` multiplies how often others take; `informed` is how many of these see a score early,
    on average for each main line. Only markets of `types` are wagered on. `extra_suspensions` come
    on top of those at the off and at the end, in every market. `in_play_delay_s` replaces the
    sport's own. A trade and the change of the book that it made are told up to `told_apart_s`
    apart. `game_s` shortens the game on the wall clock.
    """

    opens_before_s: float = DAY_S
    makers: int = 6
    pace: float = 1.0
    interest: float = 1.0
    informed: float = 1.0
    types: tuple[MarketType, ...] = tuple(MarketType)
    extra_suspensions: int = 0
    in_play_delay_s: float | None = None
    told_apart_s: float = 0.03
    game_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse a shape that cannot be, by name."""
        for name in ("opens_before_s", "pace", "interest", "informed", "told_apart_s"):
            self._require(name, getattr(self, name) >= 0, "zero or more")
        self._require("makers", self.makers >= 1, "one or more")
        self._require("extra_suspensions", self.extra_suspensions >= 0, "zero or more")
        delay_s, game_s = self.in_play_delay_s, self.game_s
        self._require("in_play_delay_s", delay_s is None or delay_s >= 0, "zero or more, or null")
        self._require("game_s", game_s is None or game_s > 0, "above zero, or null")

    def _require(self, name: str, right: bool, wanted: str) -> None:
        if not right:
            message = f"crowd.{name}: {getattr(self, name)!r} is not {wanted}"
            raise ConfigError(message)

    @classmethod
    def drawn(cls, rng: Generator) -> Self:
        """Draw a small crowd with a short game, for a storm: minutes from opening to the end."""
        return cls(
            opens_before_s=float(rng.uniform(30, 120)),
            makers=int(rng.integers(1, 6)),
            pace=float(rng.uniform(1, 6)),
            interest=float(rng.uniform(0.2, 4)),
            informed=float(rng.uniform(0, 3)),
            extra_suspensions=int(rng.integers(0, 4)),
            in_play_delay_s=float(rng.choice([0.0, 1.0, 5.0])),
            told_apart_s=float(rng.choice([0.0, 0.03])),
            game_s=float(rng.uniform(60, 240)),
        )


def suspensions_named(name: str) -> int:
    """Return how many extra suspensions a profile has; raise ConfigError if there is none such."""
    if name not in SUSPENSIONS:
        message = f"suspensions: {name!r} is not one of {', '.join(SUSPENSIONS)}"
        raise ConfigError(message)
    return SUSPENSIONS[name]


def compressed(game: Game, game_s: float) -> Game:
    """Return a game that takes so long on the wall clock, and that ends as the original does.

    Scores that would come too close on each other are told as one.
    """
    pace = game_s / game.length_s
    scores: list[tuple[float, Score]] = []
    for wall_s, score in game.scores:
        if scores and wall_s * pace - scores[-1][0] < HURRIED_GAP_S:
            scores[-1] = (scores[-1][0], score)
        else:
            scores.append((wall_s * pace, score))
    return replace(
        game,
        scores=scores,
        wall_s=[wall_s * pace for wall_s in game.wall_s],
        breaks=[Span(pause.from_s * pace, pause.to_s * pace) for pause in game.breaks],
    )
