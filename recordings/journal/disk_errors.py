"""Translates errors of SQLite into errors of the journal."""

import sqlite3
from pathlib import Path

from recordings.writing import unwritable
from strategies.trading.model.errors import JournalError, JournalWriteError

_NOT_WRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)


def journal_error(path: Path, error: sqlite3.Error | UnicodeDecodeError) -> JournalError:
    """Return the error that a journal cannot be written, with the reason and the remedy."""
    # The lowest byte is the kind of error; the others are the system call that failed.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if kind == sqlite3.SQLITE_FULL:
        return JournalWriteError(unwritable(path, "the disk is full"))
    if kind == sqlite3.SQLITE_IOERR:
        remedy = "free space or check the disk, and run again"
        return JournalWriteError(unwritable(path, str(error), remedy))
    if kind in _NOT_WRITABLE:
        remedy = "make the file and its folder writable, and run again"
        return JournalWriteError(unwritable(path, str(error), remedy))
    return JournalError(f"{path}: {' '.join(str(error).split())}")
