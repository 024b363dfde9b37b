"""The journal of a session: SQLite, append-only, outliving its starts.

What the desk heard and what it asked for, each start numbered. Rows are on the disk before any
request leaves: whoever sends, commits first. Market data has a table of its own, with the moments
at which the desk was called upon; together with the other inputs it is all that a replay needs.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import merge
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, get_args

import msgspec
from msgspec import Struct

from strategies.trading.model.commands import Command
from strategies.trading.model.errors import JournalError
from strategies.trading.model.events import Event, MarketsAdded, OfferChanged, TradeSeen
from strategies.trading.model.ids import MarketKey, WagerRef
from strategies.trading.ports.journal import (
    AccountSnapshot,
    DecideRequested,
    Decision,
    Denial,
    DeskCall,
    DeskStarted,
)
from strategies.trading.risk.limits import Limits

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
CREATE TABLE IF NOT EXISTS feed (
    place INTEGER PRIMARY KEY,
    start INTEGER NOT NULL,
    input_seq INTEGER NOT NULL,
    now_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS seatings (
    start INTEGER PRIMARY KEY,
    body TEXT NOT NULL
);
""" + "".join(
    f"""
CREATE TRIGGER IF NOT EXISTS {table}_stay BEFORE UPDATE ON {table}
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS {table}_last BEFORE DELETE ON {table}
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
    for table in ("entries", "feed", "seatings")
)
_INSERT = "INSERT INTO {} (start, input_seq, now_ns, kind, body) VALUES (?, ?, ?, ?, ?)"
_INTO_ENTRIES, _INTO_FEED = _INSERT.format("entries"), _INSERT.format("feed")
_SELECT = "SELECT start, input_seq, now_ns, kind, body FROM {} {} ORDER BY place"
_ALL_ENTRIES = _SELECT.format("entries", "")
_ENTRIES_OF = _SELECT.format("entries", "WHERE start = ?")
_FEED_OF = _SELECT.format("feed", "WHERE start = ?")


Payload = Event | Command | DeskCall
_PAYLOADS = (*get_args(Event), *get_args(Command), *get_args(DeskCall))
# Names on disk of types that were renamed since the first journals: old journals stay readable.
_KINDS_ON_DISK = {MarketsAdded: "CatalogueGrew", DeskStarted: "Begun", DecideRequested: "Asked"}
_KINDS = {payload: _KINDS_ON_DISK.get(payload, payload.__name__) for payload in _PAYLOADS}
_TYPES = {kind: payload for payload, kind in _KINDS.items()}


class RunContext(Struct, frozen=True):
    """What the desk of a start was given beside its configuration.

    Of the dictionaries of the start's recording it knew so many `events`, `markets` and `lines`;
    `recalled` are the wagers of earlier starts that it was told of before it heard anything.
    """

    limits: Limits
    starting_balance_cents: int
    market_keys: tuple[MarketKey, ...]
    events: int
    markets: int
    lines: int
    recalled: tuple[WagerRef, ...]


class Entry(NamedTuple):
    """Something that was heard or asked for, and when; commands follow the input they came of."""

    start: int
    input_seq: int
    now_ns: int
    payload: Payload


class SessionJournal:
    """The desk's journal, in one file that one process at a time can have open.

    `observer`, if set, is called with the time for every input, command and denial, but not for
    market data. Used as a context manager. Raise JournalError for whatever keeps it from being
    written or read.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it."""
        self._path = path
        self._start = 0
        self._input_seq = 0
        self._paused = False
        self.observer: Callable[[int, Payload | Denial], None] | None = None
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
        """Yield all that was kept in order, save market data."""
        return self._read(_ALL_ENTRIES)

    def entries_with_feed(self, start: int) -> Iterator[Entry]:
        """Yield all that was kept of a start, by input: what it was, then what came of it.

        Among what came of an input, commands are in order, and calls are.
        """
        entries, feed = self._read(_ENTRIES_OF, start), self._read(_FEED_OF, start)
        return merge(entries, feed, key=lambda entry: entry.input_seq)

    def run_context(self, start: int) -> RunContext | None:
        """Return what the desk of a start was given, None if it got no desk."""
        try:
            row = self._run("SELECT body FROM seatings WHERE start = ?", (start,)).fetchone()
            return None if row is None else msgspec.json.decode(row[0], type=RunContext)
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise self._error(error) from error

    def commit(self) -> None:
        """Make sure that everything kept so far is on the disk."""
        try:
            if self._database.in_transaction:
                self._run("COMMIT")
        except sqlite3.Error as error:
            raise self._error(error) from error

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep nothing of what is told meanwhile: it was kept before."""
        self._paused = True
        try:
            yield
        finally:
            self._paused = False

    def write_run_context(self, run_context: RunContext) -> None:
        """Keep what the desk of this start was given."""
        body = msgspec.json.encode(run_context).decode()
        self._write("INSERT INTO seatings VALUES (?, ?)", (self._start, body))

    def market_received(self, now_ns: int, event: OfferChanged | TradeSeen) -> None:
        """Keep market data, which the desk numbers and does not tell of."""
        self._input_seq += 1
        self._keep(_INTO_FEED, now_ns, event)

    def desk_called(self, now_ns: int, call: DeskCall) -> None:
        """Keep that the desk was called upon, after the last input."""
        self._keep(_INTO_FEED, now_ns, call)

    # The port ---------------------------------------------------------------------------------

    def received(self, input_seq: int, now_ns: int, event: Event) -> None:
        """Keep an input."""
        self._input_seq = input_seq
        if not self._paused:
            self._keep(_INTO_ENTRIES, now_ns, event)
            self._notify(now_ns, event)

    def sent(self, now_ns: int, command: Command) -> None:
        """Keep a command; whoever sends it commits before."""
        self._keep(_INTO_ENTRIES, now_ns, command)
        self._notify(now_ns, command)

    def decided(self, now_ns: int, decision: Decision) -> None:
        """Keep nothing: it follows from the inputs."""

    def denied(self, now_ns: int, denial: Denial) -> None:
        """Keep nothing: it follows from the inputs."""
        self._notify(now_ns, denial)

    def account_changed(self, now_ns: int, accounts: AccountSnapshot) -> None:
        """Keep nothing: it follows from the inputs."""

    def _keep(self, statement: str, now_ns: int, payload: Payload) -> None:
        body = msgspec.json.encode(payload).decode()
        self._write(statement, (self._start, self._input_seq, now_ns, _KINDS[type(payload)], body))

    def _notify(self, now_ns: int, payload: Payload | Denial) -> None:
        if self.observer is not None:
            self.observer(now_ns, payload)

    def _write(self, statement: str, row: tuple[object, ...]) -> None:
        try:
            if not self._database.in_transaction:
                self._run("BEGIN")
            self._run(statement, row)
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _read(self, statement: str, *values: object) -> Iterator[Entry]:
        try:
            for start, input_seq, now_ns, kind, body in self._run(statement, values):
                payload = msgspec.json.decode(body, type=_TYPES[kind])
                yield Entry(start, input_seq, now_ns, payload)
        except (sqlite3.Error, msgspec.DecodeError, KeyError) as error:
            raise self._error(error) from error

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        return self._database.execute(statement, values)

    def _error(self, error: Exception) -> JournalError:
        told = str(error)
        if "locked" in told:
            told = "another process has the session open"
        return JournalError(f"{self._path}: {told}")
