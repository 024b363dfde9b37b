"""Reads the Parquet files of Polymarket US: quotes, and the questions with their results.

The files are those of the public Polymarket Order Book Dataset (2026) by Dinesh Gopalakrishnan, CC
BY 4.0. A quote has `ts_et`, a time on the clocks of the eastern United States without a zone,
`slug`, and `bid` and `ask` in dollars of a contract that pays one, null where nobody asks or bids.
A label has `slug`, `question`, `y` (1 yes, 0 no, null if unknown) and `label_source`: `api` is the
exchange's own, `convergence` was inferred from the last price.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import polars as pl

from strategies.trading.model.errors import TapeError

ZONE = "America/New_York"
_FILES_KEPT = 4
_QUOTES: dict[str, type[pl.DataType]] = {
    "ts_et": pl.Datetime,
    "slug": pl.String,
    "bid": pl.Float64,
    "ask": pl.Float64,
}
_LABELS: dict[str, type[pl.DataType]] = {
    "slug": pl.String,
    "question": pl.String,
    "y": pl.Int32,
    "label_source": pl.String,
}


class QuoteFiles(NamedTuple):
    """The files of one import, each as a path: quotes, and labels if there are any."""

    quotes: tuple[Path, ...]
    labels: tuple[Path, ...]


class Label(NamedTuple):
    """What is known of a contract besides its quotes; `won` is None without a result."""

    question: str
    won: bool | None
    inferred: bool


def find_files(paths: Sequence[Path]) -> QuoteFiles:
    """Return the quotes and labels among Parquet files and folders of them, by their columns."""
    files = [file for path in paths for file in _parquet_files(path)]
    quotes, labels = [], []
    for file in files:
        columns = _schema(file)
        if _QUOTES.keys() <= columns.keys():
            quotes.append(file)
        elif _LABELS.keys() <= columns.keys():
            labels.append(file)
        else:
            message = (
                f"{file}: neither quotes ({', '.join(_QUOTES)}) nor labels ({', '.join(_LABELS)})"
            )
            raise TapeError(message)
    if not quotes:
        message = f"{paths[0]}: no Parquet file with quotes ({', '.join(_QUOTES)})"
        raise TapeError(message)
    return QuoteFiles(tuple(quotes), tuple(labels))


def _parquet_files(path: Path) -> list[Path]:
    return sorted(path.glob("*.parquet")) if path.is_dir() else [path]


def _schema(file: Path) -> Mapping[str, pl.DataType]:
    try:
        return pl.read_parquet_schema(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(file, error) from error


def read_quotes(file: Path) -> pl.DataFrame:
    """Return a file's quotes in order of time, with `ns` and `row`, the number in the file.

    `ns` is null in the hour that clocks repeat or leave out. Raise TapeError for a file that is
    no Parquet, and for the first price that is none.
    """
    return _quotes(file.resolve(), file.stat().st_mtime_ns)


@lru_cache(_FILES_KEPT)  # The games of a file are imported one after the other.
def _quotes(file: Path, _changed_ns: int) -> pl.DataFrame:
    quotes = _read(file, _QUOTES).with_row_index("row")
    for side in ("bid", "ask"):
        wrong = quotes.filter(~pl.col(side).is_between(0, 1, closed="none"))
        if wrong.height:
            row, price = wrong["row"][0], wrong[side][0]
            message = f"{file}, row {row}: {side} {price} is no price between 0 and 1 dollar"
            raise TapeError(message)
    zoned = pl.col("ts_et").dt.replace_time_zone(ZONE, ambiguous="null", non_existent="null")
    return quotes.with_columns(ns=zoned.dt.epoch("ns")).sort("ns", "row")


def read_labels(file: Path) -> dict[str, Label]:
    """Return a file's labels by contract; raise TapeError for a value that is none."""
    return _labels(file.resolve(), file.stat().st_mtime_ns)


@lru_cache(_FILES_KEPT)
def _labels(file: Path, _changed_ns: int) -> dict[str, Label]:
    labels = {}
    rows = _read(file, _LABELS).select(*_LABELS).iter_rows()
    for row, (slug, question, won, source) in enumerate(rows):
        if won not in (None, 0, 1):
            message = f"{file}, row {row}: y {won} is neither 1 nor 0"
            raise TapeError(message)
        labels[slug] = Label(question or "", None if won is None else won == 1, source != "api")
    return labels


def _read(file: Path, columns: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(file, columns=list(columns))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(file, error) from error
    for name, kind in columns.items():
        if frame.schema[name] != kind:
            message = f"{file}: column {name} is {frame.schema[name]}, not {kind.__name__}"
            raise TapeError(message)
    for name in ("ts_et", "slug"):
        if name in columns and frame[name].null_count():
            row = frame[name].is_null().arg_max()
            message = f"{file}, row {row}: no {name}"
            raise TapeError(message)
    return frame


def _unreadable(file: Path, error: Exception) -> TapeError:
    return TapeError(f"{file}: cannot be read as Parquet ({str(error).splitlines()[0]})")
