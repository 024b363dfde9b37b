"""One run of a session, read from its journal and its recording once it has ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from recordings.journal.entries import JOURNAL, Entry, Input, RunContext
from recordings.journal.journal_reader import JournalReader
from recordings.journal.session_lock import session_lock
from recordings.journal.wager_history import WagerHistory
from recordings.reader import Tape
from strategies.trading.model.commands import Command
from strategies.trading.model.earlier_wager import EarlierWager


class RecordedRun:
    """A run's desk: what it was given, the inputs it received and the commands it sent.

    `tape` is the recording of the run; `info` describes it with the dictionaries as they were when
    the desk was assembled.
    """

    def __init__(
        self, folder: Path, journal: JournalReader, number: int, run_context: RunContext
    ) -> None:
        """Open the recording of run `number` in a session's folder; raise TapeError."""
        self.tape = Tape(folder / f"tape-{number:05d}")
        info = self.tape.info
        self.number = number
        self.run_context = run_context
        self.info = replace(
            info,
            events=info.events[: run_context.events],
            markets=info.markets[: run_context.markets],
            lines=info.lines[: run_context.lines],
        )
        self._journal = journal

    def earlier_wagers(self) -> list[EarlierWager]:
        """Return the wagers of earlier runs that the desk restored, as they were then."""
        history = self._history_until(self.number - 1)
        restored = set(self.run_context.earlier_refs)
        wagers = history.unfinished(self.info.catalogue(), self.run_context.market_keys)
        return [wager for wager in wagers if wager.request.ref in restored]

    def wagers(self) -> list[EarlierWager]:
        """Return all wagers of this run and earlier ones, as they were when this run ended."""
        return list(self._history_until(self.number).wagers.values())

    def inputs(self) -> Iterator[Entry[Input]]:
        """Yield the inputs and the calls of the desk, in order."""
        for run, input_seq, now_ns, payload in self._journal.entries_with_feed(self.number):
            if not isinstance(payload, Command):
                yield Entry(run, input_seq, now_ns, payload)

    def commands(self) -> Iterator[Entry[Command]]:
        """Yield the commands of the desk, in order."""
        for run, input_seq, now_ns, payload in self._journal.entries():
            if run == self.number and isinstance(payload, Command):
                yield Entry(run, input_seq, now_ns, payload)

    def _history_until(self, last: int) -> WagerHistory:
        return WagerHistory(entry for entry in self._journal.entries() if entry.run <= last)


@contextmanager
def open_run(folder: Path, number: int) -> Iterator[RecordedRun | None]:
    """Open run `number` of the session in a folder; yield None if that run never had a desk.

    The session cannot be started meanwhile. Raise JournalError if it is running, and JournalError
    or TapeError for what cannot be read.
    """
    path = folder / JOURNAL
    with session_lock(path), JournalReader(path) as journal:
        run_context = journal.run_context(number)
        yield None if run_context is None else RecordedRun(folder, journal, number, run_context)
