"""The journal of a session: SQLite, append-only, outliving its starts.

What the desk heard and what it asked for, each start numbered. Rows are on the disk before any
request leaves: whoever sends, commits first.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, get_args

import msgspec

from strategies.trading.commands import Command
from strategies.trading.errors import JournalError
from strategies.trading.events import Event
from strategies.trading.journal import Accounts, Decision, Denial

_SCHEMA = """
CREATE TABLE IF NOT EXISTS starts (
    start INTEGER PRIMARY KEY,
    began_ns INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS entries (
    place INTEGER PRIMARY KEY,
    start INTEGER NOT NULL,
    input_seq INTEGER NOT NULL,
    now_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS entries_stay BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entries_last BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
_INSERT = "INSERT INTO entries (start, input_seq, now_ns, kind, body) VALUES (?, ?, ?, ?, ?)"
_SELECT = "SELECT start, input_seq, now_ns, kind, body FROM entries ORDER BY place"

Told = Event | Command
_TYPES = {type_.__name__: type_ for type_ in (*get_args(Event), *get_args(Command))}


class Entry(NamedTuple):
    """Something that was heard or asked for, and when; commands follow the input they came of."""

    start: int
    input_seq: int
    now_ns: int
    told: Told


class SessionJournal:
    """The desk's journal, in one file that one process at a time can have open.

    Used as a context manager. Raise JournalError for whatever keeps it from being written or read.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it."""
        self._path = path
        self._start = 0
        self._input_seq = 0
        self._silent = False
        try:
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None)
        except sqlite3.Error as error:
            raise self._error(error) from error
        try:
            # One process only, from here until it is closed.
            self._run("PRAGMA locking_mode=EXCLUSIVE")
            self._run("PRAGMA journal_mode=WAL")
            self._run("PRAGMA synchronous=FULL")
            self._database.executescript(_SCHEMA)
        except sqlite3.Error as error:
            self._database.close()
            raise self._error(error) from error

    def __enter__(self) -> Self:
        """Return the journal."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Commit and close it."""
        try:
            self.commit()
        finally:
            self._database.close()

    def begin_start(self, now_ns: int) -> int:
        """Number a start of the session, counted from one, and return the number."""
        try:
            row = self._run("SELECT coalesce(max(start), 0) + 1 FROM starts").fetchone()
            self._start = int(row[0])
            self._run("INSERT INTO starts VALUES (?, ?)", (self._start, now_ns))
        except sqlite3.Error as error:
            raise self._error(error) from error
        return self._start

    def entries(self) -> Iterator[Entry]:
        """Yield everything that was kept, in order."""
        try:
            for start, input_seq, now_ns, kind, body in self._run(_SELECT):
                told = msgspec.json.decode(body, type=_TYPES[kind])
                yield Entry(start, input_seq, now_ns, told)
        except (sqlite3.Error, msgspec.DecodeError, KeyError) as error:
            raise self._error(error) from error

    def commit(self) -> None:
        """Make sure that everything kept so far is on the disk."""
        try:
            if self._database.in_transaction:
                self._run("COMMIT")
        except sqlite3.Error as error:
            raise self._error(error) from error

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Keep nothing of what is told meanwhile: it was kept before."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    # The port ---------------------------------------------------------------------------------

    def heard(self, input_seq: int, now_ns: int, event: Event) -> None:
        """Keep an input."""
        self._input_seq = input_seq
        if not self._silent:
            self._keep(now_ns, event)

    def sent(self, now_ns: int, command: Command) -> None:
        """Keep a command; whoever sends it commits before."""
        self._keep(now_ns, command)

    def decided(self, now_ns: int, decision: Decision) -> None:
        """Keep nothing: it follows from the inputs."""

    def denied(self, now_ns: int, denial: Denial) -> None:
        """Keep nothing: it follows from the inputs."""

    def accounted(self, now_ns: int, accounts: Accounts) -> None:
        """Keep nothing: it follows from the inputs."""

    def _keep(self, now_ns: int, told: Told) -> None:
        body = msgspec.json.encode(told).decode()
        row = (self._start, self._input_seq, now_ns, type(told).__name__, body)
        try:
            if not self._database.in_transaction:
                self._run("BEGIN")
            self._run(_INSERT, row)
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        return self._database.execute(statement, values)

    def _error(self, error: Exception) -> JournalError:
        told = str(error)
        if "locked" in told:
            told = "another process has the session open"
        return JournalError(f"{self._path}: {told}")
