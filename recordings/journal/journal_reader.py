"""Reads the journal of a session, also while another process writes it."""

import sqlite3
from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from recordings.journal.entries import KINDS, Entry, Payload, RunContext, decode
from strategies.trading.model.earlier_runs import EarlierRuns, LossRecord
from strategies.trading.model.errors import JournalError
from strategies.trading.model.events import RUN_ENDED, TradingState, TradingStateSet

_SELECT = "SELECT start, input_seq, now_ns, kind, body FROM {} {} ORDER BY place"
_ALL_ENTRIES = _SELECT.format("entries", "")
_ENTRIES_OF_RUN = _SELECT.format("entries", "WHERE start = ?")
_FEED_OF_RUN = _SELECT.format("feed", "WHERE start = ?")
_TRADING_STATES = _SELECT.format("entries", f"WHERE kind = '{KINDS[TradingStateSet]}'")
_LAST_LOSSES = "SELECT body FROM losses ORDER BY place DESC LIMIT 1"
_decode_losses = msgspec.json.Decoder(LossRecord).decode


class JournalReader:
    """A read-only view of a journal, as it was committed when the first row is read.

    A writer never waits for it; for later rows open another reader. Used as a context manager.
    Raise JournalError, with the path, for a file that cannot be read.
    """

    def __init__(self, path: Path) -> None:
        """Open the file."""
        self._path = path
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
        except sqlite3.Error as error:
            self._database.close()
            raise self._error(error) from error

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

    def entries(self) -> Iterator[Entry[Payload]]:
        """Yield everything but market data and calls, of all runs, in order."""
        return self._read(_ALL_ENTRIES)

    def entries_with_feed(self, run: int) -> Iterator[Entry[Payload]]:
        """Yield everything of one run by input: the input, then what followed from it.

        After an input come its commands in order and the calls in order.
        """
        entries, feed = self._read(_ENTRIES_OF_RUN, run), self._read(_FEED_OF_RUN, run)
        return merge(entries, feed, key=lambda entry: entry.input_seq)

    def run_context(self, run: int) -> RunContext | None:
        """Return what the desk of a run was given, None if the run ended before it had a desk."""
        try:
            row = self._database.execute(
                "SELECT body FROM seatings WHERE start = ?", (run,)
            ).fetchone()
            return None if row is None else msgspec.json.decode(row[0], type=RunContext)
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise self._error(error) from error

    def earlier_runs(self) -> EarlierRuns:
        """Return the trading state and the losses that the runs so far left."""
        state, reason = TradingState.ACTIVE, ""
        for entry in self._read(_TRADING_STATES):
            change = entry.payload
            # A run that ends halts its desk; that is no decision about the next one.
            if isinstance(change, TradingStateSet) and change.reason != RUN_ENDED:
                state, reason = change.state, change.reason
        try:
            row = self._database.execute(_LAST_LOSSES).fetchone()
            losses = LossRecord() if row is None else _decode_losses(row[0])
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise self._error(error) from error
        return EarlierRuns(state, reason, losses)

    def _read(self, statement: str, *values: int) -> Iterator[Entry[Payload]]:
        try:
            for run, input_seq, now_ns, kind, body in self._database.execute(statement, values):
                yield Entry(run, input_seq, now_ns, decode(kind, body))
        except (sqlite3.Error, msgspec.DecodeError, KeyError) as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> JournalError:
        if isinstance(error, KeyError):
            return JournalError(f"{self._path}: the entry kind {error} is unknown")
        return JournalError(f"{self._path}: {error}")
