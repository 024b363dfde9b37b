"""ProphetX as a session's gateway: its market, our orders there, and recovery."""

from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec

from live.prophetx.market_data.prophet_market import ProphetMarket
from live.prophetx.orders.open_wagers import ProphetOpenWagers
from live.prophetx.orders.order_history import OrderHistory, is_unjournaled, wager_text
from live.prophetx.orders.prophet_exchange import AccountSettings, ProphetExchange
from live.prophetx.orders.tracked_wager import TrackedWager, is_settled
from live.prophetx.rest.account_folder import account_folder
from live.prophetx.rest.credentials import find_credentials
from live.prophetx.wire.orders import WireOrder
from live.session.admission.guard import admit_trading
from live.session.gateway import OrderContext, RecoveryResult, TradedAccount
from live.wall_clock import WallClock
from recordings.tape import TapeInfo
from recordings.tape_events import DeskFeed
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.counted import counted
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.errors import ConfigError, JournalError
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.money import dollars_text
from strategies.trading.ports.exchange import Listener
from strategies.trading.risk.limits import Limits


class ProphetGateway:
    """Trades at ProphetX: the desk follows its stream, and places wagers there."""

    def __init__(
        self,
        *,
        market: Callable[..., ProphetMarket],
        exchange: AccountSettings | Callable[..., Any],
        clock: Callable[..., WallClock],
    ) -> None:
        """Prepare; raise ConfigError for the settings of another exchange."""
        if not isinstance(exchange, AccountSettings):
            message = "exchange: wagers are placed at ProphetX; use exchange=prophetx"
            raise ConfigError(message)
        self.clock = clock()
        self.market = market(clock=self.clock)
        self._settings = exchange
        self._exchange: ProphetExchange | None = None
        self._info: TapeInfo | None = None
        self._catalogue: Catalogue | None = None
        self.market.follow_orders(self._on_order, self._catch_up)

    def connect(self, environ: Mapping[str, str], home: Path) -> AbstractAsyncContextManager[None]:
        """Log in for as long as the context lasts."""
        return self.market.connect(environ, home)

    def account(self, environ: Mapping[str, str], home: Path) -> TradedAccount:
        """Return the account of the keys that the environment or the folder holds."""
        endpoint = self.market.endpoint
        credentials = find_credentials(endpoint, environ, home)
        folder = account_folder(endpoint, credentials, environ)
        return TradedAccount(folder, msgspec.to_builtins(endpoint))

    def admit(self, environ: Mapping[str, str], limits: Limits) -> Limits:
        """Return the limits that the guard permits."""
        return admit_trading(self.market.venue, environ, limits)

    def open(self, context: OrderContext) -> ProphetExchange:
        """Return the exchange, with the desk's account there."""
        connection = self.market.connection
        self._info, self._catalogue = context.info, context.info.catalogue()
        self._exchange = ProphetExchange(
            client=connection.client,
            clock=self.clock,
            catalogue=self._catalogue,
            tasks=context.tasks,
            before_sending=context.before_sending,
            decode_errors=connection.decode_errors,
            settings=self._settings,
            is_ours=context.is_ours,
        )
        return self._exchange

    def attach(self, listener: Listener) -> DeskFeed:
        """Send the pending events, and every further one; return the desk's market listener."""
        assert self._info is not None, "the gateway is open"
        assert self._catalogue is not None, "the gateway is open"
        self._opened.wagers.attach(listener)
        return DeskFeed(listener, self._info, self._catalogue, self.clock)

    async def recover(self, wagers: Sequence[EarlierWager]) -> RecoveryResult:
        """Request the state of the wagers of earlier starts.

        Raise JournalError if the exchange does not have some that the journal holds.
        """
        assert self._catalogue is not None, "the gateway is open"
        tracked = []
        for earlier in wagers:
            wager = TrackedWager(earlier.request, self._catalogue.lines[earlier.request.line_id])
            for _, event in earlier.updates:
                wager.restore(event)
            tracked.append((earlier.placed_ns, wager))
        unknown = await self._opened.wagers.recover(tracked)
        if unknown:
            first = unknown[0].request
            text = self._catalogue.wager_text(
                first.ref, first.line_id, first.odds, first.stake_cents
            )
            message = (
                f"{self.market.venue.name} does not have {counted(len(unknown), 'wager')} of the "
                f"journal, first {text}; it was restarted, or the account is another: use another "
                "session.name"
            )
            raise JournalError(message)
        return wagers, tuple(self._opened.wagers.pending)

    async def unjournaled(self, session_name: str, known: Container[WagerRef]) -> list[str]:
        """Return the wagers of a session's name that it does not know, by the history of a week."""
        assert self._catalogue is not None, "the gateway is open"
        catalogue = self._catalogue
        return [
            f"{wager_text(order, catalogue)}, {dollars_text(order.filled_cents)} matched"
            for order in await OrderHistory(self.market.connection.client).recent()
            if is_unjournaled(order, session_name, known) and not is_settled(order)
        ]

    async def available_cents(self) -> int:
        """Return the available balance."""
        return await self._opened.available_cents()

    async def balance_cents(self) -> int:
        """Return the balance as the exchange reports it."""
        return (await self.market.connection.client.balance()).balance_cents

    @property
    def account_wagers(self) -> ProphetOpenWagers:
        """Return what is open on the account."""
        connection = self.market.connection
        tracker = None if self._exchange is None else self._exchange.wagers
        return ProphetOpenWagers(connection.client, connection.endpoint, self._catalogue, tracker)

    @property
    def _opened(self) -> ProphetExchange:
        assert self._exchange is not None, "the gateway is open"
        return self._exchange

    def _on_order(self, order: WireOrder) -> None:
        if self._exchange is not None:
            self._exchange.on_order(order)

    async def _catch_up(self) -> None:
        if self._exchange is not None:
            await self._exchange.catch_up()
