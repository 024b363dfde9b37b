"""The transactions of an account, as the exchange lists them (partner API, 7.3)."""

from dataclasses import dataclass

from sim.sandbox.serializers import Json, dollars


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction: positive amounts are credits. `order_id` is empty if no wager caused it."""

    number: int
    at_ns: int
    type: str
    amount_cents: int
    order_id: str

    def json(self) -> Json:
        """Return the transaction as the exchange lists it."""
        return {
            "id": self.number,
            "type": self.type,
            "amount": dollars(self.amount_cents),
            "order_id": self.order_id,
            "created_at": self.at_ns,
        }


class Transactions:
    """An account's transactions, oldest first, starting with the deposit.

    TRADE debits a stake; PAY, PUSH or VOID return it, with its winnings. With immediate deduction
    CANCEL returns the unmatched part. A corrected settlement is an ADJUSTMENT.
    """

    def __init__(self, now_ns: int, balance_cents: int) -> None:
        """Start with a deposit."""
        self.rows: list[Transaction] = []
        self.append(now_ns, "DEPOSIT", balance_cents)

    def append(self, at_ns: int, type_: str, amount_cents: int, order_id: str = "") -> None:
        """Append a transaction, unless the amount is zero."""
        if amount_cents:
            number = len(self.rows) + 1
            self.rows.append(Transaction(number, at_ns, type_, amount_cents, order_id))

    def append_adjustment(self, at_ns: int, amount_cents: int, order_id: str = "") -> None:
        """Append the correction of an earlier transaction, unless the amount is zero."""
        direction = "INCREASE" if amount_cents > 0 else "REDUCE"
        self.append(at_ns, f"ADJUSTMENT_{direction}", amount_cents, order_id)
