"""The day of a game, from the opening of its markets to settlement, and who says what when."""

from collections.abc import Sequence

from numpy.random import Generator
from simpy import Event

from sim.crowd.activity_rates import NS_PER_S, Steps
from sim.crowd.change_publisher import ChangePublisher, Say
from sim.crowd.game import Score
from sim.crowd.game_context import GameContext
from sim.crowd.maker import Maker
from sim.crowd.market_offering import MarketOffering, results
from sim.crowd.takers import Takers
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import EventStatus, MarketStatus, Result

SUSPENDED_AT_OFF_S = (15.0, 20.0)
SUSPENDED_AT_END_S = (50.0, 100.0)
END_SEEN_S = 6.0
CLOCK_TOLD_S = 30.0
# The official score lags the ball; those who watch are faster.
OFFICIAL_LAG_S = (3.0, 4.5)
# An extra suspension comes at a score, or where there is none, and takes so long.
INTERRUPTED_AFTER_S = (0.3, 1.0)
INTERRUPTED_S = (5.0, 20.0)

EVENT = 0


class GameTimeline:
    """Drives the exchange through one game: the only event and the markets on its tape."""

    def __init__(
        self,
        stage: GameContext,
        programme: MarketOffering,
        broadcast: ChangePublisher,
        makers: Sequence[Maker],
        takers: Takers,
        rng: Generator,
        *,
        has_clock: bool,
    ) -> None:
        """Set everything up for the opening."""
        self._stage = stage
        self._programme = programme
        self._broadcast = broadcast
        self._makers = makers
        self._takers = takers
        self._rng = rng
        self._markets = range(len(programme.markets))
        self._is_played = False
        self._official = Score(0, 0)
        self._has_clock = has_clock

    def course(self) -> Steps:
        """Take the course of the day: open, play, settle."""
        self._open()
        yield self._at(self._stage.starts_ns)
        self._start()
        yield self._stage.wait_s(self._rng.uniform(*SUSPENDED_AT_OFF_S))
        self._set_statuses(MarketStatus.OPEN)
        self._bring_makers_back()
        yield from self._play()
        self._is_played = True
        self._set_statuses(MarketStatus.SUSPENDED)
        yield self._stage.wait_s(self._rng.uniform(*SUSPENDED_AT_END_S))
        self._settle()

    def _open(self) -> None:
        scheduled_ns = self._programme.event.scheduled_ns
        self._broadcast.say(lambda voice: voice.schedule(EVENT, scheduled_ns))
        self._set_event_status(EventStatus.NOT_STARTED)
        delay_ns = int(self._stage.in_play_delay_s * NS_PER_S)
        for market in self._markets:
            self._stage.exchange.markets.set_in_play_delay(market, delay_ns)
            self._set_status(market, MarketStatus.OPEN, _in_play_delay(market, delay_ns))
        self._bring_makers_back()
        process = self._stage.env.process
        for maker in self._makers:
            for quoter in maker.quoters:
                process(quoter.quote())
        for pair in self._stage.pairs:
            process(self._takers.arrive(pair))
        for at_s in self._interruptions():
            process(self._interrupt(at_s))
        process(self._bring_news())

    def _bring_news(self) -> Steps:
        """Tell makers before the game that it looks different from before: an injury, a line-up."""
        for when_ns in self._stage.news_ns:
            yield self._at(when_ns)
            for maker in self._makers:
                self._stage.env.process(maker.hear_news())

    def _start(self) -> None:
        """Suspend all and wipe the books, which is told with the suspension of each market."""
        self._broadcast.catch_up()
        for market in self._markets:
            self._stage.exchange.set_market_status(market, MarketStatus.SUSPENDED)
        self._stage.exchange.set_event_status(EVENT, EventStatus.LIVE)
        for market in self._markets:
            self._broadcast.say_of_market(market, _status(market, MarketStatus.SUSPENDED))
        self._broadcast.say(lambda voice: voice.event_status(EVENT, EventStatus.LIVE))
        self._say_score(Score(0, 0))
        self._stage.env.process(self._tell_clock())

    def _play(self) -> Steps:
        for wall_s, score in self._stage.game.scores:
            yield self._at_wall(wall_s)
            self._stage.env.process(self._make_official(score))
        yield self._at_wall(self._stage.game.length_s + END_SEEN_S)

    def _make_official(self, score: Score) -> Steps:
        """Let the crowd see a score, each in his own time, and then say it."""
        official_ns = self._stage.env.now_ns + int(self._rng.uniform(*OFFICIAL_LAG_S) * NS_PER_S)
        for maker in self._makers:
            self._stage.env.process(maker.notice(score, official_ns))
        self._takers.see(score, official_ns)
        yield self._at(official_ns)
        self._say_score(score)

    def _interruptions(self) -> list[float]:
        """Return when the markets are suspended once more: in each share of the game at a score."""
        count, length_s = self._stage.shape.extra_suspensions, self._stage.game.length_s
        slot_s = length_s / max(1, count)
        times_s = []
        for number in range(count):
            at_s = (number + self._rng.uniform(0.2, 0.5)) * slot_s
            scored_s = (wall_s for wall_s, _ in self._stage.game.scores if wall_s >= at_s)
            next_s = next(scored_s, length_s)
            times_s.append(next_s if next_s < (number + 0.8) * slot_s else at_s)
        return times_s

    def _interrupt(self, at_s: float) -> Steps:
        yield self._at_wall(at_s)
        yield self._stage.wait_s(self._rng.uniform(*INTERRUPTED_AFTER_S))
        if not self._stage.is_open(self._stage.pairs[0]):
            return
        self._set_statuses(MarketStatus.SUSPENDED)
        yield self._stage.wait_s(self._rng.uniform(*INTERRUPTED_S))
        if not self._is_played:
            self._set_statuses(MarketStatus.OPEN)
            self._bring_makers_back()

    def _settle(self) -> None:
        exchange, final = self._stage.exchange, self._stage.game.final
        for market, (named, pairs) in enumerate(self._programme.markets):
            told: dict[LineId, Result] = {}
            for lines in pairs:
                both = results(named.type, lines[0].point, final)
                told.update(zip((line.line_id for line in lines), both, strict=True))
            books = exchange.books_by_line
            says = [_result(books[line_id].line, result) for line_id, result in told.items()]
            self._set_status(market, MarketStatus.CLOSED, *says)
            exchange.settle(market, told)
        self._set_event_status(EventStatus.ENDED)
        self._stage.is_over = True

    def _bring_makers_back(self) -> None:
        for maker in self._makers:
            self._stage.env.process(maker.come_back())

    def _set_statuses(self, status: MarketStatus) -> None:
        for market in self._markets:
            self._set_status(market, status)

    def _set_status(self, market: int, status: MarketStatus, *more: Say) -> None:
        """Say all that happened under the old status, then the new one and what comes with it."""
        self._broadcast.catch_up()
        if self._stage.exchange.set_market_status(market, status):
            self._broadcast.say_of_market(market, _status(market, status), *more)

    def _set_event_status(self, status: EventStatus) -> None:
        self._stage.exchange.set_event_status(EVENT, status)
        self._broadcast.say(lambda voice: voice.event_status(EVENT, status))

    def _tell_clock(self) -> Steps:
        """Say the score again every so often while the game clock runs, for the clock's sake."""
        while self._has_clock and not self._is_played:
            yield self._stage.wait_s(CLOCK_TOLD_S)
            if not self._stage.is_quiet() and not self._is_played:
                self._say_score(self._official)

    def _say_score(self, score: Score) -> None:
        self._official = score
        clock_ns = self._stage.clock_ns() if self._has_clock else 0
        self._broadcast.say(lambda voice: voice.score(EVENT, score.home, score.away, clock_ns))

    def _at(self, when_ns: int) -> Event:
        return self._stage.env.timeout(max(0, when_ns - self._stage.env.now_ns))

    def _at_wall(self, wall_s: float) -> Event:
        return self._at(self._stage.starts_ns + int(wall_s * NS_PER_S))


def _status(market: int, status: MarketStatus) -> Say:
    return lambda voice: voice.market_status(market, status)


def _in_play_delay(market: int, delay_ns: int) -> Say:
    return lambda voice: voice.in_play_delay(market, delay_ns)


def _result(line: int, result: Result) -> Say:
    return lambda voice: voice.result(line, result)
