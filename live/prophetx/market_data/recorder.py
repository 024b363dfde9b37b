"""Writes the records of a stream as rows of a tape, and as raw text.

After every gap a snapshot is written first. A message of levels replaces a whole strike; the tape
records the changes level by level. Messages that arrive while a snapshot is requested are written
after it.
"""

import asyncio
import gzip
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from live.decode_errors import DecodeErrors
from live.prophetx.market_data.tape_rows import MarketRows
from live.prophetx.socket.records import Message, Record, SocketDown, SocketUp, UnreadableMessage
from live.prophetx.wire.frames import (
    Change,
    EventChange,
    MarketChange,
    OrderChange,
    SelectionsChange,
    TradeChange,
)
from live.prophetx.wire.markets import WireEvent, WireMarket
from live.prophetx.wire.orders import WireOrder
from live.reference.reference_line import OutsidePrice
from live.reference.reference_source import ReferenceLine
from live.session.catalogue_updates import CatalogueUpdates
from live.session.gateway import MarketListener, Notify
from live.wall_clock import WallClock
from recordings.tape import Row
from recordings.writer import TapeWriter
from recordings.writing import make_private_file, writing
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.ids import LineId
from strategies.trading.model.units import NS_PER_SECOND

_COMPRESSION_LEVEL = 1
# Lines compressed together: each block costs time, and switches to the socket's thread.
_LINES_PER_BLOCK = 16
_PRIVATE = "private-service="

# The line, the source and the source's own point of a price.
_PriceKey = tuple[LineId, str, float | None]


class Snapshot(NamedTuple):
    """All events that are followed, and the markets of each by the exchange's event id."""

    events: list[WireEvent]
    markets: dict[int, list[WireMarket]]


class RawLog:
    """The raw text of every message beside the tape: compressed lines of JSON, a file a segment.

    Every method raises WriteError where the disk does not take a file.
    """

    def __init__(self, folder: Path) -> None:
        """Write to an existing folder; the first file is created with the first text."""
        self._folder = folder
        self._number = 0
        self._file: gzip.GzipFile | None = None
        self._lines: list[bytes] = []

    def append(self, received_ns: int, raw: bytes) -> None:
        """Append a text; bytes that are not UTF-8 are escaped."""
        if self._file is None:
            make_private_file(self._path())
            with writing(self._path()):
                self._file = gzip.GzipFile(self._path(), "wb", compresslevel=_COMPRESSION_LEVEL)
        text = raw.decode("utf-8", "backslashreplace")
        self._lines.append(msgspec.json.encode({"received_ns": received_ns, "raw": text}))
        if len(self._lines) >= _LINES_PER_BLOCK:
            self._write(self._file)

    def flush(self) -> None:
        """Make what was appended so far readable, even after a crash."""
        if self._file is not None:
            self._write(self._file)
            with writing(self._path()):
                self._file.flush()

    def end_file(self) -> None:
        """Close the open file; the next text goes to a new one."""
        if self._file is not None:
            path, file = self._path(), self._file
            self._file = None
            self._number += 1
            # The file closes itself at the end, even where its last lines cannot be written.
            with writing(path), file:
                self._write(file)

    def _path(self) -> Path:
        return self._folder / f"raw-{self._number:05d}.jsonl.gz"

    def _write(self, file: gzip.GzipFile) -> None:
        with writing(self._path()):
            file.write(b"".join(line + b"\n" for line in self._lines))
        self._lines.clear()


class Recorder:
    """Writes the records of a stream to a tape, and requests a snapshot when it needs one.

    `gaps` counts how often the feed was lost; a gap lasts from the last message before it.
    """

    def __init__(
        self,
        writer: TapeWriter,
        raw: RawLog,
        rows: MarketRows,
        clock: WallClock,
        decode_errors: DecodeErrors,
        tournament_ids: Collection[int],
        request_snapshot: Callable[[], None],
        notify: Notify,
    ) -> None:
        """Record the events of these tournaments; `rows` decides which of their markets."""
        self._writer = writer
        self._raw = raw
        self._rows = rows
        self._clock = clock
        self._decode_errors = decode_errors
        self._tournament_ids = frozenset(tournament_ids)
        self._request_snapshot = request_snapshot
        self._notify = notify
        self._waiting: list[Message] | None = None
        self._waiting_prices: dict[_PriceKey, OutsidePrice] = {}
        self._last_ns = 0
        self._whole_ns = 0
        self._lost_ns: int | None = None
        self._was_whole = False
        self.gaps = 0
        self._gap_ns = 0

    @property
    def awaits_snapshot(self) -> bool:
        """Return whether messages are held back until a snapshot is written."""
        return self._waiting is not None

    def on_record(self, record: Record) -> None:
        """Write a record of the stream, or hold it back."""
        match record:
            case Message():
                self._whole_ns = record.received_ns
                self._raw.append(record.received_ns, record.raw)
                self._write_or_hold(record)
            case UnreadableMessage():
                self._raw.append(record.received_ns, record.raw)
                self._write_untyped(record.received_ns, record.raw)
            case SocketUp():
                self._notify(f"socket {record.epoch} is up, with {counted(record.events, 'event')}")
                self.expect_snapshot()
            case SocketDown():
                self._notify(f"socket {record.epoch} is down: {record.reason}")
                self._begin_gap(record)

    def on_reference(self, line: ReferenceLine) -> None:
        """Write a price from outside; for a line that the next snapshot may add, it waits."""
        self._raw.append(line.received_ns, line.raw)
        if line.price is None:
            self._write_untyped(line.received_ns, line.raw)
        elif self._may_be_added(line.price.price.line_id):
            price = line.price.price
            self._waiting_prices[price.line_id, price.source, price.point] = line.price
        else:
            self._write_price(line.price, line.received_ns)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Write the changes in a snapshot, then the messages that were held back."""
        self._begin_message(self._clock.wall_ns(), 0)
        if self._lost_ns is not None:
            self._gap_ns += self._last_ns - self._lost_ns
            self._lost_ns = None
            self._writer.feed_restored()
        for event in snapshot.events:
            with self._rows.skipping():
                self._rows.write_event(event)
        for event_id, reported_markets in snapshot.markets.items():
            self._rows.write_markets(event_id, reported_markets)
        self._was_whole = True
        self._whole_ns = self._last_ns
        waiting, self._waiting = self._waiting or [], None
        for message in waiting:
            self._write_or_hold(message)
        prices, self._waiting_prices = self._waiting_prices, {}
        for price in prices.values():
            self._write_price(price, self._last_ns)

    def expect_snapshot(self) -> None:
        """Request a snapshot, and hold messages back until it is written."""
        if self._waiting is None:
            self._waiting = []
        self._request_snapshot()

    def gap_note(self) -> str | None:
        """Return the sentence on gaps that a report must repeat, None if there were no gaps."""
        if not self.gaps:
            return None
        seconds = self._gap_ns / NS_PER_SECOND
        times = counted(self.gaps, "time")
        return (
            f"the feed was lost {times} while recording, for {seconds:.1f} s in all, counted from "
            "the last message before"
        )

    def _write_or_hold(self, message: Message) -> None:
        if self._waiting is None:
            self._write(message)
        else:
            self._waiting.append(message)

    def _write(self, message: Message) -> None:
        try:
            if message.change is not None:
                self._write_change(message.change, message.received_ns)
                return
        except ProtocolError as error:
            self._decode_errors.note(error)
        self._write_untyped(message.received_ns, message.raw)

    def _write_change(self, change: Change, received_ns: int) -> None:
        self._begin_message(received_ns, change.timestamp_ns)
        rows = self._rows
        match change.body:
            case SelectionsChange() as selections:
                rows.write_selections(selections)
            case TradeChange(info=trade):
                rows.write_trade(trade)
            case MarketChange(info=info):
                ids = (info.sport_event_id, info.id)
                rows.write_market_status(ids, "suspended" if change.op == "d" else info.status)
                if not rows.knows_market(ids):
                    rows.ignore(ids)
                    self.expect_snapshot()
            case EventChange(info=None) as gone:
                rows.suspend_event(gone.id)
            case EventChange(info=WireEvent() as event) as change_of_event:
                rows.write_event_state(event)
                new = not rows.knows_event(change_of_event.id)
                if new and change_of_event.tournament_id in self._tournament_ids:
                    rows.ignore(change_of_event.id)
                    self.expect_snapshot()

    def _may_be_added(self, line_id: LineId) -> bool:
        awaited = self.awaits_snapshot or not self._was_whole
        return awaited and not self._rows.knows_line(line_id)

    def _write_price(self, price: OutsidePrice, at_ns: int) -> None:
        self._begin_message(at_ns, 0)
        try:
            self._rows.write_reference(price)
        except ProtocolError as error:
            self._decode_errors.note(error)

    def _begin_gap(self, down: SocketDown) -> None:
        """Write the beginning of a gap, once, and the trades among what was held back."""
        # Outside prices will be out of date by the next snapshot; trades stay facts.
        self._waiting_prices.clear()
        waiting, self._waiting = self._waiting or [], None
        for message in waiting:
            if _is_trade(message):
                self._write(message)
        if self._lost_ns is not None or not self._was_whole:
            return
        self.gaps += 1
        self._begin_message(down.at_ns, 0)
        self._lost_ns = self._whole_ns
        self._writer.feed_lost(down.reason)

    def _write_untyped(self, received_ns: int, raw: bytes) -> None:
        self._begin_message(received_ns, 0)
        self._writer.untyped(raw.decode("utf-8", "backslashreplace"))

    def _begin_message(self, received_ns: int, exchange_ns: int) -> None:
        """Begin a message; one that was held back arrives after what it waited for."""
        self._last_ns = max(self._last_ns, received_ns)
        self._writer.begin_message(self._last_ns, exchange_ns or self._last_ns)


class SessionRecorder:
    """Records at a session's clock, and sends every row on as it is written.

    Tape, journal and desk see one time of arrival: that at which the clock lets a message in.
    `whole` is set while the tape shows the whole market; `updated_ns` is the time of the last
    message, zero before the first.
    """

    def __init__(
        self,
        recorder: Recorder,
        rows: MarketRows,
        writer: TapeWriter,
        clock: WallClock,
        on_order: Callable[[WireOrder], None],
    ) -> None:
        """Record the rows of a writer; private updates go to `on_order` as they arrive."""
        self.whole = asyncio.Event()
        self.updated_ns = 0
        self._recorder = recorder
        self._rows = rows
        self._clock = clock
        self._on_order = on_order
        self._unsent: list[Row] = []
        self._listener: MarketListener | None = None
        self._updates: CatalogueUpdates | None = None
        writer.on_row = self._unsent.append

    def attach(self, listener: MarketListener, updates: CatalogueUpdates) -> None:
        """Send a listener the rows so far, and from now on every row as it is written."""
        self._listener, self._updates = listener, updates
        self._send_rows()

    def on_record(self, record: Record) -> None:
        """Send a private update to the orders at once; write everything, and send the rows."""
        if isinstance(record, Message):
            self.updated_ns = record.received_ns
            private = (record.channel or "").startswith(_PRIVATE)
            if private and record.change and isinstance(record.change.body, OrderChange):
                self._on_order(record.change.body.info)
        self._clock.enter(partial(self._write, record))

    def on_reference(self, line: ReferenceLine) -> None:
        """Write a line of prices from outside, and send it on."""
        self._clock.enter(partial(self._write_reference, line))

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Write the changes in a snapshot, send them on, and then report that the feed is whole."""
        self._clock.enter(partial(self._write_snapshot, snapshot))
        if not self.whole.is_set():
            self.whole.set()
            if self._listener is not None:
                self._clock.enter(self._listener.on_feed_restored)

    def _write(self, record: Record) -> None:
        if isinstance(record, Message):
            record = msgspec.structs.replace(record, received_ns=self._clock.now_ns())
        self._recorder.on_record(record)
        self._send_rows()
        if isinstance(record, SocketDown) and self.whole.is_set():
            self.whole.clear()
            if self._listener is not None:
                self._listener.on_feed_lost()

    def _write_reference(self, line: ReferenceLine) -> None:
        arrived = msgspec.structs.replace(line, received_ns=self._clock.now_ns())
        self._recorder.on_reference(arrived)
        self._send_rows()

    def _write_snapshot(self, snapshot: Snapshot) -> None:
        self._recorder.on_snapshot(snapshot)
        self._send_rows()

    def _send_rows(self) -> None:
        if self._listener is None or self._updates is None:
            return
        if self._rows.take_additions():
            added = self._updates.next_update()
            if added is not None:
                self._listener.on_markets_added(added)
        if self._unsent:
            rows, self._unsent[:] = [*self._unsent], []
            self._listener.on_rows(rows)


def _is_trade(message: Message) -> bool:
    """Return whether a message reports a trade, even one that cannot be read."""
    if message.change is None:
        return b"matched_order" in message.raw
    return isinstance(message.change.body, TradeChange)
