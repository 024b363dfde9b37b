"""Who listens to a crowd's exchange: a tape that is being recorded, and a desk."""

from numpy.random import Generator

from recordings.tape import Side, TapeInfo
from recordings.writer import TapeWriter
from sim.crowd.activity_rates import NS_PER_MS
from sim.exchange.participant import Participant
from sim.exchange.publisher import Publisher
from strategies.trading.model.events import (
    EventScheduled,
    EventStatusChanged,
    MarketStatusChanged,
    OfferChanged,
    ScoreChanged,
    TradeSeen,
)
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.odds import Odds

STAMP_NS = NS_PER_MS
LATENCY_MEDIAN_NS = 40 * NS_PER_MS
LATENCY_SIGMA = 0.7
LATENCY_NS_MOST = 500 * NS_PER_MS
LATENCY_GRAIN_NS = 100_000


class TapeListener:
    """Writes a tape, whose rows arrive by a latency of its own; the writer enters the lines.

    The exchange stamps its messages in whole milliseconds. With `without`, the tape is what it
    would be if that participant had only been there to be matched: its stake is never shown.
    """

    def __init__(
        self,
        writer: TapeWriter,
        info: TapeInfo,
        rng: Generator,
        without: Participant | None = None,
    ) -> None:
        """Enter all that there is in a tape's dictionaries, in the same places."""
        self.voice = writer
        self.without = without
        self._rng = rng
        self._received_ns = 0
        for event in info.events:
            writer.add_event(event)
        for market in info.markets:
            writer.add_market(market)
        for line in info.lines:
            writer.add_line(line)

    def begin_message(self, now_ns: int) -> None:
        """Take it that what is said from here on is one message of this time."""
        sent_ns = now_ns - now_ns % STAMP_NS
        # A message never overtakes the one ahead of it.
        self._received_ns = max(self._received_ns, sent_ns + self._latency_ns())
        self.voice.begin_message(self._received_ns, sent_ns)

    def _latency_ns(self) -> int:
        drawn_ns = int(LATENCY_MEDIAN_NS * self._rng.lognormal(0, LATENCY_SIGMA))
        latency_ns = min(drawn_ns, LATENCY_NS_MOST)
        return latency_ns - latency_ns % LATENCY_GRAIN_NS


class DeskListener:
    """Tells a desk, through its publisher, of the markets that it subscribed to."""

    without: Participant | None = None

    def __init__(self, info: TapeInfo, publisher: Publisher) -> None:
        """Translate places into names."""
        self.voice = self
        self._info = info
        self._publisher = publisher
        self._messages = 0
        self._arrival_ns = 0

    def begin_message(self, now_ns: int) -> None:
        """Take it that what is said from here on arrives together."""
        self._messages += 1
        self._arrival_ns = self._publisher.arrival_ns(now_ns, now_ns, self._messages)

    def offer(self, line: int, odds: int, amount_cents: int, quantity_cents: int = 0) -> None:
        """Tell what a taker may stake; how much was there at first is not told."""
        del quantity_cents
        named = self._info.lines[line]
        if named.market_key in self._publisher.markets:
            event = OfferChanged(named.line_id, Odds(odds), amount_cents)
            self._publisher.tell(event, self._arrival_ns)

    def trade(self, line: int, odds: int, amount_cents: int, side: Side) -> None:
        """Tell a trade, which is always told from the taker's side."""
        assert side is Side.TAKER
        named = self._info.lines[line]
        if named.market_key in self._publisher.markets:
            event = TradeSeen(named.line_id, Odds(odds), amount_cents)
            self._publisher.tell(event, self._arrival_ns)

    def market_status(self, market: int, status: MarketStatus) -> None:
        """Tell where a market stands."""
        key = self._info.markets[market].key
        if key in self._publisher.markets:
            self._publisher.tell(MarketStatusChanged(key, status), self._arrival_ns)

    def event_status(self, event: int, status: EventStatus) -> None:
        """Tell where an event stands."""
        event_id = self._info.events[event].event_id
        if event_id in self._publisher.events:
            self._publisher.tell(EventStatusChanged(event_id, status), self._arrival_ns)

    def schedule(self, event: int, scheduled_ns: int) -> None:
        """Tell when an event starts."""
        event_id = self._info.events[event].event_id
        if event_id in self._publisher.events:
            self._publisher.tell(EventScheduled(event_id, scheduled_ns), self._arrival_ns)

    def score(self, event: int, home: int, away: int, clock_ns: int = 0) -> None:
        """Tell the official score, and the clock."""
        event_id = self._info.events[event].event_id
        if event_id in self._publisher.events:
            self._publisher.tell(ScoreChanged(event_id, home, away, clock_ns), self._arrival_ns)

    def in_play_delay(self, market: int, delay_ns: int) -> None:
        """Tell nothing: a desk learns of the delay by its wagers."""

    def result(self, line: int, result: Result) -> None:
        """Tell nothing: a desk hears of settlements by its account."""
