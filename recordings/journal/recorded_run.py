"""One start of a session, as its journal and its recording tell it afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import get_args

from recordings.journal.session_journal import Entry, RunContext, SessionJournal
from recordings.journal.wager_history import EarlierWager, WagerHistory, rebuild
from recordings.reader import Tape
from strategies.trading.desk.desk import Desk
from strategies.trading.model.commands import Command


class JournaledStart:
    """A start that is over: what its desk was given, what it heard, and what it asked for."""

    def __init__(
        self, folder: Path, journal: SessionJournal, number: int, given: RunContext
    ) -> None:
        """Read the start's recording for what was on offer; raise TapeError."""
        self.tape = Tape(folder / f"tape-{number:05d}")
        whole = self.tape.info
        self.given = given
        self.info = replace(
            whole,
            events=whole.events[: given.events],
            markets=whole.markets[: given.markets],
            lines=whole.lines[: given.lines],
        )
        self._journal = journal
        self._number = number

    def recall(self, desk: Desk) -> None:
        """Let a desk know of the wagers of earlier starts, as the start's own did."""
        past = self._past(self._number - 1)
        recalled = set(self.given.recalled)
        wagers = past.unfinished(self.info.catalogue(), self.given.market_keys)
        rebuild(desk, (wager for wager in wagers if wager.request.ref in recalled))

    def wagers(self) -> list[EarlierWager]:
        """Return the wagers of this start and earlier ones, with what was told until its end."""
        return list(self._past(self._number).wagers.values())

    def _past(self, last: int) -> WagerHistory:
        return WagerHistory(entry for entry in self._journal.entries() if entry.start <= last)

    def inputs(self) -> Iterator[Entry]:
        """Yield what the desk heard and when it was called upon, in the order of `input_seq`."""
        for entry in self._journal.entries_with_feed(self._number):
            if not isinstance(entry.payload, get_args(Command)):
                yield entry

    def commands(self) -> Iterator[Entry]:
        """Yield what the desk asked for, in order."""
        for entry in self._journal.entries():
            if entry.start == self._number and isinstance(entry.payload, get_args(Command)):
                yield entry


@contextmanager
def open_start(folder: Path, number: int) -> Iterator[JournaledStart | None]:
    """Open a start of the session in a folder; there is None if it never had a desk.

    Raise JournalError or TapeError for what cannot be read.
    """
    with SessionJournal(folder / "journal.sqlite") as journal:
        given = journal.run_context(number)
        yield None if given is None else JournaledStart(folder, journal, number, given)
