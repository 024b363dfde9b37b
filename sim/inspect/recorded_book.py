"""The state of a recorded exchange at a moment, as its takers see it."""

from collections.abc import Collection
from typing import NamedTuple

from recordings.tape import Kind, score_of
from recordings.tape_columns import TapeColumns
from recordings.tape_events import TapeEvents
from sim.engine.exchange_rows import ExchangeRow, exchange_rows
from sim.engine.latency import NoDelay
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.displayed_book import Level, level_of
from sim.exchange.exchange_connection import Inbox
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import Back
from sim.exchange.tape_replayer import TapeReplayer
from sim.inspect.time_argument import require_within
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.events import TradeSeen
from strategies.trading.model.ids import LineId, MarketKey
from strategies.trading.model.market import EventStatus, MarketStatus


class RecordedTrade(NamedTuple):
    """A trade as its taker made it, at a time of the exchange in nanoseconds."""

    at_ns: int
    trade: TradeSeen


class RecordedScore(NamedTuple):
    """Points, and the playing time elapsed in nanoseconds, zero if unreported."""

    home: int
    away: int
    clock_ns: int


class RecordedBook:
    """The books, statuses, last trades and scores of a recording at a time of its exchange."""

    def __init__(self, recording: TapeColumns, at_ns: int, lines: Collection[int]) -> None:
        """Replay a recording up to a time and with it, offers on lines of these indices only.

        Raise ConfigError for a time that is not within the recording.
        """
        summary = recording.summary
        require_within(at_ns, summary.first_ns, summary.last_ns)
        info = recording.info
        env = ReplayEnvironment(exchange_rows(recording, lines=lines))
        self._exchange = SimulatedProphet(
            env, info, NoDelay(), Back(), Commission(rate_percent=0), ExchangeRules()
        )
        publisher = Publisher(env, Inbox(env), NoDelay(), info.clocks, ())
        self._replayer = TapeReplayer(env, info, self._exchange, publisher)
        self._events = TapeEvents(info, self._exchange.catalogue)
        self._trades: dict[MarketKey, RecordedTrade] = {}
        self._scores: dict[int, RecordedScore] = {}
        self._starts_ns = [event.scheduled_ns for event in info.events]
        env.replay_to(self._apply_row)
        # Rows of the time at which a run stops stay unread.
        env.run(until=at_ns + 1)

    def levels(self, line_id: LineId) -> list[Level]:
        """Return everything that a taker on a line can stake, longest odds first."""
        book = self._exchange.books_by_line[line_id]
        return list(map(level_of, book.offered_from(min(book.offers, default=0))))

    def market_status(self, market: int) -> MarketStatus | None:
        """Return the status of a market, None before the first."""
        status = self._exchange.markets.status_of(market)
        return MarketStatus(status) if status else None

    def event_status(self, event: int) -> EventStatus:
        """Return the status of an event."""
        return EventStatus(self._exchange.markets.event_status_of(event))

    def score(self, event: int) -> RecordedScore | None:
        """Return the last score of an event, None before the first."""
        return self._scores.get(event)

    def start_ns(self, event: int) -> int:
        """Return the announced start of an event."""
        return self._starts_ns[event]

    def last_trade(self, market: MarketKey) -> RecordedTrade | None:
        """Return the last trade in a market, None before the first."""
        return self._trades.get(market)

    def _apply_row(self, row: ExchangeRow) -> None:
        now_ns, _, _, kind, line, _, event, odds, cents, _, side, state, text = row
        match kind:
            case Kind.TRADE:
                trade = self._events.trade(line, odds, cents, side)
                market_key = self._exchange.books_by_line[trade.line_id].line.market_key
                self._trades[market_key] = RecordedTrade(now_ns, trade)
            case Kind.SCORE:
                self._scores[event] = RecordedScore(*score_of(text), state)
            case Kind.SCHEDULE:
                self._starts_ns[event] = state
        self._replayer.apply_row(row)
