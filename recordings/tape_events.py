"""From the rows of a tape to the events that a desk receives."""

from collections.abc import Sequence

from recordings.feed_delays import FeedDelays
from recordings.reference_text import reference_price
from recordings.tape import (
    LONGEST_DELAY_NS,
    NOWHERE,
    PROBABILITY_PARTS,
    Kind,
    Row,
    Side,
    TapeInfo,
    score_of,
)
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.events import (
    Event,
    EventScheduled,
    EventStatusChanged,
    FeedDelayed,
    FeedLost,
    FeedRestored,
    MarketsAdded,
    MarketStatusChanged,
    OfferChanged,
    ReferencePrice,
    ScoreChanged,
    TradeSeen,
)
from strategies.trading.model.ids import LineId
from strategies.trading.model.market import EventStatus, MarketStatus
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Odds, opposite
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.exchange import Listener


class TapeEvents:
    """Makes events of rows, with the dictionaries and the catalogue of their tape.

    `info` and `catalogue` may gain entries while rows are read. Lines, markets and events are given
    as their indices in the tape's dictionaries.
    """

    def __init__(self, info: TapeInfo, catalogue: Catalogue) -> None:
        """Read rows of a tape."""
        self._info = info
        self._catalogue = catalogue

    def of_row(self, row: Row) -> Event | None:
        """Return the event of a row, None for a kind that a desk does not receive as such."""
        match row.kind:
            case Kind.OFFER:
                return OfferChanged(self._line_id(row.line), Odds(row.odds), row.amount_cents)
            case Kind.TRADE:
                return self.trade(row.line, row.odds, row.amount_cents, row.side)
            case Kind.MARKET_STATUS:
                return self.market_status(row.market, row.state)
            case Kind.EVENT_STATUS:
                return self.event_status(row.event, row.state)
            case Kind.SCHEDULE:
                return self.schedule(row.event, row.state)
            case Kind.SCORE:
                return self.score(row.event, row.state, row.text)
            case Kind.REFERENCE:
                return self.reference(row.line, row.state, row.text)
        return None

    def trade(self, line: int, odds: int, amount_cents: int, side: int) -> TradeSeen:
        """Return a trade on the taker's line at the taker's odds; as recorded if unknown."""
        line_id = self._line_id(line)
        if side != Side.MAKER:
            return TradeSeen(line_id, Odds(odds), amount_cents)
        takers_line = self._catalogue.opposite(line_id).line_id
        return TradeSeen(takers_line, opposite(Odds(odds)), profit_cents(amount_cents, odds))

    def market_status(self, market: int, state: int) -> MarketStatusChanged:
        """Return a market's new status."""
        return MarketStatusChanged(self._info.markets[market].key, MarketStatus(state))

    def event_status(self, event: int, state: int) -> EventStatusChanged:
        """Return a sport event's new status."""
        return EventStatusChanged(self._info.events[event].event_id, EventStatus(state))

    def schedule(self, event: int, start_ns: int) -> EventScheduled:
        """Return a sport event's new scheduled start."""
        return EventScheduled(self._info.events[event].event_id, start_ns)

    def score(self, event: int, clock_ns: int, text: str | None) -> ScoreChanged:
        """Return a score; raise TapeError for a text of another form than "54-51"."""
        return ScoreChanged(self._info.events[event].event_id, *score_of(text), clock_ns)

    def reference(self, line: int, parts: int, text: str | None) -> ReferencePrice:
        """Return an outside price of a line, recorded in parts of PROBABILITY_PARTS."""
        return reference_price(self._line_id(line), parts / PROBABILITY_PARTS, text)

    def _line_id(self, line: int) -> LineId:
        return self._info.lines[line].line_id


class RowDelays:
    """Follows how late the rows of a tape arrive, by their two times."""

    def __init__(self, info: TapeInfo) -> None:
        """Take the dictionaries of the tape, which may gain entries."""
        self._info = info
        self._delays = FeedDelays()

    def note(self, row: Row) -> FeedDelayed | None:
        """Return what a desk must know before a row, None if that is nothing.

        A row without a time of the exchange, as in a snapshot, has one time, and says nothing, nor
        does one whose time is further back than any delay.
        """
        delay_ns = row.received_ns - row.exchange_ns
        if not delay_ns or (delay_ns < NS_PER_SECOND and not self._delays.late):
            return None
        if (
            delay_ns > LONGEST_DELAY_NS
            or row.event == NOWHERE
            or row.kind in (Kind.UNTYPED, Kind.REFERENCE)
        ):
            return None
        return self._delays.note(self._info.events[row.event].event_id, delay_ns)


class DeskFeed:
    """Turns the rows of a tape into events, in order, and lets the desk decide after each batch.

    `catalogue` is the desk's; new markets are added to it before the desk receives them.
    """

    def __init__(
        self, listener: Listener, info: TapeInfo, catalogue: Catalogue, clock: Clock
    ) -> None:
        """Send events to a listener."""
        self._listener = listener
        self._catalogue = catalogue
        self._events = TapeEvents(info, catalogue)
        self._delays = RowDelays(info)
        self._clock = clock

    def on_markets_added(self, added: MarketsAdded) -> None:
        """Let the desk quote markets that are new."""
        self._catalogue.add(added.events, added.markets, added.lines)
        self._send(added)

    def on_rows(self, rows: Sequence[Row]) -> None:
        """Send rows with their times of arrival."""
        for row in rows:
            delayed = self._delays.note(row)
            if delayed is not None:
                self._listener.take(delayed, row.received_ns)
            event = self._events.of_row(row)
            if event is not None:
                self._listener.take(event, row.received_ns)
        # Rows that waited for the desk are older than its decision.
        self._listener.act(self._clock.now_ns())

    def on_feed_lost(self) -> None:
        """Let the desk cancel all quotes."""
        self._send(FeedLost())

    def on_feed_restored(self) -> None:
        """Let the desk quote again."""
        self._send(FeedRestored())

    def _send(self, event: Event) -> None:
        now_ns = self._clock.now_ns()
        self._listener.take(event, now_ns)
        self._listener.act(now_ns)
