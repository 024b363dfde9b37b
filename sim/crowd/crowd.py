"""A simulated game and all who wager on it, to be brought to an exchange."""

from collections.abc import Sequence
from typing import NamedTuple

from simpy import Process

from recordings.tape import Clocks, TapeInfo
from sim.clock import ReplayEnvironment
from sim.crowd.broadcast import Broadcast, Listener
from sim.crowd.day import GameDay
from sim.crowd.maker import Maker
from sim.crowd.outlook import Outlook
from sim.crowd.programme import Programme
from sim.crowd.shape import CrowdShape, hurried
from sim.crowd.sports.registry import sport_named
from sim.crowd.stage import OfferedPair, Stage
from sim.crowd.takers import Takers
from sim.crowd.tempers import TEMPERS
from sim.crowd.tempo import NS_PER_S
from sim.exchange.prophet import SimulatedProphet
from sim.streams import Streams
from strategies.trading.odds import prophetx_ladder

# A game starts a little after its announced time.
LATE_S = (60.0, 480.0)
LATE_SHARE_MOST = 0.5


class Attendance(NamedTuple):
    """A crowd that is at an exchange: what it hears, and the end of its day."""

    broadcast: Broadcast
    ended: Process


class Crowd:
    """One game of a sport, its programme, and the crowd on it: all a function of the seed.

    `info` describes what is on offer, as a recording would; `opens_ns` is when the markets open.
    """

    def __init__(self, sport: str, seed: int, shape: CrowdShape | None = None) -> None:
        """Draw the game; raise ConfigError for a sport that is not simulated."""
        self.sport = sport_named(sport)
        self.shape = shape or CrowdShape()
        self._streams = Streams(seed)
        game = self.sport.draw_game(self._streams.named("crowd.score"))
        self.game = game if self.shape.game_s is None else hurried(game, self.shape.game_s)
        self._programme = Programme(seed, self.sport, game)
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
        self, env: ReplayEnvironment, exchange: SimulatedProphet, listeners: Sequence[Listener]
    ) -> Attendance:
        """Bring everybody to an exchange whose time has come to the opening."""
        stage = self._stage(env, exchange)
        broadcast = Broadcast(
            env, exchange, listeners, self._streams.named("crowd.told"), self.shape.told_apart_s
        )
        makers = [
            Maker(f"maker{number}", temper, stage, self._streams.named(f"crowd.maker{number}"))
            for number, temper in enumerate(TEMPERS[: self.shape.makers])
        ]
        takers = Takers(stage, self._streams.named("crowd.takers"))
        rng = self._streams.named("crowd.schedule")
        day = GameDay(
            stage,
            self._programme,
            broadcast,
            makers,
            takers,
            rng,
            has_clock=self.sport.has_clock,
        )
        return Attendance(broadcast, env.process(day.course()))

    def _stage(self, env: ReplayEnvironment, exchange: SimulatedProphet) -> Stage:
        looks = self._streams.named("crowd.outlook")
        outlook = Outlook(
            self.sport, self.game, looks, opens_ns=self.opens_ns, tip_off_ns=self.starts_ns
        )
        delay_s = self.shape.in_play_delay_s
        delay_s = self.sport.in_play_delay_s if delay_s is None else delay_s
        pairs = [
            pair for pair in _pairs(self._programme, exchange) if pair.type in self.shape.types
        ]
        return Stage(env, exchange, self.game, outlook, self.shape, pairs, self.starts_ns, delay_s)


def _pairs(programme: Programme, exchange: SimulatedProphet) -> list[OfferedPair]:
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
