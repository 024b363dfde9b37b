"""The port to a session's journal: inputs, decisions, denials and commands of its desk."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from strategies.trading.model.commands import Command
from strategies.trading.model.events import Event
from strategies.trading.model.ids import LineId, MarketKey, PairId
from strategies.trading.model.odds import Odds
from strategies.trading.ports.strategy import Quote
from strategies.trading.ports.view import Note


class Denial(Struct, frozen=True):
    """A wager that our own risk manager refused: the control, its reason, and the wager."""

    control: str
    reason: str
    line_id: LineId
    odds: Odds
    stake_cents: int


class Decision(Struct, frozen=True):
    """The outcome of one decision on one market.

    `fairs` holds the fair probability of each pair's first line, without the pairs that have no
    price; `quotes` are the strategy's quotes that the risk manager allowed. `silence` is why
    nothing is quoted: a control with its reason, or what blocks the market; empty if something is.
    """

    market_key: MarketKey
    fairs: tuple[tuple[PairId, float], ...]
    quotes: tuple[Quote, ...]
    silence: str = ""


class AccountSnapshot(Struct, frozen=True):
    """The desk's money at a moment, in cents.

    `profit_cents` is settled and net of commission, and `balance_cents` the starting balance with
    it; `marked_cents` is the unsettled positions at the last fair prices; `exposure_cents` the
    worst case over outcomes, open wagers included.
    """

    balance_cents: int
    profit_cents: int
    marked_cents: int
    exposure_cents: int


class DeskStarted(Struct, frozen=True):
    """The desk began to refresh its quotes."""


class DecideRequested(Struct, frozen=True):
    """The desk was asked to decide on what cannot wait, after the inputs before this."""


DeskCall = DeskStarted | DecideRequested


class Journal(Protocol):
    """Records a session. Everything it receives is immutable; it may not change the session."""

    def received(self, input_seq: int, now_ns: int, event: Event) -> None:
        """Record an input other than an offer or a trade, with the number the desk gave it."""

    def decided(self, now_ns: int, decision: Decision) -> None:
        """Record a decision that changed the target quotes."""

    def noted(self, now_ns: int, notes: Sequence[Note]) -> None:
        """Record what the strategy noted in one decision."""

    def denied(self, now_ns: int, denial: Denial) -> None:
        """Record a denial."""

    def sent(self, now_ns: int, command: Command) -> None:
        """Record a command; called before it goes to the exchange."""

    def account_changed(self, now_ns: int, accounts: AccountSnapshot) -> None:
        """Record the account after it changed."""
