"""The sandbox's record of a wager: its status and fills, as in the partner API (9.1)."""

from dataclasses import dataclass, field

from sim.sandbox.serializers import Json, dollars, number
from sim.sandbox.wire_ids import WireIds
from sim.sandbox.wire_markets import outcome_id
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
# The statuses that a wager passes through when it is settled.
_SETTLED_STATUSES = {
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

    `stake_cents` is the placed stake; once the unmatched part is cancelled it is the matched stake,
    as at the exchange. `live` is whether more of it can be matched. `broken_cents` is what was
    matched in trades that were broken since. `is_void` is whether all its trades were broken while
    its fills are still shown.
    """

    number: int
    account_id: str
    request: PlaceWager
    line: Line
    type: MarketType
    created_ns: int
    updated_ns: int
    stake_cents: int
    status: str = "inactive"
    winning: str = "tbd"
    live: bool = True
    broken_cents: int = 0
    is_void: bool = False
    settled_ns: int | None = None
    result: Result | None = None
    paid_cents: int = 0
    fills: list[Fill] = field(default_factory=list)

    @property
    def order_id(self) -> str:
        """Return the exchange's id of the wager."""
        return f"partner_{self.account_id}_{self.request.ref}"

    @property
    def matched_cents(self) -> int:
        """Return the stake that was matched."""
        return sum(fill.stake_cents for fill in self.fills)

    @property
    def matching_status(self) -> str:
        """Return how much of the stake was matched, as the exchange's status name."""
        if not self.fills:
            return "unmatched"
        return "partially_matched" if self.matched_cents < self.stake_cents else "fully_matched"

    # Updates ----------------------------------------------------------------------------------

    def add_fill(self, event: WagerMatched, event_number: int, now_ns: int) -> Fill:
        """Add a fill; `number_` is its sequence number among the account's fills."""
        fill = Fill(event_number, now_ns, event.odds, event.stake_cents, event.profit_cents)
        self.fills.append(fill)
        self.updated_ns = now_ns
        self.live = self.matched_cents + self.broken_cents < self.stake_cents
        return fill

    def break_fill(self, fill: Fill, now_ns: int) -> None:
        """Remove a fill whose trade was broken; what has no fill left and ended is void."""
        self.fills.remove(fill)
        self.broken_cents += fill.stake_cents
        self.updated_ns = now_ns
        if not self.fills and not self.live:
            self.status, self.winning = "void", _WINNING[Result.VOIDED]

    def void(self, now_ns: int) -> None:
        """Void the whole wager, with its amounts as they are."""
        self.is_void, self.live = True, False
        self.status, self.winning = "void", _WINNING[Result.VOIDED]
        self.updated_ns = now_ns

    def set_status(self, status: str, now_ns: int) -> None:
        """Set the status."""
        self.status = status
        self.updated_ns = now_ns

    def close(self, status: str, now_ns: int) -> None:
        """Remove the unmatched part; a partly matched wager keeps its status unless wiped."""
        self.live = False
        self.updated_ns = now_ns
        if not self.fills:
            self.status = status
            return
        self.stake_cents = self.matched_cents
        if status == "wiped":
            self.status = status

    def settle(self, result: Result, now_ns: int) -> tuple[str, ...]:
        """Set the result; return the statuses to pass through."""
        self.winning = _WINNING[result]
        self.result = result
        self.settled_ns = now_ns
        return _SETTLED_STATUSES[result]

    def payment_cents(self, result: Result) -> int:
        """Return what the account is paid for a result: stakes and winnings, in cents."""
        if result is Result.LOST:
            return 0
        won_cents = sum(fill.profit_cents for fill in self.fills) if result is Result.WON else 0
        return self.matched_cents + won_cents

    # JSON -------------------------------------------------------------------------------------

    def order_json(self, wire_ids: WireIds) -> Json:
        """Return the wager as in responses, with its id under both names."""
        open_cents = self.stake_cents - self.matched_cents - self.broken_cents if self.live else 0
        return {
            "order_id": self.order_id,
            "id": self.order_id,
            "external_id": self.request.ref,
            "user_id": self.account_id,
            "strike_id": wire_ids.strike_ids[self.line.line_id],
            "strike": number(self.line.point),
            "market_id": wire_ids.market_ids[self.line.market_key],
            "outcome_id": outcome_id(self.type, self.line.selection),
            "sport_event_id": wire_ids.event_ids[self.line.event_id],
            "price": self.request.odds,
            "quantity": dollars(self.stake_cents),
            "filled_quantity": dollars(self.matched_cents),
            "open_quantity": dollars(open_cents),
            "profit": dollars(profit_cents(self.stake_cents, self.request.odds)),
            "matching_status": self.matching_status,
            "status": self.status,
            "winning_status": self.winning,
        }

    def history_json(self, wire_ids: WireIds) -> Json:
        """Return the wager as in the order history."""
        times = {"created_at": self.created_ns, "updated_at": self.updated_ns}
        return self.order_json(wire_ids) | times | {"settled_at": self.settled_ns}

    def update_json(self, wire_ids: WireIds, fill: Fill | None, sequence_number: int) -> Json:
        """Return the wager as in a private message, with the new fill if there is one."""
        order = self.order_json(wire_ids)
        last = self.fills[-1].odds if self.fills else None
        return order | {
            "filled_quantity": dollars(fill.stake_cents if fill else 0),
            "fill_price": fill.odds if fill else last,
            "total_filled_quantity": order["filled_quantity"],
            "update_type": "matching" if fill else "status",
            "sequence_number": sequence_number,
        }

    def fills_json(self) -> list[Json]:
        """Return its fills as the exchange lists them."""
        return [self.fill_json(fill) for fill in self.fills]

    def fill_json(self, fill: Fill) -> Json:
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
