"""A recording session: the exchange's stream written to a tape, until it is told to stop."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from numpy.random import default_rng

from live import listing
from live.client import EVENTS_PER_QUERY
from live.clock import WallClock
from live.connection import Connection, chosen_tournaments, require_live_parts
from live.market_rows import MarketRows
from live.raw import RawLog
from live.recorder import Recorder
from live.reference import ReferenceSettings, ReferenceSource
from live.site import Site
from live.stream import Down, Record, Stream, StreamSettings, Up
from live.wire.markets import EventShape, MarketShape, TournamentShape
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.errors import ExchangeError, ProtocolError
from strategies.trading.market_filter import MarketFilter
from strategies.trading.odds import Ladder

_FLUSH_SECONDS = 1.0

# Between two snapshots, so that no stream of news makes us ask without end.
_SNAPSHOT_PAUSE_SECONDS = 1.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a recording."""

    rows: int
    events: int
    gaps: int
    troubles: int


class Recording:
    """Records the markets that a filter chooses, from configured parts."""

    def __init__(
        self,
        *,
        feed: StreamSettings,
        clock: Callable[..., WallClock],
        prophet: Site,
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
        self.feed = feed
        self.site = prophet
        self.clock = clock()
        self.markets = markets
        self.reference = reference
        self.seed = seed
        self.segment_seconds = segment_seconds
        self.compare_seconds = compare_seconds

    async def carry_out(
        self, folder: Path, connection: Connection, stop: asyncio.Event, tell: Tell
    ) -> Recorded:
        """Record into a folder until told to stop; tell what a person should know meanwhile.

        However it ends, the tape is closed with all that was heard, unless nothing was.
        """
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
            taping = _Taping(self, connection, tournaments, writer, raw, tell)
            await taping.run(stop)
        finally:
            raw.end_file()
            if writer.rows_written:
                writer.close()
            else:
                writer.abandon()
        return taping.recorded()


class _Taping:
    """The tasks of a recording: the stream, the snapshots, the segments."""

    def __init__(
        self,
        session: Recording,
        connection: Connection,
        tournaments: Sequence[TournamentShape],
        writer: TapeWriter,
        raw: RawLog,
        tell: Tell,
    ) -> None:
        self._session = session
        self._connection = connection
        self._tournaments = tournaments
        self._writer = writer
        self._raw = raw
        self._tell = tell
        self._asked = asyncio.Event()
        self._wanted_ids: list[int] = []
        self._subscribed_ids: frozenset[int] = frozenset()
        self._rows = MarketRows(writer, connection.troubles, session.markets.types)
        self._recorder = Recorder(
            writer,
            raw,
            self._rows,
            connection.clock,
            connection.troubles,
            [tournament.id for tournament in tournaments],
            self._asked.set,
        )
        self._stream = Stream(
            connection.client,
            session.site,
            connection.clock,
            session.feed,
            default_rng(session.seed),
            self._subscribe,
            connection.troubles,
        )
        self._prices = ReferenceSource(session.reference, connection.clock, connection.troubles)

    async def run(self, stop: asyncio.Event) -> None:
        """Record until told to stop; raise what keeps it from going on."""
        await self._events()
        tasks = [
            asyncio.create_task(stop.wait()),
            asyncio.create_task(self._stream.run(self._hear)),
            asyncio.create_task(self._take_snapshots()),
            asyncio.create_task(self._end_segments()),
            asyncio.create_task(self._prices.run(self._recorder.hear_reference, self._tell)),
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

    def recorded(self) -> Recorded:
        """Return what came of it."""
        return Recorded(
            rows=self._writer.rows_written,
            events=len(self._rows.event_ids),
            gaps=self._recorder.gaps,
            troubles=self._connection.troubles.total,
        )

    def _subscribe(self) -> Sequence[int]:
        self._subscribed_ids = frozenset(self._wanted_ids)
        return self._wanted_ids

    def _hear(self, record: Record) -> None:
        self._recorder.hear(record)
        match record:
            case Up(epoch=epoch):
                self._tell(f"socket {epoch} is up, with {len(self._subscribed_ids)} events")
            case Down(epoch=epoch, reason=reason):
                self._tell(f"socket {epoch} is down: {reason}")

    async def _take_snapshots(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._session.compare_seconds):
                    await self._asked.wait()
            if not self._asked.is_set():
                self._recorder.expect_snapshot()
            self._asked.clear()
            try:
                events = await self._events()
                markets = await self._markets_of(self._wanted_ids)
            except ExchangeError as error:
                self._stream.renew(f"no snapshot: {error}", at_once=False)
                continue
            # Asked anew meanwhile, or lost: this one is of before.
            if self._asked.is_set() or not self._recorder.awaits_snapshot:
                continue
            self._recorder.write_snapshot(events, markets)
            if not self._subscribed_ids.issuperset(self._wanted_ids):
                self._stream.renew("another event is on offer")
            await asyncio.sleep(_SNAPSHOT_PAUSE_SECONDS)

    async def _events(self) -> list[EventShape]:
        """Return the events of the tournaments that are followed; they are wanted from now on."""
        client = self._connection.client
        events = [event for each in self._tournaments for event in await client.events(each.id)]
        followed = [event for event in events if self._is_followed(event)]
        self._wanted_ids = [event.event_id for event in followed]
        return followed

    def _is_followed(self, event: EventShape) -> bool:
        try:
            return listing.sport_event(event) is not None
        except ProtocolError as error:
            self._connection.troubles.note(error)
            return False

    async def _markets_of(self, event_ids: Sequence[int]) -> dict[int, list[MarketShape]]:
        markets: dict[int, list[MarketShape]] = {}
        for at in range(0, len(event_ids), EVENTS_PER_QUERY):
            few = event_ids[at : at + EVENTS_PER_QUERY]
            markets |= await self._connection.client.markets(few)
        return markets

    async def _end_segments(self) -> None:
        """Make what was heard whole on its own now and then, and the raw text every second."""
        passed = 0.0
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            self._raw.flush()
            passed += _FLUSH_SECONDS
            if passed >= self._session.segment_seconds:
                passed = 0.0
                self._writer.end_segment()
                self._raw.end_file()
