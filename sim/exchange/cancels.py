"""Cancels: when and how the unmatched part of a wager is cancelled, or wiped by the exchange."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.exchange_settings import BalanceMode, ExchangeRules
from sim.exchange.matching import Matcher
from sim.exchange.participant import Ended, ExchangeWager, Participant
from strategies.trading.model.events import CancelRefused, WagerCancelled, WagerWiped
from strategies.trading.model.ids import WagerRef
from strategies.trading.ports.schedule import Priority

CancelResponse = WagerCancelled | CancelRefused
BookFilter = Callable[[LineBook], bool]


class Cancels:
    """Removes live wagers, from the book or from the activation queue."""

    def __init__(
        self,
        env: ReplayEnvironment,
        settings: ExchangeRules,
        books: Sequence[LineBook],
        matcher: Matcher,
    ) -> None:
        """Cancel wagers in `books`, which are in the order of the dictionaries' lines."""
        self._scheduler = env.scheduler
        self._settings = settings
        self._books = books
        self._matcher = matcher

    def cancel(self, participant: Participant, ref: WagerRef) -> CancelResponse:
        """Cancel one wager for its owner, or return why not and when a retry can succeed."""
        wager = participant.live.get(ref)
        if wager is None:
            return CancelRefused(ref, participant.ended.get(ref, "data_not_found"), None)
        window_ns = self._settings.retry_window_ns
        if wager.opened_ns is None:
            # A retry before the window after the opening has passed would be refused again.
            return CancelRefused(ref, "order_is_placing", wager.due_ns + window_ns)
        retry_at_ns = wager.opened_ns + window_ns
        if self._scheduler.now_ns < retry_at_ns:
            return CancelRefused(ref, "order_opened_retry", retry_at_ns)
        deducted_ns = self._deducted_ns(wager)
        if self._scheduler.now_ns < deducted_ns:
            return CancelRefused(ref, "matching_stake_ongoing", deducted_ns)
        return self.withdraw(wager)

    def _deducted_ns(self, wager: ExchangeWager) -> int:
        """Return when the stake of a wager's last fill leaves the balance, in nanoseconds."""
        if wager.matched_ns is None or self._settings.balance_mode is BalanceMode.IMMEDIATE:
            return 0
        return wager.matched_ns + self._settings.deduction_ns

    def cancel_in_batches(self, participant: Participant, refs: Sequence[WagerRef]) -> None:
        """Cancel the first batch of a mass cancel now, and the others after a pause each."""
        batch = self._settings.mass_cancel_batch
        for ref in refs[:batch]:
            wager = participant.live.get(ref)
            if wager is not None:
                participant.notify((self.withdraw(wager),))
        if refs[batch:]:
            due_ns = self._scheduler.now_ns + self._settings.mass_cancel_pause_ns
            rest = partial(self.cancel_in_batches, participant, refs[batch:])
            self._scheduler.schedule_call(due_ns, Priority.EXCHANGE, rest)

    def wipe(self, participants: Iterable[Participant], affected: BookFilter) -> None:
        """Remove every live wager in the affected books."""
        for participant in participants:
            for wager in self.live_wagers(participant, affected):
                self._end(wager)
                participant.notify((WagerWiped(wager.ref, wager.open_cents),))

    def live_wagers(self, participant: Participant, affected: BookFilter) -> list[ExchangeWager]:
        """Return a participant's live wagers in the affected books, the oldest first."""
        wagers = participant.live.values()
        return [wager for wager in wagers if affected(self._books[wager.line_index])]

    def withdraw(self, wager: ExchangeWager) -> WagerCancelled:
        """Cancel the unmatched part of a live wager and return the event for its owner."""
        self._end(wager)
        return WagerCancelled(wager.ref, wager.open_cents)

    def _end(self, wager: ExchangeWager) -> None:
        book = self._books[wager.line_index]
        wager.owner.end(wager, Ended.CANCELLED)
        if wager.opened_ns is None:
            book.pending.remove(wager)
        else:
            self._matcher.withdraw(book, wager)
