"""The exchange's stream written to a tape: its tasks, from the first snapshot to the last row."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from numpy.random import default_rng

from live.prophetx.connection import Connection
from live.prophetx.market_data import mapping as listing
from live.prophetx.market_data.raw_log import RawLog
from live.prophetx.market_data.recorder import Recorder
from live.prophetx.market_data.tape_rows import MarketRows
from live.prophetx.rest.client import EVENTS_PER_QUERY, EVENTS_PER_SOCKET
from live.prophetx.rest.endpoint import require_positive
from live.prophetx.socket.stream import Down, Record, Stream, StreamSettings, Up
from live.prophetx.wire.markets import EventShape, MarketShape, TournamentShape
from live.reference.reference_source import ReferenceLine, ReferenceSettings, ReferenceSource
from live.wall_clock import WallClock
from recordings.writer import TapeWriter
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.errors import ConfigError, ExchangeError, ProtocolError

_FLUSH_SECONDS = 1.0

# Between two snapshots, so that no stream of news makes us ask without end.
_SNAPSHOT_PAUSE_SECONDS = 1.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """What is taped and how.

    A segment is whole after `segment_seconds`; every `compare_seconds` the tape is compared with
    what the exchange answers. Raise ConfigError, naming the setting, for what is no time or seed.
    """

    feed: StreamSettings
    markets: MarketFilter
    reference: ReferenceSettings
    seed: int
    segment_seconds: float
    compare_seconds: float

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        require_positive("run.segment_seconds", self.segment_seconds)
        require_positive("run.compare_seconds", self.compare_seconds)
        if type(self.seed) is not int or self.seed < 0:
            message = f"seed: {self.seed!r} is not a whole number, zero or more"
            raise ConfigError(message)


class Capture:
    """The tasks of a recording: the stream, outside prices, the snapshots, the segments.

    Whoever wants to know of what is written while it is, overrides `hear` and the snapshots.
    """

    def __init__(
        self,
        settings: CaptureSettings,
        connection: Connection,
        clock: WallClock,
        tournaments: Sequence[TournamentShape],
        writer: TapeWriter,
        raw: RawLog,
        tell: Tell,
    ) -> None:
        """Prepare to write the events of these tournaments; `tell` says what a person should know.

        Times of arrival are those of the clock.
        """
        self._settings = settings
        self._connection = connection
        self._tournaments = tournaments
        self._writer = writer
        self._raw = raw
        self._tell = tell
        self._asked = asyncio.Event()
        self._wanted_ids: list[int] = []
        self._left_out = 0
        self._subscribed_ids: frozenset[int] = frozenset()
        self._rows = MarketRows(writer, connection.decode_errors, settings.markets)
        self._recorder = Recorder(
            writer,
            raw,
            self._rows,
            clock,
            connection.decode_errors,
            [tournament.id for tournament in tournaments],
            self._asked.set,
        )
        self._stream = Stream(
            connection.client,
            connection.site,
            clock,
            settings.feed,
            default_rng(settings.seed),
            self._subscribe,
            connection.decode_errors,
        )
        self._prices = ReferenceSource(settings.reference, clock, connection.decode_errors)

    async def run(self, stop: asyncio.Event) -> None:
        """Record until told to stop; raise what keeps it from going on."""
        await self._events()
        tasks = [
            asyncio.create_task(stop.wait()),
            asyncio.create_task(self._stream.run(self.hear)),
            asyncio.create_task(self._take_snapshots()),
            asyncio.create_task(self._end_segments()),
            asyncio.create_task(self._prices.run(self.hear_reference, self._tell)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            note = self._recorder.gap_note()
            if note is not None:
                self._writer.info.notes.append(note)
        for task in done:
            task.result()

    @property
    def events(self) -> int:
        """Return how many events are on the tape."""
        return len(self._rows.event_ids)

    @property
    def gaps(self) -> int:
        """Return how often the feed was lost."""
        return self._recorder.gaps

    def _subscribe(self) -> Sequence[int]:
        self._subscribed_ids = frozenset(self._wanted_ids)
        return self._wanted_ids

    def hear(self, record: Record) -> None:
        """Take what the stream tells."""
        self._recorder.hear(record)
        match record:
            case Up(epoch=epoch):
                self._tell(f"socket {epoch} is up, with {len(self._subscribed_ids)} events")
            case Down(epoch=epoch, reason=reason):
                self._tell(f"socket {epoch} is down: {reason}")

    def hear_reference(self, told: ReferenceLine) -> None:
        """Take a line from outside."""
        self._recorder.hear_reference(told)

    async def _take_snapshots(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.compare_seconds):
                    await self._asked.wait()
            if not self._asked.is_set():
                self._recorder.expect_snapshot()
            self._asked.clear()
            try:
                events, markets = await self.ask_snapshot()
            except ExchangeError as error:
                self._stream.renew(f"no snapshot: {error}", at_once=False)
                continue
            # Asked anew meanwhile, or lost: this one is of before.
            if self._asked.is_set() or not self._recorder.awaits_snapshot:
                continue
            self.write_snapshot(events, markets)
            if not self._subscribed_ids.issuperset(self._wanted_ids):
                self._stream.renew("another event is on offer")
            await asyncio.sleep(_SNAPSHOT_PAUSE_SECONDS)

    async def ask_snapshot(self) -> tuple[list[EventShape], dict[int, list[MarketShape]]]:
        """Return everything that is followed as it stands now; raise ExchangeError."""
        events = await self._events()
        return events, await self._markets_of(self._wanted_ids)

    def write_snapshot(
        self, events: list[EventShape], markets: dict[int, list[MarketShape]]
    ) -> None:
        """Write what is news in a snapshot, and then what waited for it."""
        self._recorder.write_snapshot(events, markets)

    async def _events(self) -> list[EventShape]:
        """Return the events of the tournaments that are followed; they are wanted from now on."""
        client = self._connection.client
        events = [event for each in self._tournaments for event in await client.events(each.id)]
        followed = self._soonest([event for event in events if self._is_followed(event)])
        self._wanted_ids = [event.event_id for event in followed]
        return followed

    def _is_followed(self, event: EventShape) -> bool:
        try:
            return listing.sport_event(event) is not None
        except ProtocolError as error:
            self._connection.decode_errors.note(error)
            return False

    def _soonest(self, events: list[EventShape]) -> list[EventShape]:
        """Return as many as a socket can hear, those first that start first; tell of the rest."""
        left_out = max(0, len(events) - EVENTS_PER_SOCKET)
        if left_out != self._left_out:
            self._left_out = left_out
            self._tell(f"{left_out} events are left out: a socket hears {EVENTS_PER_SOCKET}")
        return sorted(events, key=lambda event: event.scheduled_ns() or 0)[:EVENTS_PER_SOCKET]

    async def _markets_of(self, event_ids: Sequence[int]) -> dict[int, list[MarketShape]]:
        markets: dict[int, list[MarketShape]] = {}
        for at in range(0, len(event_ids), EVENTS_PER_QUERY):
            few = event_ids[at : at + EVENTS_PER_QUERY]
            markets |= await self._connection.client.markets(few)
        return markets

    def end_segment(self) -> None:
        """Make whole on its own what was heard so far."""
        self._writer.end_segment()
        self._raw.end_file()

    async def _end_segments(self) -> None:
        """Make what was heard whole on its own now and then, and the raw text every second."""
        passed = 0.0
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            self._raw.flush()
            passed += _FLUSH_SECONDS
            if passed >= self._settings.segment_seconds:
                passed = 0.0
                self.end_segment()
