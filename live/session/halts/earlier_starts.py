"""What a start of a session takes over from the earlier ones."""

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from live.session.gateway import Notify
from live.session.halts.halt_record import HaltRecord
from recordings.journal.entries import JOURNAL
from recordings.journal.journal_reader import JournalReader
from recordings.journal.operator_history import OperatorHistory
from recordings.journal.session_journal import SessionJournal
from recordings.journal.wager_history import WagerHistory
from strategies.trading.model.events import TradingState, TradingStateSet


class EarlierStarts:
    """Their wagers, what persons set in them, and the trading state and the losses they left.

    A halt that is not in the journal counts like one that is.
    """

    def __init__(self, folder: Path, number: int, halt: HaltRecord, notify: Notify) -> None:
        """Read what is older than start `number` of a session; raise JournalError.

        A journal that was cut halts this start: what is lost of it may be a halt.
        """
        with JournalReader(folder / JOURNAL, may_be_cut=True) as journal:
            if journal.cut_text is not None:
                notify(journal.cut_text)
                halt.keep_reason(f"journal: {journal.cut_text}", notify)
            self.wagers, self.operators = WagerHistory(), OperatorHistory()
            # Every row is checked as it is read: a long session has hundreds of thousands.
            for entry in journal.entries():
                self.operators.add(entry)
                if entry.run < number:
                    self.wagers.add(entry)
            self.runs = journal.earlier_runs()
        self._halt = halt
        self._unjournaled = halt.reason()
        if self._unjournaled:
            self.runs = replace(self.runs, state=TradingState.HALTED, reason=self._unjournaled)

    def unjournaled(self) -> Iterator[TradingStateSet]:
        """Yield the halt that the desk must journal before it starts, if there is one."""
        if self._unjournaled:
            yield TradingStateSet(TradingState.HALTED, self._unjournaled)

    def taken_over(self, journal: SessionJournal) -> None:
        """Forget the halt outside of the journal, now that the journal holds it."""
        if self._unjournaled:
            journal.commit()
            self._halt.clear()

    def halt_text(self, session: str) -> str | None:
        """Return what an earlier start set and how to lift it, None if trading is active."""
        if self.runs.state is TradingState.ACTIVE:
            return None
        return (
            f"{self.runs.state} by an earlier start: {self.runs.reason}; "
            f"python -m live control session.name={session} resume lifts it"
        )
