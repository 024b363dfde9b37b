"""The comparison of the desk's books with the exchange's account."""

from collections.abc import Iterable

from strategies.trading.accounting.ledger import Ledger
from strategies.trading.model.errors import InvariantError
from strategies.trading.model.events import AccountState
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from strategies.trading.wagers.wager import Wagers
from strategies.trading.wagers.wager_state import CANCEL_PATIENCE_NS, WagerState

# Accounts in a row whose balance nothing explains, if it is another difference each time.
_UNEXPLAINED_MAX = 3

# A later session of the account finds out within seconds that it has to end, and then cancels.
_OTHERS_PATIENCE_NS = 60 * NS_PER_SECOND

_MOST_NAMED = 20
# Beyond this number of possible sums of what is in flight, any difference counts as explained.
_SUMS_MAX = 10_000


class AccountCheck:
    """Detects that our books and the exchange's account contradict each other.

    An update still on its way makes a difference, and so does an account overtaken by later
    updates. What is known to be in flight explains a difference of the balance, if some of it adds
    up to that difference. What is not known to be in flight arrives within CANCEL_PATIENCE_NS, so
    accounts are judged that far apart, and two with the same difference are a contradiction. A
    balance whose difference moves may have another cause each time; three accounts in a row that
    nothing explains are a contradiction too. Nothing is judged while a fill is known to be missing.
    Wagers that are not ours change the account without our knowing: nothing is judged while some
    are open, and beyond _OTHERS_PATIENCE_NS they are a contradiction themselves.
    """

    def __init__(self, wagers: Wagers, ledger: Ledger) -> None:
        """Compare these books."""
        self._wagers = wagers
        self._ledger = ledger
        self._open_differences: set[tuple[WagerRef, int, int]] = set()
        self._balance_differences: list[int] = []
        self._judged_ns = 0
        self._others_since_ns: int | None = None

    def needs_another(self, account: AccountState, at_ns: int) -> bool:
        """Return whether to request another account after CANCEL_PATIENCE_NS.

        Raise InvariantError for a contradiction.
        """
        if any(wager.lacks_fill for wager in self._wagers.unfinished()):
            return False
        if self._others_open(account, at_ns):
            return True
        open_differences = self._compare_open(account)
        explained = self._balance_explained(account)
        if not open_differences and explained:
            self._open_differences.clear()
            self._balance_differences.clear()
            return False
        pending = self._open_differences or self._balance_differences
        if pending and at_ns - self._judged_ns < CANCEL_PATIENCE_NS:
            return False
        self._judge_open(open_differences)
        self._judge_balance(account, explained=explained)
        self._judged_ns = at_ns
        return True

    def _others_open(self, account: AccountState, at_ns: int) -> bool:
        """Return whether wagers of others are open; raise InvariantError if they stay."""
        others = [ref for ref, _ in account.open_cents if self._wagers.find(ref) is None]
        if not others:
            self._others_since_ns = None
            return False
        if self._others_since_ns is None:
            self._others_since_ns = at_ns
        if at_ns - self._others_since_ns >= _OTHERS_PATIENCE_NS:
            seconds = _OTHERS_PATIENCE_NS // NS_PER_SECOND
            message = f"{others[0]}, which is not of this session, is open for {seconds} s"
            raise InvariantError(message)
        return True

    def _judge_open(self, differences: set[tuple[WagerRef, int, int]]) -> None:
        lasting = sorted(self._open_differences & differences)
        if lasting:
            named = "; ".join(
                f"{ref}: we hold {ours}, the exchange {theirs}"
                for ref, ours, theirs in lasting[:_MOST_NAMED]
            )
            more = f"; and {len(lasting) - _MOST_NAMED} more" if len(lasting) > _MOST_NAMED else ""
            message = f"open cents of wager {named}{more}"
            raise InvariantError(message)
        self._open_differences = differences

    def _judge_balance(self, account: AccountState, *, explained: bool) -> None:
        if explained:
            self._balance_differences.clear()
            return
        available_cents = self._ledger.available_cents
        difference = account.balance_cents - available_cents
        lasting = difference in self._balance_differences[-1:]
        self._balance_differences.append(difference)
        if lasting or len(self._balance_differences) == _UNEXPLAINED_MAX:
            earlier = ", ".join(f"{cents:+d}" for cents in self._balance_differences)
            message = (
                f"available cents: we hold {available_cents}, the exchange "
                f"{account.balance_cents} (differences in a row: {earlier})"
            )
            raise InvariantError(message)

    def _compare_open(self, account: AccountState) -> set[tuple[WagerRef, int, int]]:
        """Return the wagers whose open stake differs, as reference, ours and the exchange's.

        Those with a command in flight are left out.
        """
        theirs = dict(account.open_cents)
        differences = set()
        for wager in self._wagers.live():
            their_cents = theirs.pop(wager.ref, 0)
            if wager.state is WagerState.OPEN and wager.unmatched_cents != their_cents:
                differences.add((wager.ref, wager.unmatched_cents, their_cents))
        return differences | {(ref, 0, their_cents) for ref, their_cents in theirs.items()}

    def _balance_explained(self, account: AccountState) -> bool:
        """Return whether what is in flight may make the difference of the balance, or none is."""
        difference = account.balance_cents - self._ledger.available_cents
        return difference == 0 or _add_up(self._in_flight(account), difference)

    def _in_flight(self, account: AccountState) -> Iterable[int]:
        """Return by how much each wager may make the exchange's balance differ from ours."""
        for wager in self._wagers.live():
            if wager.state is not WagerState.OPEN:
                yield wager.unmatched_cents
        for _, ours, theirs in self._compare_open(account):
            yield ours - theirs


def _add_up(amounts: Iterable[int], total: int) -> bool:
    """Return whether some of the amounts add up to a total, or there are too many to say."""
    sums = {0}
    for amount in amounts:
        sums |= {amount + known for known in sums}
        if total in sums or len(sums) > _SUMS_MAX:
            return True
    return False
