"""The day of a game, from the opening of its markets to settlement, and who says what when."""

from functools import partial

from simpy import Environment, Event

from recordings.writer import TapeWriter
from sim.crowd.game import Game, Score
from sim.crowd.makers import TEMPERS, Maker
from sim.crowd.market import CrowdMarket
from sim.crowd.outlook import Outlook
from sim.crowd.programme import Programme, results
from sim.crowd.sports.sport import Sport
from sim.crowd.takers import Takers
from sim.crowd.tempo import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Steps
from sim.crowd.ticker import Ticker
from sim.streams import Streams
from strategies.trading.market import EventStatus

OPENS_BEFORE_NS = 300 * NS_PER_MINUTE
TIP_OFF_LATE_S = (60.0, 480.0)
SUSPENDED_AT_TIP_OFF_S = (15.0, 20.0)
SUSPENDED_AT_END_S = (50.0, 100.0)
END_SEEN_S = 6.0
IN_PLAY_DELAY_NS = 5 * NS_PER_S
# The official score lags the ball; those who watch are faster.
OFFICIAL_LAG_S = (2.5, 4.0)
# Trades may be told a little late, so trading stops so long before a suspension is said.
HUSH_NS = 50 * NS_PER_MS


class GameDay:
    """A game with its three markets and all who wager on them."""

    def __init__(
        self,
        sport: Sport,
        game: Game,
        programme: Programme,
        writer: TapeWriter,
        streams: Streams,
    ) -> None:
        """Set everything up for the opening."""
        self._game = game
        self._rng = streams.named("crowd.schedule")
        self._scheduled_ns = sport.scheduled_ns
        opens_ns = self._scheduled_ns - OPENS_BEFORE_NS
        self._tip_off_ns = self._scheduled_ns + int(self._rng.uniform(*TIP_OFF_LATE_S) * NS_PER_S)
        self._environment = Environment(initial_time=opens_ns)
        self._ticker = Ticker(self._environment)
        self._writer = writer
        self._latency = streams.named("crowd.feed")
        self._event = writer.add_event(programme.event)
        trades = streams.named("crowd.trades")
        self._markets = [
            CrowdMarket(self._ticker, writer, market, pairs[0], trades)
            for market, pairs in programme.markets
        ]
        looks = streams.named("crowd.outlook")
        outlook = Outlook(sport, game, looks, opens_ns=opens_ns, tip_off_ns=self._tip_off_ns)
        self._bring_together(outlook, streams)

    def run(self) -> None:
        """Let the day take its course until all is settled, and write what was said."""
        self._environment.run(until=self._environment.process(self._course()))
        self._ticker.write(self._writer, self._latency)

    def _bring_together(self, outlook: Outlook, streams: Streams) -> None:
        makers, takers = streams.named("crowd.makers"), streams.named("crowd.takers")
        self._makers = [
            Maker(number, market, outlook, makers)
            for market in self._markets
            for number in range(len(TEMPERS))
        ]
        self._takers = [Takers(market, outlook, takers) for market in self._markets]

    def _course(self) -> Steps:
        self._open_pre_game()
        yield self._at(self._tip_off_ns)
        yield from self._tip_off()
        yield from self._play()
        yield from self._settle()

    def _open_pre_game(self) -> None:
        self._ticker.say(
            partial(TapeWriter.schedule, event=self._event, scheduled_ns=self._scheduled_ns)
        )
        self._say_status(EventStatus.NOT_STARTED)
        for market in self._markets:
            market.open(in_play_delay_ns=IN_PLAY_DELAY_NS)
        for maker in self._makers:
            self._environment.process(maker.come_back())
            self._environment.process(maker.quote())
        for takers in self._takers:
            self._environment.process(takers.arrive())

    def _tip_off(self) -> Steps:
        yield from self._suspend(wipe=True)
        self._say_status(EventStatus.LIVE)
        self._say_score(Score(0, 0))
        self._environment.process(self._open_in_play())

    def _open_in_play(self) -> Steps:
        yield self._after_s(self._rng.uniform(*SUSPENDED_AT_TIP_OFF_S))
        for market in self._markets:
            market.open_in_play()
        for maker in self._makers:
            self._environment.process(maker.come_back())

    def _play(self) -> Steps:
        for wall_s, score in self._game.scores:
            yield self._at(self._tip_off_ns + int(wall_s * NS_PER_S))
            self._environment.process(self._make_official(score))
        yield self._at(self._tip_off_ns + int((self._game.length_s + END_SEEN_S) * NS_PER_S))

    def _make_official(self, score: Score) -> Steps:
        """Let the crowd see a score, each in his own time, and then say it."""
        lag_ns = int(self._rng.uniform(*OFFICIAL_LAG_S) * NS_PER_S)
        for maker in self._makers:
            self._environment.process(maker.notice(score))
        for takers in self._takers:
            takers.see(score, int(self._environment.now) + lag_ns)
        yield self._environment.timeout(lag_ns)
        self._say_score(score)

    def _settle(self) -> Steps:
        yield from self._suspend(wipe=False)
        yield self._after_s(self._rng.uniform(*SUSPENDED_AT_END_S))
        for market in self._markets:
            market.settle(results(market.type, market.lines[0].point, self._game.final))
        self._say_status(EventStatus.ENDED)

    def _suspend(self, *, wipe: bool) -> Steps:
        for market in self._markets:
            market.is_open = False
        yield self._environment.timeout(HUSH_NS)
        for market in self._markets:
            market.suspend(wipe=wipe)

    def _say_status(self, status: EventStatus) -> None:
        self._ticker.say(partial(TapeWriter.event_status, event=self._event, status=status))

    def _say_score(self, score: Score) -> None:
        home, away = score
        self._ticker.say(partial(TapeWriter.score, event=self._event, home=home, away=away))

    def _at(self, when_ns: int) -> Event:
        return self._environment.timeout(max(0, when_ns - int(self._environment.now)))

    def _after_s(self, seconds: float) -> Event:
        return self._environment.timeout(int(seconds * NS_PER_S))
