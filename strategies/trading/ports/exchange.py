"""The port to the exchange: the part that differs between backtest, paper and live."""

from collections.abc import Sequence
from typing import Protocol

from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import Event
from strategies.trading.model.ids import EventId, MarketId, WagerRef

BATCH_LIMIT = 20


class Exchange(Protocol):
    """The exchange at which a desk places its wagers.

    Methods send requests and return nothing; responses are events, never delivered during the call.
    They come in order, unless the connection fails: what it lost comes later, read from the
    exchange's history, and may be repeated and out of order. Results of one market always come in
    order, as a later one corrects an earlier one.

    Every PlaceWager has exactly one response, WagerAccepted or WagerRejected, or stays pending.
    WagerAccepted is followed by WagerOpened or WagerInvalid. The response to a cancel is
    WagerCancelled or CancelRefused. A WagerRef is used once; sending it again changes nothing. A
    batch has at most BATCH_LIMIT wagers.
    """

    def place(self, requests: Sequence[PlaceWager]) -> None:
        """Request wagers; each is accepted or rejected on its own."""

    def cancel(self, refs: Sequence[WagerRef]) -> None:
        """Request to cancel the unmatched part of wagers."""

    def cancel_all(
        self, event_id: EventId | None = None, market_id: MarketId | None = None
    ) -> None:
        """Request to cancel everything open: of an event, of one of its markets, or in all."""

    def ask_state(self) -> None:
        """Request one AccountState, which is sent after everything that it includes."""


class Listener(Protocol):
    """Receives the events of an exchange: a desk, or an adapter in front of one."""

    def take(self, event: Event, at_ns: int) -> None:
        """Apply an event that arrived at a time; decide nothing."""

    def act(self, now_ns: int) -> None:
        """Decide on what cannot wait."""
