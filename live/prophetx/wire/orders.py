"""Messages of wagers and money: orders, responses, the balance."""

from decimal import Decimal
from typing import NamedTuple

from msgspec import UNSET, Raw, UnsetType

from live.decode import Nanoseconds, WireStruct, cents, dollars, stake_cents, unreadable
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.ids import WagerRef

_STRATEGIES = {Intent.TAKE: "fillOrKill", Intent.ADD_ONLY: "ALO"}


class WirePlacement(WireStruct, frozen=True):
    """A request for a wager."""

    external_id: str
    strike_id: str
    price: int
    quantity: Raw
    order_strategy: str | UnsetType = UNSET


def placement(request: PlaceWager) -> WirePlacement:
    """Return the request for a command; without `order_strategy` it rests until cancelled."""
    return WirePlacement(
        external_id=request.ref,
        strike_id=request.line_id,
        price=request.odds,
        quantity=dollars(request.stake_cents),
        order_strategy=_STRATEGIES.get(request.intent, UNSET),
    )


class WireCancellation(WireStruct, frozen=True):
    """A request to cancel a wager, by both of its ids."""

    order_id: str
    external_id: str


class OrderReport(NamedTuple):
    """The exchange's id of a wager and its amounts, each as the property of `WireOrder` says."""

    number: str
    stake_cents: int
    total_filled_cents: int
    filled_cents: int


class WireOrder(WireStruct, frozen=True):
    """A wager as the exchange keeps it.

    In a private update `filled_quantity` is this fill, elsewhere all of them; there
    `total_filled_quantity` is all of them.
    """

    order_id: str | int | None = None
    id: str | int | None = None
    external_id: str | None = None
    sport_event_id: int | None = None
    market_id: int | None = None
    outcome_id: int | None = None
    strike_id: str | None = None
    strike: Decimal | None = None
    price: int | None = None
    quantity: Decimal | None = None
    profit: Decimal | None = None
    filled_quantity: Decimal | None = None
    fill_price: int | None = None
    total_filled_quantity: Decimal | None = None
    open_quantity: Decimal | None = None
    matching_status: str | None = None
    status: str | None = None
    winning_status: str | None = None
    update_type: str | None = None
    sequence_number: Nanoseconds = 0

    @property
    def number(self) -> str:
        """Return the exchange's own id, under either name; raise ProtocolError without one."""
        number = self.order_id or self.id
        if number is None:
            raise unreadable("order", "has no id", repr(self))
        return str(number)

    @property
    def ref(self) -> WagerRef:
        """Return our own id, empty if it was placed without one."""
        return WagerRef(self.external_id or "")

    @property
    def stake_cents(self) -> int:
        """Return the stake; after a cancel of the unmatched part, the matched stake."""
        return stake_cents(self.quantity, "order quantity")

    @property
    def filled_cents(self) -> int:
        """Return the matched stake: of this fill in a private update, elsewhere of all fills."""
        return stake_cents(self.filled_quantity, "order filled_quantity")

    @property
    def total_filled_cents(self) -> int:
        """Return the matched stake of all fills; only private updates report it."""
        return stake_cents(self.total_filled_quantity, "order total_filled_quantity")

    @property
    def open_cents(self) -> int:
        """Return the unmatched stake that is still open."""
        return stake_cents(self.open_quantity, "order open_quantity")

    def report(self) -> OrderReport:
        """Return what it reports of its wager, decoded; raise ProtocolError if any is invalid."""
        return OrderReport(
            self.number, self.stake_cents, self.total_filled_cents, self.filled_cents
        )


class PlacedResponse(WireStruct, frozen=True):
    """The response to one placement."""

    order: WireOrder


class FailedPlacement(WireStruct, frozen=True):
    """A placement of a batch that was refused, by its place in the batch."""

    index: int | None = None
    request: dict[str, object] | None = None
    error: str | None = None
    message: str | None = None


class BatchPlacedResponse(WireStruct, frozen=True):
    """The response to a batch: each item is accepted or refused on its own."""

    succeed_orders: list[WireOrder] | None = None
    failed_orders: list[FailedPlacement] | None = None


class FailureReason(WireStruct, frozen=True):
    """The reason why an item of a batch failed."""

    error_code: str | None = None
    message: str | None = None


class CancelResult(WireStruct, frozen=True):
    """The result of one cancellation of a batch."""

    success: bool = False
    order: WireOrder | None = None
    error: FailureReason | None = None


class WireBalance(WireStruct, frozen=True):
    """The account's money."""

    balance: Decimal
    matched_order_balance: Decimal | None = None
    unmatched_order_balance: Decimal | None = None

    @property
    def balance_cents(self) -> int:
        """Return the field `balance`, which in deferred mode still holds the stakes."""
        return cents(self.balance, "balance")

    @property
    def matched_cents(self) -> int:
        """Return the stakes that were matched and are not settled."""
        return cents(self.matched_order_balance, "matched_order_balance")

    @property
    def unmatched_cents(self) -> int:
        """Return the stakes that are open."""
        return cents(self.unmatched_order_balance, "unmatched_order_balance")

    def available_cents(self, *, deferred: bool) -> int:
        """Return what may be staked; `deferred` says that the balance still holds the stakes."""
        if not deferred:
            return self.balance_cents
        return self.balance_cents - self.matched_cents - self.unmatched_cents


class OrdersPage(WireStruct, frozen=True):
    """A page of the account's history."""

    orders: list[WireOrder] | None = None
    next_cursor: str | None = None


class WireMatch(WireStruct, frozen=True):
    """One fill of one of our wagers; `profit` is what it can win, if reported."""

    order_id: str | int | None = None
    external_id: str | None = None
    price: int | None = None
    fill_price: int | None = None
    filled_quantity: Decimal | None = None
    profit: Decimal | None = None

    @property
    def filled_cents(self) -> int:
        """Return the matched stake."""
        return stake_cents(self.filled_quantity, "match filled_quantity")

    @property
    def profit_cents(self) -> int | None:
        """Return the profit that it can win, None if it is not reported."""
        return None if self.profit is None else cents(self.profit, "match profit")


class MatchesPage(WireStruct, frozen=True):
    """A page of the fills of some wagers."""

    matching_details: list[WireMatch] | None = None
    next_cursor: str | None = None
