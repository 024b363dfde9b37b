"""A wager as the exchange knows it, from its acceptance to its end."""

from enum import StrEnum
from typing import TYPE_CHECKING

from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.money import fill_profit_cents
from strategies.trading.model.odds import Odds, opposite

if TYPE_CHECKING:
    from sim.exchange.participant import Participant


class Ended(StrEnum):
    """How a wager ended, as the code with which a cancel of it is refused."""

    MATCHED = "order_already_filled"
    CANCELLED = "order_already_cancelled"
    INVALID = "order_is_invalid"


class ExchangeWager:
    """A live wager: what is open of it, what was matched at which odds, and its place in the queue.

    `line` is its line's place in the dictionaries. It shows to takers on the opposite line at
    `shown_odds`. `ahead_cents` is what recorded makers have ahead of it there, in takers' cents.
    Numbers count acceptances: of two wagers at the same odds the one with the lower number is
    older. `delayed` tells that it waits in the in-play delay.
    """

    __slots__ = (
        "ahead_cents",
        "delayed",
        "due_ns",
        "filled_cents",
        "intent",
        "line",
        "matched_ns",
        "number",
        "odds",
        "open_cents",
        "opened_ns",
        "owner",
        "ref",
        "shown_odds",
        "stake_cents",
    )

    def __init__(self, owner: "Participant", request: PlaceWager, line: int, number: int) -> None:
        """Accept a request as the so-manieth wager; it waits to be opened."""
        self.owner = owner
        self.ref: WagerRef = request.ref
        self.line = line
        self.number = number
        self.odds: Odds = request.odds
        self.shown_odds: Odds = opposite(request.odds)
        self.intent: Intent = request.intent
        self.stake_cents = self.open_cents = request.stake_cents
        self.filled_cents: dict[Odds, int] = {}
        self.ahead_cents = 0
        self.due_ns = 0
        self.delayed = False
        self.opened_ns: int | None = None
        self.matched_ns: int | None = None

    @property
    def matched_cents(self) -> int:
        """Return the stake that was matched so far."""
        return self.stake_cents - self.open_cents

    def profit_of_fill(self, odds: Odds, stake_cents: int) -> int:
        """Return what a fill of this stake at these odds wins, given the earlier fills there."""
        return fill_profit_cents(self.filled_cents.get(odds, 0), stake_cents, odds)

    def shown_cents(self) -> int:
        """Return what a taker can still stake against this wager."""
        return self.profit_of_fill(self.odds, self.open_cents)

    def fill(self, odds: Odds, stake_cents: int) -> None:
        """Take a fill off what is open."""
        assert 0 < stake_cents <= self.open_cents
        self.filled_cents[odds] = self.filled_cents.get(odds, 0) + stake_cents
        self.open_cents -= stake_cents
