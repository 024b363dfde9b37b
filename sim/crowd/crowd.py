"""A simulated game and all who wager on it, to be brought to an exchange."""

from collections.abc import Sequence
from typing import NamedTuple

from simpy import Process

from recordings.tape import Clocks, TapeInfo
from sim.crowd.activity_rates import NS_PER_S
from sim.crowd.change_publisher import ChangeListener, ChangePublisher
from sim.crowd.crowd_settings import CrowdSettings, compressed
from sim.crowd.fair_value import FairValue
from sim.crowd.game_context import GameContext, OfferedPair
from sim.crowd.maker import Maker
from sim.crowd.maker_profiles import TEMPERS
from sim.crowd.market_offering import MarketOffering
from sim.crowd.sports.registry import sport_named
from sim.crowd.takers import Takers
from sim.crowd.timeline import GameTimeline
from sim.engine.random_streams import RandomStreams
from sim.engine.virtual_clock import ReplayEnvironment
from sim.exchange.prophet import SimulatedProphet
from strategies.trading.model.odds import prophetx_ladder

# A game starts a little after its announced time.
LATE_S = (60.0, 480.0)
LATE_SHARE_MOST = 0.5


class CrowdRun(NamedTuple):
    """A crowd that is at an exchange: what it hears, and the end of its day."""

    broadcast: ChangePublisher
    ended: Process


class Crowd:
    """One game of a sport, its programme, and the crowd on it: all a function of the seed.

    `info` describes what is on offer, as a recording would; `opens_ns` is when the markets open.
    """

    def __init__(self, sport: str, seed: int, shape: CrowdSettings | None = None) -> None:
        """Draw the game; raise ConfigError for a sport that is not simulated."""
        self.sport = sport_named(sport)
        self.shape = shape or CrowdSettings()
        self._streams = RandomStreams(seed)
        game = self.sport.draw_game(self._streams.named("crowd.score"))
        self.game = game if self.shape.game_s is None else compressed(game, self.shape.game_s)
        self._programme = MarketOffering(seed, self.sport, game)
        scheduled_ns = self._programme.event.scheduled_ns
        self.opens_ns = scheduled_ns - int(self.shape.opens_before_s * NS_PER_S)
        late_s = self._streams.named("crowd.start").uniform(*LATE_S)
        late_s = min(late_s, LATE_SHARE_MOST * self.shape.opens_before_s)
        self.starts_ns = scheduled_ns + int(late_s * NS_PER_S)
        markets = self._programme.markets
        self.info = TapeInfo(
            source=f"simulated crowd: {sport}, seed {seed}",
            simulated=True,
            clocks=Clocks.ONE,
            ladder=prophetx_ladder(),
            events=[self._programme.event],
            markets=[market for market, _ in markets],
            lines=[line for _, pairs in markets for lines in pairs for line in lines],
        )

    def join(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        listeners: Sequence[ChangeListener],
    ) -> CrowdRun:
        """Bring everybody to an exchange whose time has come to the opening."""
        stage = self._stage(env, exchange)
        broadcast = ChangePublisher(
            env, exchange, listeners, self._streams.named("crowd.told"), self.shape.told_apart_s
        )
        makers = [
            Maker(f"maker{number}", temper, stage, self._streams.named(f"crowd.maker{number}"))
            for number, temper in enumerate(TEMPERS[: self.shape.makers])
        ]
        takers = Takers(stage, self._streams.named("crowd.takers"))
        rng = self._streams.named("crowd.schedule")
        day = GameTimeline(
            stage,
            self._programme,
            broadcast,
            makers,
            takers,
            rng,
            has_clock=self.sport.has_clock,
        )
        return CrowdRun(broadcast, env.process(day.course()))

    def _stage(self, env: ReplayEnvironment, exchange: SimulatedProphet) -> GameContext:
        looks = self._streams.named("crowd.outlook")
        outlook = FairValue(
            self.sport, self.game, looks, opens_ns=self.opens_ns, tip_off_ns=self.starts_ns
        )
        delay_s = self.shape.in_play_delay_s
        delay_s = self.sport.in_play_delay_s if delay_s is None else delay_s
        pairs = [
            pair for pair in _pairs(self._programme, exchange) if pair.type in self.shape.types
        ]
        return GameContext(
            env, exchange, self.game, outlook, self.shape, pairs, self.starts_ns, delay_s
        )


def _pairs(programme: MarketOffering, exchange: SimulatedProphet) -> list[OfferedPair]:
    books = exchange.books_by_line
    return [
        OfferedPair(
            market.type,
            first.point,
            (books[first.line_id], books[second.line_id]),
            is_main=(first, second) == pairs[0],
        )
        for market, pairs in programme.markets
        for first, second in pairs
    ]
