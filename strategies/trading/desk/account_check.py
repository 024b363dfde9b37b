"""The comparison of the desk's books with the exchange's account."""

from strategies.trading.accounting.ledger import Ledger
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import AccountState
from strategies.trading.wagers.wager import CANCEL_PATIENCE_NS, Wagers


class AccountCheck:
    """Detects that our books and the exchange's account contradict each other.

    An update still on its way makes a difference, and so does an account overtaken by later
    updates. So only two accounts with the same difference, at least CANCEL_PATIENCE_NS apart while
    nothing is known to be in flight or unreported, are a contradiction.
    """

    def __init__(self, wagers: Wagers, ledger: Ledger) -> None:
        """Compare these books."""
        self._wagers = wagers
        self._ledger = ledger
        self._difference: tuple[str, int] | None = None

    def needs_another(self, account: AccountState, at_ns: int) -> bool:
        """Return whether to request another account after CANCEL_PATIENCE_NS.

        Raise InvariantError for a contradiction.
        """
        difference = self._difference_from(account) if self._wagers.at_rest else None
        if difference is None:
            self._difference = None
            return False
        if self._difference is None or self._difference[0] != difference:
            self._difference = (difference, at_ns)
            return True
        if at_ns - self._difference[1] >= CANCEL_PATIENCE_NS:
            raise InvariantError(difference)
        return False

    def _difference_from(self, account: AccountState) -> str | None:
        """Return how our books differ from the exchange's account, None if they agree."""
        open_cents = {wager.ref: wager.unmatched_cents for wager in self._wagers.live()}
        if dict(account.open_cents) != open_cents:
            return f"open wagers: we hold {open_cents}, the exchange {dict(account.open_cents)}"
        if account.balance_cents != self._ledger.available_cents:
            return (
                f"available cents: we hold {self._ledger.available_cents}, "
                f"the exchange {account.balance_cents}"
            )
        return None
