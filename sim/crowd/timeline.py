"""The timeline of one game: markets open, play starts, suspensions, the end, and settlement."""

from collections.abc import Sequence

from numpy.random import Generator
from simpy import Event

from sim.crowd.activity_rates import ProcessGenerator
from sim.crowd.change_publisher import ChangePublisher, RowWrite
from sim.crowd.endings import DAY_NS, RESUMED_WITHIN_S, GameEnding
from sim.crowd.fair_value import Sight
from sim.crowd.game import Score
from sim.crowd.game_context import GameContext
from sim.crowd.maker import Maker
from sim.crowd.market_offering import MarketOffering, results
from sim.crowd.punters import Punters
from sim.crowd.takers import Takers
from sim.exchange.settlement_rules import Ending
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.units import NS_PER_SECOND

START_SUSPENSION_S = (15.0, 20.0)
END_SUSPENSION_S = (50.0, 100.0)
END_DETECTION_S = 6.0
CLOCK_INTERVAL_S = 30.0
# The official score lags the play; someone who watches the game is faster.
OFFICIAL_LAG_S = (3.0, 4.5)
# When an extra suspension starts after its time, and how long it lasts.
EXTRA_SUSPENSION_DELAY_S = (0.3, 1.0)
EXTRA_SUSPENSION_S = (5.0, 20.0)
# A reference price is no certainty.
MIN_REFERENCE = 1e-4

EVENT = 0


class GameTimeline:
    """Drives an exchange through one game, which is its only event, with index 0."""

    def __init__(
        self,
        context: GameContext,
        offering: MarketOffering,
        ending: GameEnding,
        publisher: ChangePublisher,
        makers: Sequence[Maker],
        takers: Takers,
        punters: Punters,
        rng: Generator,
        *,
        has_clock: bool,
    ) -> None:
        """Take the parts; nothing happens before `run`."""
        self._context = context
        self._offering = offering
        self._ending = ending
        self._publisher = publisher
        self._makers = makers
        self._takers = takers
        self._punters = punters
        self._rng = rng
        self._markets = range(len(offering.markets))
        self._has_ended = False
        self._official_score = Score(0, 0)
        self._official_ns = 0
        self._has_clock = has_clock

    def run(self) -> ProcessGenerator:
        """Open the markets, play the game, and settle: a process that ends with settlement."""
        self._open()
        if self._ending.kind is Ending.POSTPONED:
            yield from self._postpone()
            return
        yield self._at(self._context.starts_ns)
        self._start()
        yield self._context.wait_s(self._rng.uniform(*START_SUSPENSION_S))
        self._set_statuses(MarketStatus.OPEN)
        self._requote_makers()
        yield from self._play()
        self._has_ended = True
        self._set_statuses(MarketStatus.SUSPENDED)
        if self._ending.kind is Ending.SUSPENDED:
            self._context.is_over = True
            yield self._context.wait_s(RESUMED_WITHIN_S)
        else:
            yield self._context.wait_s(self._rng.uniform(*END_SUSPENSION_S))
        self._settle()

    def _postpone(self) -> ProcessGenerator:
        """Suspend all markets, announce another start, and settle once the day is over."""
        scheduled_ns = self._offering.event.scheduled_ns
        before_ns = int(self._ending.announced_before_s * NS_PER_SECOND)
        yield self._at(scheduled_ns - before_ns)
        self._has_ended = self._context.is_over = True
        self._set_statuses(MarketStatus.SUSPENDED)
        self._publisher.publish(lambda sink: sink.schedule(EVENT, scheduled_ns + DAY_NS))
        yield self._at(self._ending.day_ends_ns)
        self._settle()

    def _open(self) -> None:
        scheduled_ns = self._offering.event.scheduled_ns
        self._publisher.publish(lambda sink: sink.schedule(EVENT, scheduled_ns))
        self._set_event_status(EventStatus.NOT_STARTED)
        delay_ns = int(self._context.in_play_delay_s * NS_PER_SECOND)
        for market in self._markets:
            self._context.exchange.markets.set_in_play_delay(market, delay_ns)
            self._set_status(market, MarketStatus.OPEN, _in_play_delay(market, delay_ns))
        self._requote_makers()
        process = self._context.env.process
        for maker in self._makers:
            for quoter in maker.quoters:
                process(quoter.run())
        for pair in self._context.pairs:
            process(self._takers.run(pair))
            if pair.is_main:
                process(self._punters.run(pair))
        for at_s in self._extra_suspension_times_s():
            process(self._suspend_once(at_s))
        process(self._publish_news())
        process(self._watch_ball())
        if self._context.settings.reference_s is not None:
            process(self._publish_references(self._context.settings.reference_s))

    def _publish_news(self) -> ProcessGenerator:
        """Notify makers when expectations change before the game: an injury, a line-up."""
        for when_ns in self._context.news_times_ns:
            yield self._at(when_ns)
            for maker in self._makers:
                self._context.env.process(maker.on_news())
            self._takers.on_news()

    def _watch_ball(self) -> ProcessGenerator:
        """Notify makers when the ball changes sides without a score."""
        scored_s = {wall_s for wall_s, _ in self._context.game.scores}
        for wall_s, _ in self._context.game.situations:
            if wall_s not in scored_s:
                yield self._at_wall(wall_s)
                for maker in self._makers:
                    self._context.env.process(maker.on_ball())

    def _publish_references(self, every_s: float) -> ProcessGenerator:
        """Publish the true fair prices of main lines, by the official score, until the end."""
        official = Sight(OFFICIAL_LAG_S[1], 0.0)
        main = [pair for pair in self._context.pairs if pair.is_main]
        while not self._has_ended:
            fairs = [self._context.true_fair(pair, official) for pair in main]
            rows = [
                _reference(pair.books[0].line_index, fair)
                for pair, fair in zip(main, fairs, strict=True)
            ]
            self._publisher.publish(*rows)
            yield self._context.wait_s(every_s)

    def _start(self) -> None:
        """Suspend all markets; the removal of their offers is in the message of the suspension."""
        self._publisher.flush()
        for market in self._markets:
            self._context.exchange.set_market_status(market, MarketStatus.SUSPENDED)
        self._context.exchange.set_event_status(EVENT, EventStatus.LIVE)
        for market in self._markets:
            self._publisher.publish_market(market, _status(market, MarketStatus.SUSPENDED))
        self._publisher.publish(lambda sink: sink.event_status(EVENT, EventStatus.LIVE))
        self._publish_score(Score(0, 0))
        self._context.env.process(self._publish_clock())

    def _play(self) -> ProcessGenerator:
        for wall_s, score in self._ending.scores:
            yield self._at_wall(wall_s)
            self._context.env.process(self._make_official(score))
        yield self._at_wall(self._ending.played_s + END_DETECTION_S)

    def _make_official(self, score: Score) -> ProcessGenerator:
        """Show makers and informed takers a score, each at its own time, then publish it."""
        lag_ns = int(self._rng.uniform(*OFFICIAL_LAG_S) * NS_PER_SECOND)
        # No score becomes official before an earlier one, however close they are.
        official_ns = max(self._context.env.now_ns + lag_ns, self._official_ns)
        self._official_ns = official_ns
        for maker in self._makers:
            self._context.env.process(maker.on_score())
        self._context.env.process(self._punters.on_score())
        self._takers.on_score(official_ns)
        yield self._at(official_ns)
        self._publish_score(score)

    def _extra_suspension_times_s(self) -> list[float]:
        """Return the times of extra suspensions: one in each equal part, at a score if possible."""
        count, length_s = self._context.settings.extra_suspensions, self._context.game.length_s
        slot_s = length_s / max(1, count)
        times_s = []
        for number in range(count):
            at_s = (number + self._rng.uniform(0.2, 0.5)) * slot_s
            scored_s = (wall_s for wall_s, _ in self._context.game.scores if wall_s >= at_s)
            next_s = next(scored_s, length_s)
            times_s.append(next_s if next_s < (number + 0.8) * slot_s else at_s)
        return times_s

    def _suspend_once(self, at_s: float) -> ProcessGenerator:
        yield self._at_wall(at_s)
        yield self._context.wait_s(self._rng.uniform(*EXTRA_SUSPENSION_DELAY_S))
        if not self._context.is_open(self._context.pairs[0]):
            return
        self._set_statuses(MarketStatus.SUSPENDED)
        yield self._context.wait_s(self._rng.uniform(*EXTRA_SUSPENSION_S))
        if not self._has_ended:
            self._set_statuses(MarketStatus.OPEN)
            self._requote_makers()

    def _settle(self) -> None:
        exchange = self._context.exchange
        for market, offered in enumerate(self._offering.markets):
            by_line: dict[LineId, Result] = {}
            for lines in offered.pairs:
                both = results(offered.type, lines[0].point, self._ending.end)
                by_line.update(zip((line.line_id for line in lines), both, strict=True))
            books = exchange.books_by_line
            rows = [
                _result(books[line_id].line_index, result) for line_id, result in by_line.items()
            ]
            self._set_status(market, MarketStatus.CLOSED, *rows)
            exchange.settle(market, by_line)
        self._set_event_status(EventStatus.ENDED)
        self._context.is_over = True

    def _requote_makers(self) -> None:
        for maker in self._makers:
            self._context.env.process(maker.requote())

    def _set_statuses(self, status: MarketStatus) -> None:
        for market in self._markets:
            self._set_status(market, status)

    def _set_status(self, market: int, status: MarketStatus, *rows: RowWrite) -> None:
        """Publish what happened under the old status, then the new one with its rows."""
        self._publisher.flush()
        if self._context.exchange.set_market_status(market, status):
            self._publisher.publish_market(market, _status(market, status), *rows)

    def _set_event_status(self, status: EventStatus) -> None:
        self._context.exchange.set_event_status(EVENT, status)
        self._publisher.publish(lambda sink: sink.event_status(EVENT, status))

    def _publish_clock(self) -> ProcessGenerator:
        """Publish the score with the game clock at intervals while the clock runs."""
        while self._has_clock and not self._has_ended:
            yield self._context.wait_s(CLOCK_INTERVAL_S)
            if not self._context.is_break() and not self._has_ended:
                self._publish_score(self._official_score)

    def _publish_score(self, score: Score) -> None:
        self._official_score = score
        clock_ns = self._context.clock_ns() if self._has_clock else 0
        self._publisher.publish(lambda sink: sink.score(EVENT, score.home, score.away, clock_ns))

    def _at(self, when_ns: int) -> Event:
        return self._context.env.timeout(max(0, when_ns - self._context.env.now_ns))

    def _at_wall(self, wall_s: float) -> Event:
        return self._at(self._context.starts_ns + int(wall_s * NS_PER_SECOND))


def _status(market: int, status: MarketStatus) -> RowWrite:
    return lambda sink: sink.market_status(market, status)


def _in_play_delay(market: int, delay_ns: int) -> RowWrite:
    return lambda sink: sink.in_play_delay(market, delay_ns)


def _reference(line: int, fair: float) -> RowWrite:
    probability = min(max(fair, MIN_REFERENCE), 1 - MIN_REFERENCE)
    return lambda sink: sink.reference(line, probability)


def _result(line: int, result: Result) -> RowWrite:
    return lambda sink: sink.result(line, result)
