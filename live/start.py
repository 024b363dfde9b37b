"""One start of a session: from the first look at the market to the last wager cancelled."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from live.connection import Connection, chosen_tournaments
from live.ear import Ear
from live.journal import Seating, SessionJournal
from live.past import Past, available_after, rebuild
from live.raw import RawLog
from live.reference import Told
from live.room import Opening, Room
from live.stream import Down, Heard, Record
from live.taping import Taping, TapingSettings, Tell
from live.wire.frames import OrderChange, read_change
from live.wire.markets import EventShape, MarketShape, TournamentShape
from recordings.tape import Clocks, Row
from recordings.writer import TapeWriter
from strategies.trading.assembly import DeskSettings, assemble_desk
from strategies.trading.commission import Commission
from strategies.trading.desk import Desk
from strategies.trading.errors import ConfigError, ExchangeError, ProtocolError
from strategies.trading.limits import Limits
from strategies.trading.market_filter import MarketFilter
from strategies.trading.money import dollars_text
from strategies.trading.odds import Ladder

_COMMIT_SECONDS = 1.0
# How long the desk's own cancels are waited for, before all is cancelled over its head.
_CLOSING_SECONDS = 15
_CLOSING_LOOK_SECONDS = 0.05
_PRIVATE = "private-service="


class Startable(Protocol):
    """A session as its starts see it."""

    @property
    def markets(self) -> MarketFilter:
        """Return which markets it follows."""

    @property
    def commission(self) -> Commission:
        """Return the exchange's cut."""

    @property
    def taping(self) -> TapingSettings:
        """Return how the market is taped."""

    def desk_settings(
        self, limits: Limits, starting_balance_cents: int, start_number: int
    ) -> DeskSettings:
        """Return what the desk is made of."""


class _StoppedError(Exception):
    """The session was told to stop: ends its tasks."""


class Start:
    """Runs a desk in a room until told to stop."""

    def __init__(
        self,
        session: Startable,
        room: Room,
        connection: Connection,
        journal: SessionJournal,
        folder: Path,
        number: int,
        tell: Tell,
    ) -> None:
        """Prepare; nothing is asked before it is carried out."""
        self._session = session
        self._room = room
        self._connection = connection
        self._journal = journal
        self._folder = folder
        self._number = number
        self._tell = tell
        self._past = Past(entry for entry in journal.entries() if entry.start < number)
        self._desk: Desk | None = None

    async def carry_out(self, stop: asyncio.Event, limits: Limits) -> None:
        """Trade until told to stop, and leave nothing open; raise what went wrong.

        What was asked wrongly comes out as ConfigError before anything is done.
        """
        failure: Exception | None = None
        try:
            await self._tape_and_trade(stop, limits)
        except Exception as error:
            if isinstance(error, ConfigError) and self._desk is None:
                raise
            failure = error
            self._tell(f"stopped by {type(error).__name__}: {error}; cancelling everything")
        await self._leave_nothing_open()
        if failure is not None:
            raise failure

    async def _leave_nothing_open(self) -> None:
        name = self._connection.site.name
        try:
            still_open = await self._room.withdraw_all(self._connection)
        except ExchangeError as error:
            message = f"{name} does not say whether wagers are open ({error}); ask with status"
            raise ExchangeError(message) from error
        if still_open:
            message = f"{len(still_open)} wagers are still open: {still_open[0]} ..."
            raise ExchangeError(message)
        self._tell(f"nothing is open at {name}")

    async def _tape_and_trade(self, stop: asyncio.Event, limits: Limits) -> None:
        connection = self._connection
        ladder = Ladder(await connection.client.ladder())
        tournaments = await chosen_tournaments(connection.client, self._session.markets)
        folder = self._folder / f"tape-{self._number:05d}"
        writer = TapeWriter(
            folder,
            source=f"recorded from {connection.site.name} ({connection.site.host})",
            simulated=not connection.site.real_money,
            clocks=Clocks.TWO,
            ladder=ladder,
        )
        raw = RawLog(folder)
        taping = MarketTaping(
            self._session.taping, connection, self._room, tournaments, writer, raw, self._tell
        )
        try:
            await self._trade(taping, writer, stop, limits)
        finally:
            raw.end_file()
            if writer.rows_written:
                writer.close()
            else:
                writer.abandon()

    async def _trade(
        self, taping: "MarketTaping", writer: TapeWriter, stop: asyncio.Event, limits: Limits
    ) -> None:
        """Run the tasks of the start; an error of any of them ends all."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._room.clock.run())
                tasks.create_task(taping.run(asyncio.Event()))
                tasks.create_task(self._commit_now_and_then())
                if await _first_of(taping.whole, stop):
                    await self._open(taping, writer, tasks, limits)
                    await stop.wait()
                    await self._close_desk()
                raise _StoppedError
        except BaseExceptionGroup as group:
            failures = [e for e in group.exceptions if not isinstance(e, _StoppedError)]
            if failures:
                raise failures[0] from None

    async def _open(
        self,
        taping: "MarketTaping",
        writer: TapeWriter,
        tasks: asyncio.TaskGroup,
        limits: Limits,
    ) -> None:
        """Seat a desk on what is on offer by now."""
        known = writer.info
        info = replace(
            known, events=[*known.events], markets=[*known.markets], lines=[*known.lines]
        )
        catalogue = info.catalogue()
        market_keys = self._session.markets.choose(catalogue)
        room = self._room
        opening = Opening(self._connection, info, market_keys, tasks, self._journal.commit)
        exchange = room.open(opening)
        past, news = await room.recover(self._past.unfinished(catalogue, market_keys))
        available_cents = await room.available_cents()
        before_cents = available_after(catalogue, self._session.commission, past, news)
        seating = Seating(
            limits,
            available_cents - before_cents,
            market_keys,
            len(info.events),
            len(info.markets),
            len(info.lines),
            tuple(wager.request.ref for wager in past),
        )
        self._journal.seated(seating)
        desk = assemble_desk(
            self._session.desk_settings(limits, seating.starting_balance_cents, self._number),
            catalogue=catalogue,
            market_keys=market_keys,
            ladder=info.ladder,
            clock=room.clock,
            exchange=exchange,
            journal=self._journal,
        )
        with self._journal.silent():
            rebuild(desk, past)
        self._desk = desk
        self._ear = Ear(desk, self._journal, room.clock)
        taping.seat(self._ear)
        self._tell(
            f"start {self._number}: {len(market_keys)} markets, "
            f"{dollars_text(available_cents)} to stake; Ctrl-C ends it"
        )

    async def _close_desk(self) -> None:
        """Halt the desk, and let it hear that its wagers are gone."""
        desk, clock = self._desk, self._room.clock
        assert desk is not None, "no desk is seated"
        self._tell("cancelling everything")
        clock.enter(partial(self._ear.halt, "told to stop"))
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                while desk.wagers.live_count:
                    await asyncio.sleep(_CLOSING_LOOK_SECONDS)

    async def _commit_now_and_then(self) -> None:
        """Put on the disk what was heard without anything being sent."""
        while True:
            await asyncio.sleep(_COMMIT_SECONDS)
            self._journal.commit()


class MarketTaping(Taping):
    """A taping whose rows a room takes as they are written, and its desk once it is seated."""

    def __init__(
        self,
        settings: TapingSettings,
        connection: Connection,
        room: Room,
        tournaments: Sequence[TournamentShape],
        writer: TapeWriter,
        raw: RawLog,
        tell: Tell,
    ) -> None:
        """Tape on the room's clock; what is written before a desk is seated is kept for it."""
        super().__init__(settings, connection, room.clock, tournaments, writer, raw, tell)
        self.whole = asyncio.Event()
        self._room = room
        self._troubles = connection.troubles
        self._is_seated = False
        self._unheard: list[Row] = []
        writer.on_row = self._unheard.append

    def seat(self, ear: Ear) -> None:
        """Let a desk hear what is there, and whatever comes, and begin."""

        def begin() -> None:
            self._room.seat(ear)
            self._is_seated = True
            self._hand_over()
            ear.begin()

        self._room.clock.enter(begin)
        if not self.whole.is_set():
            self._room.clock.enter(self._room.lose)

    def hear(self, record: Record) -> None:
        """Take what the stream tells: private updates at once, the rest by way of the tape."""
        if isinstance(record, Heard) and (record.frame.channel or "").startswith(_PRIVATE):
            self._hear_private(record)
        self._room.clock.enter(partial(self._hear_now, record))
        if isinstance(record, Down) and self.whole.is_set():
            self.whole.clear()
            if self._is_seated:
                self._room.clock.enter(self._room.lose)

    def hear_reference(self, told: Told) -> None:
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
            if self._is_seated:
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

    def _hear_reference_now(self, told: Told) -> None:
        super().hear_reference(msgspec.structs.replace(told, received_ns=self._room.clock.now_ns()))
        self._hand_over()

    def _hand_over(self) -> None:
        if self._is_seated and self._unheard:
            rows, self._unheard[:] = [*self._unheard], []
            self._room.take(rows)

    def _hear_private(self, heard: Heard) -> None:
        try:
            body = read_change(heard.frame).body
            if isinstance(body, OrderChange):
                self._room.hear(body.info)
        except ProtocolError as error:
            self._troubles.note(error)


async def _first_of(whole: asyncio.Event, stop: asyncio.Event) -> bool:
    """Wait until the market is there or we are told to stop; tell whether to go on."""
    waiting = [asyncio.ensure_future(event.wait()) for event in (whole, stop)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
    return not stop.is_set()
