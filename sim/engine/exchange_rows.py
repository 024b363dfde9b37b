"""The rows of a tape in order of the exchange's time instead of arrival."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recordings.reader import Chunk, Tape
from recordings.tape import Clocks, Kind
from recordings.tape_columns import TapeColumns

# exchange_ns, received_ns, seq, kind, line, market, event, odds, amount_cents, quantity_cents,
# side, state, text: plain tuples, as millions of them pass.
ExchangeRow = tuple[int, int, int, int, int, int, int, int, int, int, int, int, str | None]

# How late a message may be of a tape of which that is not known.
WINDOW_NS = 5_000_000_000

_COLUMNS = (
    "received_ns",
    "seq",
    "kind",
    "line",
    "market",
    "event",
    "odds",
    "amount_cents",
    "quantity_cents",
    "side",
    "state",
)

Columns = dict[str, NDArray[Any]]


def _ignore_progress(_rows: int) -> None:
    """Show no progress."""


def exchange_rows(
    tape: Tape | TapeColumns,
    *,
    lines: Collection[int] | None = None,
    on_chunk: Callable[[int], None] = _ignore_progress,
    change: Callable[[Columns], Columns] | None = None,
) -> Iterator[ExchangeRow]:
    """Return the rows of a tape in order of the exchange's time; rows of a message stay together.

    As much of the tape is held in memory as its latest message took to arrive; of a tape that was
    not examined WINDOW_NS. A message that the exchange dates further before its arrival counts as
    of its arrival, and one that it dates after its arrival as of just before it. A tape with one
    clock is in order already.

    With `lines`, indices in the tape's dictionary, offers on other lines are left out, at the cost
    of a scan; the last row of the tape is always among those returned. `on_chunk` is called with
    how many rows of the tape were read before each chunk. `change` is applied to the columns of
    the rows that are returned.
    """
    needed = None if lines is None else _needed(lines, len(tape.info.lines))
    blocks = exchange_blocks(tape, on_chunk)
    return chain.from_iterable(map(partial(_rows, needed, change), blocks))


def exchange_blocks(
    tape: Tape | TapeColumns, on_chunk: Callable[[int], None] = _ignore_progress
) -> Iterator[Columns]:
    """Return the rows of a tape in the order of `exchange_rows`, as blocks of columns."""
    chunks = _chunks(tape, on_chunk)
    if tape.info.clocks == Clocks.ONE:
        return map(_columns_as_received, chunks)
    return _Sorter(_longest_delay_ns(tape)).sorted(chunks)


def _longest_delay_ns(tape: Tape | TapeColumns) -> int:
    """Return how long before its arrival a message of a tape may have happened."""
    if isinstance(tape, Tape):
        return WINDOW_NS
    return max(WINDOW_NS, tape.summary.longest_delay_ns)


def _chunks(tape: Tape | TapeColumns, on_chunk: Callable[[int], None]) -> Iterator[Chunk]:
    rows = 0
    for chunk in tape.chunks():
        on_chunk(rows)
        yield chunk
        rows += len(chunk)


def _needed(lines: Collection[int], count: int) -> NDArray[np.bool_]:
    """Return which lines are needed, as an array by index."""
    needed = np.zeros(count, dtype=bool)
    needed[list(lines)] = True
    return needed


class _Sorter:
    """Sorts chunks within a window, holding back rows that a later row can still precede."""

    def __init__(self, window_ns: int) -> None:
        self._window_ns = window_ns
        self._held: Columns | None = None
        self._last_seq = -1
        self._last_message_ns = 0

    def sorted(self, chunks: Iterator[Chunk]) -> Iterator[Columns]:
        for chunk in chunks:
            columns = self._with_held(_columns(chunk, self._message_times(chunk)))
            order = np.argsort(columns["exchange_ns"], kind="stable")
            times = columns["exchange_ns"][order]
            horizon_ns = int(chunk.numbers["received_ns"][-1]) - self._window_ns
            ready = int(np.searchsorted(times, horizon_ns, side="left"))
            if ready:
                yield _select(columns, order[:ready])
            self._held = _select(columns, order[ready:])
        if self._held is not None:
            yield self._held

    def _message_times(self, chunk: Chunk) -> NDArray[Any]:
        """Return for each row when its message happened."""
        received, seq = chunk.numbers["received_ns"], chunk.numbers["seq"]
        exchange = chunk.numbers["exchange_ns"]
        times: NDArray[Any] = np.where(exchange > received, received - 1, exchange)
        times = np.where(received - exchange > self._window_ns, received, times)
        first = np.diff(seq, prepend=self._last_seq) != 0
        if not first[0]:
            times[0] = self._last_message_ns
            first[0] = True
        starts = np.flatnonzero(first)
        times = np.repeat(times[starts], np.diff(starts, append=len(times)))
        self._last_seq, self._last_message_ns = int(seq[-1]), int(times[-1])
        return times

    def _with_held(self, columns: Columns) -> Columns:
        held = self._held
        if held is None:
            return columns
        return {name: np.concatenate((held[name], columns[name])) for name in columns}


def _columns(chunk: Chunk, exchange_ns: NDArray[Any]) -> Columns:
    columns = {"exchange_ns": exchange_ns} | {name: chunk.numbers[name] for name in _COLUMNS}
    columns["text"] = np.array(chunk.texts, dtype=object)
    return columns


def _select(columns: Columns, indices: NDArray[Any]) -> Columns:
    return {name: column[indices] for name, column in columns.items()}


def _columns_as_received(chunk: Chunk) -> Columns:
    return _columns(chunk, chunk.numbers["received_ns"])


def _rows(
    needed: NDArray[np.bool_] | None,
    change: Callable[[Columns], Columns] | None,
    columns: Columns,
) -> Iterator[ExchangeRow]:
    if needed is not None:
        kept = (columns["kind"] != Kind.OFFER) | needed[columns["line"]]
        # A run ends at the time of the last row, whatever that is about.
        kept[-1] = True
        if not kept.all():
            columns = _select(columns, np.flatnonzero(kept))
    if change is not None:
        columns = change(columns)
    return zip(*(column.tolist() for column in columns.values()), strict=True)
