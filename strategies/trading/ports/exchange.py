"""The port to the exchange: the one thing that differs between backtest, paper and live."""

from collections.abc import Sequence
from typing import Protocol

from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import Event
from strategies.trading.model.ids import EventId, MarketId, WagerRef

BATCH_LIMIT = 20


class Exchange(Protocol):
    """Where wagers rest.

    Methods ask and return nothing; answers are events, never delivered during the call. They
    come in order, unless the connection fails: what it lost comes later, once the exchange's
    history was requested, and may be repeated and out of order. Results of one market always come
    in order, as a later one corrects an earlier.
    Every PlaceWager is answered by exactly one of WagerAccepted or WagerRejected, or stays
    pending. WagerAccepted is followed by WagerOpened or WagerInvalid. Every cancel is answered by
    WagerCancelled or CancelRefused. A WagerRef is used once; sending it again changes nothing.
    A batch holds at most BATCH_LIMIT wagers.
    """

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Ask for wagers; each stands or falls on its own."""

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Ask for the unmatched part of wagers to be withdrawn."""

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Ask for everything open to be withdrawn, of one event or one of its markets if named."""

    def ask_state(self) -> None:
        """Ask for one AccountState, sent after everything that it counts."""


class Listener(Protocol):
    """Who hears what an exchange tells: a desk, or whoever passes it on to one."""

    def take(self, event: Event, at_ns: int) -> None:
        """Apply an event that arrived at a time; decide nothing."""

    def act(self, now_ns: int) -> None:
        """Decide on what cannot wait."""
