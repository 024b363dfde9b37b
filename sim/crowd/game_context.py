"""Shared by all makers and takers of one game: the exchange, the pairs, and the fair values."""

from collections.abc import Sequence
from dataclasses import dataclass

from simpy import Event

from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.crowd_types import CrowdType
from sim.crowd.fair_value import FairValue
from sim.crowd.game import Game, Score
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.prophet import SimulatedProphet
from strategies.trading.model.units import NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class OfferedPair:
    """A pair on offer, home or over first. `is_main` marks the first pair of its market."""

    type: CrowdType
    point: float
    books: tuple[LineBook, LineBook]
    is_main: bool


class GameContext:
    """The game and exchange that makers and takers act on; `is_over` is set after settlement."""

    def __init__(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        game: Game,
        fair_value: FairValue,
        settings: CrowdSettings,
        pairs: Sequence[OfferedPair],
        starts_ns: int,
        in_play_delay_s: float,
    ) -> None:
        """Hold what is shared; play begins at `starts_ns`."""
        self.env = env
        self.exchange = exchange
        self.settings = settings
        self.pairs = pairs
        self.starts_ns = starts_ns
        self.in_play_delay_s = in_play_delay_s
        self.news_times_ns = fair_value.move_times_ns
        self.is_over = False
        self.game = game
        self._fair_value = fair_value

    @property
    def ns_to_start(self) -> int:
        """Return the time to the start in nanoseconds; negative in the game."""
        return self.starts_ns - self.env.now_ns

    def clock_ns(self) -> int:
        """Return the playing time elapsed, as the game clock shows it."""
        wall_s = max(0.0, -self.ns_to_start / NS_PER_SECOND)
        return int(self.game.shown_clock_at(wall_s) * NS_PER_SECOND)

    def is_break(self) -> bool:
        """Return whether the game is in a break between periods."""
        wall_s = -self.ns_to_start / NS_PER_SECOND
        return 0 <= wall_s < self.game.length_s and not self.game.is_running(wall_s)

    @property
    def cancellable_if_opened_by_ns(self) -> int:
        """Return by when a wager must have been activated to be cancellable now."""
        return self.env.now_ns - self.exchange.settings.retry_window_ns

    def is_open(self, pair: OfferedPair) -> bool:
        """Return whether the market of a pair accepts wagers."""
        return self.exchange.markets.is_open(pair.books[0])

    def fair(self, pair: OfferedPair, score: Score) -> float:
        """Return what the crowd takes for the fair probability of a pair's first line."""
        fair = self.true_fair(pair, score)
        return fair - min(self.settings.mispricing, fair / 2)

    def true_fair(self, pair: OfferedPair, score: Score) -> float:
        """Return the fair probability of a pair's first line, given a score."""
        return self._fair_value.fair(pair.type, pair.point, score, self.env.now_ns)

    def wait_s(self, seconds: float) -> Event:
        """Return the event that fires after this many seconds."""
        return self.env.timeout(int(seconds * NS_PER_SECOND))
