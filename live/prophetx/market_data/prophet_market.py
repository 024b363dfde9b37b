"""ProphetX's market as a session's market data: rows are sent on as they are written."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec

from live.prophetx.connection import Connection, connected, log_in, require_stream
from live.prophetx.market_data.capture import Capture, CaptureSettings, open_capture
from live.prophetx.market_data.recorder import Snapshot
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.socket.stream import Message, Record, SocketDown, StreamSettings
from live.prophetx.wire.frames import OrderChange, read_change
from live.prophetx.wire.orders import WireOrder
from live.reference.reference_source import ReferenceLine, ReferenceSettings
from live.session.catalogue_updates import CatalogueUpdates
from live.session.gateway import MarketListener, Notify
from live.wall_clock import WallClock
from recordings.tape import Row, TapeInfo
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.errors import ProtocolError

_PRIVATE = "private-service="


class ProphetMarket:
    """ProphetX's market, recorded inside a session's clock: rows are sent on as they are written.

    Tape, journal and desk see one time of arrival: that at which the clock lets a message in. Paper
    trading uses it as well; only orders differ.
    """

    def __init__(
        self,
        *,
        prophet: Endpoint,
        feed: StreamSettings,
        markets: MarketFilter,
        reference: ReferenceSettings,
        seed: int,
        clock: WallClock,
    ) -> None:
        """Prepare; raise ConfigError for a feed that does not stream from an exchange."""
        require_stream(feed)
        self.venue = prophet.venue
        self.whole = asyncio.Event()
        self.updated_ns = 0
        self._endpoint = prophet
        self._settings = partial(CaptureSettings, feed, markets, reference, seed)
        self._clock = clock
        self._on_order: Callable[[WireOrder], None] = _ignore_order
        self._catch_up: Callable[[], Awaitable[None]] = _catch_up_with_nothing
        self._connection: Connection | None = None
        self._capture: Capture | None = None
        self._unsent: list[Row] = []
        self._listener: MarketListener | None = None
        self._updates: CatalogueUpdates | None = None

    @asynccontextmanager
    async def connect(self, environ: Mapping[str, str], home: Path) -> AsyncIterator[None]:
        """Log in for as long as the context lasts."""
        async with connected(self._endpoint, self._clock, environ, home) as connection:
            await log_in(connection)
            self._connection = connection
            yield

    @property
    def connection(self) -> Connection:
        """Return the connection within `connect`."""
        assert self._connection is not None, "the market is connected"
        return self._connection

    @property
    def capture(self) -> Capture:
        """Return the capture; only valid after `begin`."""
        assert self._capture is not None, "begin was called"
        return self._capture

    @property
    def gaps(self) -> int:
        """Return how often the feed was lost."""
        return self.capture.recorder.gaps

    @property
    def unreadable(self) -> int:
        """Return how many messages could not be read."""
        return self.connection.decode_errors.total

    def follow_orders(
        self, on_order: Callable[[WireOrder], None], catch_up: Callable[[], Awaitable[None]]
    ) -> None:
        """Send private updates to `on_order`, and await `catch_up` before each snapshot.

        After a gap it reports what was missed of our own wagers; it may raise ExchangeError.
        """
        self._on_order, self._catch_up = on_order, catch_up

    async def begin(
        self, folder: Path, segment_seconds: float, compare_seconds: float, notify: Notify
    ) -> TapeInfo:
        """Begin the tape in a folder, and return its dictionaries."""
        settings = self._settings(segment_seconds, compare_seconds)
        self._capture, writer = await open_capture(settings, self.connection, folder, notify)
        writer.on_row = self._unsent.append
        return writer.info

    def end_segment(self) -> None:
        """Complete the open segment."""
        self.capture.end_segment()

    def close(self) -> None:
        """Complete the tape; remove it if nothing was written."""
        self.capture.close()

    async def run(self) -> None:
        """Record until cancelled."""
        await self.capture.run(self, self._catch_up)

    def attach(self, listener: MarketListener, updates: CatalogueUpdates) -> None:
        """Send a listener the rows so far, and from now on every row as it is written."""
        self._listener, self._updates = listener, updates
        self._send_rows()

    def on_record(self, record: Record) -> None:
        """Send a private update to the orders at once; write everything, and send the rows."""
        if isinstance(record, Message):
            self.updated_ns = record.received_ns
            if (record.frame.channel or "").startswith(_PRIVATE):
                self._send_order(record)
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
        self.capture.recorder.on_record(record)
        self._send_rows()
        if isinstance(record, SocketDown) and self.whole.is_set():
            self.whole.clear()
            if self._listener is not None:
                self._listener.on_feed_lost()

    def _write_reference(self, line: ReferenceLine) -> None:
        self.capture.recorder.on_reference(
            msgspec.structs.replace(line, received_ns=self._clock.now_ns())
        )
        self._send_rows()

    def _write_snapshot(self, snapshot: Snapshot) -> None:
        self.capture.recorder.on_snapshot(snapshot)
        self._send_rows()

    def _send_rows(self) -> None:
        if self._listener is None or self._updates is None:
            return
        if self.capture.rows.take_additions():
            added = self._updates.next_update()
            if added is not None:
                self._listener.on_markets_added(added)
        if self._unsent:
            rows, self._unsent[:] = [*self._unsent], []
            self._listener.on_rows(rows)

    def _send_order(self, message: Message) -> None:
        try:
            body = read_change(message.frame).body
            if isinstance(body, OrderChange):
                self._on_order(body.info)
        except ProtocolError as error:
            self.connection.decode_errors.note(error)


def _ignore_order(_: WireOrder) -> None:
    """Ignore private updates if nobody follows the orders."""


async def _catch_up_with_nothing() -> None:
    """Return at once if nobody follows the orders."""
