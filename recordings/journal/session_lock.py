"""The files of a journal: only their owner can read them, and only one process writes them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recordings.journal.disk_errors import journal_error
from recordings.writing import make_private_file
from strategies.trading.model.errors import JournalError, WriteError


@contextmanager
def session_lock(journal: Path) -> Iterator[None]:
    """Hold the lock of the session with this journal.

    Raise JournalError if another process, or this one, holds it. The operating system releases it
    when the process ends, however it ends.
    """
    # A lock on the journal itself would keep readers out too. SQLite locks a file on every
    # platform; this one holds the lock and nothing else, and stays empty.
    path = journal.with_name(f"{journal.name}.lock")
    lock = connect_private(path, timeout_seconds=0)
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise journal_error(path, error) from error
            message = f"{journal}: another process has the session open; stop it first"
            raise JournalError(message) from error
        yield
    finally:
        lock.close()


def connect_private(path: Path, *, timeout_seconds: float = 5) -> sqlite3.Connection:
    """Open a database that only its owner can read, made if it is missing; raise JournalError.

    SQLite gives the files that it makes beside it the same permissions.
    """
    try:
        make_private_file(path)
        return sqlite3.connect(path, timeout=timeout_seconds, isolation_level=None)
    except WriteError as error:
        raise JournalError(str(error)) from error
    except sqlite3.Error as error:
        raise journal_error(path, error) from error
