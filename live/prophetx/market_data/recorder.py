"""Writes the records of a stream as rows of a tape. After every gap a snapshot is written first.

A message of levels replaces a whole strike; the tape records the changes level by level. Messages
that arrive while a snapshot is requested are written after it.
"""

import json
from collections.abc import Callable, Collection
from typing import NamedTuple

from live.decode_errors import DecodeErrors
from live.prophetx.market_data.raw_log import RawLog
from live.prophetx.market_data.tape_rows import MarketRows
from live.prophetx.socket.stream import Message, Record, SocketDown, SocketUp, UnreadableMessage
from live.prophetx.wire.frames import (
    Change,
    EventChange,
    MarketChange,
    SelectionsChange,
    TradeChange,
    read_change,
)
from live.prophetx.wire.markets import WireEvent, WireMarket
from live.reference.reference_source import ReferenceLine
from live.session.gateway import Notify
from live.wall_clock import WallClock
from recordings.writer import TapeWriter
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.ids import LineId
from strategies.trading.model.units import NS_PER_SECOND


class Snapshot(NamedTuple):
    """All events that are followed, and the markets of each by the exchange's event id."""

    events: list[WireEvent]
    markets: dict[int, list[WireMarket]]


class Recorder:
    """Writes the records of a stream to a tape, and requests a snapshot when it needs one.

    `gaps` counts how often the feed was lost.
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
        self._waiting_prices: dict[LineId, ReferencePrice] = {}
        self._last_ns = 0
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
        elif self._may_be_added(line.price.line_id):
            self._waiting_prices[line.price.line_id] = line.price
        else:
            self._write_price(line.price, line.received_ns)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Write the changes in a snapshot, then the messages that were held back."""
        self._begin_message(self._clock.wall_ns(), 0)
        if self._lost_ns is not None:
            self._gap_ns += self._last_ns - self._lost_ns
            self._lost_ns = None
            self._writer.untyped(json.dumps({"feed": "restored"}))
        for event in snapshot.events:
            with self._rows.skipping():
                self._rows.write_event(event)
        for event_id, reported_markets in snapshot.markets.items():
            self._rows.write_markets(event_id, reported_markets)
        self._was_whole = True
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
        return f"the feed was lost {times} while recording, for {seconds:.1f} s in all"

    def _write_or_hold(self, message: Message) -> None:
        if self._waiting is None:
            self._write(message)
        else:
            self._waiting.append(message)

    def _write(self, message: Message) -> None:
        try:
            self._write_change(read_change(message.frame), message.received_ns)
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

    def _write_price(self, price: ReferencePrice, at_ns: int) -> None:
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
            if "matched_order" in str(message.frame.data):
                self._write(message)
        if self._lost_ns is not None or not self._was_whole:
            return
        self.gaps += 1
        self._begin_message(down.at_ns, 0)
        self._lost_ns = self._last_ns
        self._writer.untyped(json.dumps({"feed": "lost", "reason": down.reason}))

    def _write_untyped(self, received_ns: int, raw: bytes) -> None:
        self._begin_message(received_ns, 0)
        self._writer.untyped(raw.decode("utf-8", "backslashreplace"))

    def _begin_message(self, received_ns: int, exchange_ns: int) -> None:
        """Begin a message; one that was held back arrives after what it waited for."""
        self._last_ns = max(self._last_ns, received_ns)
        self._writer.begin_message(self._last_ns, exchange_ns or self._last_ns)
