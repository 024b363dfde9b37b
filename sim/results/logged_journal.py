"""The log of one pass of a backtest, and the journal through which it gets what happens."""

import logging
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from recordings.logs.event_log import EventLog
from recordings.logs.log_settings import LogSettings
from recordings.logs.run_log import RunLog, muted
from sim.results.run_journal import RunJournal
from strategies.trading.desk.desk import Desk
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Command
from strategies.trading.model.events import Event
from strategies.trading.ports.clock import Clock
from strategies.trading.ports.journal import Denial, Journal

# In the folder of a run.
RUN_LOG = "run.log"


class LoggedJournal:
    """Passes all on to the journal of a run, and to a log what that is for."""

    def __init__(self, journal: RunJournal, log: RunLog) -> None:
        """Log nothing before `follow`."""
        self._journal = journal
        self._log = log
        self._note: Callable[[object], None] = _note_nothing
        # Most calls by far are of these, which take no other way than without a log.
        self.decided = journal.decided
        self.noted = journal.noted
        self.account_changed = journal.account_changed
        self._logs_commands = log.logs(logging.DEBUG)

    def follow(self, desk: Desk, catalogue: Catalogue) -> None:
        """Log what happens to the wagers of a desk."""
        self._note = EventLog(self._log, catalogue, desk.wagers.find).note

    def received(self, input_seq: int, now_ns: int, event: Event) -> None:
        """Log and keep an input."""
        self._note(event)
        self._journal.received(input_seq, now_ns, event)

    def sent(self, now_ns: int, command: Command) -> None:
        """Log and keep a command."""
        if self._logs_commands:
            self._note(command)
        self._journal.sent(now_ns, command)

    def denied(self, now_ns: int, denial: Denial) -> None:
        """Log and keep a denial."""
        if self._logs_commands:
            self._note(denial)
        self._journal.denied(now_ns, denial)


def _note_nothing(_: object) -> None:
    """Log nothing."""


class PassLog:
    """The log of one pass, in virtual time; without a path what its parts log goes nowhere.

    `journal` is the one for the desk.
    """

    def __init__(
        self, path: Path | None, settings: LogSettings, clock: Clock, journal: RunJournal
    ) -> None:
        """Open the log, if there is a path."""
        self._log: RunLog | None = None
        self._logged: LoggedJournal | None = None
        self.journal: Journal = journal
        if path is None:
            return
        self._log = RunLog(path, settings, clock.now_ns, print_beside, goes_on="the run goes on")
        self.journal = self._logged = LoggedJournal(journal, self._log)

    def follow(self, desk: Desk, catalogue: Catalogue) -> None:
        """Log what happens to the wagers of a desk."""
        if self._logged is not None:
            self._logged.follow(desk, catalogue)

    def active(self) -> AbstractContextManager[Any]:
        """Return the context in which loggers reach the log."""
        return muted() if self._log is None else self._log


def print_beside(line: str) -> None:
    """Print a line beside the progress; whoever reads it may be gone."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")
