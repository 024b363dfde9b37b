"""What defines a simulated sport: its names, how a game is drawn, and the fair price of a line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from numpy.random import Generator

from sim.crowd.game import Game, Score
from strategies.trading.model.ids import MarketId
from strategies.trading.model.market_types import MarketType


class Fair(Protocol):
    """The fair price of a sport, before a game and in-play, consistent with how games are drawn."""

    def __call__(
        self,
        type_: MarketType,
        point: float,
        score: Score,
        share_left: float,
        line: float,
        total: float,
    ) -> float:
        """Return the probability that the first line of a pair wins, given that none is pushed.

        The first line is home (who must win by more than minus the point) or over. `share_left`
        is that of Game.share_left; `line` and `total` are what was expected at the start.
        """


@dataclass(frozen=True, slots=True)
class Sport:
    """A sport as ProphetX offers it. Teams are invented; `scheduled_ns` is when a game starts.

    The sigmas are the s.d. of final margin and total around what the closing market expects.
    `possession_points` are the points by which the side that scored last is expected to fall back,
    because the other one has the ball, as far as `fair` does not include it. `has_clock` is False
    where the game clock of the simulation only counts turns, so that nobody sees it.
    """

    key: str
    tournament: str
    name: str
    teams: tuple[str, ...]
    market_ids: Mapping[MarketType, MarketId]
    scheduled_ns: int
    in_play_delay_s: float
    margin_sigma: float
    total_sigma: float
    draw_game: Callable[[Generator], Game]
    fair: Fair
    possession_points: float = 0.0
    has_clock: bool = True


# The ids of ProphetX's templates, for every sport but baseball.
MARKET_IDS: Mapping[MarketType, MarketId] = {
    MarketType.MONEYLINE: MarketId("219"),
    MarketType.SPREAD: MarketId("223"),
    MarketType.TOTAL: MarketId("225"),
}
# What a crowd trades; periods and team totals have none.
CROWD_TYPES = tuple(MARKET_IDS)
