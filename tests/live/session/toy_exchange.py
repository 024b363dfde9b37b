"""A third exchange behind the gateway port: one moneyline, all in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from live.session.catalogue_updates import CatalogueUpdates
from live.session.gateway import (
    MarketListener,
    Notify,
    OpenWager,
    OrderContext,
    RecoveryResult,
    TradedAccount,
    Venue,
)
from live.session.session import Session
from live.wall_clock import WallClock
from recordings.tape import Clocks, Row, TapeInfo
from recordings.tape_events import DeskFeed
from recordings.writer import TapeWriter
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.errors import UnreachableError
from strategies.trading.model.events import (
    AccountState,
    Event,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.model.market import Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.money import profit_cents
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.ports.exchange import Listener
from strategies.trading.risk.limits import Limits

GAME, MONEYLINE = EventId("1"), MarketId("1")
BALANCE_CENTS = 1_000_000


class ToyMarket:
    """A market with constant offers, whose feed can be lost."""

    def __init__(self, clock: WallClock) -> None:
        """Prepare the market."""
        self.venue = Venue("toy", "memory", real_money=False)
        self.whole = asyncio.Event()
        self.updated_ns = self.gaps = self.unreadable = 0
        self.unreadable_prices: dict[str, int] = {}
        self.is_refused = False
        self._work: asyncio.Queue[Callable[[], None]] = asyncio.Queue()
        self._clock = clock
        self._unsent: list[Row] = []
        self._listener: MarketListener | None = None

    async def begin(self, folder: Path, _: float, __: float, ___: Notify) -> TapeInfo:
        """Begin the tape, with everything that is on offer."""
        self._tape = TapeWriter(folder, source="toy", simulated=True, clocks=Clocks.TWO)
        self._tape.on_row = self._unsent.append
        start_ns = self._clock.wall_ns() + 7_200 * NS_PER_SECOND
        event = SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", start_ns)
        self._tape.add_event(event)
        self._tape.add_market(Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline"))
        for name, selection in (("h", Selection.HOME), ("a", Selection.AWAY)):
            self._tape.add_line(Line(LineId(name), GAME, MONEYLINE, selection, 0.0))
        return self._tape.info

    async def run(self) -> None:
        """Write the market once, and wait."""
        self._clock.enter(self._write)
        self.whole.set()
        while True:
            (await self._work.get())()

    def call_in_run(self, callback: Callable[[], None]) -> None:
        """Call back in the task of `run`, which ends with what that raises."""
        self._work.put_nowait(callback)

    def attach(self, listener: MarketListener, _: CatalogueUpdates) -> None:
        """Send the rows that were written so far."""
        self._listener = listener
        self._send()

    def lose_feed(self) -> None:
        """Lose the feed."""
        self.gaps += 1
        self.whole.clear()
        if self._listener is not None:
            self._clock.enter(self._listener.on_feed_lost)

    def restore_feed(self) -> None:
        """Write the market again, and end the gap."""
        self._clock.enter(self._write)
        self.whole.set()
        if self._listener is not None:
            self._clock.enter(self._listener.on_feed_restored)

    def end_segment(self) -> None:
        """Complete the open segment."""
        self._tape.end_segment()

    def close(self) -> None:
        """Complete the tape."""
        self._tape.close()

    def _write(self) -> None:
        self.updated_ns = self._clock.now_ns()
        self._tape.begin_message(self.updated_ns, self.updated_ns)
        self._tape.market_status(0, MarketStatus.OPEN)
        for line in (0, 1):
            self._tape.offer(line, -110, 100_000)
        self._send()

    def _send(self) -> None:
        if self._listener is not None:
            rows, self._unsent[:] = [*self._unsent], []
            self._listener.on_rows(rows)


class ToyOpenWagers:
    """What is open at the toy exchange, whose requests can be made to fail.

    The exchange refuses the requests that are in `failing`: listed, cancel_all, cancel_event,
    cancel_wager. `requests` has what it was asked; `late` has placements without a response.
    """

    def __init__(self) -> None:
        """Start with nothing open."""
        self.venue_name = "toy"
        self.late_seconds = 20.0
        self.wagers: dict[WagerRef, PlaceWager] = {}
        self.late: dict[WagerRef, PlaceWager] = {}
        self.failing: set[str] = set()
        self.requests: list[str] = []

    def known(self) -> list[OpenWager]:
        """Return what is open."""
        return [OpenWager(ref, GAME, ref) for ref in self.wagers]

    def unanswered(self) -> list[str]:
        """Return the placements without a response."""
        return list(self.late)

    async def listed(self) -> list[OpenWager]:
        """Return what is open."""
        self._request("listed")
        return self.known()

    async def cancel_all(self) -> bool:
        """Cancel everything; return whether anything was open."""
        self._request("cancel_all")
        found_any = bool(self.wagers)
        self.wagers.clear()
        return found_any

    async def cancel_event(self, _: EventId) -> None:
        """Cancel everything of the only event."""
        self._request("cancel_event")
        self.wagers.clear()

    async def cancel_wager(self, wager: OpenWager) -> None:
        """Cancel one wager."""
        self._request("cancel_wager")
        self.wagers.pop(WagerRef(wager.number), None)

    async def texts(self, wagers: Sequence[OpenWager]) -> list[str]:
        """Return the references."""
        return [wager.number for wager in wagers]

    def _request(self, name: str) -> None:
        self.requests.append(name)
        if name in self.failing:
            message = f"{name}: no response"
            raise UnreachableError(message)


class ToyGateway:
    """The gateway, and the exchange behind it, which accepts and cancels whatever it is asked."""

    def __init__(
        self, *, clock: Callable[[], WallClock], account: TradedAccount | None = None
    ) -> None:
        """Prepare an account without wagers; with `account` it is one to be locked and watched."""
        self._account = account
        self.clock = clock()
        self.market = ToyMarket(self.clock)
        self.account_wagers = ToyOpenWagers()
        self.delivered: list[Event] = []
        self.is_deaf = False
        self._matched_cents = 0
        self._listener: Listener | None = None

    @asynccontextmanager
    async def connect(self, _: Mapping[str, str], __: Path) -> AsyncIterator[None]:
        """Log in."""
        yield

    def account(self, _: Mapping[str, str], __: Path) -> TradedAccount | None:
        """Return the account that was given."""
        return self._account

    def admit(self, _: Mapping[str, str], limits: Limits) -> Limits:
        """Return the limits unchanged."""
        return limits

    def open(self, context: OrderContext) -> "ToyGateway":
        """Return the desk's port."""
        self._context = context
        return self

    def attach(self, listener: Listener) -> DeskFeed:
        """Send a listener all events."""
        self._listener = listener
        info = self._context.info
        return DeskFeed(listener, info, info.catalogue(), self.clock)

    async def recover(self, _: Sequence[EarlierWager]) -> RecoveryResult:
        """Return nothing: nothing outlives this process."""
        return (), ()

    async def unjournaled(self, _: str, __: object) -> tuple[()]:
        """Return nothing: no simulated wager outlives its process."""
        return ()

    async def available_cents(self) -> int:
        """Return what is neither open nor matched."""
        open_cents = sum(wager.stake_cents for wager in self.open_wagers.values())
        return BALANCE_CENTS - open_cents - self._matched_cents

    async def balance_cents(self) -> int:
        """Return the balance, with all stakes."""
        return BALANCE_CENTS

    @property
    def open_wagers(self) -> dict[WagerRef, PlaceWager]:
        """Return what is open."""
        return self.account_wagers.wagers

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Accept and open wagers."""
        self._context.before_sending()
        for wager in requests:
            self.open_wagers[wager.ref] = wager
            self._emit(WagerAccepted(wager.ref), WagerOpened(wager.ref))

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Cancel wagers that are open, unless it is deaf to the desk."""
        if self.is_deaf:
            return
        self._context.before_sending()
        for ref in refs:
            wager = self.open_wagers.pop(ref, None)
            if wager is not None:
                self._emit(WagerCancelled(ref, wager.stake_cents))

    def cancel_all(self, _: EventId | None = None, __: MarketId | None = None) -> None:
        """Cancel everything."""
        self.cancel(list(self.open_wagers))

    def ask_state(self) -> None:
        """Report the account."""
        wagers = tuple((ref, wager.stake_cents) for ref, wager in self.open_wagers.items())
        open_cents = sum(cents for _, cents in wagers)
        self._emit(AccountState(BALANCE_CENTS - open_cents - self._matched_cents, wagers))

    def fill(self, ref: WagerRef) -> None:
        """Match a whole wager."""
        wager = self.open_wagers.pop(ref)
        stake_cents = wager.stake_cents
        self._matched_cents += stake_cents
        won_cents = profit_cents(stake_cents, wager.odds)
        self._emit(WagerMatched(ref, wager.odds, stake_cents, won_cents, stake_cents))

    def _emit(self, *events: Event) -> None:
        """Send events after the call that caused them."""
        self._context.before_sending()
        # A task of the session, as an error of the desk must end the session.
        self._context.tasks.create_task(self._enter(events))

    async def _enter(self, events: Sequence[Event]) -> None:
        self.clock.enter(lambda: self._deliver(events))

    def _deliver(self, events: Sequence[Event]) -> None:
        assert self._listener is not None, "a listener is attached"
        for event in events:
            self._listener.take(event, self.clock.now_ns())
            self.delivered.append(event)
        self._listener.act(self.clock.now_ns())


def toy_session(
    parts: Mapping[str, Any],
    gateway: Callable[..., ToyGateway],
    *,
    clock: Callable[..., WallClock],
    closing_seconds: float,
    **settings: Any,
) -> Session:
    """Return a session named `toy` of configured parts, with the usual periods."""
    taken = ("fees", "pricing", "strategy", "risk", "wagers", "markets")
    return Session(
        clock=clock,
        gateway=gateway,
        session={"name": "toy"},
        segment_seconds=30,
        compare_seconds=900,
        account_seconds=60,
        report_seconds=60,
        closing_seconds=closing_seconds,
        unauthorized_seconds=60,
        configuration="",
        **settings,
        **{name: parts[name] for name in taken},
    )
