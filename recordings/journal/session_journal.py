"""The journal of a session, and the listener through which its desk receives everything.

The journal is one SQLite file, append-only, shared by all runs of the session. It records the
desk's inputs and commands. A command must be committed to the disk before its request is sent, so
that no wager exists that is missing from the journal: the sender commits first.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from recordings.journal.disk_errors import journal_error
from recordings.journal.entries import KINDS, SCHEMA, Payload, RunContext
from recordings.journal.integrity import (
    CommitMark,
    add_crc_columns,
    checked_rows,
    insert_row,
    last_places,
)
from recordings.journal.session_lock import connect_private, session_lock
from strategies.trading.model.commands import Command
from strategies.trading.model.earlier_runs import LossRecord
from strategies.trading.model.events import Event, OfferChanged, TradeSeen
from strategies.trading.ports.exchange import Listener
from strategies.trading.ports.journal import (
    AccountSnapshot,
    DecideRequested,
    Decision,
    Denial,
    DeskCall,
)
from strategies.trading.ports.view import Note


class SessionJournal:
    """The desk's journal, in a file that one process at a time writes and any process reads.

    `observer`, if set, is called with the time for every input, command, denial and decision,
    but not for market data. `loss_record`, if set, returns what the next run must know of the
    losses; it is recorded together with what caused them. Used as a context manager. Methods raise
    JournalError if the file cannot be written or read.
    """

    def __init__(self, path: Path) -> None:
        """Open the file for writing, or create it; raise JournalError if another process has it."""
        self._path = path
        self._run = 0
        self._input_seq = 0
        self._paused = False
        self.loss_record: Callable[[], LossRecord] | None = None
        self._last_record: LossRecord | None = None
        self.observer: Callable[[int, Payload | Denial | Decision], None] | None = None
        with ExitStack() as opened:
            opened.enter_context(session_lock(path))
            self._database = connect_private(path)
            opened.callback(self._database.close)
            with self._errors():
                # Write-ahead log: readers see the last commit, and commits do not wait for them.
                self._database.execute("PRAGMA journal_mode=WAL")
                self._database.execute("PRAGMA synchronous=FULL")
                self._database.executescript(SCHEMA)
                add_crc_columns(self._database)
                self._places = last_places(self._database)
            self._mark = CommitMark(path)
            opened.callback(self._mark.close)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        """Return the journal."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Commit and close the file."""
        with self._opened:
            self.commit()

    def begin_run(self, now_ns: int, last_run: int = 0) -> int:
        """Begin a run of the session, and return its number, counted from one.

        The number is higher than that of every run in the journal, and than `last_run`: a journal
        that was cut may lack the last ones, whose references must not be made again.
        """
        with self._errors():
            starts = [row[0] for row in checked_rows(self._database, self._path, "starts")]
            self._run = max([*starts, last_run]) + 1
            self._insert("starts", self._run, now_ns)
        return self._run

    def ref_token(self, draw: Callable[[], str]) -> str:
        """Return the token in the references of this session; drawn if the journal has none."""
        with self._errors():
            tokens = [row[0] for row in checked_rows(self._database, self._path, "ref_token")]
            if not tokens:
                tokens = [draw()]
                self._insert("ref_token", *tokens)
        return str(tokens[0])

    def commit(self) -> None:
        """Return once everything recorded so far is on the disk."""
        with self._errors():
            if self._database.in_transaction:
                self._record_losses()
                self._database.execute("COMMIT")
                self._mark.write(self._places)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Record no inputs within the context: those of earlier runs are recorded already."""
        self._paused = True
        try:
            yield
        finally:
            self._paused = False

    def write_run_context(self, run_context: RunContext) -> None:
        """Record what the desk of this run was given."""
        body = msgspec.json.encode(run_context).decode()
        self._write("seatings", self._run, body)

    def market_received(self, now_ns: int, event: OfferChanged | TradeSeen) -> None:
        """Record market data, which the desk numbers but does not journal itself."""
        self._input_seq += 1
        self._append("feed", now_ns, event)

    def desk_called(self, now_ns: int, call: DeskCall) -> None:
        """Record a call of the desk, after the last input."""
        self._append("feed", now_ns, call)

    # The port ---------------------------------------------------------------------------------

    def received(self, input_seq: int, now_ns: int, event: Event) -> None:
        """Record an input."""
        self._input_seq = input_seq
        if not self._paused:
            self._append("entries", now_ns, event)
            self._notify(now_ns, event)

    def sent(self, now_ns: int, command: Command) -> None:
        """Record a command; the sender calls `commit` before sending it."""
        self._append("entries", now_ns, command)
        self._notify(now_ns, command)

    def decided(self, now_ns: int, decision: Decision) -> None:
        """Record nothing: decisions follow from the inputs. The observer is called."""
        self._notify(now_ns, decision)

    def noted(self, now_ns: int, notes: Sequence[Note]) -> None:
        """Record nothing: what the strategy notes follows from the inputs, as in a replay."""

    def denied(self, now_ns: int, denial: Denial) -> None:
        """Record nothing: denials follow from the inputs. The observer is called."""
        self._notify(now_ns, denial)

    def account_changed(self, now_ns: int, accounts: AccountSnapshot) -> None:
        """Record nothing: the account follows from the inputs."""

    def _record_losses(self) -> None:
        record = None if self.loss_record is None else self.loss_record()
        if record is not None and record != self._last_record:
            self._write("losses", self._run, msgspec.json.encode(record).decode())
            self._last_record = record

    def _append(self, table: str, now_ns: int, payload: Payload) -> None:
        kind, body = KINDS[type(payload)], msgspec.json.encode(payload).decode()
        self._write(table, self._run, self._input_seq, now_ns, kind, body)

    def _notify(self, now_ns: int, payload: Payload | Denial | Decision) -> None:
        if self.observer is not None:
            self.observer(now_ns, payload)

    def _write(self, table: str, *row: object) -> None:
        try:
            if not self._database.in_transaction:
                self._database.execute("BEGIN")
            self._insert(table, *row)
        except sqlite3.Error as error:
            raise journal_error(self._path, error) from error

    def _insert(self, table: str, *row: object) -> None:
        """Insert a row with its number, if the table has one, and its checksum."""
        if table in self._places:
            row = (self._places[table] + 1, *row)
        insert_row(self._database, table, row)
        if table in self._places:
            self._places[table] += 1

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise journal_error(self._path, error) from error


class JournalingListener:
    """The only path of inputs to a desk; journals those that the desk does not.

    A desk journals its other inputs itself. It only numbers market data, and does not record that
    it was asked to decide; without these a replay would not repeat its decisions.
    """

    def __init__(self, desk: Listener, journal: SessionJournal) -> None:
        """Forward to a desk that writes to the same journal."""
        self._desk = desk
        self._journal = journal

    def take(self, event: Event, at_ns: int) -> None:
        """Forward an event that arrived at a time; the desk decides nothing yet."""
        if isinstance(event, OfferChanged | TradeSeen):
            self._journal.market_received(at_ns, event)
        self._desk.take(event, at_ns)

    def act(self, now_ns: int) -> None:
        """Let the desk decide on what cannot wait."""
        self._journal.desk_called(now_ns, DecideRequested())
        self._desk.act(now_ns)
