"""Cancels: when and how the unmatched part of a wager is withdrawn, or wiped by the exchange."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from sim.engine.virtual_clock import Priority, ReplayEnvironment
from sim.exchange.books import LineBook
from sim.exchange.exchange_settings import BalanceMode, ExchangeSettings
from sim.exchange.exchange_wager import Ended, ExchangeWager
from sim.exchange.matching import Matcher
from sim.exchange.participant import Participant
from strategies.trading.model.events import CancelRefused, WagerCancelled, WagerWiped
from strategies.trading.model.ids import WagerRef

CancelAnswer = WagerCancelled | CancelRefused
Concerned = Callable[[LineBook], bool]


class Cancels:
    """Takes live wagers from where they are: out of the book, or of those that wait to open."""

    def __init__(
        self,
        env: ReplayEnvironment,
        settings: ExchangeSettings,
        books: Sequence[LineBook],
        matcher: Matcher,
    ) -> None:
        """Cancel wagers on the lines of these books, which are in the dictionaries' order."""
        self._env = env
        self._settings = settings
        self._books = books
        self._matcher = matcher

    def cancel(self, participant: Participant, ref: WagerRef) -> CancelAnswer:
        """Withdraw one wager at its account's wish, or say why not and when to come again."""
        wager = participant.live.get(ref)
        if wager is None:
            return CancelRefused(ref, participant.ended.get(ref, "data_not_found"), None)
        window_ns = self._settings.retry_window_ns
        if wager.opened_ns is None:
            # Asked again any earlier it would only be told that it has just opened.
            return CancelRefused(ref, "order_is_placing", wager.due_ns + window_ns)
        retry_at_ns = wager.opened_ns + window_ns
        if self._env.now_ns < retry_at_ns:
            return CancelRefused(ref, "order_opened_retry", retry_at_ns)
        deducted_ns = self._deducted_ns(wager)
        if self._env.now_ns < deducted_ns:
            return CancelRefused(ref, "matching_stake_ongoing", deducted_ns)
        return self.withdraw(wager)

    def _deducted_ns(self, wager: ExchangeWager) -> int:
        """Return when the balance has paid for the last fill of a wager."""
        if wager.matched_ns is None or self._settings.balance_mode is BalanceMode.IMMEDIATE:
            return 0
        return wager.matched_ns + self._settings.deduction_ns

    def cancel_in_batches(self, participant: Participant, refs: Sequence[WagerRef]) -> None:
        """Withdraw the first of what a mass cancel concerns, and the rest after a pause."""
        batch = self._settings.mass_cancel_batch
        for ref in refs[:batch]:
            wager = participant.live.get(ref)
            if wager is not None:
                participant.tell((self.withdraw(wager),))
        if refs[batch:]:
            due_ns = self._env.now_ns + self._settings.mass_cancel_pause_ns
            rest = partial(self.cancel_in_batches, participant, refs[batch:])
            self._env.schedule_call(due_ns, Priority.EXCHANGE, rest)

    def wipe(self, participants: Iterable[Participant], concerned: Concerned) -> None:
        """Remove every live wager on the lines concerned."""
        for participant in participants:
            for wager in self.live_of(participant, concerned):
                self._end(wager)
                participant.tell((WagerWiped(wager.ref, wager.open_cents),))

    def live_of(self, participant: Participant, concerned: Concerned) -> list[ExchangeWager]:
        """Return a participant's live wagers on the lines concerned, the oldest first."""
        wagers = participant.live.values()
        return [wager for wager in wagers if concerned(self._books[wager.line])]

    def withdraw(self, wager: ExchangeWager) -> WagerCancelled:
        """Withdraw what is unmatched of a live wager, and return what its account is to be told."""
        self._end(wager)
        return WagerCancelled(wager.ref, wager.open_cents)

    def _end(self, wager: ExchangeWager) -> None:
        book = self._books[wager.line]
        wager.owner.end(wager, Ended.CANCELLED)
        if wager.opened_ns is None:
            book.activating.remove(wager)
        else:
            self._matcher.withdraw(book, wager)
