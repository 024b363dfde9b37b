"""Publishes what changed at the simulated exchange, instant by instant, as messages of rows.

A book change is the difference between the ten best levels and those that were last sent. A trade
and the book change that it caused are two messages, in either order and a little apart, as on the
real exchange.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from numpy.random import Generator

from recordings.tape import Side
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.displayed_book import Level, level_of
from sim.exchange.offers import Offer
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from strategies.trading.model.book import DISPLAYED_LEVELS
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.schedule import Priority

TRADE_FIRST_SHARE = 0.5


class RowSink(Protocol):
    """Accepts the rows of a message; lines, markets and events are indices, as on the tape."""

    def offer(self, line: int, odds: int, amount_cents: int, quantity_cents: int = 0) -> None:
        """Write what a taker on the line may now stake at these odds; zero removes the offer."""

    def trade(self, line: int, odds: int, amount_cents: int, side: Side) -> None:
        """Write that a stake was matched, and on whose side line, odds and amount are."""

    def market_status(self, market: int, status: MarketStatus) -> None:
        """Write that a market opened, was suspended, or closed."""

    def event_status(self, event: int, status: EventStatus) -> None:
        """Write that a sport event went in-play or ended."""

    def schedule(self, event: int, scheduled_ns: int) -> None:
        """Write the announced start of a sport event."""

    def score(self, event: int, home: int, away: int, clock_ns: int = 0) -> None:
        """Write the official score and the playing time elapsed, zero if unreported."""

    def in_play_delay(self, market: int, delay_ns: int) -> None:
        """Write how long placements of a market wait while it is in-play."""

    def reference(self, line: int, probability: float, text: str | None = None) -> None:
        """Write an outside probability of a line; the text has its source."""

    def result(self, line: int, result: Result) -> None:
        """Write the result of a line."""


# One row, to be written to every sink that is subscribed.
RowWrite = Callable[[RowSink], None]
# Stakes in cents that were matched on a line at some odds.
TradedCents = dict[tuple[LineBook, Odds], int]
# The offers of each book that changed, in the order of their first changes.
ChangedOffers = dict[LineBook, dict[Offer, None]]


class ChangeListener(Protocol):
    """A subscriber. The books that it sees may leave out the wagers of one participant."""

    @property
    def sink(self) -> RowSink:
        """Return where its rows are written."""

    @property
    def excluded(self) -> Participant | None:
        """Return the participant whose wagers it does not see, if any."""

    def begin_message(self, now_ns: int) -> None:
        """Start a message at this time; the rows that follow belong to it."""


class ChangePublisher:
    """Sends every change at an exchange to all listeners, message by message."""

    def __init__(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        listeners: Sequence[ChangeListener],
        rng: Generator,
        trade_skew_s: float,
    ) -> None:
        """Subscribe to the changes and trades of an exchange."""
        self._env = env
        self._subscribers = [(listener, _SentBooks(listener)) for listener in listeners]
        self._rng = rng
        self._max_skew_ns = trade_skew_s * NS_PER_SECOND
        self._changed: ChangedOffers = {}
        self._trades: TradedCents = {}
        self._delayed_trades: list[TradedCents] = []
        self._is_scheduled = False
        exchange.on_change = self._note_change
        exchange.on_trade = self._note_trade

    @property
    def rows(self) -> int:
        """Return how many rows the first listener received."""
        return self._subscribers[0][1].rows

    def publish(self, *rows: RowWrite) -> None:
        """Send these rows in one message."""
        self._send(rows, {})

    def publish_market(self, market: int, *rows: RowWrite) -> None:
        """Send these rows and, in the same message, the pending book changes of the market."""
        books = [book for book in self._changed if book.market_index == market]
        changed = {book: self._changed.pop(book) for book in books}
        self._send(rows, changed)

    def flush(self) -> None:
        """Send everything that is pending at once."""
        for trades in self._delayed_trades:
            self._send_trades(trades)
        self._delayed_trades.clear()
        self._send_trades(self._trades)
        self._trades.clear()
        self._send_books()

    def _note_change(self, book: LineBook, offer: Offer) -> None:
        self._changed.setdefault(book, {})[offer] = None
        self._schedule_instant()

    def _note_trade(self, book: LineBook, odds: Odds, stake_cents: int) -> None:
        key = (book, odds)
        self._trades[key] = self._trades.get(key, 0) + stake_cents
        self._schedule_instant()

    def _schedule_instant(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            # Last within its instant, so that all changes of the instant share one message.
            self._env.schedule_call(self._env.now_ns, Priority.FEED, self._publish_instant)

    def _publish_instant(self) -> None:
        self._is_scheduled = False
        if not self._trades:
            self._send_books()
            return
        trades, self._trades = self._trades, {}
        skew_ns = max(0, int(self._rng.uniform(-self._max_skew_ns, self._max_skew_ns)))
        if self._rng.random() < TRADE_FIRST_SHARE:
            self._send_trades(trades)
            self._schedule(skew_ns, self._send_books)
        else:
            self._send_books()
            self._delayed_trades.append(trades)
            self._schedule(skew_ns, lambda: self._send_delayed(trades))

    def _schedule(self, delay_ns: int, callback: Callable[[], None]) -> None:
        self._env.schedule_call(self._env.now_ns + delay_ns, Priority.FEED, callback)

    def _send_delayed(self, trades: TradedCents) -> None:
        # A flush in between has sent them already.
        if trades in self._delayed_trades:
            self._delayed_trades.remove(trades)
            self._send_trades(trades)

    def _send_trades(self, trades: TradedCents) -> None:
        rows = [_trade(book.line_index, odds, cents) for (book, odds), cents in trades.items()]
        self._send(rows, {})

    def _send_books(self) -> None:
        changed, self._changed = self._changed, {}
        self._send((), changed)

    def _send(self, rows: Sequence[RowWrite], changed: ChangedOffers) -> None:
        """Send rows and the changes of books in one message, unless there is nothing to send."""
        for listener, sent in self._subscribers:
            updates = sent.updates(changed)
            if rows or updates:
                sink = listener.sink
                listener.begin_message(self._env.now_ns)
                for write in rows:
                    write(sink)
                for line, level in updates:
                    sink.offer(line, level.odds, level.value_cents, level.quantity_cents)
                sent.rows += len(rows) + len(updates)


class _SentBooks:
    """The books as one listener last received them."""

    def __init__(self, listener: ChangeListener) -> None:
        self.rows = 0
        self._excluded = listener.excluded
        self._books: dict[LineBook, _SentBook] = {}

    def updates(self, changed: ChangedOffers) -> list[tuple[int, Level]]:
        """Return the lines and levels that bring these books up to date, taken as sent.

        Removals come first, so that no reader sees a crossed or an overfull book midway.
        """
        removals: list[tuple[int, Level]] = []
        changes: list[tuple[int, Level]] = []
        for book, offers in changed.items():
            if book not in self._books:
                self._books[book] = _SentBook(self._excluded)
            line = book.line_index
            removed, updated = self._books[book].update(offers)
            removals += [(line, Level(odds, 0, 0)) for odds in removed]
            changes += [(line, level) for level in updated]
        return removals + changes


class _SentBook:
    """All levels of a book, and the best ones as a listener last received them.

    Only the offers that changed are looked at again.
    """

    def __init__(self, excluded: Participant | None) -> None:
        self._excluded = excluded
        self._levels: dict[Odds, Level] = {}
        self._sent: dict[Odds, Level] = {}

    def update(self, offers: Iterable[Offer]) -> tuple[list[Odds], list[Level]]:
        """Return the odds to remove and the levels to send after these offers changed."""
        for offer in offers:
            level = level_of(offer, self._excluded)
            if level.value_cents:
                self._levels[level.odds] = level
            else:
                self._levels.pop(level.odds, None)
        best = sorted(self._levels, reverse=True)[:DISPLAYED_LEVELS]
        before, self._sent = self._sent, {odds: self._levels[odds] for odds in best}
        removed = [odds for odds in before if odds not in self._sent]
        return removed, [lvl for odds, lvl in self._sent.items() if lvl != before.get(odds)]


def _trade(line: int, odds: Odds, stake_cents: int) -> RowWrite:
    return lambda sink: sink.trade(line, odds, stake_cents, Side.TAKER)
