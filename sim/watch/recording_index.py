"""A recording in order of its exchange's time, from which any moment can be read at once.

The books of a moment are those of the last checkpoint before it, with the rows since then. Offers,
which are most rows, are in temporary files that the system pages in as they are needed; the rest
is in memory. So memory is bounded by the trades of a recording, not by its rows.
"""

import tempfile
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recordings.feed_marks import feed_mark
from recordings.tape import Kind, TapeInfo
from recordings.tape_columns import TapeColumns
from sim.engine.exchange_rows import Columns, exchange_blocks
from sim.watch.offer_table import NO_PLACE, IntArray, OfferTable, lines_of, places

# A moment is at most this many rows behind a checkpoint, or a 512th of the recording if that is
# more: a checkpoint of a game with a thousand offers takes 16 kB.
_ROWS_BETWEEN = 32_768
_MOST_CHECKPOINTS = 512
# Rows that are looked through at once for the next change.
_ROWS_AT_ONCE = 65_536

_WITH_TEXT = (Kind.SCORE, Kind.UNTYPED)


class NotedRow(NamedTuple):
    """A row that is no offer, at a time of the exchange; the columns of a tape."""

    at_ns: int
    kind: int
    event: int
    market: int
    line: int
    odds: int
    amount_cents: int
    side: int
    state: int


_NOTED = NotedRow._fields[1:]


class RecordingIndex:
    """The rows of a recording by time.

    `noted` are the columns of the rows that are no offers, as arrays by name, with their times as
    `at_ns`: trades, statuses, starts, scores, results, outside prices, and marks of the feed;
    `texts` are those of scores and marks by their numbers. `line_numbers` are the indices of lines
    in the dictionary of the recording.
    `first_ns` and `last_ns` are the times of the first and the last row.
    """

    def __init__(self, recording: TapeColumns) -> None:
        """Read a recording once; raise OSError if the temporary files cannot be written."""
        self.info: TapeInfo = recording.info
        self.line_numbers = {line.line_id: at for at, line in enumerate(self.info.lines)}
        self.texts: dict[int, str] = {}
        self._noted_blocks: list[Columns] = []
        self._noted_count = 0
        with (
            tempfile.TemporaryFile() as times,
            tempfile.TemporaryFile() as offer_places,
            tempfile.TemporaryFile() as cents,
        ):
            for block in exchange_blocks(recording):
                self._add(block, times, offer_places, cents)
            self._times = _mapped(times)
            self._places = _mapped(offer_places)
            self._cents = _mapped(cents)
        self.noted = self._joined_notes()
        self.first_ns, self.last_ns = int(self._times[0]), int(self._times[-1])
        self._rows_between = max(_ROWS_BETWEEN, len(self._times) // _MOST_CHECKPOINTS)
        self._checkpoints = self._made_checkpoints()
        self._last = (0, OfferTable.empty())

    def offers_at(self, at_ns: int) -> OfferTable:
        """Return the offers after all rows up to a time and with it."""
        rows = int(np.searchsorted(self._times, at_ns, side="right"))
        number = rows // self._rows_between
        done, table = number * self._rows_between, self._checkpoints[number]
        if done < self._last[0] <= rows:
            # Where it plays forward, only what is new since the last moment.
            done, table = self._last
        if done < rows:
            table = table.updated(self._places[done:rows], self._cents[done:rows])
        self._last = (rows, table)
        return table

    def notes_until(self, at_ns: int) -> int:
        """Return how many noted rows there are up to a time and with it."""
        return int(np.searchsorted(self.noted["at_ns"], at_ns, side="right"))

    def note(self, number: int) -> NotedRow:
        """Return a noted row by its number."""
        return NotedRow(*(int(self.noted[name][number]) for name in NotedRow._fields))

    def next_offer_ns(self, at_ns: int, lines: NDArray[np.bool_]) -> int | None:
        """Return the first time after a time with an offer on lines, or None.

        `lines` says of every line of the dictionary, and of one more, whether it is wanted; the
        additional one is not.
        """
        first = int(np.searchsorted(self._times, at_ns, side="right"))
        for start in range(first, len(self._times), _ROWS_AT_ONCE):
            found = np.flatnonzero(lines[lines_of(self._places[start : start + _ROWS_AT_ONCE])])
            if len(found):
                return int(self._times[start + found[0]])
        return None

    def previous_offer_ns(self, at_ns: int, lines: NDArray[np.bool_]) -> int | None:
        """Return the last time before a time with an offer on lines, as `next_offer_ns`."""
        end = int(np.searchsorted(self._times, at_ns, side="left"))
        while end > 0:
            start = max(0, end - _ROWS_AT_ONCE)
            found = np.flatnonzero(lines[lines_of(self._places[start:end])])
            if len(found):
                return int(self._times[start + found[-1]])
            end = start
        return None

    def _add(self, block: Columns, *files: IO[bytes]) -> None:
        kind = block["kind"]
        of_offers = kind == Kind.OFFER
        offer_places = np.where(of_offers, places(block["line"], block["odds"]), NO_PLACE)
        columns = (block["exchange_ns"], offer_places, block["amount_cents"])
        for file, column in zip(files, columns, strict=True):
            file.write(np.ascontiguousarray(column, dtype=np.int64).tobytes())
        noted = np.flatnonzero(~of_offers)
        unknown = [at for at in noted[kind[noted] == Kind.UNTYPED] if not _is_mark(block, at)]
        noted = np.setdiff1d(noted, unknown, assume_unique=True)
        for at in np.flatnonzero(np.isin(kind[noted], _WITH_TEXT)).tolist():
            self.texts[self._noted_count + at] = block["text"][noted[at]]
        self._noted_count += len(noted)
        chosen = {name: block[name][noted] for name in _NOTED}
        self._noted_blocks.append(chosen | {"at_ns": block["exchange_ns"][noted]})

    def _joined_notes(self) -> dict[str, IntArray]:
        blocks, self._noted_blocks = self._noted_blocks, []
        return {name: np.concatenate([each[name] for each in blocks]) for name in blocks[0]}

    def _made_checkpoints(self) -> list[OfferTable]:
        table = OfferTable.empty()
        made = [table]
        for end in range(self._rows_between, len(self._times) + 1, self._rows_between):
            start = end - self._rows_between
            table = table.updated(self._places[start:end], self._cents[start:end])
            made.append(table)
        return made


def _is_mark(block: Columns, at: int) -> bool:
    return feed_mark(block["text"][at]) is not None


def _mapped(file: IO[bytes]) -> NDArray[Any]:
    """Return what was written as an array; it stays after the file is closed."""
    file.flush()
    return np.memmap(file, dtype=np.int64, mode="r")
