"""Publishes the exchange's public market data to a desk's inbox, with the feed latency."""

from collections.abc import Collection

from recordings.feed_delays import FeedDelays
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
from strategies.trading.model.units import NS_PER_SECOND

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
    exchange's time. Rows of one message arrive together. Before a message whose delay is another
    than that of the one before, by whole seconds, comes an event that says so. What happened later
    does not arrive earlier: `longest_hold_ns` is the longest that a recorded message had to wait
    behind a late one, for a second or more.
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
        self._delays = FeedDelays()
        self._latest_ns = 0
        self.longest_hold_ns = 0
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
            if self._arrival_ns - now_ns >= NS_PER_SECOND or self._delays.late:
                for event_id in sorted(self.events):
                    self.note_delay(event_id, now_ns, self._arrival_ns)
        return self._arrival_ns

    def note_delay(self, event_id: EventId, now_ns: int, arrival_ns: int) -> None:
        """Publish how late the data of an event arrives, if that changed; call before the data."""
        delay_ns = arrival_ns - now_ns
        # Without a delay the message has no time of the exchange, as in a snapshot.
        if delay_ns and (delay_ns >= NS_PER_SECOND or self._delays.late):
            self.longest_hold_ns = max(self.longest_hold_ns, self._latest_ns - arrival_ns)
            self._latest_ns = max(self._latest_ns, arrival_ns)
            delayed = self._delays.note(event_id, delay_ns)
            if delayed is not None:
                self._inbox.publish(arrival_ns, delayed, True)

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
            if self._arrival_recorded:
                self.note_delay(book.line.event_id, now_ns, arrival_ns)
            else:
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
