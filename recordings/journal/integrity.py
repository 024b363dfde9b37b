"""Whether a journal is as it was written: a checksum of every row, and a mark of the last commit.

SQLite has checksums in the write-ahead log alone, and reads one that was cut as if it ended there.
The mark is a small file beside the journal that says how many rows were committed; it is written
after each commit, so it never claims more than the disk has. Journals of earlier versions have
neither, and are read without.
"""

import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recordings.damage import SALVAGE
from recordings.writing import make_private_file
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import JournalError

# Tables whose rows are numbered from one, in `place`.
NUMBERED = ("entries", "feed")
_COLUMNS = {
    "entries": "place, start, input_seq, now_ns, kind, body",
    "feed": "place, start, input_seq, now_ns, kind, body",
    "starts": "start, began_ns",
    "seatings": "start, body",
    "losses": "place, start, body",
    "ref_token": "token",
}
TABLES = tuple(_COLUMNS)
_WITH_PLACE = tuple(table for table, columns in _COLUMNS.items() if columns.startswith("place,"))
_INSERTS = {
    table: f"INSERT INTO {table} ({columns}, crc) VALUES (?{', ?' * (columns.count(',') + 1)})"
    for table, columns in _COLUMNS.items()
}
_MARK_BYTES = 64


def row_crc(table: str, *values: object) -> int:
    """Return the checksum of a row, from its values in the order of its columns."""
    return zlib.crc32("\x1f".join(map(str, (table, *values))).encode("utf-8", "surrogatepass"))


def insert_row(database: sqlite3.Connection, table: str, row: Sequence[object]) -> None:
    """Insert a row, in the order of its columns, with its checksum; raise sqlite3.Error."""
    database.execute(_INSERTS[table], (*row, row_crc(table, *row)))


def add_crc_columns(database: sqlite3.Connection) -> None:
    """Give the tables a column for checksums, empty in the rows of earlier versions."""
    for table in TABLES:
        if "crc" not in columns_of(database, table):
            database.execute(f"ALTER TABLE {table} ADD COLUMN crc INTEGER")


def columns_of(database: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns; raise sqlite3.Error."""
    return [str(row[1]) for row in database.execute(f"PRAGMA table_info({table})")]


def checked_rows(
    database: sqlite3.Connection, path: Path, table: str, after: int = 0
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table in order, without their checksums.

    Of a numbered table those with a number above `after`. Raise JournalError at the first that is
    missing or not as it was written, and sqlite3.Error.
    """
    names = [name for name in columns_of(database, table) if name != "crc"]
    if not names:
        message = f"no such table: {table}"
        raise sqlite3.OperationalError(message)
    has_crc = len(names) < len(columns_of(database, table))
    selected = ", ".join([*names, "crc" if has_crc else "NULL"])
    order = "rowid" if table == "ref_token" else names[0]
    later = f"WHERE place > {after:d}" if after else ""
    last, checked = after, False
    for *row, crc in database.execute(f"SELECT {selected} FROM {table} {later} ORDER BY {order}"):
        if table in NUMBERED and row[0] != last + 1:
            message = f"{path}: row {last + 1} of {table} is missing; {SALVAGE}"
            raise JournalError(message)
        last = row[0]
        # No column may be empty, and a row without a checksum is older than all that have one.
        as_written = crc == row_crc(table, *row) if crc is not None else not checked
        checked = crc is not None
        if None in row or not as_written:
            message = f"{path}: row {last} of {table} is not as it was written; {SALVAGE}"
            raise JournalError(message)
        yield tuple(row)


class CommitMark:
    """The file that says how many rows of each numbered table were committed."""

    def __init__(self, journal: Path) -> None:
        """Use the file beside a journal."""
        self._path = journal.with_name(f"{journal.name}.mark")
        self._descriptor: int | None = None

    def write(self, rows: Mapping[str, int]) -> None:
        """Write the numbers; where the disk does not take them, a cut is found later or not."""
        text = " ".join(str(rows[table]) for table in NUMBERED)
        line = f"{text} {zlib.crc32(text.encode())}".encode().ljust(_MARK_BYTES)
        try:
            if self._descriptor is None:
                make_private_file(self._path)
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
            os.pwrite(self._descriptor, line, 0)
        except OSError:
            return

    def read(self) -> dict[str, int]:
        """Return the numbers, none if the file is missing or damaged."""
        try:
            *numbers, crc = self._path.read_bytes().split()
            if zlib.crc32(b" ".join(numbers)) != int(crc):
                return {}
            return dict(zip(NUMBERED, map(int, numbers), strict=True))
        except (OSError, ValueError):
            return {}

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def last_places(database: sqlite3.Connection) -> dict[str, int]:
    """Return the place of the last row of each table that has places; raise sqlite3.Error."""
    return {
        table: database.execute(f"SELECT coalesce(max(place), 0) FROM {table}").fetchone()[0]
        for table in _WITH_PLACE
    }


def cut_text(path: Path, marked: Mapping[str, int], places: Mapping[str, int]) -> str | None:
    """Return what a journal lacks of the rows that were committed, None if it has all."""
    lacking = sum(max(0, marked[table] - places[table]) for table in marked)
    if not lacking:
        return None
    return f"{path}: lacks the last {counted(lacking, 'row')}, it or its -wal was cut"
