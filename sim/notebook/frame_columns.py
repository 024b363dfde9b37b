"""Columns that every frame has: times beside nanoseconds."""

import polars as pl

_NS = "ns"


def with_times(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with a time in UTC for each column of nanoseconds since the epoch.

    `placed_ns` gives `placed`, a column `ns` gives `time`; these come first, the others stay.
    """
    times = [
        pl.from_epoch(column, time_unit="ns").dt.replace_time_zone("UTC").alias(_time_name(column))
        for column in frame.columns
        if column == _NS or column.endswith(f"_{_NS}")
    ]
    return frame.select(*times, pl.all())


def _time_name(column: str) -> str:
    return "time" if column == _NS else column.removesuffix(f"_{_NS}")
