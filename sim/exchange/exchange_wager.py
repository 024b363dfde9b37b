"""A wager at the exchange, from its acceptance to its end."""

from enum import StrEnum
from typing import TYPE_CHECKING

from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.money import fill_profit_cents
from strategies.trading.model.odds import Odds, opposite

if TYPE_CHECKING:
    from sim.exchange.participant import Participant


class Ended(StrEnum):
    """How a wager ended; the value is the error code with which a later cancel is refused."""

    MATCHED = "order_already_filled"
    CANCELLED = "order_already_cancelled"
    INVALID = "order_is_invalid"


class ExchangeWager:
    """A live wager: its open stake, its matched stake by odds, and its queue position.

    `line_index` is the position of its line in the tape's dictionaries. It is displayed to takers
    on the opposite line at `displayed_odds`; `ahead_cents` is what recorded makers have ahead of
    it there, in takers' cents. `number` is its sequence number of acceptance: of two wagers at the
    same odds the lower number has priority. `delayed` wagers count against the limit of wagers in
    the in-play delay. `due_ns` is when it is activated, `opened_ns` when it was, `matched_ns` the
    time of its last fill.
    """

    __slots__ = (
        "ahead_cents",
        "delayed",
        "displayed_odds",
        "due_ns",
        "filled_cents",
        "intent",
        "line_index",
        "matched_ns",
        "number",
        "odds",
        "open_cents",
        "opened_ns",
        "owner",
        "ref",
        "stake_cents",
    )

    def __init__(
        self, owner: "Participant", request: PlaceWager, line_index: int, number: int
    ) -> None:
        """Accept a request with sequence number `number`; it is pending until activated."""
        self.owner = owner
        self.ref: WagerRef = request.ref
        self.line_index = line_index
        self.number = number
        self.odds: Odds = request.odds
        self.displayed_odds: Odds = opposite(request.odds)
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
        """Return the stake that has been matched, in cents."""
        return self.stake_cents - self.open_cents

    def profit_of_fill(self, odds: Odds, stake_cents: int) -> int:
        """Return the profit of a fill in cents, rounded so that all fills at `odds` add up."""
        return fill_profit_cents(self.filled_cents.get(odds, 0), stake_cents, odds)

    def displayed_cents(self) -> int:
        """Return how many cents a taker can still stake against this wager."""
        return self.profit_of_fill(self.odds, self.open_cents)

    def fill(self, odds: Odds, stake_cents: int) -> None:
        """Move a fill's stake from the open part to the matched part."""
        assert 0 < stake_cents <= self.open_cents
        self.filled_cents[odds] = self.filled_cents.get(odds, 0) + stake_cents
        self.open_cents -= stake_cents
