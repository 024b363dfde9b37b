"""Listeners to a crowd's exchange: one that records a tape, and one that feeds a desk."""

import numpy as np
from numpy.random import Generator

from recordings.reference_text import reference_price
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
MAX_LATENCY_NS = 500 * NS_PER_MS
LATENCY_GRAIN_NS = 100_000
LATENCIES_PER_BLOCK = 4_096


class TapeListener:
    """Records a tape; rows are received after a random latency of their own.

    The exchange stamps its messages in whole milliseconds. The wagers of the participant
    `excluded`, if any, are never displayed; trades against them are recorded like all others.
    """

    def __init__(
        self,
        writer: TapeWriter,
        info: TapeInfo,
        rng: Generator,
        excluded: Participant | None = None,
    ) -> None:
        """Add all events, markets and lines to the writer, with the indices of `info`."""
        self.sink = writer
        self.excluded = excluded
        self._rng = rng
        self._latencies_ns: list[int] = []
        self._received_ns = 0
        for event in info.events:
            writer.add_event(event)
        for market in info.markets:
            writer.add_market(market)
        for line in info.lines:
            writer.add_line(line)

    def begin_message(self, now_ns: int) -> None:
        """Start a message at this time; the rows that follow belong to it."""
        sent_ns = now_ns - now_ns % STAMP_NS
        # A message never overtakes the one ahead of it.
        self._received_ns = max(self._received_ns, sent_ns + self._latency_ns())
        self.sink.begin_message(self._received_ns, sent_ns)

    def _latency_ns(self) -> int:
        if not self._latencies_ns:
            # A block costs far less than one by one, and is the same as those.
            factors = self._rng.lognormal(0, LATENCY_SIGMA, LATENCIES_PER_BLOCK)
            drawn_ns = np.minimum(LATENCY_MEDIAN_NS * factors, MAX_LATENCY_NS).astype(np.int64)
            self._latencies_ns = (drawn_ns - drawn_ns % LATENCY_GRAIN_NS)[::-1].tolist()
        return self._latencies_ns.pop()


class DeskListener:
    """Publishes changes of the markets that a desk subscribed to, as events."""

    excluded: Participant | None = None

    def __init__(self, info: TapeInfo, publisher: Publisher) -> None:
        """Read ids by index from `info`."""
        self.sink = self
        self._info = info
        self._publisher = publisher
        self._messages = 0
        self._arrival_ns = 0

    def begin_message(self, now_ns: int) -> None:
        """Start a message at this time; the rows that follow arrive together."""
        self._messages += 1
        self._arrival_ns = self._publisher.draw_arrival_ns(now_ns, now_ns, self._messages)

    def offer(self, line: int, odds: int, amount_cents: int, quantity_cents: int = 0) -> None:
        """Publish what a taker may stake; the original quantity is not published."""
        del quantity_cents
        named = self._info.lines[line]
        if named.market_key in self._publisher.markets:
            event = OfferChanged(named.line_id, Odds(odds), amount_cents)
            self._publisher.publish(event, self._arrival_ns)

    def trade(self, line: int, odds: int, amount_cents: int, side: Side) -> None:
        """Publish a trade, always from the taker's side."""
        assert side is Side.TAKER
        named = self._info.lines[line]
        if named.market_key in self._publisher.markets:
            event = TradeSeen(named.line_id, Odds(odds), amount_cents)
            self._publisher.publish(event, self._arrival_ns)

    def market_status(self, market: int, status: MarketStatus) -> None:
        """Publish the status of a market."""
        key = self._info.markets[market].key
        if key in self._publisher.markets:
            self._publisher.publish(MarketStatusChanged(key, status), self._arrival_ns)

    def event_status(self, event: int, status: EventStatus) -> None:
        """Publish the status of a sport event."""
        event_id = self._info.events[event].event_id
        if event_id in self._publisher.events:
            self._publisher.publish(EventStatusChanged(event_id, status), self._arrival_ns)

    def schedule(self, event: int, scheduled_ns: int) -> None:
        """Publish the announced start of a sport event."""
        event_id = self._info.events[event].event_id
        if event_id in self._publisher.events:
            self._publisher.publish(EventScheduled(event_id, scheduled_ns), self._arrival_ns)

    def score(self, event: int, home: int, away: int, clock_ns: int = 0) -> None:
        """Publish the official score with the game clock."""
        event_id = self._info.events[event].event_id
        if event_id in self._publisher.events:
            self._publisher.publish(ScoreChanged(event_id, home, away, clock_ns), self._arrival_ns)

    def in_play_delay(self, market: int, delay_ns: int) -> None:
        """Publish nothing: a desk notices the delay by its own wagers."""

    def reference(self, line: int, probability: float, text: str | None = None) -> None:
        """Publish an outside probability of a line; the text has its source."""
        named = self._info.lines[line]
        if named.market_key in self._publisher.markets:
            event = reference_price(named.line_id, probability, text)
            self._publisher.publish(event, self._arrival_ns)

    def result(self, line: int, result: Result) -> None:
        """Publish nothing: a desk receives settlements through its account."""
