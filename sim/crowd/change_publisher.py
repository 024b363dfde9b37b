"""What a crowd's exchange says to everybody: after each instant, what changed in it.

Book changes are told as the difference between the ten best levels and what was told of them. A
trade and the change of the book that it made are two messages, told in either order and a little
apart, as the real exchange does.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from numpy.random import Generator

from recordings.tape import Side
from sim.crowd.activity_rates import NS_PER_S
from sim.engine.virtual_clock import Priority, ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.displayed_book import Level, levels
from sim.exchange.offers import Offer
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from strategies.trading.model.market import EventStatus, MarketStatus, Result
from strategies.trading.model.odds import Odds

TRADE_FIRST_SHARE = 0.5


class RowSink(Protocol):
    """How a row is said to a listener: as the writer of tapes has it, by places."""

    def offer(self, line: int, odds: int, amount_cents: int, quantity_cents: int = 0) -> None:
        """Say what a taker on the line may now stake at these odds; zero removes the offer."""

    def trade(self, line: int, odds: int, amount_cents: int, side: Side) -> None:
        """Say that a stake was matched, and on whose side line, odds and amount are."""

    def market_status(self, market: int, status: MarketStatus) -> None:
        """Say that a market opened, was suspended, or closed."""

    def event_status(self, event: int, status: EventStatus) -> None:
        """Say that a sport event went in-play or ended."""

    def schedule(self, event: int, scheduled_ns: int) -> None:
        """Say when a sport event is announced to start."""

    def score(self, event: int, home: int, away: int, clock_ns: int = 0) -> None:
        """Say the official score, and the playing time elapsed unless it is unreported (zero)."""

    def in_play_delay(self, market: int, delay_ns: int) -> None:
        """Say how long placements of a market wait while it is in-play."""

    def result(self, line: int, result: Result) -> None:
        """Say what became of a line."""


Say = Callable[[RowSink], None]


class ChangeListener(Protocol):
    """Who is told. What it is told of the book leaves out one participant, if it names one."""

    @property
    def voice(self) -> RowSink:
        """Return how rows are said to it."""

    @property
    def without(self) -> Participant | None:
        """Return whom its view of the book leaves out."""

    def begin_message(self, now_ns: int) -> None:
        """Take it that what is said from here on is one message of this time."""


class ChangePublisher:
    """Tells all listeners what changes, message by message."""

    def __init__(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        listeners: Sequence[ChangeListener],
        rng: Generator,
        told_apart_s: float,
    ) -> None:
        """Hear of all that participants do at an exchange."""
        self._env = env
        self._told = [(listener, _Told(listener)) for listener in listeners]
        self._rng = rng
        self._apart_ns_most = told_apart_s * NS_PER_S
        self._changed: dict[LineBook, None] = {}
        self._trades: dict[tuple[LineBook, Odds], int] = {}
        self._late_trades: list[dict[tuple[LineBook, Odds], int]] = []
        self._is_due = False
        exchange.on_change = self._note_change
        exchange.on_trade = self._note_trade

    @property
    def rows(self) -> int:
        """Return how many rows the first listener was told."""
        return self._told[0][1].rows

    def say(self, *says: Say) -> None:
        """Tell everybody these rows in one message."""
        self._tell(lambda _: says)

    def say_of_market(self, market: int, *says: Say) -> None:
        """Tell everybody these rows and, with them, what changed in the books of their market."""
        books = [book for book in self._changed if book.market == market]
        for book in books:
            del self._changed[book]
        self._tell(lambda told: [*says, *told.changes(books)])

    def catch_up(self) -> None:
        """Tell at once what waits to be told."""
        for trades in self._late_trades:
            self._tell_trades(trades)
        self._late_trades.clear()
        self._tell_trades(self._trades)
        self._trades.clear()
        self._tell_books()

    def _note_change(self, book: LineBook, _: Offer) -> None:
        self._changed[book] = None
        self._be_due()

    def _note_trade(self, book: LineBook, odds: Odds, stake_cents: int) -> None:
        place = (book, odds)
        self._trades[place] = self._trades.get(place, 0) + stake_cents
        self._be_due()

    def _be_due(self) -> None:
        if not self._is_due:
            self._is_due = True
            # The last of its instant: whatever else happens in it is in the same message.
            self._env.schedule_call(self._env.now_ns, Priority.FEED, self._end_instant)

    def _end_instant(self) -> None:
        self._is_due = False
        if not self._trades:
            self._tell_books()
            return
        trades, self._trades = self._trades, {}
        apart_ns = max(0, int(self._rng.uniform(-self._apart_ns_most, self._apart_ns_most)))
        if self._rng.random() < TRADE_FIRST_SHARE:
            self._tell_trades(trades)
            self._later(apart_ns, self._tell_books)
        else:
            self._tell_books()
            self._late_trades.append(trades)
            self._later(apart_ns, lambda: self._tell_late(trades))

    def _later(self, apart_ns: int, callback: Callable[[], None]) -> None:
        self._env.schedule_call(self._env.now_ns + apart_ns, Priority.FEED, callback)

    def _tell_late(self, trades: dict[tuple[LineBook, Odds], int]) -> None:
        if trades in self._late_trades:
            self._late_trades.remove(trades)
            self._tell_trades(trades)

    def _tell_trades(self, trades: dict[tuple[LineBook, Odds], int]) -> None:
        says = [_trade(book.line, odds, cents) for (book, odds), cents in trades.items()]
        self._tell(lambda _: says)

    def _tell_books(self) -> None:
        books = list(self._changed)
        self._changed.clear()
        self._tell(lambda told: told.changes(books))

    def _tell(self, says_of: "Callable[[_Told], Sequence[Say]]") -> None:
        for listener, told in self._told:
            says = says_of(told)
            if says:
                listener.begin_message(self._env.now_ns)
                for say in says:
                    say(listener.voice)
                told.rows += len(says)


class _Told:
    """What one listener was told of the books."""

    def __init__(self, listener: ChangeListener) -> None:
        self.rows = 0
        self._without = listener.without
        self._levels: dict[LineBook, dict[Odds, Level]] = {}

    def changes(self, books: Iterable[LineBook]) -> list[Say]:
        """Return the rows that bring what was told of these books up to date.

        Removals come first, so that no reader sees a crossed or an overfull book midway.
        """
        gone: list[Say] = []
        news: list[Say] = []
        for book in books:
            told = self._levels.get(book, {})
            now = {level.odds: level for level in levels(book, self._without)}
            gone += [_offer(book.line, Level(odds, 0, 0)) for odds in told if odds not in now]
            news += [_offer(book.line, now[odds]) for odds in now if told.get(odds) != now[odds]]
            self._levels[book] = now
        return gone + news


def _offer(line: int, level: Level) -> Say:
    return lambda voice: voice.offer(line, level.odds, level.value_cents, level.quantity_cents)


def _trade(line: int, odds: Odds, stake_cents: int) -> Say:
    return lambda voice: voice.trade(line, odds, stake_cents, Side.TAKER)
