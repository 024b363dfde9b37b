"""The port to a session's record: what the desk heard, wished, was denied, and asked for."""

from typing import Protocol

from msgspec import Struct

from strategies.trading.model.commands import Command
from strategies.trading.model.events import Event
from strategies.trading.model.ids import LineId, MarketKey, PairId
from strategies.trading.model.odds import Odds
from strategies.trading.ports.strategy import Quote


class Denial(Struct, frozen=True):
    """Our own risk manager's no: which control, why, and on what figures."""

    control: str
    reason: str
    line_id: LineId
    odds: Odds
    stake_cents: int


class Decision(Struct, frozen=True):
    """What the desk made of one market at one moment.

    `fairs` are the fair probabilities of the first lines of its pairs, as far as there are any;
    `quotes` are those that risk left standing.
    """

    market_key: MarketKey
    fairs: tuple[tuple[PairId, float], ...]
    quotes: tuple[Quote, ...]


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
    """The desk was asked to decide on what cannot wait, having heard what it had."""


DeskCall = DeskStarted | DecideRequested


class Journal(Protocol):
    """Keeps a session's record. What it is told is immutable; it may not change the session."""

    def heard(self, input_seq: int, now_ns: int, event: Event) -> None:
        """Keep an input that is no market data, under the number the desk gave it."""

    def decided(self, now_ns: int, decision: Decision) -> None:
        """Keep a decision that changed what the desk wishes for."""

    def denied(self, now_ns: int, denial: Denial) -> None:
        """Keep a denial."""

    def sent(self, now_ns: int, command: Command) -> None:
        """Keep a command; called before the exchange is asked."""

    def accounted(self, now_ns: int, accounts: AccountSnapshot) -> None:
        """Keep the accounts after they changed."""
