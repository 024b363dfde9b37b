"""Where a desk trades: what a session asks of it, and ProphetX itself as one such room.

The other is the simulated exchange of a paper session, fed by the live market.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from live.prophetx.connection import Connection
from live.prophetx.orders.open_wagers import cancel_everything, wager_text
from live.prophetx.orders.prophet_exchange import AccountSettings, ProphetExchange
from live.prophetx.orders.tracked_wager import TrackedWager
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.wire.orders import OrderShape
from live.session.guard import admit_trading
from live.wall_clock import WallClock
from recordings.journal.wager_history import EarlierWager
from recordings.tape import PROBABILITY_PARTS, Kind, Row, Side, TapeInfo
from strategies.trading.model.errors import ConfigError, ExchangeError
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
from strategies.trading.model.ids import MarketKey
from strategies.trading.model.market import EventStatus, MarketStatus
from strategies.trading.model.money import profit_cents
from strategies.trading.model.odds import Odds, opposite
from strategies.trading.ports.exchange import Exchange, Listener
from strategies.trading.risk.limits import Limits

# The wagers of earlier starts that are still there, and what became of them since: the desk is told
# once it is seated.
Recovered = tuple[Sequence[EarlierWager], Sequence[Event]]


@dataclass(frozen=True, slots=True)
class GatewayContext:
    """What a room is opened with: the connection, what is on offer, and where its tasks run.

    `info` is that of the recording, whose dictionaries grow.
    """

    connection: Connection
    info: TapeInfo
    market_keys: tuple[MarketKey, ...]
    tasks: asyncio.TaskGroup
    before_sending: Callable[[], None]


class Gateway(Protocol):
    """Where a desk trades. What its market does is told at the present of its clock."""

    @property
    def clock(self) -> WallClock:
        """Return the time by which it goes."""

    def admit(self, site: Endpoint, environ: Mapping[str, str], limits: Limits) -> Limits:
        """Return the limits that one may trade with here; raise ConfigError if none will do."""

    def open(self, opening: GatewayContext) -> Exchange:
        """Open it, and return the desk's port."""

    def seat(self, desk: Listener) -> None:
        """Let a desk hear everything from now on."""

    def grow(self, news: MarketsAdded) -> None:
        """Take what came on offer, before any row of it, and tell the desk."""

    def take(self, rows: Sequence[Row]) -> None:
        """Take rows of the market as they arrive."""

    def hear(self, order: OrderShape) -> None:
        """Take the exchange's private update."""

    def lose(self) -> None:
        """Take the loss of the market's feed."""

    def restore(self) -> None:
        """Take its return: what it shows is whole again."""

    async def recover(self, wagers: Sequence[EarlierWager]) -> Recovered:
        """Take over what earlier starts left there; raise ExchangeError."""

    async def catch_up(self) -> None:
        """Tell what was missed of our own wagers; raise ExchangeError."""

    async def available_cents(self) -> int:
        """Return what may be staked; raise ExchangeError."""

    async def withdraw_all(self, connection: Connection) -> list[str]:
        """Withdraw all that is open, opened or not; return what still is, as people read it."""


class LiveGateway:
    """ProphetX: the desk hears its stream, and wagers there."""

    def __init__(self, *, exchange: object, clock: Callable[..., WallClock]) -> None:
        """Take AccountSettings and a clock; raise ConfigError for the exchange of another room."""
        if not isinstance(exchange, AccountSettings):
            message = "exchange: wagers are placed at ProphetX; use exchange=prophetx"
            raise ConfigError(message)
        self.clock = clock()
        self._settings = exchange
        self._opening: GatewayContext | None = None
        self._exchange: ProphetExchange | None = None
        self._desk: Listener | None = None
        self._untold: list[Event] = []

    def admit(self, site: Endpoint, environ: Mapping[str, str], limits: Limits) -> Limits:
        """Return the limits that the guard leaves."""
        return admit_trading(site, environ, limits)

    def open(self, opening: GatewayContext) -> ProphetExchange:
        """Return the exchange, with the desk's account there."""
        connection = opening.connection
        self._opening = opening
        self._catalogue = opening.info.catalogue()
        self._exchange = ProphetExchange(
            client=connection.client,
            clock=self.clock,
            catalogue=self._catalogue,
            tasks=opening.tasks,
            tell=self._tell,
            before_sending=opening.before_sending,
            decode_errors=connection.decode_errors,
            settings=self._settings,
        )
        return self._exchange

    def seat(self, desk: Listener) -> None:
        """Let a desk hear what was kept for it, and everything from now on."""
        self._desk = desk
        self._hear_all(self._untold)

    def grow(self, news: MarketsAdded) -> None:
        """Take in what came on offer, and tell the desk, which quotes it from now on."""
        self._catalogue.add(news.events, news.markets, news.lines)
        self._hear_all([news])

    def take(self, rows: Sequence[Row]) -> None:
        """Let the desk hear rows at their own times, and decide when it has heard all."""
        if self._desk is None:
            return
        for row in rows:
            event = self._event_of(row)
            if event is not None:
                self._desk.take(event, row.received_ns)
        self._desk.act(rows[-1].received_ns)

    def hear(self, order: OrderShape) -> None:
        """Take the exchange's private update."""
        if self._exchange is not None:
            self._exchange.hear(order)

    def lose(self) -> None:
        """Tell the desk, which pulls all quotes."""
        self._hear_all([FeedLost()])

    def restore(self) -> None:
        """Tell the desk, which quotes again."""
        self._hear_all([FeedRestored()])

    async def recover(self, wagers: Sequence[EarlierWager]) -> Recovered:
        """Cancel whatever is open, and ask for what became of the wagers of earlier starts."""
        assert self._exchange is not None, "it is not open"
        assert self._opening is not None, "it is not open"
        still_open = await self.withdraw_all(self._opening.connection)
        if still_open:
            message = f"{len(still_open)} wagers of before stay open: {still_open[0]} ..."
            raise ExchangeError(message)
        known = []
        for past in wagers:
            line = self._catalogue.lines[past.request.line_id]
            known.append(TrackedWager(past.request, line))
            for _, event in past.updates:
                known[-1].recall(event)
        await self._exchange.wagers.recover(known)
        return wagers, tuple(self._untold)

    async def catch_up(self) -> None:
        """Ask for every wager that may have changed."""
        if self._exchange is not None:
            await self._exchange.wagers.catch_up()

    async def available_cents(self) -> int:
        """Return what the exchange lets us stake."""
        assert self._exchange is not None, "it is not open"
        return await self._exchange.available_cents()

    async def withdraw_all(self, connection: Connection) -> list[str]:
        """Cancel everything of the account, and ask until nothing is open."""
        still_open = await cancel_everything(connection)
        return [wager_text(order) for order in still_open]

    def _tell(self, events: Sequence[Event]) -> None:
        self.clock.enter(lambda: self._hear_all(events))

    def _hear_all(self, events: Sequence[Event]) -> None:
        if self._desk is None:
            self._untold += events
            return
        now_ns = self.clock.now_ns()
        for event in events:
            self._desk.take(event, now_ns)
        self._desk.act(now_ns)

    def _event_of(self, row: Row) -> Event | None:
        """Return what a row tells a desk, if anything."""
        assert self._opening is not None, "it is not open"
        info = self._opening.info
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
        """Return a trade from its taker's side; the exchange tells the maker's."""
        assert self._opening is not None, "it is not open"
        assert row.side == Side.MAKER, "the exchange tells trades from the maker's side"
        maker = self._opening.info.lines[row.line].line_id
        line_id = self._catalogue.opposite(maker).line_id
        stake_cents = profit_cents(row.amount_cents, row.odds)
        return TradeSeen(line_id, opposite(Odds(row.odds)), stake_cents)
