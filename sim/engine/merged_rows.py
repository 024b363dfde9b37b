"""The rows of several recordings in order of time, each opened only when its time comes."""

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from sim.engine.exchange_rows import ExchangeRow

_NEVER_NS = 1 << 63


class DatedRows(NamedTuple):
    """Rows that begin no earlier than at a time, and what opens them."""

    first_ns: int
    open: Callable[[], Iterator[ExchangeRow]]


def merged_rows(sources: Sequence[DatedRows]) -> Iterator[ExchangeRow]:
    """Yield the rows of all sources in order of time; of equal times, those of the first source."""
    waiting = sorted(range(len(sources)), key=lambda place: (-sources[place].first_ns, -place))
    # The next row of every open source, with its time and place.
    heads: list[tuple[int, int, ExchangeRow, Iterator[ExchangeRow]]] = []
    while waiting or heads:
        while waiting and (not heads or sources[waiting[-1]].first_ns <= heads[0][0]):
            place = waiting.pop()
            _push(heads, place, sources[place].open())
        if not heads:
            continue
        _, place, row, rows = heappop(heads)
        yield row
        # Rows of one source until another one is due.
        next_ns = heads[0][0] if heads else _NEVER_NS
        if waiting:
            next_ns = min(next_ns, sources[waiting[-1]].first_ns)
        for following in rows:
            if following[0] >= next_ns:
                heappush(heads, (following[0], place, following, rows))
                break
            yield following


def _push(
    heads: list[tuple[int, int, ExchangeRow, Iterator[ExchangeRow]]],
    place: int,
    rows: Iterator[ExchangeRow],
) -> None:
    row = next(rows, None)
    if row is not None:
        heappush(heads, (row[0], place, row, rows))
