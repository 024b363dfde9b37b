"""The lock that keeps a second process from writing a session."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recordings.journal.disk_errors import journal_error
from strategies.trading.model.errors import JournalError


@contextmanager
def session_lock(journal: Path) -> Iterator[None]:
    """Hold the lock of the session with this journal.

    Raise JournalError if another process, or this one, holds it. The operating system releases it
    when the process ends, however it ends.
    """
    # A lock on the journal itself would keep readers out too. SQLite locks a file on every
    # platform; this one holds the lock and nothing else, and stays empty.
    path = journal.with_name(f"{journal.name}.lock")
    try:
        lock = sqlite3.connect(path, timeout=0, isolation_level=None)
    except sqlite3.Error as error:
        raise journal_error(path, error) from error
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise journal_error(path, error) from error
            message = f"{journal}: another process has the session open"
            raise JournalError(message) from error
        yield
    finally:
        lock.close()
