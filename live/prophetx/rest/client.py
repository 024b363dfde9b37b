"""ProphetX's REST interface, v4: every request of a session or an account tool.

Reads are retried when no response comes or the exchange is busy. A request that changes something
is sent once: without a response its outcome is unknown (UnreachableError), and must be looked up
before it is sent again. The same holds for a response that cannot be decoded (ProtocolError).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from live.decode import read
from live.decode_errors import DecodeErrors
from live.prophetx.rest.auth import Tokens
from live.prophetx.rest.transport import Reply, Transport, route_of
from live.prophetx.wire.login import ConnectionConfig, Registration
from live.prophetx.wire.markets import (
    MarketsOfEvents,
    WireEvent,
    WireEvents,
    WireMarket,
    WireTournament,
    WireTournaments,
    ladder_of,
)
from live.prophetx.wire.orders import (
    BatchPlacedResponse,
    CancelResult,
    MatchesPage,
    OrdersPage,
    PlacedResponse,
    WireBalance,
    WireCancellation,
    WireMatch,
    WireOrder,
    placement,
)
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import (
    ProtocolError,
    RefusalError,
    UnreachableError,
)
from strategies.trading.ports.exchange import BATCH_LIMIT

# The exchange's limit of one query (partner API, 11).
EVENTS_PER_QUERY = 50
# One socket carries 400 channels; the documentation counts the two that all share.
EVENTS_PER_SOCKET = 398
_PER_PAGE = 100
# A million wagers: a maker may place a hundred thousand in a day.
_PAGES_MAX = 10_000

_READ_ATTEMPTS = 3
_READ_AGAIN_SECONDS = 0.2
_BUSY = ("rate_limit_reached", "http_429")

T = TypeVar("T")


class ProphetClient:
    """A client of one exchange for one account.

    Methods raise RefusalError, UnreachableError and ProtocolError as `Reply.data` does, and
    CredentialsError.
    """

    def __init__(self, transport: Transport, tokens: Tokens, decode_errors: DecodeErrors) -> None:
        """Send over a transport; items of lists that cannot be decoded are counted and skipped."""
        self.counts = transport.counts
        self._transport = transport
        self._tokens = tokens
        self._decode_errors = decode_errors

    async def log_in(self) -> None:
        """Make sure that the exchange accepts our keys; the exchange's clock is seen then."""
        await self._tokens.current()
        if not self._transport.exchange_clock.was_noted:
            await self.balance()

    def require_same_clock(self) -> None:
        """Raise ConfigError if the last response showed another time than our clock."""
        self._transport.exchange_clock.require_same()

    def exchange_seconds(self) -> int:
        """Return the exchange's own time by its last response, in seconds since the epoch."""
        return self._transport.exchange_clock.seconds()

    @property
    def is_refused(self) -> bool:
        """Return whether the exchange refuses our login, after it had accepted us."""
        return self._tokens.is_refused

    def on_login_lost(self, callback: Callable[[str], None]) -> None:
        """Call back with the reason when the exchange begins to refuse our login."""
        self._tokens.on_lost(callback)

    def forget_token(self) -> None:
        """Renew the token with the next request, however long it is still valid."""
        self._tokens.forget()

    # What is on offer ------------------------------------------------------------------------

    async def tournaments(self) -> list[WireTournament]:
        """Return every tournament."""
        response = await self._read(WireTournaments, "mm/get_tournaments")
        return response.tournaments or []

    async def events(self, tournament_id: int) -> list[WireEvent]:
        """Return the events of a tournament."""
        query = {"tournament_id": str(tournament_id)}
        return (await self._read(WireEvents, "mm/get_sport_events", query)).sport_events or []

    async def markets(self, event_ids: Sequence[int]) -> dict[int, list[WireMarket]]:
        """Return the markets of up to 50 events; one that cannot be read is skipped."""
        assert 0 < len(event_ids) <= EVENTS_PER_QUERY
        query = {"event_ids": ",".join(map(str, event_ids))}
        response: MarketsOfEvents
        response = await self._read(MarketsOfEvents, "v4/mm/get_multiple_markets", query)
        return {
            event_id: self._markets(response.get(str(event_id)) or []) for event_id in event_ids
        }

    async def ladder(self) -> list[int]:
        """Return the permitted odds."""
        return ladder_of(await self._read(Any, "v4/mm/get_price_ladder"))

    # Wagers and money ------------------------------------------------------------------------

    async def balance(self) -> WireBalance:
        """Return the account's money."""
        return await self._read(WireBalance, "v4/mm/get_balance")

    async def place(self, request: PlaceWager) -> WireOrder:
        """Place one wager; the response says that it waits to be opened."""
        response = await self._change(PlacedResponse, "v4/mm/submit_order", placement(request))
        return response.order

    async def place_batch(self, requests: Sequence[PlaceWager]) -> BatchPlacedResponse:
        """Place up to 20 wagers; each is accepted or refused on its own."""
        assert 0 < len(requests) <= BATCH_LIMIT
        self.counts.batches[len(requests)] += 1
        body = {"data": [placement(request) for request in requests]}
        return await self._change(BatchPlacedResponse, "v4/mm/submit_multiple_orders", body)

    async def cancel(self, cancellation: WireCancellation) -> None:
        """Cancel the unmatched part of one wager; a private update confirms it."""
        await self._change(Any, "v4/mm/cancel_order", cancellation)

    async def cancel_batch(self, cancellations: Sequence[WireCancellation]) -> list[CancelResult]:
        """Cancel the rest of up to 20 wagers; one response each, in order."""
        assert 0 < len(cancellations) <= BATCH_LIMIT
        path, body = "v4/mm/cancel_multiple_orders", {"data": list(cancellations)}
        return await self._change(list[CancelResult], path, body)

    async def cancel_all(self) -> bool:
        """Cancel everything open; return whether anything was."""
        return await self._cancel_many("v4/mm/cancel_all_orders", {})

    async def cancel_event(self, event_id: int) -> bool:
        """Cancel everything open on an event; return whether anything was."""
        return await self._cancel_many("v4/mm/cancel_orders_by_event", {"event_id": event_id})

    async def cancel_market(self, event_id: int, market_id: int) -> bool:
        """Cancel everything open on a market; return whether anything was."""
        body = {"event_id": event_id, "market_id": market_id}
        return await self._cancel_many("v4/mm/cancel_orders_by_market", body)

    async def order(self, order_id: str) -> WireOrder:
        """Return the present state of a wager, by the exchange's own id."""
        return await self._read(WireOrder, f"v4/mm/get_order/{quote(order_id, safe='')}")

    async def history(self, **query: str | int) -> list[WireOrder]:
        """Return all wagers of a range of time, newest first as the exchange has them.

        The exchange requires `from` and `to`, or `updated_at_from` and `updated_at_to`, in unix
        seconds, and takes `status`, `matching_status`, `event_id` and `market_id`. Its history
        lags behind.
        """
        path = "v4/mm/get_order_history"
        pages = await self._pages(OrdersPage, path, {k: str(v) for k, v in query.items()})
        return [order for page in pages for order in page.orders or ()]

    async def matches(self, order_ids: Sequence[str]) -> list[WireMatch]:
        """Return every fill of up to 100 wagers."""
        assert 0 < len(order_ids) <= _PER_PAGE
        query = {"order_ids": ",".join(order_ids)}
        pages = await self._pages(MatchesPage, "v4/mm/get_order_matched_detail", query)
        return [match for page in pages for match in page.matching_details or ()]

    # The socket ------------------------------------------------------------------------------

    async def connection_config(self) -> ConnectionConfig:
        """Return where the socket is."""
        path = "websocket/connection-config"
        return read(ConnectionConfig, await self._body("GET", path), path)

    async def register(self, socket_id: str, event_ids: Sequence[int]) -> Registration:
        """Return the channels that a socket may subscribe to, for exactly these events."""
        wanted = [{"type": "event", "ids": [str(event_id) for event_id in event_ids]}]
        body = {
            "socket_id": socket_id,
            "service": "pusher",
            "subscriptions": wanted if event_ids else [],
        }
        # It only changes the subscriptions of the socket, and replaces earlier ones.
        try:
            return await self._change(Registration, "v4/mm/websocket", body)
        except ProtocolError as error:
            # Without its text, in which the socket's signatures may be.
            raise ProtocolError(str(error)) from None

    # Sending ---------------------------------------------------------------------------------

    async def _read(self, type_: type[T], path: str, query: Mapping[str, str] | None = None) -> T:
        """Send a read, and retry it a few times without a response or if the exchange is busy."""
        attempts = _READ_ATTEMPTS
        while True:
            attempts -= 1
            try:
                return read(type_, (await self._ask("GET", path, query)).data(path), path)
            except UnreachableError:
                if not attempts:
                    raise
                await asyncio.sleep(_READ_AGAIN_SECONDS)
            except RefusalError as refusal:
                if not attempts or refusal.code not in _BUSY:
                    raise

    async def _body(self, method: str, path: str) -> bytes:
        return (await self._ask(method, path)).successful_body(path)

    async def _change(self, type_: type[T], path: str, body: object) -> T:
        reply = await self._ask("POST", path, body=msgspec.json.encode(body))
        return read(type_, reply.data(path), path)

    async def _cancel_many(self, path: str, body: object) -> bool:
        try:
            await self._change(Any, path, body)
        except RefusalError as refusal:
            if refusal.code != "no_cancellable_orders":
                raise
            return False
        return True

    async def _pages(self, type_: type[T], path: str, query: dict[str, str]) -> list[T]:
        """Return all pages; raise ProtocolError if they have no end."""
        pages: list[T] = []
        cursors: set[str] = set()
        while len(pages) < _PAGES_MAX:
            page: Any = await self._read(type_, path, query | {"limit": str(_PER_PAGE)})
            pages.append(page)
            if not page.next_cursor:
                return pages
            if page.next_cursor in cursors:
                break
            cursors.add(page.next_cursor)
            query = query | {"next_cursor": page.next_cursor}
        message = f"{path}: no end after {counted(len(pages), 'page')}"
        raise ProtocolError(message)

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """Send with a token; if it is refused, which has no effect, send again with a new one."""
        route = route_of(path)
        self._tokens.require_route(route)
        token = await self._tokens.current()
        for _ in ("refreshed", "logged in"):
            reply = await self._transport.ask(method, path, query=query, body=body, token=token)
            if reply.status != 401:
                self._note_token(route, reply)
                return reply
            token = await self._tokens.replace(token, route)
        reply = await self._transport.ask(method, path, query=query, body=body, token=token)
        if reply.status == 401:
            raise self._tokens.refused_by(route)
        self._note_token(route, reply)
        return reply

    def _note_token(self, route: str, reply: Reply) -> None:
        # An exchange that fails has not looked at the token.
        if reply.status < 500:
            self._tokens.accepted(route)

    def _markets(self, raws: Sequence[msgspec.Raw]) -> list[WireMarket]:
        markets = []
        for raw in raws:
            try:
                markets.append(read(WireMarket, bytes(raw), "market"))
            except ProtocolError as error:
                self._decode_errors.note(error)
        return markets
