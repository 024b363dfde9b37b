"""Captures the exchange's stream on a tape: the tasks, from the first snapshot to the last row."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from numpy.random import default_rng

from live.prophetx.connection import Connection, chosen_tournaments
from live.prophetx.market_data import mapping
from live.prophetx.market_data.followed_games import FollowedGames
from live.prophetx.market_data.recorder import RawLog, Recorder, Snapshot
from live.prophetx.market_data.tape_rows import MarketRows
from live.prophetx.rest.client import EVENTS_PER_QUERY, EVENTS_PER_SOCKET
from live.prophetx.socket.records import Record
from live.prophetx.socket.stream import Stream, StreamSettings
from live.prophetx.wire.markets import WireEvent, WireMarket, WireTournament
from live.reference.odds_api.odds_poller import OddsPoller
from live.reference.reference_source import ReferenceLine, ReferenceSettings, ReferenceSource
from live.session.gateway import Notify
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ExchangeError, ProtocolError, TradingError
from strategies.trading.model.odds import Ladder

_FLUSH_SECONDS = 1.0

# Between two snapshots, so that a burst of new markets does not make us request without pause.
_SNAPSHOT_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """The settings of a capture.

    A segment is complete after `segment_seconds`; every `compare_seconds` the tape is compared with
    a snapshot.
    """

    feed: StreamSettings
    markets: MarketFilter
    reference: ReferenceSettings
    seed: int
    segment_seconds: float
    compare_seconds: float


class CaptureSink(Protocol):
    """Receives what a capture collects, in order of arrival."""

    def on_record(self, record: Record) -> None:
        """Process a record of the stream."""

    def on_reference(self, line: ReferenceLine) -> None:
        """Process a line of prices from outside."""

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Process a snapshot that was requested because the recorder needed one."""


class Capture:
    """The tasks of a recording: the stream, outside prices, snapshots and segments.

    Used by the verb `record` and by sessions, which differ in their sink.
    """

    def __init__(
        self,
        settings: CaptureSettings,
        connection: Connection,
        tournaments: Sequence[WireTournament],
        writer: TapeWriter,
        raw: RawLog,
        notify: Notify,
        folder: Path,
    ) -> None:
        """Prepare to record the events of these tournaments; `notify` gets lines for a person.

        `folder` is where programs of this user look for what they need to post prices.
        """
        self._settings = settings
        self._connection = connection
        self._tournaments = tournaments
        self._writer = writer
        self._raw = raw
        self._notify = notify
        self._snapshot_wanted = asyncio.Event()
        self._wanted_ids: list[int] = []
        self._left_out = 0
        self._subscribed_ids: frozenset[int] = frozenset()
        self.rows = MarketRows(writer, connection.decode_errors, settings.markets)
        self.recorder = Recorder(
            writer,
            raw,
            self.rows,
            connection.clock,
            connection.decode_errors,
            [tournament.id for tournament in tournaments],
            self._snapshot_wanted.set,
            notify,
        )
        self._stream = Stream(
            connection.client,
            connection.endpoint,
            connection.clock,
            settings.feed,
            default_rng(settings.seed),
            self._subscribe,
            connection.decode_errors,
        )
        connection.client.on_login_lost(self._on_login_lost)
        self._prices = ReferenceSource(
            settings.reference,
            connection.clock,
            connection.decode_errors,
            folder,
            self._odds_poller(folder),
        )

    def _odds_poller(self, folder: Path) -> OddsPoller | None:
        settings, connection = self._settings.reference.odds_api, self._connection
        if not settings.is_on:
            return None
        return OddsPoller(
            settings,
            connection.environ,
            connection.clock,
            connection.decode_errors,
            FollowedGames(self._writer.info, self.rows).games,
            folder,
        )

    async def run(self, sink: CaptureSink, before_snapshot: Callable[[], Awaitable[None]]) -> None:
        """Record until cancelled; raise an error that cannot be retried.

        `before_snapshot` is awaited before each snapshot; it raises ExchangeError to postpone it.
        """
        await self._events()
        tasks = [
            asyncio.create_task(self._stream.run(sink.on_record)),
            asyncio.create_task(self._take_snapshots(sink, before_snapshot)),
            asyncio.create_task(self._end_segments()),
            asyncio.create_task(self._prices.run(sink.on_reference, self._notify)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            note = self.recorder.gap_note()
            if note is not None:
                self._writer.info.notes.append(note)
        for task in done:
            task.result()

    def _on_login_lost(self, reason: str) -> None:
        """Lose the feed too, so that quotes are pulled: they could not be cancelled by request."""
        self._stream.renew(reason, at_once=False)

    def renew_stream(self, reason: str) -> None:
        """Drop the socket, and open another."""
        self._stream.renew(reason)

    def _subscribe(self) -> Sequence[int]:
        self._subscribed_ids = frozenset(self._wanted_ids)
        return self._wanted_ids

    async def _take_snapshots(
        self, sink: CaptureSink, before_snapshot: Callable[[], Awaitable[None]]
    ) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.compare_seconds):
                    await self._snapshot_wanted.wait()
            if not self._snapshot_wanted.is_set():
                self.recorder.expect_snapshot()
            self._snapshot_wanted.clear()
            try:
                await before_snapshot()
                events = await self._events()
                snapshot = Snapshot(events, await self._markets_of(self._wanted_ids))
            except ExchangeError as error:
                self._stream.renew(f"no snapshot: {error}", at_once=False)
                continue
            # Wanted again meanwhile, or the socket was lost: this one may be out of date.
            if self._snapshot_wanted.is_set() or not self.recorder.awaits_snapshot:
                continue
            sink.on_snapshot(snapshot)
            if not self._subscribed_ids.issuperset(self._wanted_ids):
                self._stream.renew("another event is on offer")
            await asyncio.sleep(_SNAPSHOT_PAUSE_SECONDS)

    async def _events(self) -> list[WireEvent]:
        """Return the events of the followed tournaments; they are wanted from now on."""
        client = self._connection.client
        events = [event for each in self._tournaments for event in await client.events(each.id)]
        followed = self._soonest([event for event in events if self._is_followed(event)])
        self._wanted_ids = [event.event_id for event in followed]
        return followed

    def _is_followed(self, event: WireEvent) -> bool:
        try:
            return mapping.sport_event(event) is not None
        except ProtocolError as error:
            self._connection.decode_errors.note(error)
            return False

    def _soonest(self, events: list[WireEvent]) -> list[WireEvent]:
        """Return as many events as one socket carries, the earliest first; report the rest."""
        left_out = max(0, len(events) - EVENTS_PER_SOCKET)
        if left_out != self._left_out:
            self._left_out = left_out
            number = counted(left_out, "event")
            self._notify(f"{number} left out: a socket carries {EVENTS_PER_SOCKET}")
        return sorted(events, key=lambda event: event.scheduled_ns() or 0)[:EVENTS_PER_SOCKET]

    async def _markets_of(self, event_ids: Sequence[int]) -> dict[int, list[WireMarket]]:
        markets: dict[int, list[WireMarket]] = {}
        for at in range(0, len(event_ids), EVENTS_PER_QUERY):
            few = event_ids[at : at + EVENTS_PER_QUERY]
            markets |= await self._connection.client.markets(few)
        return markets

    def end_segment(self) -> None:
        """Complete the open segment and the open file of raw messages."""
        self._writer.end_segment()
        self._raw.end_file()

    def close(self) -> None:
        """Complete the tape; remove it if nothing was written."""
        try:
            self._raw.end_file()
        finally:
            if self._writer.rows_written:
                self._writer.close()
            else:
                self._writer.abandon()

    async def _end_segments(self) -> None:
        """Complete a segment regularly, and make the raw messages readable every second."""
        passed = 0.0
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            self._raw.flush()
            passed += _FLUSH_SECONDS
            if passed >= self._settings.segment_seconds:
                passed = 0.0
                self.end_segment()


async def open_capture(
    settings: CaptureSettings,
    connection: Connection,
    folder: Path,
    notify: Notify,
    *,
    home: Path,
) -> tuple[Capture, TapeWriter]:
    """Return a capture of the chosen tournaments, and its tape in a folder.

    `home` is the folder of the session or recording that it belongs to.
    Raise ConfigError if the exchange lacks a tournament, CredentialsError for a source of prices
    without its key, ExchangeError if the exchange cannot be reached. No tape is left then.
    """
    client, endpoint = connection.client, connection.endpoint
    ladder = Ladder(await client.ladder())
    tournaments = await chosen_tournaments(client, settings.markets)
    writer = TapeWriter(
        folder,
        source=f"recorded from {endpoint.name} ({endpoint.host})",
        simulated=endpoint.is_drill or not endpoint.real_money,
        clocks=Clocks.TWO,
        ladder=ladder,
        private=True,
    )
    raw = RawLog(folder)
    try:
        return Capture(settings, connection, tournaments, writer, raw, notify, home), writer
    except TradingError:
        writer.abandon()
        raise
