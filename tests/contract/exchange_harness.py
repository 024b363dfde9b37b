"""A hall: what an exchange is held to the contract in, and how one asks and listens there."""

from collections.abc import Callable
from typing import Any, Protocol

from recordings.tape import TapeInfo
from sim.results.run_journal import RunJournal
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    AccountState,
    CancelRefused,
    Event,
    ProfitCorrected,
    WagerAccepted,
    WagerCancelled,
    WagerInvalid,
    WagerMatched,
    WagerOpened,
    WagerRejected,
)
from strategies.trading.model.ids import LineId, WagerRef
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
)
# So long after its opening a cancel is told to come again, and a little longer until it is not.
RETRY_WINDOW_SECONDS = 6
CANCELLABLE_SECONDS = RETRY_WINDOW_SECONDS + 1


class Hall(Protocol):
    """An exchange with one open moneyline, and somebody who listens to its answers.

    Two others offer on it, and a taker comes, as `OTHERS` and `TAKER_*` say. The account holds
    `BALANCE_CENTS`.
    """

    exchange: Exchange
    clock: Clock
    heard: list[Event]

    def let_pass(self, seconds: float) -> None:
        """Let time pass, with all that happens meanwhile."""

    def seat(self, assemble: Callable[..., Any]) -> Any:
        """Let a desk, assembled on the exchange, hear everything in place of the listener."""

    def close(self) -> None:
        """Leave nothing running."""


def desk_of(hall: Hall, assemble: Callable[..., Any], parts: dict[str, Any], info: TapeInfo) -> Any:
    """Return a desk with the standard settings, not started, that heard all that the hall heard."""
    catalogue = info.catalogue()
    desk = assemble(
        parts,
        catalogue=catalogue,
        market_keys=tuple(catalogue.markets),
        ladder=info.ladder,
        clock=hall.clock,
        exchange=hall.exchange,
        journal=RunJournal(catalogue, None),
    )
    for event in hall.heard:
        desk.take(event, hall.clock.now_ns())
    return desk


def until(hall: Hall, true: Callable[[], bool], seconds: int = 1_500) -> None:
    """Let time pass until something is true; fail where it does not come.

    A hall may be on the wall's time, where nothing comes within a given one.
    """
    for _ in range(seconds):
        if true():
            return
        hall.let_pass(1)
    raise AssertionError(hall.heard)


def wish(
    ref: str,
    line_id: LineId = AWAY,
    odds: int = -104,
    stake_cents: int = 5_000,
    intent: Intent = Intent.REST,
) -> PlaceWager:
    """Return the request for a wager; unless told otherwise it rests, ahead of the others."""
    return PlaceWager(WagerRef(ref), line_id, Odds(odds), stake_cents, intent)


def heard_of(hall: Hall, *types: type) -> list[Any]:
    """Return what was heard of some types, in order."""
    return [event for event in hall.heard if isinstance(event, types)]


def said_of(hall: Hall, ref: str, *types: type) -> list[Any]:
    """Return what the exchange said of a wager, in order; only of some types if these are named."""
    return [event for event in heard_of(hall, *(types or PRIVATE)) if event.ref == ref]


def types_said_of(hall: Hall, ref: str) -> list[type]:
    """Return the types of what the exchange said of a wager, in order."""
    return [type(event) for event in said_of(hall, ref)]


def await_word(hall: Hall, kind: type, *refs: str) -> None:
    """Let time pass until this was said of each wager, and so long that it would be said twice."""
    until(hall, lambda: all(said_of(hall, ref, kind) for ref in refs))
    hall.let_pass(2)


def opened(hall: Hall, *requests: PlaceWager) -> None:
    """Place wagers, and let them be opened and old enough to be cancelled."""
    hall.exchange.place(requests)
    refs = [request.ref for request in requests]
    await_word(hall, WagerOpened, *refs)
    hall.let_pass(CANCELLABLE_SECONDS)
    for ref in refs:
        assert types_said_of(hall, ref) == [WagerAccepted, WagerOpened]


def account(hall: Hall) -> AccountState:
    """Ask for the account's state and return the one answer."""
    before = len(heard_of(hall, AccountState))
    hall.exchange.ask_state()
    until(hall, lambda: len(heard_of(hall, AccountState)) > before)
    hall.let_pass(2)
    (state,) = heard_of(hall, AccountState)[before:]
    assert isinstance(state, AccountState)
    return state
