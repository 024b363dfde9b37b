"""The verb `record`: the exchange's stream written to a tape until it is stopped."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from live.prophetx.connection import Connection, log_in, require_live_parts
from live.prophetx.market_data.capture import Capture, CaptureSettings, open_capture
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.socket.stream import StreamSettings
from live.reference.reference_source import ReferenceSettings
from live.session.gateway import Notify
from live.wall_clock import WallClock
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.settings import PositiveSeconds, Seed


@dataclass(frozen=True, slots=True)
class RecordingSummary:
    """Counts of a recording: rows, events, losses of the feed, and unreadable messages.

    `decode_errors` counts messages.
    """

    rows: int
    events: int
    gaps: int
    decode_errors: int


class Recording:
    """Records the markets that a filter chooses, from configured parts."""

    def __init__(
        self,
        *,
        feed: StreamSettings,
        clock: Callable[..., WallClock],
        prophet: Endpoint,
        markets: MarketFilter,
        reference: ReferenceSettings,
        seed: Seed,
        segment_seconds: Annotated[
            PositiveSeconds, Meta(description="How much of the recording a crash may lose.")
        ],
        compare_seconds: Annotated[
            PositiveSeconds,
            Meta(description="Time between two comparisons of the market with a snapshot."),
        ],
    ) -> None:
        """Prepare a recording; raise ConfigError for invalid settings.

        A segment is complete after `segment_seconds`; every `compare_seconds` the tape is compared
        with a snapshot.
        """
        require_live_parts(feed, clock)
        self.endpoint = prophet
        self.clock = clock()
        self._settings = CaptureSettings(
            feed, markets, reference, seed, segment_seconds, compare_seconds
        )

    async def run(
        self, folder: Path, connection: Connection, stop: asyncio.Event, notify: Notify
    ) -> RecordingSummary:
        """Record into a folder until `stop` is set; `notify` receives lines for a person.

        However it ends, the tape holds all that was received; without rows no tape is left.
        """
        await log_in(connection)
        capture, writer = await open_capture(
            self._settings, connection, folder, notify, home=folder
        )
        notify(f"recording {self.endpoint.name} ({self.endpoint.root}); Ctrl-C stops it")
        try:
            await _run_until(stop, capture)
        finally:
            capture.close()
        return RecordingSummary(
            writer.rows_written,
            len(capture.rows.event_ids),
            capture.recorder.gaps,
            connection.decode_errors.total,
        )


async def _run_until(stop: asyncio.Event, capture: Capture) -> None:
    """Run a capture until `stop` is set; raise what ends it earlier."""
    capturing = asyncio.create_task(capture.run(capture.recorder, _no_preparation))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((capturing, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        failed = capturing.done()
        for task in (capturing, stopping):
            task.cancel()
        await asyncio.gather(capturing, stopping, return_exceptions=True)
    if failed:
        capturing.result()


async def _no_preparation() -> None:
    """Return at once: a recording has no wagers to catch up on before a snapshot."""
