"""A journal that also keeps what happened lately, for those who watch the desk."""

from collections.abc import Sequence

from strategies.trading.model.commands import Command
from strategies.trading.model.events import Event
from strategies.trading.ports.journal import AccountSnapshot, Decision, Denial, Journal
from strategies.trading.ports.view import Note
from strategies.trading.snapshot.desk_activity import DeskActivity


class WatchedJournal:
    """Passes everything on to a journal; `activity`, once set, follows it too."""

    def __init__(self, journal: Journal) -> None:
        """Pass on to a journal."""
        self.activity: DeskActivity | None = None
        self._journal = journal

    def received(self, input_seq: int, now_ns: int, event: Event) -> None:
        """Record an input."""
        self._follow(now_ns, event)
        self._journal.received(input_seq, now_ns, event)

    def decided(self, now_ns: int, decision: Decision) -> None:
        """Record a decision."""
        self._follow(now_ns, decision)
        self._journal.decided(now_ns, decision)

    def noted(self, now_ns: int, notes: Sequence[Note]) -> None:
        """Record what the strategy noted."""
        self._journal.noted(now_ns, notes)

    def denied(self, now_ns: int, denial: Denial) -> None:
        """Record a denial."""
        self._journal.denied(now_ns, denial)

    def sent(self, now_ns: int, command: Command) -> None:
        """Record a command."""
        self._follow(now_ns, command)
        self._journal.sent(now_ns, command)

    def account_changed(self, now_ns: int, accounts: AccountSnapshot) -> None:
        """Record the account."""
        self._journal.account_changed(now_ns, accounts)

    def _follow(self, now_ns: int, payload: object) -> None:
        if self.activity is not None:
            self.activity.note(now_ns, payload)
