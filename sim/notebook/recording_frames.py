"""A recording as frames."""

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any

import numpy as np
import polars as pl

from recordings.reader import Tape
from recordings.tape import NOWHERE, PROBABILITY_PARTS, Kind, Side, TapeInfo
from sim.notebook.frame_columns import with_times
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.market import EventStatus, MarketStatus, Result

_STATES: dict[Kind, type[IntEnum]] = {
    Kind.MARKET_STATUS: MarketStatus,
    Kind.EVENT_STATUS: EventStatus,
    Kind.RESULT: Result,
}


class RecordingFrames:
    """A recording: what it is of, and its rows as frames.

    `info` has its source, notes and dictionaries. Money is integer cents, odds are American.
    """

    def __init__(self, tape: Tape) -> None:
        """Take a recording; its rows are read, and checked, when they are asked for."""
        self._tape = tape
        self.info: TapeInfo = tape.info

    def __repr__(self) -> str:
        """Return its folder, and how many events and markets it has."""
        info = self.info
        simulated = ", simulated" if info.simulated else ""
        counts = (
            counted(len(each), noun)
            for each, noun in (
                (info.events, "event"),
                (info.markets, "market"),
                (info.lines, "line"),
            )
        )
        return f"<recording {self._tape.path}{simulated}: {', '.join(counts)}>"

    def events(self) -> pl.DataFrame:
        """Return its events, one a row."""
        columns = ("event_id", "name", "home", "away", "tournament", "sport", "scheduled_ns")
        rows = [tuple(getattr(event, name) for name in columns) for event in self.info.events]
        return with_times(pl.DataFrame(rows, schema=columns, orient="row"))

    def lines(self) -> pl.DataFrame:
        """Return its lines, one a row, with the names of their market and event."""
        catalogue = self.info.catalogue()
        rows = []
        for line in self.info.lines:
            event, market = catalogue.events[line.event_id], catalogue.markets[line.market_key]
            names = (event.name, market.label(event), line.label(market, event))
            ids = (line.event_id, line.market_id, line.line_id)
            rows.append((*names, line.selection.value, line.point, *ids))
        columns = ("event", "market", "line", "selection", "point")
        ids_too = (*columns, "event_id", "market_id", "line_id")
        return pl.DataFrame(rows, schema=ids_too, orient="row")

    def rows(self, kind: str | None = None) -> pl.DataFrame:
        """Return its rows in order of arrival, all or those of one kind, such as "trade".

        `status` is the state of a market or event, or the result of a line, in words; `probability`
        is that of a reference row. Raise ConfigError for an unknown kind, TapeError for a row that
        is not valid.
        """
        wanted = None if kind is None else _kind(kind)
        texts = {"text": pl.String}
        parts = [pl.DataFrame(each, schema_overrides=texts) for each in self._columns(wanted)]
        return with_times(self._named(pl.concat(parts)))

    def _columns(self, wanted: Kind | None) -> Iterator[dict[str, Any]]:
        """Yield the columns of each chunk, of the rows of a kind alone if one is wanted."""
        for chunk in self._tape.chunks():
            kinds = chunk.numbers["kind"]
            kept = np.arange(len(chunk)) if wanted is None else np.flatnonzero(kinds == wanted)
            texts = [chunk.texts[place] for place in kept.tolist()]
            yield {name: column[kept] for name, column in chunk.numbers.items()} | {"text": texts}

    def _named(self, frame: pl.DataFrame) -> pl.DataFrame:
        info, catalogue = self.info, self.info.catalogue()
        events = [event.name for event in info.events]
        markets = [m.label(catalogue.events[m.event_id]) for m in info.markets]
        lines = [
            line.label(catalogue.markets[line.market_key], catalogue.events[line.event_id])
            for line in info.lines
        ]
        line_ids = [line.line_id for line in info.lines]
        on = pl.col("kind")
        statuses = [
            pl.when(on == kind).then(_words("state", {each: each.name.lower() for each in states}))
            for kind, states in _STATES.items()
        ]
        probability = pl.when(on == Kind.REFERENCE).then(pl.col("state") / PROBABILITY_PARTS)
        return frame.select(
            pl.col("received_ns"),
            pl.col("exchange_ns"),
            _words("kind", {kind: kind.name.lower() for kind in Kind}),
            _words("event", dict(enumerate(events))),
            _words("market", dict(enumerate(markets))),
            _words("line", dict(enumerate(lines))),
            pl.col("odds"),
            pl.col("amount_cents"),
            pl.col("quantity_cents"),
            _words("side", {side: side.name.lower() for side in Side if side is not Side.NONE}),
            pl.coalesce(statuses).alias("status"),
            probability.alias("probability"),
            pl.col("state"),
            pl.col("text"),
            _words("line", dict(enumerate(line_ids))).alias("line_id"),
            pl.col("seq"),
        )


def _words(column: str, words: Mapping[int, str]) -> pl.Expr:
    """Return a column of numbers as words; NOWHERE and what has no word is missing."""
    known = {int(number): word for number, word in words.items() if number != NOWHERE}
    return pl.col(column).replace_strict(known, default=None, return_dtype=pl.String)


def _kind(name: str) -> Kind:
    kinds = {kind.name.lower(): kind for kind in Kind}
    if name not in kinds:
        message = f"{name!r}: no kind of row; there are {', '.join(kinds)}"
        raise ConfigError(message)
    return kinds[name]
