"""Sends the commands of a desk: each is counted and journaled before it goes to the exchange."""

from typing import TypeVar

from strategies.trading.desk.alarm import Alarm
from strategies.trading.model.commands import CancelAll, CancelWager, PlaceWager
from strategies.trading.model.events import TradingState
from strategies.trading.model.ids import WagerRef
from strategies.trading.ports.exchange import BATCH_LIMIT, Exchange
from strategies.trading.ports.journal import Denial, Journal
from strategies.trading.risk.risk_manager import RiskManager
from strategies.trading.wagers.wager import Wagers
from strategies.trading.wagers.wager_manager import Changes, WagerManager
from strategies.trading.wagers.wager_state import CANCEL_PATIENCE_NS

_T = TypeVar("_T")


class CommandSender:
    """Sends what risk admits; cancels always pass."""

    def __init__(
        self,
        exchange: Exchange,
        journal: Journal,
        wagers: Wagers,
        manager: WagerManager,
        risk: RiskManager,
        resend: Alarm,
    ) -> None:
        """Send to an exchange what a journal has; `resend` is set to when a cancel is too late."""
        self._exchange = exchange
        self._journal = journal
        self._wagers = wagers
        self._manager = manager
        self._risk = risk
        self._resend = resend
        self._cancel_all_ns = 0

    def send(self, changes: Changes, now_ns: int) -> list[Denial]:
        """Send cancels, then what risk admits of the wagers; return what it denied."""
        self.cancel(changes.cancels, now_ns)
        admitted: list[PlaceWager] = []
        denials: list[Denial] = []
        for place in changes.places:
            denial = self._risk.admit(place, now_ns)
            if denial is None:
                self._register(place, now_ns)
                admitted.append(place)
            else:
                denials.append(denial)
        self._risk.note_open_stake()
        for batch in _batches(admitted):
            self._exchange.place(batch)
        return denials

    def cancel(self, refs: list[WagerRef], now_ns: int) -> None:
        """Cancel open wagers."""
        if refs:
            self._resend.set(now_ns + CANCEL_PATIENCE_NS)
        for ref in refs:
            self._wagers.begin_cancel(ref, now_ns)
            self._risk.count_command(now_ns)
            self._journal.sent(now_ns, CancelWager(ref))
        for batch in _batches(refs):
            self._exchange.cancel(batch)

    def cancel_all(self, now_ns: int) -> None:
        """Cancel everything of the account."""
        self._cancel_all_ns = now_ns
        self._resend.set(now_ns + CANCEL_PATIENCE_NS)
        self._journal.sent(now_ns, CancelAll())
        self._wagers.begin_cancel_all(now_ns)
        self._exchange.cancel_all()

    def resend_cancels(self, now_ns: int) -> None:
        """Send cancels again that had no response: they were lost, or their responses were."""
        by_ns = now_ns - CANCEL_PATIENCE_NS
        if self._risk.state is not TradingState.HALTED:
            cancelling = self._wagers.cancelling()
            self.cancel([wager.ref for wager in cancelling if wager.asked_ns <= by_ns], now_ns)
            for wager in cancelling:
                self._resend.set(wager.asked_ns + CANCEL_PATIENCE_NS)
        elif self._wagers.live_count:
            if self._cancel_all_ns <= by_ns:
                self.cancel_all(now_ns)
            self._resend.set(self._cancel_all_ns + CANCEL_PATIENCE_NS)

    def _register(self, place: PlaceWager, now_ns: int) -> None:
        """Count and journal a wager before it is sent, so that none can be sent unrecorded."""
        self._manager.register(place, now_ns)
        self._risk.count_command(now_ns)
        self._journal.sent(now_ns, place)


def _batches(items: list[_T]) -> list[list[_T]]:
    return [items[start : start + BATCH_LIMIT] for start in range(0, len(items), BATCH_LIMIT)]
