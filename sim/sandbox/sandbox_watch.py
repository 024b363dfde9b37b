"""Lets a sandbox be watched by itself, without a session that trades there.

What a page shows is read from a desk. This one receives the market data of the sandbox, prices it,
and places nothing.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sim.run_socket import run_socket
from sim.sandbox.shifted_exchange import ShiftedExchange
from strategies.trading.accounting.commission import Commission
from strategies.trading.desk.assembly import DeskSettings, assemble_desk
from strategies.trading.desk.desk import Desk
from strategies.trading.model.commands import Command, PlaceWager
from strategies.trading.model.events import Event
from strategies.trading.model.ids import EventId, MarketId, WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.journal import AccountSnapshot, Decision, Denial
from strategies.trading.ports.strategy import Quote
from strategies.trading.ports.view import Note, View
from strategies.trading.pricing.touch import Pricing
from strategies.trading.risk.limits import Limits
from strategies.trading.wagers.wager_settings import WagerSettings

_NAME = "sandbox"


class _NoQuotes:
    """Looks at what changed once a second, and quotes nothing."""

    quote_refresh_ns = NS_PER_SECOND

    def quote(self, _: View) -> tuple[Quote, ...]:
        return ()


class _NoOrders:
    """Ignores requests; a desk without quotes only asks for its account."""

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Place nothing."""

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Cancel nothing."""

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Cancel nothing."""

    def ask_state(self) -> None:
        """Ask nothing."""


class _NoJournal:
    """Keeps nothing."""

    def received(self, input_seq: int, now_ns: int, event: Event) -> None:
        """Keep nothing."""

    def decided(self, now_ns: int, decision: Decision) -> None:
        """Keep nothing."""

    def noted(self, now_ns: int, notes: Sequence[Note]) -> None:
        """Keep nothing."""

    def denied(self, now_ns: int, denial: Denial) -> None:
        """Keep nothing."""

    def sent(self, now_ns: int, command: Command) -> None:
        """Keep nothing."""

    def account_changed(self, now_ns: int, accounts: AccountSnapshot) -> None:
        """Keep nothing."""


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How the desk of a watched sandbox prices and books, as any desk."""

    pricing: Pricing
    limits: Limits
    wagers: WagerSettings
    fees: Commission
    balance_cents: int

    def of_desk(self) -> DeskSettings:
        """Return the settings of a desk that quotes nothing."""
        return DeskSettings(
            strategy=_NoQuotes,
            pricing=self.pricing,
            limits=self.limits,
            wagers=self.wagers,
            commission=self.fees,
            starting_balance_cents=self.balance_cents,
            session_name=_NAME,
            start_number=1,
        )


@contextmanager
def watched_desk(
    shifted_exchange: ShiftedExchange, feed_name: str, settings: WatchSettings
) -> Iterator[tuple[Desk, Path]]:
    """Yield a desk that is to receive the sandbox's market data, and the folder to watch it in.

    The folder is a temporary one, which only its owner can read. Raise WriteError if there is no
    space for its socket.
    """
    info = shifted_exchange.info
    with (
        tempfile.TemporaryDirectory(prefix="sandbox-") as folder,
        run_socket(Path(folder), _NAME, feed_name) as watched,
    ):
        desk = assemble_desk(
            settings.of_desk(),
            catalogue=info.catalogue(),
            market_keys=tuple(market.key for market in info.markets),
            ladder=info.ladder,
            clock=shifted_exchange.clock,
            exchange=_NoOrders(),
            journal=watched.journal(_NoJournal()),
        )
        watched.start(desk, shifted_exchange.clock)
        yield desk, Path(folder)
