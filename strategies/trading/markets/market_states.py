"""The state of the events and markets that a desk follows, and which markets are due."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from strategies.trading.markets.feed_record import FeedRecord
from strategies.trading.model.book import Book, LastTrade, Offers, RecentTrade
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.event_state import EventState, ReceivedReference
from strategies.trading.model.events import (
    Event,
    EventPaused,
    EventScheduled,
    EventStatusChanged,
    FeedDelayed,
    FeedLost,
    FeedRestored,
    MarketPaused,
    MarketsAdded,
    MarketStatusChanged,
    OfferChanged,
    ReferencePrice,
    ScoreChanged,
    TradeSeen,
)
from strategies.trading.model.ids import EventId, LineId, MarketKey, PairId
from strategies.trading.model.market import Market, MarketStatus, Pair
from strategies.trading.model.odds import implied_probability
from strategies.trading.model.source_prices import SourcePrice, SourceRecords
from strategies.trading.ports.journal import Denial
from strategies.trading.ports.source_rules import SourceRules
from strategies.trading.ports.strategy import Quote

_T = TypeVar("_T")


class MarketState:
    """One market: its status and books, and the state of the desk's decisions on it.

    `changed` means due at the next refresh, `urgent` due at once. `targets` are the strategy's last
    quotes, None if something has happened since by which other commands may follow from the same
    quotes; `waiting` is whether some of their changes must wait for a response or a time.
    `block_reason` is why no quotes were allowed at the last decision, None if they were; `denials`
    are those of the last decision, so that a lasting one is reported once; `silence` is why nothing
    was offered after the last decision that was journaled.
    """

    __slots__ = (
        "block_reason",
        "books",
        "changed",
        "denials",
        "event",
        "key",
        "line_ids",
        "market",
        "paused",
        "silence",
        "status",
        "targets",
        "urgent",
        "waiting",
    )

    def __init__(self, market: Market, event: EventState) -> None:
        """Start suspended and without books; a market opens with its first status OPEN."""
        self.market = market
        self.key = market.key
        self.event = event
        self.books: tuple[Book, ...] = ()
        self.line_ids: tuple[LineId, ...] = ()
        self.status = MarketStatus.SUSPENDED
        self.paused = False
        self.changed = False
        self.urgent = False
        self.waiting = False
        self.targets: tuple[Quote, ...] | None = None
        self.block_reason: str | None = None
        self.silence = ""
        self.denials: list[Denial] = []

    def add(self, book: Book) -> None:
        """Add the book of one more pair."""
        self.books += (book,)
        self.line_ids += (book.pair.first.line_id, book.pair.second.line_id)


class MarketStates:
    """The markets that a desk follows: applies market data, and keeps which markets are due."""

    def __init__(
        self,
        catalogue: Catalogue,
        market_keys: tuple[MarketKey, ...],
        source_rules: SourceRules,
        *,
        eager: bool,
    ) -> None:
        """Follow these markets of a catalogue; the rules are for prices of outside sources.

        If eager, a change of the touch is urgent, and one behind it needs no decision.
        """
        self._eager = eager
        self._source_rules = source_rules
        self.sources = SourceRecords()
        self.catalogue = catalogue
        self.feed_lost = False
        self.feed = FeedRecord()
        self.events: dict[EventId, EventState] = {}
        self.markets: dict[MarketKey, MarketState] = {}
        self.books: dict[PairId, Book] = {}
        # Also of what is not offered yet, or not any more: it may be offered later.
        self.paused_events: set[EventId] = set()
        self.paused_markets: set[MarketKey] = set()
        self._changed: list[MarketState] = []
        self._urgent: list[MarketState] = []
        self.offers: dict[LineId, Offers] = {}
        self._offers: dict[LineId, tuple[Offers, MarketState]] = {}
        self._appliers: dict[type, Callable[[Any, int], None]] = {
            OfferChanged: self.put_offer,
            TradeSeen: self._keep_trade,
            ReferencePrice: self._apply_reference,
            MarketStatusChanged: self._set_market_status,
            **dict.fromkeys(
                (EventScheduled, EventStatusChanged, ScoreChanged), self._apply_to_event
            ),
            **dict.fromkeys((EventPaused, MarketPaused), self._pause),
            MarketsAdded: self._add_markets,
            **dict.fromkeys((FeedLost, FeedRestored), self._set_feed),
            FeedDelayed: self._set_delay,
        }
        self._follow(market_keys)
        self._open_books(pair for key in market_keys for pair in catalogue.pairs_by_market[key])

    def apply(self, event: Event, at_ns: int) -> None:
        """Apply market data that arrived at `at_ns`; markets not followed are ignored."""
        apply = self._appliers.get(type(event))
        if apply is not None:
            apply(event, at_ns)

    def _set_feed(self, event: FeedLost | FeedRestored, at_ns: int) -> None:
        lost = isinstance(event, FeedLost)
        named = [self.events[each] for each in event.event_ids if each in self.events]
        for state in named:
            state.feed_lost = lost
        if not event.event_ids:
            self.feed_lost = lost
            named = list(self.events.values())
        last_ns = max((state.updated_ns for state in named), default=0)
        if not lost:
            self.feed.restored(event.event_ids, at_ns)
        elif named:
            self.feed.lost(event.event_ids, last_ns or at_ns)
        for state in named:
            self._mark_all_urgent(self.markets_of(state.event.event_id))

    def _set_delay(self, event: FeedDelayed, _: int) -> None:
        state = self.events.get(event.event_id)
        if state is not None:
            state.feed_delay_ns = event.delay_ns
            self.feed.delayed(event.delay_ns)

    def put_offer(self, event: OfferChanged, at_ns: int) -> None:
        """Apply a changed offer; kept short, as a session has a million of them."""
        known = self._offers.get(event.line_id)
        if known is not None:
            offers, market = known
            at_touch = offers.put(event.odds, event.amount_cents, at_ns)
            # The echo of our own cancels must not end the pull that caused them.
            if offers.by_others:
                market.event.updated_ns = at_ns
                if market.event.is_stale:
                    self._end_pull(market.event)
            if not self._eager:
                self.mark_changed(market)
            elif at_touch:
                self.mark_urgent(market)

    def mark(self, market: MarketState) -> None:
        """Make a market due as soon as the strategy asks: at the next refresh, or at once."""
        if self._eager:
            self.mark_urgent(market)
        else:
            self.mark_changed(market)

    def mark_changed(self, market: MarketState) -> None:
        """Make a market due at the next refresh."""
        if not market.changed:
            market.changed = True
            self._changed.append(market)

    def mark_urgent(self, market: MarketState) -> None:
        """Make a market due at once."""
        if not market.urgent:
            market.urgent = True
            self._urgent.append(market)

    def pop_urgent(self) -> list[MarketState]:
        """Return the markets due at once, in the order in which they became so; none stays due."""
        urgent, self._urgent = self._urgent, []
        for market in urgent:
            # The decision covers the change too.
            market.urgent = market.changed = False
        return urgent

    def pop_due(self) -> list[MarketState]:
        """Return the markets due at a refresh, the urgent ones first; none stays due."""
        due = self.pop_urgent()
        for market in self._changed:
            # One that was urgent meanwhile may be listed twice; it is decided on once.
            if market.changed:
                market.changed = False
                due.append(market)
        self._changed = []
        return due

    def mark_all_urgent(self) -> None:
        """Make every market due at once, its last target quotes forgotten."""
        for market in self.markets.values():
            market.targets = None
            self.mark_urgent(market)

    def markets_of(self, event_id: EventId) -> tuple[MarketState, ...]:
        """Return the markets of one event that are followed."""
        return tuple(market for key, market in self.markets.items() if key.event_id == event_id)

    def event_of(
        self, event: EventScheduled | EventStatusChanged | ReferencePrice
    ) -> EventState | None:
        """Return the state of the event that market data is about, None if it is not followed."""
        if isinstance(event, ReferencePrice):
            known = self._offers.get(event.line_id)
            return None if known is None else known[1].event
        return self.events.get(event.event_id)

    def _follow(self, market_keys: Iterable[MarketKey]) -> None:
        for key in market_keys:
            event = self.events.get(key.event_id)
            if event is None:
                event = EventState(self.catalogue.events[key.event_id])
                event.paused = key.event_id in self.paused_events
                self.events[key.event_id] = event
            market = MarketState(self.catalogue.markets[key], event)
            market.paused = key in self.paused_markets
            self.markets[key] = market

    def _open_books(self, pairs: Iterable[Pair]) -> None:
        """Open the books of those pairs whose markets are followed."""
        for pair in pairs:
            market = self.markets.get(pair.market_key)
            if market is not None:
                book = self.books[pair.pair_id] = Book(pair)
                market.add(book)
                for line, offers in ((pair.first, book.first), (pair.second, book.second)):
                    self.offers[line.line_id] = offers
                    self._offers[line.line_id] = (offers, market)

    def _add_markets(self, event: MarketsAdded, _: int) -> None:
        pairs = self.catalogue.add(event.events, event.markets, event.lines)
        self._follow(event.market_keys)
        self._open_books(pairs)
        for pair in pairs:
            if pair.pair_id in self.books:
                self.mark(self.markets[pair.market_key])

    def _end_pull(self, event: EventState) -> None:
        """Make all markets of an event due that were pulled because its feed was silent."""
        event.is_stale = False
        for market in self.markets_of(event.event.event_id):
            self.mark(market)

    def _keep_trade(self, event: TradeSeen, at_ns: int) -> None:
        if event.line_id not in self._offers:
            return
        state = self._offers[event.line_id][1].event
        state.updated_ns = at_ns
        if state.is_stale:
            self._end_pull(state)
        pair, probability = self.catalogue.pair_of(event.line_id), implied_probability(event.odds)
        if event.line_id != pair.first.line_id:
            probability = 1.0 - probability
        book = self.books[pair.pair_id]
        book.trade = LastTrade(probability, at_ns)
        book.traded_cents += event.stake_cents
        book.trades.append(RecentTrade(at_ns, event.line_id, event.odds, event.stake_cents))

    def _apply_reference(self, event: ReferencePrice, at_ns: int) -> None:
        """Store an outside price; its arrival does not prove that the exchange's feed is alive."""
        if event.line_id not in self._offers or not self.sources.knows(event.source):
            return
        market = self._offers[event.line_id][1]
        pair, fair = self.catalogue.pair_of(event.line_id), self._source_rules.fair(event)
        point = pair.first.point
        if event.line_id != pair.first.line_id:
            fair = 1.0 - fair
            if event.point is not None:
                point = market.market.type.opposite_point(event.point)
        elif event.point is not None:
            point = event.point
        refusal = self._put_source_price(event, market, point, fair, at_ns)
        self.sources.note(event.source, at_ns, refusal)
        if refusal is None:
            for book in market.books:
                if book.pair.first.point == point:
                    received = ReceivedReference(fair, at_ns)
                    market.event.references[book.pair.pair_id] = received
        if self._source_rules.across_markets:
            for each in self.markets_of(market.key.event_id):
                self.mark(each)
        else:
            self.mark(market)

    def _put_source_price(
        self, event: ReferencePrice, market: MarketState, point: float, fair: float, at_ns: int
    ) -> str | None:
        """Store the newest price of a source; return why it does not count, None if it does."""
        sources, kind = market.event.sources, market.market.kind
        before = sources.at(kind, point).get(event.source)
        # A clock that is ahead must not make a price younger than it can be.
        own_ns = min(event.at_ns, at_ns) if event.at_ns else at_ns
        refusal = self._source_rules.refusal(event.source, fair, before, market.event, own_ns)
        if refusal is None:
            price = SourcePrice(fair, own_ns, None, fair, own_ns)
        elif before is None:
            price = SourcePrice(fair, own_ns, refusal, 0.0, 0)
        else:
            price = before._replace(fair=fair, at_ns=own_ns, refusal=refusal)
        sources.put(event.source, kind, point, price)
        return refusal

    def _set_market_status(self, event: MarketStatusChanged, at_ns: int) -> None:
        market = self.markets.get(event.market_key)
        if market is not None:
            market.status = event.status
            market.event.updated_ns = at_ns
            self.mark_urgent(market)

    def _apply_to_event(
        self,
        event: EventScheduled | EventStatusChanged | ScoreChanged,
        at_ns: int,
    ) -> None:
        state = self.events.get(event.event_id)
        if state is None:
            return
        match event:
            case EventScheduled():
                state.scheduled_ns = event.scheduled_ns
            case EventStatusChanged():
                state.set_status(event.status, at_ns)
            case ScoreChanged():
                state.score, state.clock_ns = (event.home, event.away), event.clock_ns
        state.updated_ns = at_ns
        self._mark_all_urgent(self.markets_of(event.event_id))

    def _pause(self, event: EventPaused | MarketPaused, _: int) -> None:
        """Stop or resume quoting on an event or in a market, whether it is offered or not."""
        if isinstance(event, EventPaused):
            _include(self.paused_events, event.event_id, included=event.paused)
            if event.event_id in self.events:
                self.events[event.event_id].paused = event.paused
            self._mark_all_urgent(self.markets_of(event.event_id))
            return
        _include(self.paused_markets, event.market_key, included=event.paused)
        market = self.markets.get(event.market_key)
        if market is not None:
            market.paused = event.paused
            self.mark_urgent(market)

    def _mark_all_urgent(self, markets: tuple[MarketState, ...]) -> None:
        for market in markets:
            self.mark_urgent(market)


def _include(members: set[_T], member: _T, *, included: bool) -> None:
    if included:
        members.add(member)
    else:
        members.discard(member)
