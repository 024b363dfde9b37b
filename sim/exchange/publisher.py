"""What the exchange says to everybody, and when a desk hears it."""

from collections.abc import Collection

from recordings.tape import Clocks
from sim.engine.inbox import Inbox
from sim.engine.latency import Delay
from sim.engine.virtual_clock import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.offers import Offer
from strategies.trading.model.events import (
    Event,
    EventScheduled,
    EventStatusChanged,
    MarketStatusChanged,
    OfferChanged,
    ScoreChanged,
    TradeSeen,
)
from strategies.trading.model.ids import EventId, MarketKey
from strategies.trading.model.odds import Odds

_WAKES = (MarketStatusChanged, EventStatusChanged, EventScheduled, ScoreChanged)


class Publisher:
    """Tells a desk about the markets it subscribed to, and their events.

    What was recorded with a time of arrival arrives then; otherwise, and where our own wagers are
    the cause, the feed's delay is added. Rows of one message arrive together.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        inbox: Inbox,
        feed: Delay,
        clocks: Clocks,
        subscribed: Collection[MarketKey],
    ) -> None:
        """Publish to one inbox."""
        self._env = env
        self._inbox = inbox
        self._feed = feed
        self._arrival_recorded = clocks == Clocks.TWO
        self._seq = -1
        self._arrival_ns = 0
        self.markets: set[MarketKey] = set()
        self.events: set[EventId] = set()
        self.subscribe(subscribed)

    def subscribe(self, market_keys: Collection[MarketKey]) -> None:
        """Tell of more markets, and of their events."""
        self.markets.update(market_keys)
        self.events.update(key.event_id for key in market_keys)

    def arrival_ns(self, now_ns: int, received_ns: int, seq: int) -> int:
        """Return when a recorded message is heard."""
        if self._arrival_recorded:
            return received_ns
        if seq != self._seq:
            self._seq = seq
            self._arrival_ns = now_ns + self._feed.sample_ns()
        return self._arrival_ns

    def tell(self, event: Event, arrival_ns: int) -> None:
        """Tell something that is no offer; what changes the course of things wakes the desk."""
        self._inbox.publish(arrival_ns, event, isinstance(event, _WAKES))

    def tell_recorded(
        self, book: LineBook, offer: Offer, now_ns: int, received_ns: int, seq: int
    ) -> None:
        """Tell what an offer shows now that a row was taken."""
        shown_cents = offer.recorded_cents - offer.debit_cents
        if offer.wagers:
            shown_cents = offer.shown_cents()
        if shown_cents != offer.told_cents:
            offer.told_cents = shown_cents
            arrival_ns = received_ns
            if not self._arrival_recorded:
                arrival_ns = self.arrival_ns(now_ns, received_ns, seq)
            event = OfferChanged(book.line_id, offer.odds, shown_cents)
            self._inbox.publish(arrival_ns, event, False)

    def tell_own_change(self, book: LineBook, offer: Offer) -> None:
        """Tell what an offer shows now that a wager of ours changed it."""
        if not book.listened:
            return
        shown_cents = offer.shown_cents()
        if shown_cents != offer.told_cents:
            offer.told_cents = shown_cents
            arrival_ns = self._env.now_ns + self._feed.sample_ns()
            event = OfferChanged(book.line_id, offer.odds, shown_cents)
            self._inbox.publish(arrival_ns, event, False)

    def tell_trade(self, book: LineBook, odds: int, stake_cents: int, arrival_ns: int) -> None:
        """Tell that a taker staked so much on a line."""
        event = TradeSeen(book.line_id, Odds(odds), stake_cents)
        self._inbox.publish(arrival_ns, event, False)
