"""The port between a session and an exchange: market data, orders and recovery.

A session names no type of any exchange. What trades with it implements these protocols: ProphetX in
`live/prophetx/gateway.py`, the simulated exchange of paper trading in `sim/paper.py`. All calls to
listeners are made at the present of the gateway's clock, from inside `clock.enter`.
"""

import asyncio
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from live.session.catalogue_updates import CatalogueUpdates
from live.wall_clock import WallClock
from recordings.tape import Row, TapeInfo
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.events import Event, MarketsAdded
from strategies.trading.model.ids import EventId, MarketKey, WagerRef
from strategies.trading.ports.exchange import Exchange, Listener
from strategies.trading.risk.limits import Limits

# Receives a line for the person who runs the session.
Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Venue:
    """An exchange in messages: its name, its host, and whether its money is real.

    In a `drill` it is treated as real, and is not.
    """

    name: str
    host: str
    real_money: bool
    drill: bool = False


@dataclass(frozen=True, slots=True)
class TradedAccount:
    """An account that other processes can trade too: its private folder on this machine.

    `endpoint` says to a watchdog where the account is, in the terms of its exchange.
    """

    folder: Path
    endpoint: dict[str, Any]


class MarketListener(Protocol):
    """Receives the market as it is written to the tape, and the gaps of its feed."""

    def on_markets_added(self, added: MarketsAdded) -> None:
        """Process markets that are new, before any row of them."""

    def on_rows(self, rows: Sequence[Row]) -> None:
        """Process the rows of one or more whole messages, in order; never empty."""

    def on_feed_lost(self) -> None:
        """Process the beginning of a gap: from here on changes of the market may be missed."""

    def on_feed_restored(self) -> None:
        """Process the end of a gap: the rows so far show the whole market again."""


class MarketData(Protocol):
    """The market of one exchange, written to a tape as it arrives."""

    venue: Venue

    @property
    def whole(self) -> asyncio.Event:
        """Return the event that is set while the tape shows the whole market.

        That is from the first snapshot on, except in gaps.
        """

    @property
    def updated_ns(self) -> int:
        """Return the time of the last message, zero before the first."""

    @property
    def gaps(self) -> int:
        """Return how often the feed was lost."""

    @property
    def unreadable(self) -> int:
        """Return how many messages could not be read."""

    @property
    def unreadable_prices(self) -> Mapping[str, int]:
        """Return how many of them were prices from outside, by the name of their source."""

    @property
    def is_refused(self) -> bool:
        """Return whether the exchange refuses our login, after it had accepted us."""

    async def begin(
        self, folder: Path, segment_seconds: float, compare_seconds: float, notify: Notify
    ) -> TapeInfo:
        """Begin the tape in a folder, and return its dictionaries, to which entries are added.

        A segment of it is complete after `segment_seconds`; every `compare_seconds` it is compared
        with a snapshot. Raise ConfigError if a configured market does not exist, ExchangeError if
        the exchange cannot be reached.
        """

    async def run(self) -> None:
        """Write the market to the tape until cancelled; raise an error that cannot be retried."""

    def attach(self, listener: MarketListener, updates: CatalogueUpdates) -> None:
        """Send a listener all rows written so far, and every further one as it is written."""

    def end_segment(self) -> None:
        """Complete the open segment: what was written so far survives a crash."""

    def close(self) -> None:
        """Complete the tape; remove it if nothing was written."""


@dataclass(frozen=True, slots=True)
class OrderContext:
    """The parts of a session that orders need: the markets, a group of tasks, and a callback.

    `info` is that of the tape, which gains entries; the desk follows `market_keys` of it. Requests
    are tasks of `tasks`, and `before_sending` is called before each: it commits the journal.
    `is_ours` says whether a reference is one of the session, whatever its start.
    """

    info: TapeInfo
    market_keys: tuple[MarketKey, ...]
    tasks: asyncio.TaskGroup
    before_sending: Callable[[], None]
    is_ours: Callable[[WagerRef], bool]


class Orders(Protocol):
    """The part of an exchange at which the desk places and cancels wagers."""

    def admit(self, environ: Mapping[str, str], limits: Limits) -> Limits:
        """Return the limits to trade with; raise ConfigError if trading is not permitted."""

    def open(self, context: OrderContext) -> Exchange:
        """Return the desk's port; its events are kept until a listener is attached."""

    def attach(self, listener: Listener) -> MarketListener:
        """Send a listener all events; return the listener through which it receives the market."""


# The earlier wagers that may still change, and the events on them since their run ended.
RecoveryResult = tuple[Sequence[EarlierWager], Sequence[Event]]


class OpenWager(NamedTuple):
    """A wager of which some may still be matched: the exchange's id, its event if known, our ref.

    The reference is empty for a wager that was placed without one.
    """

    number: str
    event_id: EventId | None
    ref: WagerRef


class OpenWagers(Protocol):
    """What is open on one account of an exchange. Requests raise ExchangeError if they fail."""

    @property
    def venue_name(self) -> str:
        """Return the name of the exchange."""

    @property
    def late_seconds(self) -> float:
        """Return for how long a placement without a response may still be executed."""

    def known(self) -> Sequence[OpenWager]:
        """Return what may be open by what was last reported, without a request."""

    def unanswered(self) -> Sequence[str]:
        """Return the placements without a response that were not found so far, in words."""

    async def listed(self) -> Sequence[OpenWager]:
        """Return what the exchange lists as open."""

    async def cancel_all(self) -> bool:
        """Cancel everything; return whether the exchange had anything to cancel."""

    async def cancel_event(self, event_id: EventId) -> None:
        """Cancel everything of one event."""

    async def cancel_wager(self, wager: OpenWager) -> None:
        """Cancel one wager."""

    async def texts(self, wagers: Sequence[OpenWager]) -> list[str]:
        """Return wagers in words by which a person can find them, whatever the exchange answers."""


class Recovery(Protocol):
    """Takes over what earlier starts left at the exchange, and shows what is open there."""

    async def recover(self, wagers: Sequence[EarlierWager]) -> RecoveryResult:
        """Return the updates of earlier wagers, none of which is open; raise ExchangeError."""

    async def unjournaled(self, session_name: str, known: Container[WagerRef]) -> Sequence[str]:
        """Return the wagers placed under a session's name that are not known to it, in words.

        Those with a result, or of which nothing was matched, are left out. Raise ExchangeError.
        """

    async def available_cents(self) -> int:
        """Return the available balance; raise ExchangeError if the exchange cannot be reached."""

    async def balance_cents(self) -> int:
        """Return the balance that the account shows, stakes and all; raise ExchangeError."""

    @property
    def account_wagers(self) -> OpenWagers:
        """Return what is open on the account, also before `open`."""


class Gateway(Orders, Recovery, Protocol):
    """One exchange for one account, and the clock of the session."""

    @property
    def clock(self) -> WallClock:
        """Return the clock of the session."""

    @property
    def market(self) -> MarketData:
        """Return the market that is traded."""

    def account(self, environ: Mapping[str, str], home: Path) -> TradedAccount | None:
        """Return the account that is traded, None if it exists in this process alone.

        Raise CredentialsError without keys.
        """

    def connect(self, environ: Mapping[str, str], home: Path) -> AbstractAsyncContextManager[None]:
        """Log in for as long as the context lasts.

        Credentials come from the environment or a file in `home`. Raise CredentialsError if they
        are missing or refused.
        """
