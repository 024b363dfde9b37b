"""The lines of a recording, with what is recorded of each."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recordings.tape import Kind, TapeInfo
from recordings.tape_columns import TapeColumns
from recordings.utc_time import utc_text
from sim.inspect.aligned_rows import aligned_rows
from strategies.trading.model.market import Line, Market, Result

_HEADINGS = (
    *("line", "event", "market", "type", "selection", "point"),
    *("rows", "offers", "trades", "references", "result"),
)
_NUMBERS = range(5, 10)
_ON_LINES = (Kind.OFFER, Kind.TRADE, Kind.REFERENCE, Kind.RESULT)


def line_table(recording: TapeColumns) -> Iterator[str]:
    """Yield the events of a recording, then a row for each of its lines, under headings.

    `rows` are all rows of a line, of which the next three columns count the kinds; the result is
    the last one that is recorded.
    """
    info = recording.info
    for event in info.events:
        yield (
            f"event {event.event_id}: {event.name}, home {event.home}, away {event.away}, "
            f"starts {utc_text(event.scheduled_ns)}"
        )
    counts, results = _counted(recording)
    markets = {market.key: market for market in info.markets}
    rows = [
        (
            *_described(line, markets[line.market_key], info),
            str(counts[index].sum()),
            *(str(counts[index][_ON_LINES.index(kind)]) for kind in _ON_LINES[:3]),
            _result_text(results[index]),
        )
        for index, line in enumerate(info.lines)
    ]
    yield from aligned_rows([_HEADINGS, *rows], _NUMBERS)


def _described(line: Line, market: Market, info: TapeInfo) -> tuple[str, ...]:
    event = next(event for event in info.events if event.event_id == line.event_id)
    row = market.type.row
    point = f"{line.point:{'+' if row.mirrored else ''}g}" if row.has_point else ""
    return (
        line.line_id,
        line.event_id,
        line.market_id,
        market.label(event),
        str(line.selection),
        point,
    )


def _counted(recording: TapeColumns) -> tuple[NDArray[np.int64], list[int]]:
    """Return how many rows of each kind a line has, and its last result, zero if it has none."""
    counts = np.zeros((len(recording.info.lines), len(_ON_LINES)), dtype=np.int64)
    results = [0] * len(recording.info.lines)
    for chunk in recording.chunks():
        kind, line = chunk.numbers["kind"], chunk.numbers["line"]
        for column, each in enumerate(_ON_LINES):
            counts[:, column] += np.bincount(line[kind == each], minlength=len(counts))
        of_results = kind == Kind.RESULT
        states = chunk.numbers["state"][of_results].tolist()
        for index, state in zip(line[of_results].tolist(), states, strict=True):
            results[index] = state
    return counts, results


def _result_text(state: int) -> str:
    return Result(state).name.lower() if state else "none"
