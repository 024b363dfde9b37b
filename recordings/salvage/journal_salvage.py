"""Writes a new journal of what is whole in one that was cut or changed."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from recordings.damage import without_remedy
from recordings.journal.entries import SCHEMA, decode
from recordings.journal.integrity import (
    NUMBERED,
    TABLES,
    CommitMark,
    add_crc_columns,
    checked_rows,
    columns_of,
    cut_text,
    insert_row,
    last_places,
)
from recordings.journal.session_lock import connect_private
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import JournalError

# Of the header of SQLite: where the size of a page is, and the number of pages.
_PAGE_SIZE, _PAGES = slice(16, 18), slice(28, 32)
_MOST_PAGES = 1 << 24
_HEADER_BYTES = 100


def salvage_journal(journal: Path, out: Path) -> Iterator[str]:
    """Write every row before the first break of each table of a journal to a new one.

    Yield what was kept, and where the breaks are. Only a copy of the files is opened, as SQLite
    removes what it cannot read of a write-ahead log.
    """
    breaks: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        copy = _copied(journal, Path(folder))
        with closing(sqlite3.connect(copy, isolation_level=None)) as broken:
            kept = {table: _whole_rows(broken, copy, table, breaks) for table in TABLES}
    with closing(connect_private(out)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.executescript(SCHEMA)
        add_crc_columns(database)
        database.execute("BEGIN")
        for table, rows in kept.items():
            for row in rows:
                insert_row(database, table, row)
        database.execute("COMMIT")
        places = last_places(database)
    mark = CommitMark(out)
    mark.write(places)
    mark.close()
    numbers = ", ".join(f"{counted(len(kept[table]), 'row')} of {table}" for table in NUMBERED)
    yield f"kept      {journal.name}: {numbers}, of {counted(len(kept['starts']), 'start')}"
    cut = cut_text(journal, CommitMark(journal).read(), places)
    for text in (*breaks.values(), *([cut] if cut else [])):
        yield f"break     {text}"


def _copied(journal: Path, folder: Path) -> Path:
    """Copy a journal with its log, with empty pages in place of those that were cut off."""
    copy = folder / journal.name
    shutil.copyfile(journal, copy)
    log = journal.with_name(f"{journal.name}-wal")
    if log.exists():
        shutil.copyfile(log, folder / log.name)
    with copy.open("r+b") as file:
        header = file.read(_HEADER_BYTES)
        size = int.from_bytes(header[_PAGE_SIZE], "big")
        pages = int.from_bytes(header[_PAGES], "big")
        if pages < _MOST_PAGES and size * pages > copy.stat().st_size:
            # What is appended takes no space on the disk.
            file.truncate(size * pages)
    return copy


def _whole_rows(
    database: sqlite3.Connection, path: Path, table: str, breaks: dict[str, str]
) -> list[tuple[Any, ...]]:
    """Return the rows before the first that is not whole, and note why it is not."""
    rows: list[tuple[Any, ...]] = []
    try:
        if table not in NUMBERED and not columns_of(database, table):
            # One that an earlier version did not have.
            return rows
        for row in checked_rows(database, path, table):
            if table in NUMBERED:
                decode(*row[-2:])
            rows.append(row)
    except (sqlite3.Error, JournalError) as error:
        breaks[table] = f"{table}, row {len(rows) + 1}: {without_remedy(error)}"
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
        breaks[table] = f"{table}, row {len(rows) + 1}: {error}"
    return rows
