"""Where a crowd meets: one game, the lines on it, and what everybody there can see."""

from collections.abc import Sequence
from dataclasses import dataclass

from simpy import Event

from sim.crowd.activity_rates import NS_PER_S
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.fair_value import FairValue
from sim.crowd.game import Game, Score
from sim.engine.virtual_clock import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.prophet import SimulatedProphet
from strategies.trading.model.market import MarketType


@dataclass(frozen=True, slots=True)
class OfferedPair:
    """A pair on offer: home or over first; the main one of its market, or an outer one."""

    type: MarketType
    point: float
    books: tuple[LineBook, LineBook]
    is_main: bool


class GameContext:
    """What all who wager on a game share."""

    def __init__(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        game: Game,
        outlook: FairValue,
        shape: CrowdSettings,
        pairs: Sequence[OfferedPair],
        starts_ns: int,
        in_play_delay_s: float,
    ) -> None:
        """Set the stage; play begins at `starts_ns`."""
        self.env = env
        self.exchange = exchange
        self.shape = shape
        self.pairs = pairs
        self.starts_ns = starts_ns
        self.in_play_delay_s = in_play_delay_s
        self.news_ns = outlook.moves_ns
        self.is_over = False
        self.game = game
        self._outlook = outlook

    @property
    def ahead_ns(self) -> int:
        """Return how far ahead the start is; negative in the game."""
        return self.starts_ns - self.env.now_ns

    def clock_ns(self) -> int:
        """Return the playing time elapsed."""
        return int(self.game.clock_at(max(0.0, -self.ahead_ns / NS_PER_S)) * NS_PER_S)

    def is_quiet(self) -> bool:
        """Tell whether the game is in a break."""
        wall_s = -self.ahead_ns / NS_PER_S
        return 0 <= wall_s < self.game.length_s and not self.game.is_running(wall_s)

    def is_settled(self, opened_ns: int) -> bool:
        """Tell whether a wager that opened then may be cancelled by now."""
        return self.env.now_ns >= opened_ns + self.exchange.settings.retry_window_ns

    def is_open(self, pair: OfferedPair) -> bool:
        """Tell whether a pair takes wagers."""
        return self.exchange.markets.is_open(pair.books[0])

    def fair(self, pair: OfferedPair, score: Score) -> float:
        """Return the fair probability of a pair's first line to whoever knows this score."""
        return self._outlook.fair(pair.type, pair.point, score, self.env.now_ns)

    def wait_s(self, seconds: float) -> Event:
        """Return the event that so many seconds have passed."""
        return self.env.timeout(int(seconds * NS_PER_S))
