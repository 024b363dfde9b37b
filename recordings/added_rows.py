"""Scores and outside prices from a file, to be joined to a recording.

Each line of the file is JSON, in any order, with `time`: an ISO text, in UTC unless it has an
offset, or nanoseconds since the epoch. A score has `event_id`, `home`, `away` and, if known,
`clock_seconds` of playing time elapsed; an outside price has `line_id` and `probability`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from recordings.game_states import LONGEST_CLOCK_NS
from recordings.tape import TapeInfo
from recordings.utc_time import possible_ns, utc_ns
from recordings.writer import TapeWriter
from strategies.trading.model.errors import TapeError
from strategies.trading.model.units import NS_PER_SECOND


class AddedRow(NamedTuple):
    """A row to write at a time, nanoseconds since the epoch; `place` is where it stands."""

    at_ns: int
    place: str
    add: Callable[[TapeWriter], None]

    def write(self, writer: TapeWriter) -> None:
        """Write it; raise TapeError, with its place, if it cannot follow what is written."""
        try:
            self.add(writer)
        except TapeError as error:
            message = f"{self.place}: {error}"
            raise TapeError(message) from error


class _Score(msgspec.Struct, forbid_unknown_fields=True):
    time: str | int
    event_id: str
    home: int
    away: int
    clock_seconds: float = 0.0


class _OutsidePrice(msgspec.Struct, forbid_unknown_fields=True):
    time: str | int
    line_id: str
    probability: float


def added_rows(path: Path, info: TapeInfo) -> list[AddedRow]:
    """Return the rows of a file in order of time, for the events and lines of a recording.

    Raise TapeError, with file and line, for the first that is wrong.
    """
    events = {event.event_id: index for index, event in enumerate(info.events)}
    lines = {line.line_id: index for index, line in enumerate(info.lines)}
    rows = []
    try:
        texts = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read ({error})"
        raise TapeError(message) from error
    for number, text in enumerate(texts, 1):
        if text.strip():
            place = f"{path}, line {number}"
            try:
                rows.append(_row(place, text, events, lines))
            except (msgspec.MsgspecError, ValueError, KeyError) as error:
                message = f"{place}: {error}"
                raise TapeError(message) from error
    return sorted(rows, key=lambda row: row.at_ns)


def _row(place: str, text: str, events: dict[Any, int], lines: dict[Any, int]) -> AddedRow:
    if "line_id" in msgspec.json.decode(text, type=dict):
        price = msgspec.json.decode(text, type=_OutsidePrice)
        if not 0 < price.probability < 1:
            message = f"{price.probability} is no probability between 0 and 1"
            raise ValueError(message)
        line = _known(lines, price.line_id, "line")
        return AddedRow(
            _time_ns(price.time), place, lambda writer: writer.reference(line, price.probability)
        )
    score = msgspec.json.decode(text, type=_Score)
    event = _known(events, score.event_id, "event")
    if not 0 <= score.clock_seconds <= LONGEST_CLOCK_NS / NS_PER_SECOND:
        message = "its clock is below zero or beyond a week"
        raise ValueError(message)
    clock_ns = round(score.clock_seconds * NS_PER_SECOND)
    return AddedRow(
        _time_ns(score.time),
        place,
        lambda writer: writer.score(event, score.home, score.away, clock_ns),
    )


def _known(indices: dict[Any, int], key: str, what: str) -> int:
    if key not in indices:
        message = f"no {what} {key!r} in the recordings; python -m sim lines lists them"
        raise ValueError(message)
    return indices[key]


def _time_ns(time: str | int) -> int:
    return possible_ns(time if isinstance(time, int) else utc_ns(time))
