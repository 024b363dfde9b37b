"""A recording session: the exchange's stream written to a tape, until it is told to stop."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from live.prophetx.connection import Connection, chosen_tournaments, log_in, require_live_parts
from live.prophetx.market_data.capture import Capture, CaptureSettings, Tell
from live.prophetx.market_data.raw_log import RawLog
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.socket.stream import StreamSettings
from live.reference.reference_source import ReferenceSettings
from live.wall_clock import WallClock
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.odds import Ladder


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a recording."""

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
        seed: int,
        segment_seconds: float,
        compare_seconds: float,
    ) -> None:
        """Take the parts; raise ConfigError where they cannot mean anything.

        A segment is whole after `segment_seconds`; every `compare_seconds` the tape is compared
        with what the exchange answers.
        """
        require_live_parts(feed, clock)
        self.site = prophet
        self.clock = clock()
        self.markets = markets
        self.taping = CaptureSettings(
            feed, markets, reference, seed, segment_seconds, compare_seconds
        )

    async def run(
        self, folder: Path, connection: Connection, stop: asyncio.Event, tell: Tell
    ) -> Recorded:
        """Record into a folder until told to stop; tell what a person should know meanwhile.

        However it ends, the tape is closed with all that was heard, unless nothing was.
        """
        await log_in(connection)
        client = connection.client
        ladder = Ladder(await client.ladder())
        tournaments = await chosen_tournaments(client, self.markets)
        writer = TapeWriter(
            folder,
            source=f"recorded from {self.site.name} ({self.site.host})",
            simulated=not self.site.real_money,
            clocks=Clocks.TWO,
            ladder=ladder,
        )
        raw = RawLog(folder)
        tell(f"recording {self.site.name} ({self.site.root}); Ctrl-C ends it")
        try:
            taping = Capture(self.taping, connection, self.clock, tournaments, writer, raw, tell)
            await taping.run(stop)
        finally:
            raw.end_file()
            if writer.rows_written:
                writer.close()
            else:
                writer.abandon()
        return Recorded(
            writer.rows_written, taping.events, taping.gaps, connection.decode_errors.total
        )
