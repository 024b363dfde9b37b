"""Reads the journal of a session, also while another process writes it."""

import sqlite3
from collections.abc import Callable, Iterator
from heapq import merge
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from recordings.damage import SALVAGE
from recordings.journal.entries import KINDS, Entry, Payload, RunContext, decode
from recordings.journal.integrity import (
    NUMBERED,
    CommitMark,
    checked_rows,
    cut_text,
    last_places,
)
from strategies.trading.model.earlier_runs import EarlierRuns, LossRecord
from strategies.trading.model.errors import JournalError
from strategies.trading.model.events import RUN_ENDED, TradingState, TradingStateSet

# What damage to a file of an earlier version, without checksums, can come to.
_UNREADABLE = (sqlite3.Error, msgspec.MsgspecError, KeyError, TypeError, ValueError)
_ABSENT = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_decode_losses = msgspec.json.Decoder(LossRecord).decode


class JournalReader:
    """A read-only view of a journal, as it was committed when the first row is read.

    A writer never waits for it; for later rows open another reader. Used as a context manager.
    Raise JournalError, with the path, for a file that cannot be read or is not as it was written.
    """

    def __init__(self, path: Path, *, may_be_cut: bool = False) -> None:
        """Open the file; if it may be cut, `cut_text` says what of its end is missing, else None.

        Otherwise such a journal is refused.
        """
        self._path = path
        # Read first: what is committed meanwhile is more than the mark says, never less.
        marked = CommitMark(path).read()
        try:
            uri = f"{path.absolute().as_uri()}?mode=rw"
            self._database = sqlite3.connect(uri, uri=True, isolation_level=None)
        except sqlite3.Error as error:
            raise self._error(error) from error
        try:
            # Not mode=ro: such a connection cannot remove the files beside the journal that every
            # connection needs, and would leave them there.
            self._database.execute("PRAGMA query_only=ON")
            # One transaction, so that the tables are read as of one moment.
            self._database.execute("BEGIN")
            self.cut_text = cut_text(path, marked, last_places(self._database)) if marked else None
        except (sqlite3.Error, UnicodeDecodeError) as error:
            # SQLite quotes what it cannot read, which may be no text.
            self._database.close()
            raise self._error(error) from error
        if self.cut_text is not None and not may_be_cut:
            self._database.close()
            message = f"{self.cut_text}; {SALVAGE}"
            raise JournalError(message)

    def __enter__(self) -> Self:
        """Return the reader."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._database.close()

    def entries(self, after: int = 0) -> Iterator[Entry[Payload]]:
        """Yield everything but market data and calls, of all runs, in order.

        The first `after` entries are left out.
        """
        return self._read("entries", lambda _, __: True, after)

    def entries_with_feed(self, run: int) -> Iterator[Entry[Payload]]:
        """Yield everything of one run by input: the input, then what followed from it.

        After an input come its commands in order and the calls in order.
        """
        entries, feed = (self._read(table, lambda each, _: each == run) for table in NUMBERED)
        return merge(entries, feed, key=lambda entry: entry.input_seq)

    def run_context(self, run: int) -> RunContext | None:
        """Return what the desk of a run was given, None if the run ended before it had a desk."""
        try:
            rows = dict(checked_rows(self._database, self._path, "seatings"))
            return msgspec.json.decode(rows[run], type=RunContext) if run in rows else None
        except _UNREADABLE as error:
            raise self._error(error) from error

    def earlier_runs(self) -> EarlierRuns:
        """Return the trading state and the losses that the runs so far left."""
        state, reason = TradingState.ACTIVE, ""
        for entry in self._read("entries", lambda _, kind: kind == KINDS[TradingStateSet]):
            change = entry.payload
            # A run that ends halts its desk; that is no decision about the next one.
            if isinstance(change, TradingStateSet) and change.reason != RUN_ENDED:
                state, reason = change.state, change.reason
        try:
            records = [row[2] for row in checked_rows(self._database, self._path, "losses")]
            losses = _decode_losses(records[-1]) if records else LossRecord()
        except _UNREADABLE as error:
            raise self._error(error) from error
        return EarlierRuns(state, reason, losses)

    def _read(
        self, table: str, is_wanted: Callable[[int, str], bool], after: int = 0
    ) -> Iterator[Entry[Payload]]:
        """Check every row of a table after a number of them, and yield those that are wanted."""
        try:
            for row in checked_rows(self._database, self._path, table, after):
                _, run, input_seq, now_ns, kind, body = row
                if is_wanted(run, kind):
                    yield Entry(run, input_seq, now_ns, decode(kind, body))
        except _UNREADABLE as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> JournalError:
        if isinstance(error, KeyError):
            return JournalError(f"{self._path}: the entry kind {error} is unknown")
        code = getattr(error, "sqlite_errorcode", 0)
        remedy = "" if isinstance(error, sqlite3.Error) and code in _ABSENT else f"; {SALVAGE}"
        # SQLite quotes statements of a damaged schema, with their lines.
        return JournalError(f"{self._path}: {' '.join(str(error).split())}{remedy}")
