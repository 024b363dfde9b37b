"""The rows of a tape in order of the exchange's time instead of arrival."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recordings.reader import Chunk, Tape
from recordings.tape import Clocks

# exchange_ns, received_ns, seq, kind, line, market, event, odds, amount_cents, quantity_cents,
# side, state, text: plain tuples, as millions of them pass.
ExchangeRow = tuple[int, int, int, int, int, int, int, int, int, int, int, int, str | None]

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


def exchange_rows(tape: Tape, window_ns: int = WINDOW_NS) -> Iterator[ExchangeRow]:
    """Return the rows of a tape in order of the exchange's time; rows of a message stay together.

    The exchange time of a message is clamped between its arrival and `window_ns` before that, so
    that only that much of the tape is held in memory. A tape with one clock is in order already.
    """
    if tape.info.clocks == Clocks.ONE:
        return chain.from_iterable(map(_rows_as_received, tape.chunks()))
    return chain.from_iterable(map(_rows, _Sorter(window_ns).sorted(tape.chunks())))


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
        """Return for each row the clamped exchange time of its message."""
        received, seq = chunk.numbers["received_ns"], chunk.numbers["seq"]
        exchange = chunk.numbers["exchange_ns"]
        times: NDArray[Any] = np.clip(exchange, received - self._window_ns, received)
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


def _rows(columns: Columns) -> Iterator[ExchangeRow]:
    return zip(*(column.tolist() for column in columns.values()), strict=True)


def _rows_as_received(chunk: Chunk) -> Iterator[ExchangeRow]:
    columns = [chunk.numbers[name].tolist() for name in _COLUMNS]
    return zip(columns[0], *columns, chunk.texts, strict=True)
