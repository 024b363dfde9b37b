"""One recording of a market source: its rows, checked, in the exchange's order, and cut."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recordings.feed_marks import feed_mark, with_events
from recordings.joined_info import JoinedPlaces
from recordings.reader import Tape
from recordings.reference_text import reference_price
from recordings.tape import Kind
from recordings.tape_columns import TapeColumns, tape_columns
from recordings.utc_time import utc_text
from recordings.validator import TapeSummary
from sim.engine.exchange_rows import WINDOW_NS, Columns, ExchangeRow, exchange_rows
from sim.sources.source_limits import assumed_cents
from strategies.trading.model.ids import EventId, LineId, MarketKey

# The columns of a row that say what it is about, of which only the last row before a cut counts.
_SUBJECTS = {
    Kind.MARKET_STATUS: "market",
    Kind.IN_PLAY_DELAY: "market",
    Kind.EVENT_STATUS: "event",
    Kind.SCHEDULE: "event",
    Kind.SCORE: "event",
    Kind.RESULT: "line",
}


@dataclass(frozen=True, slots=True)
class Cut:
    """The time that is played of recordings, nanoseconds since the epoch; None is without bound.

    At the beginning everything stands as the rows before it left it: books, statuses, scores.
    """

    since_ns: int | None = None
    until_ns: int | None = None

    def notes(self) -> list[str]:
        """Return what a reader of a run must know, nothing without a cut."""
        bounds = [
            f"{word} {utc_text(ns)}"
            for word, ns in (("from", self.since_ns), ("until", self.until_ns))
            if ns is not None
        ]
        return [f"The recordings were played {' '.join(bounds)} only."] if bounds else []

    def leaves(self, first_ns: int, last_ns: int) -> bool:
        """Return whether a recording that lasts between two times has rows within."""
        after = self.until_ns is not None and first_ns >= self.until_ns
        before = self.since_ns is not None and last_ns < self.since_ns
        return not (after or before)

    def rows(self, rows: Iterator[ExchangeRow]) -> Iterator[ExchangeRow]:
        """Return the rows within, in order of the exchange's time."""
        if self.since_ns is not None:
            rows = _since(rows, self.since_ns)
        return rows if self.until_ns is None else _until(rows, self.until_ns)


NO_CUT = Cut()


class SourceTape:
    """An open recording that may be read any number of times.

    `name` is that of reports. `assumed_cents` is the amount of offers whose amount is unreported,
    None where all are reported.
    """

    def __init__(
        self,
        tape: Tape,
        name: str,
        assumed_stake: float | None = None,
        *,
        keep_columns: bool = True,
    ) -> None:
        """Take a recording; raise ConfigError if amounts are unreported and none is assumed.

        With `keep_columns` they stay open from one reading to the next: each takes a file handle.
        """
        self.name = name
        self.info = tape.info
        self.rows_total = tape.rows_total
        self.assumed_cents = assumed_cents(name, tape.info, assumed_stake)
        self._tape = tape
        self._keep_columns = keep_columns
        self._columns: TapeColumns | None = None
        self._summary: TapeSummary | None = None

    @property
    def summary(self) -> TapeSummary:
        """Return what the recording contains; raise TapeError at its first invalid row."""
        if self._summary is None:
            self._summary = self._open().summary
        return self._summary

    @property
    def first_ns(self) -> int:
        """Return a time before which no row happened."""
        return self.summary.first_ns - max(WINDOW_NS, self.summary.longest_delay_ns)

    def rows(
        self,
        market_keys: Collection[MarketKey] | None,
        places: JoinedPlaces | None,
        on_chunk: Callable[[int], None],
    ) -> Iterator[ExchangeRow]:
        """Return the rows as far as these markets need them, with their places among others'.

        `on_chunk` is called with how many rows were read before each chunk.
        """
        lines = None
        if market_keys is not None:
            numbered = enumerate(self.info.lines)
            lines = [index for index, line in numbered if line.market_key in market_keys]
        ids = [event.event_id for event in self.info.events]
        change = None if places is None else _Placed(places, ids)
        return exchange_rows(self._open(), lines=lines, on_chunk=on_chunk, change=change)

    def _open(self) -> TapeColumns:
        if self._columns is not None:
            return self._columns
        columns = tape_columns(self._tape)
        if self.assumed_cents is not None:
            columns.assumed_cents = self.assumed_cents
        if self._keep_columns:
            self._columns = columns
        return columns


class _Placed:
    """Gives rows the places of their entries in the joined dictionaries, and gaps their events."""

    def __init__(self, places: JoinedPlaces, event_ids: Sequence[EventId]) -> None:
        self._event_ids = event_ids
        self._places = {"line": places.lines, "market": places.markets, "event": places.events}
        self._recording, self._count = places.recording, places.count

    def __call__(self, columns: Columns) -> Columns:
        placed = {name: places[columns[name]] for name, places in self._places.items()}
        # Rows of one message share a number, and no two recordings have one in common.
        seq = columns["seq"] * self._count + self._recording
        texts = columns["text"]
        for row in np.flatnonzero(columns["kind"] == Kind.UNTYPED):
            texts[row] = with_events(texts[row], self._event_ids)
        return columns | placed | {"seq": seq}


def _since(rows: Iterator[ExchangeRow], since_ns: int) -> Iterator[ExchangeRow]:
    """Yield the state that earlier rows left, all at the beginning, then the rows from there on."""
    state: dict[tuple[Any, ...], ExchangeRow] = {}
    for row in rows:
        if row[0] >= since_ns:
            yield from (_moved(each, since_ns) for each in state.values())
            yield row
            yield from rows
            return
        _keep(state, row)


def _keep(state: dict[tuple[Any, ...], ExchangeRow], row: ExchangeRow) -> None:
    """Keep a row as the state of what it is about; the last one counts, in order of the last."""
    _, _, _, kind, line, market, event, odds, cents, *_ = row
    subjects = {"line": line, "market": market, "event": event}
    if kind == Kind.OFFER:
        key: tuple[Any, ...] = (kind, line, odds)
    elif kind == Kind.UNTYPED and (mark := feed_mark(row[-1])) is not None:
        # A cut that begins in a gap begins without the feed.
        key = (kind, *mark.event_ids)
    elif kind == Kind.REFERENCE:
        source = reference_price(LineId(""), 0.5, row[-1])
        key = (kind, line, source.source, source.point)
    elif kind in _SUBJECTS:
        key = (kind, subjects[_SUBJECTS[Kind(kind)]])
    else:
        return
    state.pop(key, None)
    if kind != Kind.OFFER or cents:
        state[key] = row


def _moved(row: ExchangeRow, at_ns: int) -> ExchangeRow:
    return (at_ns, at_ns, *row[2:])


def _until(rows: Iterator[ExchangeRow], until_ns: int) -> Iterator[ExchangeRow]:
    for row in rows:
        if row[0] >= until_ns:
            return
        yield row
