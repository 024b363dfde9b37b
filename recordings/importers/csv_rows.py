"""Rows of CSV files, plain or gzip, each with the number of its line for messages."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from strategies.trading.model.errors import TapeError


def csv_rows(file: Path, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with the number of its last line, from 1, the line of names included.

    Raise TapeError, naming the file and the line, for a file that cannot be read, that lacks a
    needed column, or a row with another number of fields than there are names.
    """
    line = 1
    try:
        with _opened(file) as text:
            rows = csv.DictReader(text, restkey="", strict=True)
            _require_columns(file, rows.fieldnames or (), needed)
            for fields in rows:
                line = rows.line_num
                if "" in fields or None in fields.values():
                    message = f"{file}, line {line}: has not as many fields as there are columns"
                    raise TapeError(message)
                yield line, fields
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
        message = f"{file}, after line {line}: cannot be read as CSV ({error})"
        raise TapeError(message) from error


@contextmanager
def _opened(file: Path) -> Iterator[IO[str]]:
    with file.open("rb") as data:
        # By content, as downloads often have the wrong suffix or none.
        packed = data.read(2) == b"\x1f\x8b"
        data.seek(0)
        plain: Any = gzip.GzipFile(fileobj=data) if packed else data
        # With or without a byte order mark, as spreadsheets write it.
        yield io.TextIOWrapper(plain, encoding="utf-8-sig", newline="")


def _require_columns(file: Path, names: Sequence[str], needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in names]
    if missing:
        has = ", ".join(names) or "none"
        message = f"{file}, line 1: no column {missing[0]!r}; its columns are {has}"
        raise TapeError(message)
    if len(set(names)) < len(names) or "" in names:
        message = f"{file}, line 1: a column has no name, or two have the same"
        raise TapeError(message)
