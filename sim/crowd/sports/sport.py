"""A simulated sport: its names, how a game is drawn, and the fair price of a line."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol, assert_never

from numpy.random import Generator

from sim.crowd.crowd_types import CrowdType
from sim.crowd.endings import PLAYED_TO_THE_END, EndingShares
from sim.crowd.game import UNKNOWN_SITUATION, Game, Score, Situation
from strategies.trading.model.ids import MarketId
from strategies.trading.model.market_types import MarketType


class Fair(Protocol):
    """The fair price of a sport, before a game and in-play, consistent with how games are drawn."""

    def __call__(
        self,
        type_: CrowdType,
        point: float,
        score: Score,
        share_left: float,
        line: float,
        total: float,
        situation: Situation = UNKNOWN_SITUATION,
    ) -> float:
        """Return the probability that the first line of a pair wins, given that none is pushed.

        The first line is home (who must win by more than minus the point) or over. `share_left`
        is that of Game.share_left; `line` and `total` are what was expected at the start. A sport
        whose games have no situations ignores `situation`.
        """


class Play(Protocol):
    """Plays one game of a sport."""

    def __call__(self, rng: Generator, line: float, total: float) -> Game:
        """Return a game of which an expected home margin and an expected sum are known."""


class CrowdMarketIds(NamedTuple):
    """ProphetX's ids of the markets of a sport."""

    moneyline: MarketId
    spread: MarketId
    total: MarketId

    def of(self, type_: CrowdType) -> MarketId:
        """Return the id of the market of a type."""
        match type_:
            case MarketType.MONEYLINE:
                return self.moneyline
            case MarketType.SPREAD:
                return self.spread
            case MarketType.TOTAL:
                return self.total
            case _:
                assert_never(type_)


class InPlayQuotes(NamedTuple):
    """How makers quote a main line in play.

    `width` is a factor of their half spread. Each level is `level_factor` times as far from fair
    value as the one before, so that a score leaves some standing: scores that move a price more
    need levels further away. Both were chosen so that, in play, a maker at the touch gains nothing
    and books after a score have both sides, as `sim calibrate` measures it.
    """

    width: float
    level_factor: float


USUAL_QUOTES = InPlayQuotes(width=3.6, level_factor=2.2)


@dataclass(frozen=True, slots=True)
class Sport:
    """A sport as ProphetX offers it. Teams are invented; `scheduled_ns` is when a game starts.

    `line` and `total` are mean and s.d., over games, of the margin and the sum that are expected.
    The sigmas are the s.d. of final margin and total around what the closing market expects.
    `has_clock` is False where the game clock of the simulation only counts turns, so that nobody
    sees it. `endings` are the shares of games that are not played to their end. `late_slope` is the
    slope of results on the log odds of prices near the end.
    """

    key: str
    tournament: str
    name: str
    teams: tuple[str, ...]
    market_ids: CrowdMarketIds
    scheduled_ns: int
    in_play_delay_s: float
    margin_sigma: float
    total_sigma: float
    line: tuple[float, float]
    total: tuple[float, float]
    play: Play
    fair: Fair
    has_clock: bool = True
    endings: EndingShares = PLAYED_TO_THE_END
    late_slope: float = 1.0
    in_play_quotes: InPlayQuotes = USUAL_QUOTES

    def draw_game(self, rng: Generator) -> Game:
        """Draw what a game is expected to bring, and play it."""
        line, total = float(rng.normal(*self.line)), float(rng.normal(*self.total))
        return self.play(rng, line, total)


# The ids of ProphetX's templates, for every sport but baseball.
MARKET_IDS = CrowdMarketIds(MarketId("219"), MarketId("223"), MarketId("225"))
