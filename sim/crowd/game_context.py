"""Shared by all makers and takers of one game: the exchange, the pairs, and the fair values."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from simpy import Event

from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.crowd_types import CrowdType
from sim.crowd.fair_value import FairValue, Sight
from sim.crowd.game import Game
from sim.crowd.order_flow import OrderFlow
from sim.crowd.sports.sport import InPlayQuotes
from sim.crowd.widths import Widths
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.prophet import SimulatedProphet
from strategies.trading.model.units import NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class OfferedPair:
    """A pair on offer, home or over first. `is_main` marks the first pair of its market.

    All makers watch the `flow` of its matches.
    """

    type: CrowdType
    point: float
    books: tuple[LineBook, LineBook]
    is_main: bool
    flow: OrderFlow = field(default_factory=OrderFlow)


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
        in_play_quotes: InPlayQuotes,
        widths: Widths,
    ) -> None:
        """Hold what is shared; play begins at `starts_ns`."""
        self.env = env
        self.exchange = exchange
        self.settings = settings
        self.pairs = pairs
        self.starts_ns = starts_ns
        self.in_play_delay_s = in_play_delay_s
        self.in_play_quotes = in_play_quotes
        self._widths = widths
        self.news_times_ns = fair_value.move_times_ns
        self.is_over = False
        self.game = game
        self._fair_value = fair_value

    @property
    def ns_to_start(self) -> int:
        """Return the time to the start in nanoseconds; negative in the game."""
        return self.starts_ns - self.env.now_ns

    @property
    def _wall_s(self) -> float:
        """Return the time since the start in seconds; negative before it."""
        return -self.ns_to_start / NS_PER_SECOND

    def clock_ns(self) -> int:
        """Return the playing time elapsed, as the game clock shows it."""
        return int(self.game.shown_clock_at(max(0.0, self._wall_s)) * NS_PER_SECOND)

    @property
    def is_in_play(self) -> bool:
        """Return whether play has started."""
        return self.ns_to_start <= 0

    def share_left(self) -> float:
        """Return the time left to play as a share of regulation."""
        return self.game.share_left(self.game.clock_at(max(0.0, self._wall_s)))

    def width(self) -> float:
        """Return the present factor of the spreads of main lines."""
        return self._widths.at(self.env.now_ns)

    def is_break(self) -> bool:
        """Return whether the game is in a break between periods."""
        wall_s = self._wall_s
        return 0 <= wall_s < self.game.length_s and not self.game.is_running(wall_s)

    @property
    def cancellable_if_opened_by_ns(self) -> int:
        """Return by when a wager must have been activated to be cancellable now."""
        return self.env.now_ns - self.exchange.settings.retry_window_ns

    def is_open(self, pair: OfferedPair) -> bool:
        """Return whether the market of a pair accepts wagers."""
        return self.exchange.markets.is_open(pair.books[0])

    def makers_fair(self, pair: OfferedPair, sight: Sight) -> float:
        """Return what a maker takes for the fair probability of a pair's first line."""
        fair = self._fair_value.of_makers(pair.type, pair.point, self.env.now_ns, sight)
        return self._mispriced(fair)

    def informed_fair(self, pair: OfferedPair, sight: Sight) -> float:
        """Return what an informed taker takes for it."""
        fair = self._fair_value.of_informed(pair.type, pair.point, self.env.now_ns, sight)
        return self._mispriced(fair)

    def true_fair(self, pair: OfferedPair, sight: Sight) -> float:
        """Return the fair probability of a pair's first line, by what one has seen."""
        return self._fair_value.true(pair.type, pair.point, self.env.now_ns, sight)

    def _mispriced(self, fair: float) -> float:
        """Return a price with the planted edge, by which the whole crowd is wrong."""
        return fair - min(self.settings.mispricing, fair / 2)

    def wait_s(self, seconds: float) -> Event:
        """Return the event that fires after this many seconds."""
        return self.env.timeout(int(seconds * NS_PER_SECOND))
