"""What the stream tells, as a tape. After every gap a snapshot is taken.

A message of levels replaces a whole strike; the tape keeps what changed, level by level. What
arrives while a snapshot is on its way is written after it.
"""

import json
from collections.abc import Callable, Collection, Iterable

from live.prophetx.market_data.raw_log import RawLog
from live.prophetx.market_data.tape_rows import MarketRows
from live.prophetx.socket.stream import Down, Garbled, Heard, Record, Up
from live.prophetx.wire.decode_errors import DecodeErrors
from live.prophetx.wire.frames import (
    Change,
    EventChange,
    MarketChange,
    SelectionsChange,
    TradeChange,
    read_change,
)
from live.prophetx.wire.markets import EventShape, MarketShape
from live.reference.reference_source import ReferenceLine
from live.wall_clock import WallClock
from recordings.writer import TapeWriter
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.events import ReferencePrice
from strategies.trading.model.ids import LineId
from strategies.trading.model.units import NS_PER_SECOND


class Recorder:
    """Writes what it hears to a tape, and asks for a snapshot whenever one is needed."""

    def __init__(
        self,
        writer: TapeWriter,
        raw: RawLog,
        rows: MarketRows,
        clock: WallClock,
        decode_errors: DecodeErrors,
        tournament_ids: Collection[int],
        ask_snapshot: Callable[[], None],
    ) -> None:
        """Record the events of these tournaments, market by market as `rows` follows them."""
        self._writer = writer
        self._raw = raw
        self._rows = rows
        self._clock = clock
        self._decode_errors = decode_errors
        self._tournament_ids = frozenset(tournament_ids)
        self._ask_snapshot = ask_snapshot
        self._waiting: list[Heard] | None = None
        self._waiting_prices: dict[LineId, ReferencePrice] = {}
        self._last_ns = 0
        self._lost_ns: int | None = None
        self._was_whole = False
        self.gaps = 0
        self._gap_ns = 0

    @property
    def awaits_snapshot(self) -> bool:
        """Tell whether what is heard is held back until a snapshot has been written."""
        return self._waiting is not None

    def hear(self, record: Record) -> None:
        """Take what the stream tells."""
        match record:
            case Heard():
                self._raw.keep(record.received_ns, record.raw)
                self._take_or_hold(record)
            case Garbled():
                self._raw.keep(record.received_ns, record.raw)
                self._write_untyped(record.received_ns, record.raw)
            case Up():
                self.expect_snapshot()
            case Down():
                self._lose(record)

    def hear_reference(self, told: ReferenceLine) -> None:
        """Take a line from outside; the price of a line that a snapshot may yet show waits."""
        self._raw.keep(told.received_ns, told.raw)
        if told.price is None:
            self._write_untyped(told.received_ns, told.raw)
        elif self._may_yet_be_shown(told.price.line_id):
            self._waiting_prices[told.price.line_id] = told.price
        else:
            self._write_price(told.price, told.received_ns)

    def write_snapshot(
        self, events: Iterable[EventShape], markets: dict[int, list[MarketShape]]
    ) -> None:
        """Write what changed up to a snapshot of everything that is followed, then what waited."""
        self._begin(self._clock.wall_ns(), 0)
        if self._lost_ns is not None:
            self._gap_ns += self._last_ns - self._lost_ns
            self._lost_ns = None
            self._writer.untyped(json.dumps({"feed": "restored"}))
        for event in events:
            with self._rows.skipping():
                self._rows.write_event(event)
        for event_id, shapes in markets.items():
            self._rows.write_markets(event_id, shapes)
        self._was_whole = True
        waiting, self._waiting = self._waiting or [], None
        for record in waiting:
            self._take_or_hold(record)
        prices, self._waiting_prices = self._waiting_prices, {}
        for price in prices.values():
            self._write_price(price, self._last_ns)

    def _take_or_hold(self, record: Heard) -> None:
        if self._waiting is None:
            self._take(record)
        else:
            self._waiting.append(record)

    def gap_note(self) -> str | None:
        """Return what a report must repeat of the gaps, None if there were none."""
        if not self.gaps:
            return None
        seconds = self._gap_ns / NS_PER_SECOND
        return f"the feed was lost {self.gaps} times while recording, for {seconds:.1f} s in all"

    def expect_snapshot(self) -> None:
        """Hold back what is heard until a snapshot has been written, and ask for one."""
        if self._waiting is None:
            self._waiting = []
        self._ask_snapshot()

    def _take(self, heard: Heard) -> None:
        try:
            self._write(read_change(heard.frame), heard.received_ns)
        except ProtocolError as error:
            self._decode_errors.note(error)
            self._write_untyped(heard.received_ns, heard.raw)

    def _write(self, change: Change, received_ns: int) -> None:
        self._begin(received_ns, change.timestamp_ns)
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
                    rows.pass_over(ids)
                    self.expect_snapshot()
            case EventChange(info=None) as gone:
                rows.suspend_event(gone.id)
            case EventChange(info=EventShape() as event) as change_of_event:
                rows.write_event_state(event)
                new = not rows.knows_event(change_of_event.id)
                if new and change_of_event.tournament_id in self._tournament_ids:
                    rows.pass_over(change_of_event.id)
                    self.expect_snapshot()

    def _may_yet_be_shown(self, line_id: LineId) -> bool:
        awaited = self.awaits_snapshot or not self._was_whole
        return awaited and not self._rows.knows_line(line_id)

    def _write_price(self, price: ReferencePrice, at_ns: int) -> None:
        self._begin(at_ns, 0)
        try:
            self._rows.write_reference(price)
        except ProtocolError as error:
            self._decode_errors.note(error)

    def _lose(self, down: Down) -> None:
        """Tell of a gap, once; of what waited for a snapshot, trades are facts all the same."""
        # By the next snapshot they would be old.
        self._waiting_prices.clear()
        waiting, self._waiting = self._waiting or [], None
        for record in waiting:
            if "matched_order" in str(record.frame.data):
                self._take(record)
        if self._lost_ns is not None or not self._was_whole:
            return
        self.gaps += 1
        self._begin(down.at_ns, 0)
        self._lost_ns = self._last_ns
        self._writer.untyped(json.dumps({"feed": "lost", "reason": down.reason}))

    def _write_untyped(self, received_ns: int, raw: bytes) -> None:
        self._begin(received_ns, 0)
        self._writer.untyped(raw.decode("utf-8", "backslashreplace"))

    def _begin(self, received_ns: int, exchange_ns: int) -> None:
        """Begin a message; one that had to wait is seen after what it waited for."""
        self._last_ns = max(self._last_ns, received_ns)
        self._writer.begin_message(self._last_ns, exchange_ns or self._last_ns)
