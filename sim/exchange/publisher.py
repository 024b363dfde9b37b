"""Publishes the exchange's public market data to a desk's inbox, with the feed latency."""

from collections.abc import Collection

from recordings.tape import Clocks
from sim.engine.latency import Delay
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.exchange_connection import Inbox
from sim.exchange.offers import Offer
from strategies.trading.model.events import (
    Event,
    EventScheduled,
    EventStatusChanged,
    FeedLost,
    FeedRestored,
    MarketStatusChanged,
    OfferChanged,
    ScoreChanged,
    TradeSeen,
)
from strategies.trading.model.ids import EventId, MarketKey
from strategies.trading.model.odds import Odds

_WAKES = (
    MarketStatusChanged,
    EventStatusChanged,
    EventScheduled,
    ScoreChanged,
    FeedLost,
    FeedRestored,
)


class Publisher:
    """Publishes events about the markets that one desk is subscribed to.

    On a tape with two clocks a recorded message arrives at its recorded arrival time; on a tape
    with one clock, and where participants' wagers are the cause, the feed delay is added to the
    exchange's time. Rows of one message arrive together.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        inbox: Inbox,
        feed: Delay,
        clocks: Clocks,
        subscribed: Collection[MarketKey],
    ) -> None:
        """Publish to `inbox` what concerns the `subscribed` markets."""
        self._scheduler = env.scheduler
        self._inbox = inbox
        self._feed = feed
        self._arrival_recorded = clocks == Clocks.TWO
        self._seq = -1
        self._arrival_ns = 0
        self.markets: set[MarketKey] = set()
        self.events: set[EventId] = set()
        self.subscribe(subscribed)

    def subscribe(self, market_keys: Collection[MarketKey]) -> None:
        """Add markets, and their events, to the subscription."""
        self.markets.update(market_keys)
        self.events.update(key.event_id for key in market_keys)

    def draw_arrival_ns(self, now_ns: int, received_ns: int, seq: int) -> int:
        """Return when a recorded message arrives; draws a delay for each new `seq`."""
        if self._arrival_recorded:
            return received_ns
        if seq != self._seq:
            self._seq = seq
            self._arrival_ns = now_ns + self._feed.sample_ns()
        return self._arrival_ns

    def publish(self, event: Event, arrival_ns: int) -> None:
        """Publish an event other than an offer or trade; a change of status wakes the desk."""
        self._inbox.publish(arrival_ns, event, isinstance(event, _WAKES))

    def publish_recorded_offer(
        self, book: LineBook, offer: Offer, now_ns: int, received_ns: int, seq: int
    ) -> None:
        """Publish what an offer displays after a row, if that changed."""
        displayed_cents = offer.recorded_cents - offer.debit_cents
        if offer.wagers:
            displayed_cents = offer.displayed_cents()
        if displayed_cents != offer.published_cents:
            offer.published_cents = displayed_cents
            arrival_ns = received_ns
            if not self._arrival_recorded:
                arrival_ns = self.draw_arrival_ns(now_ns, received_ns, seq)
            event = OfferChanged(book.line_id, offer.odds, displayed_cents)
            self._inbox.publish(arrival_ns, event, False)

    def publish_own_change(self, book: LineBook, offer: Offer) -> None:
        """Publish what an offer displays after a participant's wager changed it."""
        if not book.subscribed:
            return
        displayed_cents = offer.displayed_cents()
        if displayed_cents != offer.published_cents:
            offer.published_cents = displayed_cents
            arrival_ns = self._scheduler.now_ns + self._feed.sample_ns()
            event = OfferChanged(book.line_id, offer.odds, displayed_cents)
            self._inbox.publish(arrival_ns, event, False)

    def publish_trade(self, book: LineBook, odds: int, stake_cents: int, arrival_ns: int) -> None:
        """Publish that a taker staked `stake_cents` on a line."""
        event = TradeSeen(book.line_id, Odds(odds), stake_cents)
        self._inbox.publish(arrival_ns, event, False)
