"""What the sandbox keeps of a wager: its states and fills, as the partner API tells them (9.1)."""

from dataclasses import dataclass, field

from sim.sandbox.serializers import Shape, dollars, number
from sim.sandbox.wire_ids import WireIds, outcome_id
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import WagerMatched
from strategies.trading.model.market import Line, Result
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.money import profit_cents

_WINNING = {
    Result.WON: "profit",
    Result.LOST: "loss",
    Result.PUSHED: "push",
    Result.VOIDED: "no_result",
}
# The states through which a settled wager goes.
_SETTLING = {
    Result.WON: ("settled", "closed"),
    Result.LOST: ("closed",),
    Result.PUSHED: ("settled", "closed"),
    Result.VOIDED: ("void",),
}


@dataclass(frozen=True, slots=True)
class Fill:
    """A part of a wager that was matched."""

    number: int
    at_ns: int
    odds: int
    stake_cents: int
    profit_cents: int


@dataclass(slots=True)
class WagerRecord:
    """A wager from its acceptance to its settlement.

    `stake_cents` is what was placed; once the unmatched rest is withdrawn it is what was matched,
    as the exchange cuts it. `live` tells whether some of it may still be matched.
    """

    number: int
    partner_id: str
    request: PlaceWager
    line: Line
    type: MarketType
    created_ns: int
    updated_ns: int
    stake_cents: int
    status: str = "inactive"
    winning: str = "tbd"
    live: bool = True
    settled_ns: int | None = None
    paid_cents: int = 0
    fills: list[Fill] = field(default_factory=list)

    @property
    def order_id(self) -> str:
        """Return the exchange's own id of the wager."""
        return f"partner_{self.partner_id}_{self.request.ref}"

    @property
    def matched_cents(self) -> int:
        """Return the stake that was matched."""
        return sum(fill.stake_cents for fill in self.fills)

    @property
    def matching_status(self) -> str:
        """Return how much of the stake was matched, as the exchange words it."""
        if not self.fills:
            return "unmatched"
        return "partially_matched" if self.matched_cents < self.stake_cents else "fully_matched"

    # What happens to it -----------------------------------------------------------------------

    def match(self, event: WagerMatched, number_: int, now_ns: int) -> Fill:
        """Add a fill, numbered among those of the account."""
        fill = Fill(number_, now_ns, event.odds, event.stake_cents, event.profit_cents)
        self.fills.append(fill)
        self.updated_ns = now_ns
        self.live = self.matched_cents < self.stake_cents
        return fill

    def enter(self, status: str, now_ns: int) -> None:
        """Enter a state."""
        self.status = status
        self.updated_ns = now_ns

    def withdraw(self, status: str, now_ns: int) -> None:
        """Withdraw what is unmatched: a wager that was matched in part is cut to that part."""
        self.live = False
        self.updated_ns = now_ns
        if not self.fills:
            self.status = status
            return
        self.stake_cents = self.matched_cents
        if status == "wiped":
            self.status = status

    def settle(self, result: Result, now_ns: int) -> tuple[str, ...]:
        """Take a result; return the states to go through."""
        self.winning = _WINNING[result]
        self.settled_ns = now_ns
        return _SETTLING[result]

    def payment_cents(self, result: Result) -> int:
        """Return what the account gets back for a result: stakes, and what they won."""
        if result is Result.LOST:
            return 0
        won_cents = sum(fill.profit_cents for fill in self.fills) if result is Result.WON else 0
        return self.matched_cents + won_cents

    # How it is told ---------------------------------------------------------------------------

    def shape(self, names: WireIds) -> Shape:
        """Return the wager as answers carry it, with the id under both its names."""
        open_cents = self.stake_cents - self.matched_cents if self.live else 0
        return {
            "order_id": self.order_id,
            "id": self.order_id,
            "external_id": self.request.ref,
            "user_id": self.partner_id,
            "strike_id": names.strike_ids[self.line.line_id],
            "strike": number(self.line.point),
            "market_id": names.market_ids[self.line.market_key],
            "outcome_id": outcome_id(self.type, self.line.selection),
            "sport_event_id": names.event_ids[self.line.event_id],
            "price": self.request.odds,
            "quantity": dollars(self.stake_cents),
            "filled_quantity": dollars(self.matched_cents),
            "open_quantity": dollars(open_cents),
            "profit": dollars(profit_cents(self.stake_cents, self.request.odds)),
            "matching_status": self.matching_status,
            "status": self.status,
            "winning_status": self.winning,
        }

    def row(self, names: WireIds) -> Shape:
        """Return the wager as the history lists it."""
        times = {"created_at": self.created_ns, "updated_at": self.updated_ns}
        return self.shape(names) | times | {"settled_at": self.settled_ns}

    def update(self, names: WireIds, fill: Fill | None, sequence_number: int) -> Shape:
        """Return the wager as a private message tells it, with the fill that is the news."""
        shape = self.shape(names)
        last = self.fills[-1].odds if self.fills else None
        return shape | {
            "filled_quantity": dollars(fill.stake_cents if fill else 0),
            "fill_price": fill.odds if fill else last,
            "total_filled_quantity": shape["filled_quantity"],
            "update_type": "matching" if fill else "status",
            "sequence_number": sequence_number,
        }

    def fill_rows(self) -> list[Shape]:
        """Return its fills as the exchange lists them."""
        return [self.fill_row(fill) for fill in self.fills]

    def fill_row(self, fill: Fill) -> Shape:
        """Return one of its fills as the exchange lists it."""
        return {
            "trade_id": fill.number,
            "order_id": self.order_id,
            "external_id": self.request.ref,
            "fill_price": fill.odds,
            "filled_quantity": dollars(fill.stake_cents),
            "profit": dollars(fill.profit_cents),
            "created_at": fill.at_ns,
        }
