"""Rows of tables in CSV or Parquet files, as texts by column."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from recordings.importers.csv_rows import csv_rows
from strategies.trading.model.errors import TapeError

_PARQUET = b"PAR1"


def table_rows(file: Path, needed: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row with its place for messages; what is null is an empty text.

    Raise TapeError for a file that cannot be read, or that lacks a needed column.
    """
    if _starts_with(file, _PARQUET):
        yield from _parquet_rows(file, needed)
    else:
        for line, fields in csv_rows(file, needed):
            yield f"{file}, line {line}", fields


def _starts_with(file: Path, magic: bytes) -> bool:
    try:
        with file.open("rb") as data:
            return data.read(len(magic)) == magic
    except OSError as error:
        message = f"{file}: cannot be read ({error.strerror})"
        raise TapeError(message) from error


def _parquet_rows(file: Path, needed: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        names = pl.read_parquet_schema(file).keys()
        missing = [name for name in needed if name not in names]
        if missing:
            message = f"{file}: no column {missing[0]!r}; its columns are {', '.join(names)}"
            raise TapeError(message)
        frame = pl.read_parquet(file, columns=sorted(set(needed)))
    except (OSError, pl.exceptions.PolarsError) as error:
        message = f"{file}: cannot be read as Parquet ({str(error).splitlines()[0]})"
        raise TapeError(message) from error
    for row, values in enumerate(frame.iter_rows(named=True)):
        yield f"{file}, row {row}", {name: _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)
