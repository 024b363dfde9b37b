"""Writes a tape: for importers, for the generator of markets, and for live recording."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from recordings.feed_marks import lost_text, restored_text
from recordings.game_states import GameStates
from recordings.parquet import ROWS_PER_GROUP, TAPE_TYPES, TableWriter, info_to_metadata
from recordings.tape import (
    NOWHERE,
    PROBABILITY_PARTS,
    SEGMENT_GLOB,
    UNREPORTED_CENTS,
    Clocks,
    Kind,
    Row,
    Side,
    TapeInfo,
    Unreported,
    score_of,
    segment_name,
)
from recordings.writing import make_folder, make_private_folder
from strategies.trading.model.catalogue import require_possible
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import TapeError
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.odds import Ladder, prophetx_ladder

ROWS_PER_SEGMENT = 2_000_000
_COLUMNS = len(TAPE_TYPES)
# The text of messages that could not be decoded may be long, and is in memory until it is written.
_CHARACTERS_PER_GROUP = 8 << 20


class TapeWriter:
    """Writes a recording, message by message, in complete segments.

    Used as a context manager; an error inside removes everything written. `on_row`, if set, is
    called with every row as it is written. A row needs a line, market or event that was added
    before it, and belongs to the last message:

        with TapeWriter(folder, source="example", simulated=True, clocks=Clocks.ONE) as writer:
            event = writer.add_event(sport_event)
            market = writer.add_market(moneyline)
            writer.begin_message(received_ns=1, exchange_ns=1)
            writer.market_status(market, MarketStatus.OPEN)
    """

    def __init__(
        self,
        folder: Path,
        *,
        source: str,
        simulated: bool,
        clocks: Clocks,
        ladder: Ladder | None = None,
        rows_per_segment: int = ROWS_PER_SEGMENT,
        private: bool = False,
        unreported: tuple[Unreported, ...] = (),
    ) -> None:
        """Start a recording in a folder; if private, only its owner can read it.

        `unreported` is what the source does not report; of amounts it must be said beforehand.

        Raise TapeError if one is there already, and WriteError, here and later, if the disk
        does not take it.
        """
        self.info = TapeInfo(
            source, simulated, clocks, ladder or prophetx_ladder(), unreported=unreported
        )
        self.rows_written = 0
        self.on_row: Callable[[Row], None] | None = None
        self._folder = folder
        self._made_folder = not folder.exists()
        if not self._made_folder and not folder.is_dir():
            message = f"{folder}: is a file; name a new folder"
            raise TapeError(message)
        if private:
            make_private_folder(folder)
        else:
            make_folder(folder)
        if any(folder.glob(SEGMENT_GLOB)):
            message = f"{folder}: holds a recording already; name a new folder"
            raise TapeError(message)
        self._rows_per_segment = rows_per_segment
        self._private = private
        self._segments: list[Path] = []
        self._table: TableWriter | None = None
        # The values of the rows to write, one row after the other: an object for each row would
        # keep the garbage collector busy.
        self._group: list[Any] = []
        self._characters_in_group = 0
        self._rows_in_segment = 0
        self._permitted = frozenset(self.info.ladder.rungs)
        self._allows_unreported = Unreported.AMOUNTS in unreported
        self._states = GameStates(self.info)
        self._received_ns = self._exchange_ns = 0
        self._seq = 0
        self._events: dict[str, int] = {}
        self._markets: dict[tuple[str, str], int] = {}
        self._lines: dict[str, int] = {}
        self._line_indices: list[tuple[int, int]] = []
        self._market_events: list[int] = []

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the recording, or remove it after an error."""
        if error is not None:
            self.abandon()
            return
        try:
            self.close()
        except BaseException:
            self.abandon()
            raise

    def add_event(self, event: SportEvent) -> int:
        """Return the index of a sport event in the dictionary, adding it if it is new."""
        if event.event_id not in self._events:
            self._events[event.event_id] = len(self.info.events)
            self.info.events.append(event)
        return self._events[event.event_id]

    def add_market(self, market: Market) -> int:
        """Return the index of a market, adding it if it is new.

        Raise TapeError if its event is not known, or cannot have such a market.
        """
        if market.key not in self._markets:
            event = self._events.get(market.event_id)
            if event is None:
                message = f"market {market.market_id}: its event {market.event_id} is not known"
                raise TapeError(message)
            require_possible(market, self.info.events[event])
            self._markets[market.key] = len(self.info.markets)
            self._market_events.append(event)
            self.info.markets.append(market)
        return self._markets[market.key]

    def add_line(self, line: Line) -> int:
        """Return the index of a line, adding it if it is new; its market must have been added."""
        if line.line_id not in self._lines:
            market = self._markets.get(line.market_key)
            if market is None:
                message = f"line {line.line_id}: its market {line.market_id} is not known"
                raise TapeError(message)
            self._lines[line.line_id] = len(self.info.lines)
            self._line_indices.append((self._market_events[market], market))
            self.info.lines.append(line)
        return self._lines[line.line_id]

    def begin_message(self, received_ns: int, exchange_ns: int) -> None:
        """Begin a message; the rows that follow belong to it and are received together.

        Raise TapeError if it arrived before the message ahead of it.
        """
        if received_ns < self._received_ns:
            message = (
                f"message {self._seq + 1} arrived at {received_ns}, "
                f"before the one ahead of it at {self._received_ns}"
            )
            raise TapeError(message)
        self._end_group()
        self._received_ns = received_ns
        self._exchange_ns = exchange_ns
        self._seq += 1

    def offer(self, line: int, odds: int, amount_cents: int, quantity_cents: int = 0) -> None:
        """Write the largest stake a taker on the line may place at these odds; zero removes it.

        UNREPORTED_CENTS is an offer of unreported size; the recording must declare such amounts.
        """
        self._on_line(Kind.OFFER, line, odds, amount_cents, quantity_cents)

    def trade(self, line: int, odds: int, amount_cents: int, side: Side) -> None:
        """Write a trade; line, odds and amount are those of `side`."""
        self._on_line(Kind.TRADE, line, odds, amount_cents, side=side)

    def market_status(self, market: int, status: MarketStatus) -> None:
        """Write that a market opened, was suspended, or closed."""
        self._append(Kind.MARKET_STATUS, self._market_events[market], market, state=status)

    def event_status(self, event: int, status: EventStatus) -> None:
        """Write that a sport event went in-play or ended."""
        self._append(Kind.EVENT_STATUS, event, state=status)

    def schedule(self, event: int, scheduled_ns: int) -> None:
        """Write the announced start of a sport event."""
        self._append(Kind.SCHEDULE, event, state=scheduled_ns)

    def score(self, event: int, home: int, away: int, clock_ns: int = 0) -> None:
        """Write the official score and the playing time elapsed, zero if unreported.

        Raise TapeError for a score that cannot follow the one before it.
        """
        self._require_possible(event, self._states.apply_score(event, home, away, clock_ns))
        self._append(Kind.SCORE, event, state=clock_ns, text=f"{home}-{away}")

    def reference(self, line: int, probability: float, text: str | None = None) -> None:
        """Write an outside probability of a line; raise TapeError unless between 0 and 1.

        `text` is what `reference_text` made of the rest of a price, such as its source.
        """
        # What rounds to zero parts or to all of them is no probability between 0 and 1.
        if not 0.5 < probability * PROBABILITY_PARTS < PROBABILITY_PARTS - 0.5:
            message = f"line {self.info.lines[line].line_id}: {probability} is no fair probability"
            raise TapeError(message)
        event, market = self._line_indices[line]
        state = round(probability * PROBABILITY_PARTS)
        self._append(Kind.REFERENCE, event, market, line, state=state, text=text)

    def in_play_delay(self, market: int, delay_ns: int) -> None:
        """Write how long a wager on a market is delayed while it is in-play."""
        self._append(Kind.IN_PLAY_DELAY, self._market_events[market], market, state=delay_ns)

    def result(self, line: int, result: Result) -> None:
        """Write the result of a line; raise TapeError where a void line is voided again."""
        event, market = self._line_indices[line]
        self._require_possible(event, self._states.apply_result(line, result))
        self._append(Kind.RESULT, event, market, line, state=result)

    def untyped(self, text: str) -> None:
        """Write a message that could not be decoded, as it was received."""
        self._append(Kind.UNTYPED, text=text)

    def feed_lost(self, reason: str) -> None:
        """Write that from here on changes of the market may be missing."""
        self.untyped(lost_text(reason))

    def feed_restored(self) -> None:
        """Write that the rows so far show the whole market again."""
        self.untyped(restored_text())

    def copy(self, row: Row) -> None:
        """Write a row of another recording, which must have the same dictionaries.

        Raise TapeError for a score or a void that cannot follow what was written before it.
        """
        if row.kind == Kind.SCORE:
            self.score(row.event, *score_of(row.text), row.state)
            return
        if row.kind == Kind.RESULT:
            self.result(row.line, Result(row.state))
            return
        self._append(
            Kind(row.kind),
            row.event,
            row.market,
            row.line,
            row.odds,
            row.amount_cents,
            row.quantity_cents,
            row.side,
            row.state,
            row.text,
        )

    def end_segment(self) -> None:
        """Close the open segment; the next row begins another."""
        self._close_segment()

    def close(self) -> None:
        """Close the open segment; a recording without rows gets one empty segment."""
        if self._table is not None or not self._segments:
            self._open_table()
            self._close_segment()

    def abandon(self) -> None:
        """Remove everything that this writer wrote."""
        if self._table is not None:
            self._table.abandon()
        for segment in self._segments:
            with suppress(OSError):
                segment.unlink(missing_ok=True)
        if self._made_folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _on_line(
        self,
        kind: Kind,
        line: int,
        odds: int,
        amount_cents: int,
        quantity_cents: int = 0,
        side: Side = Side.NONE,
    ) -> None:
        unreported = self._allows_unreported and amount_cents == UNREPORTED_CENTS
        least_cents = UNREPORTED_CENTS if unreported and kind == Kind.OFFER else 0
        if odds not in self._permitted or amount_cents < least_cents or quantity_cents < 0:
            message = (
                f"line {self.info.lines[line].line_id}: {counted(amount_cents, 'cent')} "
                f"at {odds:+d} is off the ladder or negative"
            )
            raise TapeError(message)
        event, market = self._line_indices[line]
        self._append(kind, event, market, line, odds, amount_cents, quantity_cents, side)

    def _require_possible(self, event: int, problem: str | None) -> None:
        if problem is not None:
            message = f"{self.info.events[event].name}: {problem}"
            raise TapeError(message)

    def _append(
        self,
        kind: Kind,
        event: int = NOWHERE,
        market: int = NOWHERE,
        line: int = NOWHERE,
        odds: int = 0,
        amount_cents: int = 0,
        quantity_cents: int = 0,
        side: int = Side.NONE,
        state: int = 0,
        text: str | None = None,
    ) -> None:
        # No Row, which takes four times as long to make: only `on_row` needs one.
        row = (
            self._received_ns,
            self._exchange_ns,
            self._seq,
            kind,
            event,
            market,
            line,
            odds,
            amount_cents,
            quantity_cents,
            side,
            state,
            text,
        )
        self._open_table()
        self._group += row
        self._characters_in_group += len(text or "")
        self.rows_written += 1
        if self.on_row is not None:
            self.on_row(Row(*row))
        self._rows_in_segment += 1

    def _end_group(self) -> None:
        """Write what is full. Only between messages, so that a part of a tape has whole ones."""
        if self._table is None:
            return
        if self._rows_in_segment >= self._rows_per_segment:
            self._close_segment()
        elif (
            len(self._group) >= ROWS_PER_GROUP * _COLUMNS
            or self._characters_in_group >= _CHARACTERS_PER_GROUP
        ):
            self._write_group(self._table)

    def _open_table(self) -> TableWriter:
        if self._table is None:
            path = self._folder / segment_name(len(self._segments))
            self._table = TableWriter(
                path, TAPE_TYPES, private=self._private, describe=self._described
            )
            self._segments.append(path)
            self._rows_in_segment = 0
        return self._table

    def _close_segment(self) -> None:
        if self._table is not None:
            self._write_group(self._table)
            self._table.close()
            self._table = None

    def _described(self) -> bytes:
        return info_to_metadata(self.info)

    def _write_group(self, table: TableWriter) -> None:
        if self._group:
            table.write_group(self._group[column::_COLUMNS] for column in range(_COLUMNS))
        # Only now, so that rows which the disk refused are written at the next attempt.
        self._group = []
        self._characters_in_group = 0
