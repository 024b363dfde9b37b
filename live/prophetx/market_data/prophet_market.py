"""ProphetX's market as a session's market data."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from live.prophetx.connection import Connection, connected, log_in, require_stream
from live.prophetx.market_data.capture import Capture, CaptureSettings, open_capture
from live.prophetx.market_data.recorder import SessionRecorder
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.socket.stream import StreamSettings
from live.prophetx.wire.orders import WireOrder
from live.reference.reference_line import refused_by_source
from live.reference.reference_source import ReferenceSettings
from live.session.catalogue_updates import CatalogueUpdates
from live.session.gateway import MarketListener, Notify
from live.wall_clock import WallClock
from recordings.tape import TapeInfo
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.settings import Seed


class ProphetMarket:
    """ProphetX's market, recorded and sent on; paper trading uses it too, with other orders."""

    def __init__(
        self,
        *,
        prophet: Endpoint,
        feed: StreamSettings,
        markets: MarketFilter,
        reference: ReferenceSettings,
        seed: Seed,
        clock: WallClock,
    ) -> None:
        """Prepare; raise ConfigError for a feed that does not stream from an exchange."""
        require_stream(feed)
        self.venue = prophet.venue
        self.endpoint = prophet
        self._settings = partial(CaptureSettings, feed, markets, reference, seed)
        self._clock = clock
        self._on_order: Callable[[WireOrder], None] = _ignore_order
        self._catch_up: Callable[[], Awaitable[None]] = _catch_up_with_nothing
        self._connection: Connection | None = None
        self._capture: Capture | None = None
        self._recorder: SessionRecorder | None = None

    @asynccontextmanager
    async def connect(self, environ: Mapping[str, str], home: Path) -> AsyncIterator[None]:
        """Log in for as long as the context lasts."""
        async with connected(self.endpoint, self._clock, environ, home) as connection:
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
    def whole(self) -> asyncio.Event:
        """Return the event that is set while the tape shows the whole market."""
        return self._recording.whole

    @property
    def updated_ns(self) -> int:
        """Return the time of the last message, zero before the first."""
        return self._recording.updated_ns

    @property
    def gaps(self) -> int:
        """Return how often the feed was lost."""
        return self.capture.recorder.gaps

    @property
    def unreadable(self) -> int:
        """Return how many messages could not be read."""
        return self.connection.decode_errors.total

    @property
    def unreadable_prices(self) -> Mapping[str, int]:
        """Return how many of them were prices from outside, by the name of their source."""
        return refused_by_source(self.connection.decode_errors.counts)

    @property
    def is_refused(self) -> bool:
        """Return whether the exchange refuses our login, after it had accepted us."""
        return self.connection.client.is_refused

    def renew_stream(self, reason: str) -> None:
        """Drop the socket and open another; between them is a gap, as after any loss."""
        self.capture.renew_stream(reason)

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
        self._capture, writer = await open_capture(
            settings, self.connection, folder, notify, home=folder.parent
        )
        self._recorder = SessionRecorder(
            self._capture.recorder, self._capture.rows, writer, self._clock, self._on_order
        )
        return writer.info

    def end_segment(self) -> None:
        """Complete the open segment."""
        self.capture.end_segment()

    def close(self) -> None:
        """Complete the tape; remove it if nothing was written."""
        self.capture.close()

    async def run(self) -> None:
        """Record until cancelled."""
        await self.capture.run(self._recording, self._catch_up)

    def attach(self, listener: MarketListener, updates: CatalogueUpdates) -> None:
        """Send a listener the rows so far, and from now on every row as it is written."""
        self._recording.attach(listener, updates)

    @property
    def _recording(self) -> SessionRecorder:
        assert self._recorder is not None, "begin was called"
        return self._recorder


def _ignore_order(_: WireOrder) -> None:
    """Ignore private updates if nobody follows the orders."""


async def _catch_up_with_nothing() -> None:
    """Return at once if nobody follows the orders."""
