"""A simulated game and the crowd that trades on it at an exchange."""

from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from numpy.random import Generator
from simpy import Process

from recordings.tape import Clocks, TapeInfo
from sim.crowd.book_profiles import BOOK_PROFILES
from sim.crowd.change_publisher import ChangeListener, ChangePublisher
from sim.crowd.crowd_settings import CrowdSettings, compressed
from sim.crowd.endings import drawn_ending, end_of_day_ns
from sim.crowd.fair_value import FairValue, Moves
from sim.crowd.fixture import Fixture
from sim.crowd.game import Game
from sim.crowd.game_context import GameContext, OfferedPair
from sim.crowd.maker import Maker
from sim.crowd.maker_profiles import MAKER_PROFILES
from sim.crowd.market_offering import MarketOffering, drawn_event
from sim.crowd.punters import Punters
from sim.crowd.simulated_books import SimulatedBook
from sim.crowd.sports.registry import sport_named
from sim.crowd.takers import Takers
from sim.crowd.timeline import GameTimeline
from sim.crowd.widths import Widths
from sim.engine.random_streams import RandomStreams
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.prophet import SimulatedProphet
from strategies.trading.model.odds import prophetx_ladder
from strategies.trading.model.units import NS_PER_SECOND

# A game starts a little after its announced time.
START_DELAY_S = (60.0, 480.0)
MAX_START_DELAY_SHARE = 0.5
# Where a game is played that was not scheduled.
DRAWN_ZONE = ZoneInfo("America/New_York")


class CrowdRun(NamedTuple):
    """A crowd trading at an exchange: its publisher, and the process that ends after the game."""

    publisher: ChangePublisher
    ended: Process


class Crowd:
    """One game of a sport, its markets, and the crowd that trades them.

    A function of sport, seed, settings and fixture; without a fixture the seed draws one.
    `info` describes the markets as a recording would; `opens_ns` is when they open, and
    `starts_ns` when play begins. `ending` is how it ends; `game` is the one that would be played.
    """

    def __init__(
        self,
        sport: str,
        seed: int,
        settings: CrowdSettings | None = None,
        fixture: Fixture | None = None,
    ) -> None:
        """Draw the game; raise ConfigError for a sport that is not simulated."""
        self.sport = sport_named(sport)
        self.settings = settings or CrowdSettings()
        self._streams = RandomStreams(seed)
        event = drawn_event(seed, self.sport) if fixture is None else fixture.event
        scheduled_ns = event.scheduled_ns
        self.opens_ns = scheduled_ns - int(self.settings.opens_before_s * NS_PER_SECOND)
        start_delay_s = self._stream("start").uniform(*START_DELAY_S)
        start_delay_s = min(start_delay_s, MAX_START_DELAY_SHARE * self.settings.opens_before_s)
        self.starts_ns = scheduled_ns + int(start_delay_s * NS_PER_SECOND)
        self._moves = Moves.drawn(
            self._stream("moves"),
            self.sport,
            opens_ns=self.opens_ns,
            starts_ns=self.starts_ns,
            news=self.settings.news,
        )
        game = self._draw_game(fixture)
        game_s = self.settings.game_s
        self.game = game if game_s is None else compressed(game, game_s)
        zone = DRAWN_ZONE if fixture is None else fixture.zone
        self.ending = drawn_ending(
            self._streams.named("crowd.ending"),
            self.sport.name,
            self.sport.endings,
            self.game,
            self.settings.opens_before_s,
            end_of_day_ns(scheduled_ns, zone),
        )
        self._offering = MarketOffering(event, self.sport, game)
        markets = self._offering.markets
        self.info = TapeInfo(
            source=f"simulated crowd: {sport}, seed {seed}",
            simulated=True,
            clocks=Clocks.ONE,
            ladder=prophetx_ladder(),
            notes=self.settings.notes,
            events=[event],
            markets=[offered.market for offered in markets],
            lines=[line for offered in markets for lines in offered.pairs for line in lines],
        )

    def join(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        listeners: Sequence[ChangeListener],
    ) -> CrowdRun:
        """Start the crowd at an exchange; the time of `env` must be `opens_ns`."""
        context = self._context(env, exchange)
        publisher = ChangePublisher(
            env, exchange, listeners, self._stream("publisher"), self.settings.trade_skew_s
        )
        makers = [
            Maker(f"maker{number}", profile, context, self._stream(f"maker{number}"))
            for number, profile in enumerate(MAKER_PROFILES[: self.settings.makers])
        ]
        takers = Takers(context, self._stream("takers"))
        punters = Punters(context, self._stream("punters"))
        timeline = GameTimeline(
            context,
            self._offering,
            self.ending,
            publisher,
            makers,
            takers,
            punters,
            self._stream("timeline"),
            has_clock=self.sport.has_clock,
        )
        for profile in BOOK_PROFILES[: self.settings.books]:
            book = SimulatedBook(profile, context, publisher, self._stream(profile.name))
            env.process(book.run())
        return CrowdRun(publisher, env.process(timeline.run()))

    def _stream(self, name: str) -> Generator:
        """Return a stream of the sport's own: with one seed no two sports are alike."""
        return self._streams.named(f"crowd.{self.sport.key}.{name}")

    def _draw_game(self, fixture: Fixture | None) -> Game:
        """Play the game: by what is expected of a fixture at the opening and the moves since."""
        rng = self._stream("score")
        if fixture is None:
            return self.sport.draw_game(rng)
        line, total = fixture.line - self._moves.lines[0], fixture.total - self._moves.totals[0]
        return self.sport.play(rng, line, total)

    def _context(self, env: ReplayEnvironment, exchange: SimulatedProphet) -> GameContext:
        fair_value = FairValue(
            self.sport,
            self.game,
            self._moves,
            opens_ns=self.opens_ns,
            starts_ns=self.starts_ns,
        )
        delay_s = self.settings.in_play_delay_s
        delay_s = self.sport.in_play_delay_s if delay_s is None else delay_s
        pairs = [
            pair for pair in _pairs(self._offering, exchange) if pair.type in self.settings.types
        ]
        widths = Widths.drawn(self._stream("widths"), self.opens_ns, self.starts_ns)
        return GameContext(
            env,
            exchange,
            self.game,
            fair_value,
            self.settings,
            pairs,
            self.starts_ns,
            delay_s,
            self.sport.in_play_quotes,
            widths,
        )


def _pairs(offering: MarketOffering, exchange: SimulatedProphet) -> list[OfferedPair]:
    books = exchange.books_by_line
    return [
        OfferedPair(
            offered.type,
            first.point,
            (books[first.line_id], books[second.line_id]),
            is_main=(first, second) == offered.pairs[0],
        )
        for offered in offering.markets
        for first, second in offered.pairs
    ]
