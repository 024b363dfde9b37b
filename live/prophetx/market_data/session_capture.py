"""The taping of a session: what is written to its recording is what its room takes, row by row."""

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec

from live.prophetx.connection import Connection
from live.prophetx.market_data.capture import Capture, CaptureSettings, Tell
from live.prophetx.market_data.raw_log import RawLog
from live.prophetx.socket.stream import Down, Heard, Record
from live.prophetx.wire.frames import OrderChange, read_change
from live.prophetx.wire.markets import EventShape, MarketShape, TournamentShape
from live.reference.reference_source import ReferenceLine
from live.session.catalogue_updates import CatalogueUpdates
from live.session.gateway import Gateway
from live.session.journaling_listener import JournalingListener
from recordings.tape import Row
from recordings.writer import TapeWriter
from strategies.trading.model.errors import ProtocolError

_PRIVATE = "private-service="


class SessionCapture(Capture):
    """A taping whose rows a room takes as they are written, and its desk once it is seated."""

    def __init__(
        self,
        settings: CaptureSettings,
        connection: Connection,
        room: Gateway,
        tournaments: Sequence[TournamentShape],
        writer: TapeWriter,
        raw: RawLog,
        tell: Tell,
    ) -> None:
        """Tape on the room's clock; what is written before a desk is seated is kept for it."""
        super().__init__(settings, connection, room.clock, tournaments, writer, raw, tell)
        self.whole = asyncio.Event()
        self.updated_ns = 0
        self._room = room
        self._decode_errors = connection.decode_errors
        self._growth: CatalogueUpdates | None = None
        self._unheard: list[Row] = []
        writer.on_row = self._unheard.append

    def seat(self, ear: JournalingListener, growth: CatalogueUpdates) -> None:
        """Let a desk hear what is there, and whatever comes, and begin.

        The growth counts from what the room was opened with.
        """

        def begin() -> None:
            self._room.seat(ear)
            self._growth = growth
            self._hand_over()
            ear.begin()

        self._room.clock.enter(begin)
        if not self.whole.is_set():
            self._room.clock.enter(self._room.lose)

    def hear(self, record: Record) -> None:
        """Take what the stream tells: private updates at once, the rest by way of the tape."""
        if isinstance(record, Heard):
            self.updated_ns = record.received_ns
        if isinstance(record, Heard) and (record.frame.channel or "").startswith(_PRIVATE):
            self._hear_private(record)
        self._room.clock.enter(partial(self._hear_now, record))
        if isinstance(record, Down) and self.whole.is_set():
            self.whole.clear()
            if self._growth is not None:
                self._room.clock.enter(self._room.lose)

    def hear_reference(self, told: ReferenceLine) -> None:
        """Take a line from outside, by way of the tape too."""
        self._room.clock.enter(partial(self._hear_reference_now, told))

    async def ask_snapshot(self) -> tuple[list[EventShape], dict[int, list[MarketShape]]]:
        """Return everything as it stands, once the room has caught up with our own wagers."""
        await self._room.catch_up()
        return await super().ask_snapshot()

    def write_snapshot(
        self, events: list[EventShape], markets: dict[int, list[MarketShape]]
    ) -> None:
        """Write what is news, let the room take it, and then say that the feed is whole."""
        self._room.clock.enter(partial(self._write_now, events, markets))
        if not self.whole.is_set():
            self.whole.set()
            if self._growth is not None:
                self._room.clock.enter(self._room.restore)

    def _write_now(self, events: list[EventShape], markets: dict[int, list[MarketShape]]) -> None:
        super().write_snapshot(events, markets)
        self._hand_over()

    def _hear_now(self, record: Record) -> None:
        if isinstance(record, Heard):
            # One time for the tape, the journal and the desk.
            record = msgspec.structs.replace(record, received_ns=self._room.clock.now_ns())
        super().hear(record)
        self._hand_over()

    def _hear_reference_now(self, told: ReferenceLine) -> None:
        super().hear_reference(msgspec.structs.replace(told, received_ns=self._room.clock.now_ns()))
        self._hand_over()

    def _hand_over(self) -> None:
        if self._growth is None:
            return
        news = self._growth.news()
        if news is not None:
            self._room.grow(news)
        if self._unheard:
            rows, self._unheard[:] = [*self._unheard], []
            self._room.take(rows)

    def _hear_private(self, heard: Heard) -> None:
        try:
            body = read_change(heard.frame).body
            if isinstance(body, OrderChange):
                self._room.hear(body.info)
        except ProtocolError as error:
            self._decode_errors.note(error)
