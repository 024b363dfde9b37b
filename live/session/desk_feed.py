"""The market of an exchange as events for a desk that trades on that exchange."""

from collections.abc import Sequence

from live.wall_clock import WallClock
from recordings.tape import PROBABILITY_PARTS, Kind, Row, Side, TapeInfo
from strategies.trading.model.events import (
    Event,
    EventScheduled,
    EventStatusChanged,
    FeedLost,
    FeedRestored,
    MarketsAdded,
    MarketStatusChanged,
    OfferChanged,
    ReferencePrice,
    TradeSeen,
)
from strategies.trading.model.market import Catalogue, EventStatus, MarketStatus
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Odds, opposite
from strategies.trading.ports.exchange import Listener


class DeskFeed:
    """Turns the rows of a tape into events, in order, and lets the desk decide after each batch.

    `catalogue` is what is on offer; new markets are added to it before the desk receives them.
    """

    def __init__(
        self, listener: Listener, info: TapeInfo, catalogue: Catalogue, clock: WallClock
    ) -> None:
        """Send events to a listener."""
        self._listener = listener
        self._info = info
        self._catalogue = catalogue
        self._clock = clock

    def on_markets_added(self, added: MarketsAdded) -> None:
        """Let the desk quote markets that are new."""
        self._catalogue.add(added.events, added.markets, added.lines)
        self._send(added)

    def on_rows(self, rows: Sequence[Row]) -> None:
        """Send rows with their times of arrival."""
        for row in rows:
            event = self._event_of(row)
            if event is not None:
                self._listener.take(event, row.received_ns)
        self._listener.act(rows[-1].received_ns)

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

    def _event_of(self, row: Row) -> Event | None:
        """Return what a desk learns from a row, None if nothing."""
        info = self._info
        match row.kind:
            case Kind.OFFER:
                line_id = info.lines[row.line].line_id
                return OfferChanged(line_id, Odds(row.odds), row.amount_cents)
            case Kind.TRADE:
                return self._trade_of(row)
            case Kind.MARKET_STATUS:
                return MarketStatusChanged(info.markets[row.market].key, MarketStatus(row.state))
            case Kind.EVENT_STATUS:
                return EventStatusChanged(info.events[row.event].event_id, EventStatus(row.state))
            case Kind.SCHEDULE:
                return EventScheduled(info.events[row.event].event_id, row.state)
            case Kind.REFERENCE:
                probability = row.state / PROBABILITY_PARTS
                return ReferencePrice(info.lines[row.line].line_id, probability)
        return None

    def _trade_of(self, row: Row) -> TradeSeen:
        """Return a trade from its taker's side; exchanges report the maker's."""
        assert row.side == Side.MAKER, "exchanges report trades from the maker's side"
        maker = self._info.lines[row.line].line_id
        line_id = self._catalogue.opposite(maker).line_id
        stake_cents = profit_cents(row.amount_cents, row.odds)
        return TradeSeen(line_id, opposite(Odds(row.odds)), stake_cents)
