"""Files with the starts of games, for sources that do not have them."""

from pathlib import Path

from recordings.importers.csv_rows import csv_rows
from recordings.importers.wall_times import time_ns
from strategies.trading.model.errors import TapeError


def read_starts(file: Path) -> dict[str, int]:
    """Return the starts of games in a CSV file, in nanoseconds since the epoch."""
    starts = {}
    for line, fields in csv_rows(file, ("game", "start")):
        try:
            starts[fields["game"]] = time_ns(fields["start"], None)
        except TapeError as error:
            message = f"{file}, line {line}: {error}"
            raise TapeError(message) from error
    return starts
