"""The rows by which an account's money moves, as the exchange lists them (partner API, 7.3)."""

from dataclasses import dataclass

from sim.sandbox.serializers import Shape, dollars


@dataclass(frozen=True, slots=True)
class Transaction:
    """One movement: in is above zero. `order_id` is empty where no wager is the cause."""

    number: int
    at_ns: int
    type: str
    amount_cents: int
    order_id: str

    def shape(self) -> Shape:
        """Return the row as the exchange lists it."""
        return {
            "id": self.number,
            "type": self.type,
            "amount": dollars(self.amount_cents),
            "order_id": self.order_id,
            "created_at": self.at_ns,
        }


class Transactions:
    """An account's transactions, the oldest first: it starts with the deposit.

    A stake goes out with TRADE and comes back, with what it won, as PAY, PUSH or VOID; where stakes
    leave as they are placed, CANCEL returns what was unmatched. A settlement corrected is an
    ADJUSTMENT.
    """

    def __init__(self, now_ns: int, balance_cents: int) -> None:
        """Open with a deposit."""
        self.rows: list[Transaction] = []
        self.book(now_ns, "DEPOSIT", balance_cents)

    def book(self, at_ns: int, type_: str, amount_cents: int, order_id: str = "") -> None:
        """Add a row; nothing is no row."""
        if amount_cents:
            number = len(self.rows) + 1
            self.rows.append(Transaction(number, at_ns, type_, amount_cents, order_id))

    def correct(self, at_ns: int, amount_cents: int, order_id: str = "") -> None:
        """Add a row for what an earlier one should have been more, or less."""
        way = "INCREASE" if amount_cents > 0 else "REDUCE"
        self.book(at_ns, f"ADJUSTMENT_{way}", amount_cents, order_id)
