"""The harness in which an implementation of the port is tested, and helpers for its events."""

from collections.abc import Callable
from typing import Any, Protocol

from live.session.monitoring.account_alerts import AccountAlerts
from recordings.tape import TapeInfo
from sim.results.run_journal import RunJournal
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    AccountState,
    CancelRefused,
    Event,
    ProfitCorrected,
    TradeBroken,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import Result
from strategies.trading.model.odds import Odds
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.exchange import Exchange
from tests.contract.moneyline import AWAY

PRIVATE = (
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
    CancelRefused,
    ProfitCorrected,
    TradeBroken,
)
# A cancel is refused this long after the opening; a little later it succeeds.
RETRY_WINDOW_SECONDS = 6
CANCELLABLE_SECONDS = RETRY_WINDOW_SECONDS + 1


class AlertingJournal(RunJournal):
    """A journal that keeps in `lines` what a person is shown of the exchange's doings."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Start with nothing shown."""
        super().__init__(catalogue, None)
        self.alerts: AccountAlerts | None = None
        self.lines: list[str] = []

    def received(self, input_seq: int, now_ns: int, event: Event) -> None:
        """Keep the line of an event, before the desk applies it."""
        super().received(input_seq, now_ns, event)
        line = None if self.alerts is None else self.alerts.line(event)
        if line is not None:
            self.lines.append(line)


class ExchangeHarness(Protocol):
    """An exchange with one open moneyline, and the events received from it.

    Two other makers offer on it, and a taker arrives, by `OTHERS` and `TAKER_*`. The account
    holds `BALANCE_CENTS`.
    """

    exchange: Exchange
    clock: Clock
    received: list[Event]
    journal: AlertingJournal

    def let_pass(self, seconds: float) -> None:
        """Let time pass, and process everything that is due."""

    def attach_desk(self, assemble: Callable[..., Any]) -> Any:
        """Assemble a desk on the exchange, which receives every event from then on."""

    def break_trade(self, ref: WagerRef) -> None:
        """Let the operator of the exchange break the last trade of a wager of ours."""

    def void_wager(self, ref: WagerRef) -> None:
        """Let the operator of the exchange break all trades of a wager of ours, as void."""

    def settle(self, results: dict[LineId, Result]) -> None:
        """Let the operator of the exchange settle the moneyline, or correct its results."""

    def close(self) -> None:
        """Stop everything that is running."""


def build_desk(
    harness: ExchangeHarness, assemble: Callable[..., Any], parts: dict[str, Any], info: TapeInfo
) -> Any:
    """Return a desk with the standard settings, not started, with all events so far applied.

    The harness gets its journal, which keeps the lines for a person, as a session shows them.
    """
    catalogue = info.catalogue()
    journal = AlertingJournal(catalogue)
    desk = assemble(
        parts,
        catalogue=catalogue,
        market_keys=tuple(catalogue.markets),
        ladder=info.ladder,
        clock=harness.clock,
        exchange=harness.exchange,
        journal=journal,
    )
    journal.alerts = AccountAlerts(desk)
    harness.journal = journal
    for event in harness.received:
        desk.take(event, harness.clock.now_ns())
    return desk


def until(harness: ExchangeHarness, true: Callable[[], bool], seconds: int = 1_500) -> None:
    """Let time pass until something is true; fail after a limit.

    A harness may run in real time, where no response is due within a fixed time.
    """
    for _ in range(seconds):
        if true():
            return
        harness.let_pass(1)
    raise AssertionError(harness.received)


def wager_request(
    ref: str,
    line_id: LineId = AWAY,
    odds: int = -104,
    stake_cents: int = 5_000,
    intent: Intent = Intent.REST,
) -> PlaceWager:
    """Return a request for a wager, which by default rests ahead of the others."""
    return PlaceWager(WagerRef(ref), line_id, Odds(odds), stake_cents, intent)


def received_of(harness: ExchangeHarness, *types: type) -> list[Any]:
    """Return the received events of some types, in order."""
    return [event for event in harness.received if isinstance(event, types)]


def updates_of(harness: ExchangeHarness, ref: str, *types: type) -> list[Any]:
    """Return the received updates of a wager in order, of some types if these are given."""
    return [event for event in received_of(harness, *(types or PRIVATE)) if event.ref == ref]


def update_types_of(harness: ExchangeHarness, ref: str) -> list[type]:
    """Return the types of a wager's received updates, in order."""
    return [type(event) for event in updates_of(harness, ref)]


def wait_for_update(harness: ExchangeHarness, kind: type, *refs: str) -> None:
    """Wait for an update of each wager, and long enough that a duplicate would arrive too."""
    until(harness, lambda: all(updates_of(harness, ref, kind) for ref in refs))
    harness.let_pass(2)


def opened(harness: ExchangeHarness, *requests: PlaceWager) -> None:
    """Place wagers, and wait until they are open and can be cancelled."""
    harness.exchange.place(requests)
    refs = [request.ref for request in requests]
    wait_for_update(harness, WagerOpened, *refs)
    harness.let_pass(CANCELLABLE_SECONDS)
    for ref in refs:
        assert update_types_of(harness, ref) == [WagerAccepted, WagerOpened]


def account(harness: ExchangeHarness) -> AccountState:
    """Request the account's state and return the one response."""
    before = len(received_of(harness, AccountState))
    harness.exchange.ask_state()
    until(harness, lambda: len(received_of(harness, AccountState)) > before)
    harness.let_pass(2)
    (state,) = received_of(harness, AccountState)[before:]
    assert isinstance(state, AccountState)
    return state
