"""Replays the rows of a tape at the simulated exchange and publishes them to a desk."""

from collections.abc import Iterable
from functools import partial

from recordings.feed_marks import feed_mark
from recordings.tape import Kind, Side, TapeInfo
from recordings.tape_events import TapeEvents
from sim.engine.exchange_rows import ExchangeRow
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from strategies.trading.model.events import FeedLost, FeedRestored, MarketsAdded
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.ports.schedule import Priority

# A plain number: looking a kind up takes longer than the rest of what most rows need.
_OFFER = int(Kind.OFFER)
# Kinds that do not come over the exchange's feed.
_NOT_OF_THE_FEED = (Kind.UNTYPED, Kind.REFERENCE)


class TapeReplayer:
    """Applies the rows of a tape to the exchange, each at its time, and publishes the changes.

    Pass `apply_row` to `ReplayEnvironment.replay_to`. Rows must be in the exchange's order.
    `trades_of_unknown_taker` counts trades without a side; those fill no wager.
    """

    def __init__(
        self,
        env: ReplayEnvironment,
        info: TapeInfo,
        exchange: SimulatedProphet,
        publisher: Publisher,
    ) -> None:
        """Start before the first row; set the exchange's `on_change` to the publisher."""
        self._scheduler = env.scheduler
        self._info = info
        self._events = TapeEvents(info, exchange.catalogue)
        self._exchange = exchange
        self._matcher = exchange.matcher
        self._markets = exchange.markets
        self._publisher = publisher
        self._books = exchange.books
        self._results: dict[tuple[int, int], dict[LineId, Result]] = {}
        self.trades_of_unknown_taker = 0
        exchange.on_change = publisher.publish_own_change
        self._mark_subscribed(self._books)

    @property
    def longest_hold_ns(self) -> int:
        """Return the longest that a message had to wait behind one that happened before it."""
        return self._publisher.longest_hold_ns

    def add_markets(self, added: MarketsAdded) -> None:
        """Add markets that the tape's dictionaries contain by now, and publish that."""
        known = len(self._books)
        self._exchange.add_markets(added)
        self._publisher.subscribe(added.market_keys)
        self._mark_subscribed(self._books[known:])
        self._publisher.publish(added, self._scheduler.now_ns)

    def _mark_subscribed(self, books: Iterable[LineBook]) -> None:
        for book in books:
            book.recorded = True
            book.subscribed = book.tracked = book.line.market_key in self._publisher.markets

    def apply_row(self, row: ExchangeRow) -> None:
        """Apply a row at its time. The fast path is an offer in a book that is not tracked."""
        now_ns, received_ns, seq, kind, line, _, _, odds, cents, quantity_cents, _, _, _ = row
        if kind != _OFFER:
            self._apply_other(row)
            return
        book = self._books[line]
        offer = book.offers.get(odds)
        if offer is None:
            offer = self._matcher.offer_at(book, odds)
        if not book.tracked:
            offer.recorded_cents = cents
            offer.quantity_cents = quantity_cents
            return
        new_cents = offer.set_recorded(now_ns, cents, quantity_cents)
        if new_cents < 0:
            self._matcher.match_recorded_taker(
                book, offer, -new_cents, matching=self._markets.is_open(book)
            )
        elif new_cents and book.wagers and self._markets.is_open(book):
            self._matcher.match_new_offer(book, offer, new_cents)
        if book.subscribed:
            self._publisher.publish_recorded_offer(book, offer, now_ns, received_ns, seq)

    def _apply_other(self, row: ExchangeRow) -> None:
        now_ns, received_ns, seq, kind, line, market, event, odds, cents, _, side, state, text = row
        arrival_ns = self._publisher.draw_arrival_ns(now_ns, received_ns, seq)
        self._note_delay(kind, event, now_ns, arrival_ns)
        match kind:
            case Kind.TRADE:
                self._apply_trade(line, odds, cents, side, now_ns, arrival_ns)
            case Kind.MARKET_STATUS:
                self._set_market_status(market, MarketStatus(state), arrival_ns)
            case Kind.EVENT_STATUS:
                self._set_event_status(event, EventStatus(state), arrival_ns)
            case Kind.IN_PLAY_DELAY:
                self._markets.set_in_play_delay(market, state)
            case Kind.RESULT:
                self._apply_result(seq, market, line, Result(state), now_ns, arrival_ns)
            case Kind.SCHEDULE if self._follows(event):
                self._publisher.publish(self._events.schedule(event, state), arrival_ns)
            case Kind.SCORE if self._follows(event):
                self._publisher.publish(self._events.score(event, state, text), arrival_ns)
            case Kind.UNTYPED:
                self._apply_feed_mark(text, arrival_ns)
            case Kind.REFERENCE if self._books[line].subscribed:
                # A price from outside the exchange: it changes no book.
                self._publisher.publish(self._events.reference(line, state, text), arrival_ns)

    def _note_delay(self, kind: int, event: int, now_ns: int, arrival_ns: int) -> None:
        if kind not in _NOT_OF_THE_FEED and self._follows(event):
            self._publisher.note_delay(self._info.events[event].event_id, now_ns, arrival_ns)

    def _apply_feed_mark(self, text: str | None, arrival_ns: int) -> None:
        mark = feed_mark(text)
        if mark is not None:
            event = FeedLost(mark.event_ids) if mark.lost else FeedRestored(mark.event_ids)
            self._publisher.publish(event, arrival_ns)

    def _apply_trade(
        self, line: int, odds: int, amount_cents: int, side: int, now_ns: int, arrival_ns: int
    ) -> None:
        trade = self._events.trade(line, odds, amount_cents, side)
        book = self._exchange.books_by_line[trade.line_id]
        if side == Side.UNKNOWN:
            self.trades_of_unknown_taker += 1
        elif book.tracked and trade.stake_cents:
            matching = self._markets.is_open(book)
            self._matcher.apply_trade(
                book, now_ns, trade.odds, trade.stake_cents, matching=matching
            )
        if book.subscribed and trade.stake_cents:
            self._publisher.publish(trade, arrival_ns)

    def _set_market_status(self, market: int, status: MarketStatus, arrival_ns: int) -> None:
        # Published first, so that the desk receives the status before its consequences.
        key = self._info.markets[market].key
        if key in self._publisher.markets and self._markets.would_change(market, status):
            self._publisher.publish(self._events.market_status(market, status), arrival_ns)
        self._exchange.set_market_status(market, status)

    def _set_event_status(self, event: int, status: EventStatus, arrival_ns: int) -> None:
        if self._follows(event) and self._markets.event_status_of(event) != status:
            self._publisher.publish(self._events.event_status(event, status), arrival_ns)
        self._exchange.set_event_status(event, status)

    def _apply_result(
        self, seq: int, market: int, line: int, result: Result, now_ns: int, arrival_ns: int
    ) -> None:
        """Collect a result; a market settles once all rows of this instant have been applied."""
        self._set_market_status(market, MarketStatus.CLOSED, arrival_ns)
        message = (seq, market)
        if message not in self._results:
            self._results[message] = {}
            self._scheduler.schedule_call(now_ns, Priority.EXCHANGE, partial(self._settle, message))
        self._results[message][self._info.lines[line].line_id] = result

    def _settle(self, message: tuple[int, int]) -> None:
        self._exchange.settle(message[1], self._results.pop(message))

    def _follows(self, event: int) -> bool:
        return self._info.events[event].event_id in self._publisher.events
