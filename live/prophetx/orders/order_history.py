"""Requests on the wagers of our account."""

from collections.abc import Container

from live.prophetx.market_data.mapping import market_status
from live.prophetx.rest.client import ProphetClient
from live.prophetx.wire.orders import WireMatch, WireOrder
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.errors import RefusalError
from strategies.trading.model.ids import LineId, MarketKey, WagerRef, is_ref_of
from strategies.trading.model.market import MarketStatus
from strategies.trading.model.units import NS_PER_SECOND

# The exchange returns a history of at most seven days; an hour is left for clocks that differ.
HISTORY_SECONDS = (7 * 24 - 1) * 3600
# Its own time is known to whole seconds, and from its last response.
_AHEAD_SECONDS = 60

# Code for a wager that the exchange does not have.
UNKNOWN = "data_not_found"
_NOT_FOUND = (UNKNOWN, "http_404", "order_not_belongs_to_user")
_OPEN = ("inactive", "open")


class OrderHistory:
    """Requests on the wagers of one account. All raise ExchangeError if no response comes.

    Lists come from the exchange's history, which lags; single wagers are up to date.
    """

    def __init__(self, client: ProphetClient) -> None:
        """Send requests through a client."""
        self._client = client

    async def recent(self, seconds: int = HISTORY_SECONDS, **query: str) -> list[WireOrder]:
        """Return the wagers placed within the last `seconds`, the newest first."""
        now = self._client.exchange_seconds()
        return await self.between(now - seconds, now + _AHEAD_SECONDS, **query)

    async def between(self, begin: int, end: int, **query: str) -> list[WireOrder]:
        """Return the wagers placed within a range of unix seconds, the newest first."""
        return await self._client.history(**{"from": begin, "to": end}, **query)

    async def around(self, at_ns: int) -> list[WireOrder]:
        """Return the wagers placed within a minute of a time, however long ago."""
        second = at_ns // NS_PER_SECOND
        within = {"from": second - _AHEAD_SECONDS, "to": second + _AHEAD_SECONDS}
        return await self._client.history(**within)

    def is_older(self, at_ns: int) -> bool:
        """Return whether a time is before what `recent` returns."""
        return self._client.exchange_seconds() - at_ns // NS_PER_SECOND > HISTORY_SECONDS

    async def unfinished(self) -> list[WireOrder]:
        """Return the wagers that are pending or open, in order of placing."""
        orders: dict[str, WireOrder] = {}
        # In this order: one that opens between the two requests is in at least one of them.
        for status in _OPEN:
            rows = await self.recent(status=status)
            orders |= {order.number: order for order in rows}
        waiting = [order for order in orders.values() if order.status == "inactive"]
        opened = [order for order in orders.values() if order.status != "inactive"]
        return [*reversed(opened), *reversed(waiting)]

    async def open(self) -> list[WireOrder]:
        """Return the wagers of the last week of which some may still be matched."""
        return [order for order in await self.recent() if is_open(order)]

    async def order(self, number: str) -> WireOrder | None:
        """Return the present state of a wager, None if the exchange does not have it."""
        try:
            return await self._client.order(number)
        except RefusalError as refusal:
            if refusal.code not in _NOT_FOUND:
                raise
            return None

    async def is_market_open(self, key: MarketKey) -> bool:
        """Return whether wagers are taken in a market now."""
        if not key.event_id.isdecimal():
            return False
        event_id = int(key.event_id)
        markets = (await self._client.markets([event_id]))[event_id]
        return any(
            market_status(market.status) is MarketStatus.OPEN
            for market in markets
            if str(market.id) == key.market_id
        )

    async def fills(self, number: str | None) -> list[WireMatch]:
        """Return all fills of a wager."""
        return await self._client.matches([number or ""])


def is_unjournaled(order: WireOrder, session_name: str, known: Container[WagerRef]) -> bool:
    """Return whether a wager was matched under a session's name, and its journal lacks it.

    Then the journal was cut, or another folder traded under the name.
    """
    is_of_session = order.ref not in known and is_ref_of(session_name, order.ref)
    return is_of_session and order.filled_cents > 0


def is_open(order: WireOrder) -> bool:
    """Return whether some of a wager may still be matched."""
    return order.status in _OPEN and order.open_cents > 0


def is_void(order: WireOrder) -> bool:
    """Return whether a wager is void: what was matched of it is returned."""
    return order.status == "void"


def wager_text(order: WireOrder, catalogue: Catalogue) -> str:
    """Return an open wager in words, with what it is on as far as the catalogue has it."""
    named = catalogue.wager_text(
        order.ref or order.number,
        LineId(order.strike_id or "?"),
        order.price or 0,
        order.open_cents,
    )
    return f"{named} ({order.status})"
