"""One start of a session: from the first look at the market to the last wager cancelled."""

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from live.prophetx.connection import Connection, chosen_tournaments
from live.prophetx.market_data.capture import CaptureSettings, Tell
from live.prophetx.market_data.raw_log import RawLog
from live.prophetx.market_data.session_capture import SessionCapture
from live.session.catalogue_updates import CatalogueUpdates
from live.session.gateway import Gateway, GatewayContext
from live.session.health import Health
from live.session.journaling_listener import JournalingListener
from recordings.journal.session_journal import RunContext, SessionJournal
from recordings.journal.wager_history import WagerHistory, available_after, rebuild
from recordings.tape import Clocks
from recordings.writer import TapeWriter
from strategies.trading.accounting.commission import Commission
from strategies.trading.desk.assembly import DeskSettings, assemble_desk
from strategies.trading.desk.desk import Desk
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.errors import ConfigError, ExchangeError
from strategies.trading.model.money import dollars_text
from strategies.trading.model.odds import Ladder
from strategies.trading.ports.exchange import Exchange
from strategies.trading.risk.limits import Limits

_COMMIT_SECONDS = 1.0
# How long the desk's own cancels are waited for, before all is cancelled over its head.
_CLOSING_SECONDS = 15
_CLOSING_LOOK_SECONDS = 0.05


class Startable(Protocol):
    """A session as its starts see it."""

    @property
    def markets(self) -> MarketFilter:
        """Return which markets it follows."""

    @property
    def commission(self) -> Commission:
        """Return the exchange's cut."""

    @property
    def taping(self) -> CaptureSettings:
        """Return how the market is taped."""

    @property
    def account_seconds(self) -> float:
        """Return after how long the account is asked for again."""

    @property
    def report_seconds(self) -> float:
        """Return after how long it is told again how things are."""

    def desk_settings(
        self, limits: Limits, starting_balance_cents: int, start_number: int
    ) -> DeskSettings:
        """Return what the desk is made of."""


class _StoppedError(Exception):
    """The session was told to stop: ends its tasks."""


class SessionRun:
    """Runs a desk in a room until told to stop."""

    def __init__(
        self,
        session: Startable,
        room: Gateway,
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
        self._past = WagerHistory(entry for entry in journal.entries() if entry.start < number)
        self._desk: Desk | None = None
        self._health: Health | None = None

    async def run(self, stop: asyncio.Event, limits: Limits) -> None:
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
        try:
            await self._leave_nothing_open()
        finally:
            self._tell_totals()
        self._tell(f"nothing is open at {self._connection.site.name}")
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

    def _tell_totals(self) -> None:
        if self._health is not None:
            for line in self._health.totals():
                self._tell(line)

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
        taping = SessionCapture(
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
        self, taping: SessionCapture, writer: TapeWriter, stop: asyncio.Event, limits: Limits
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
        taping: SessionCapture,
        writer: TapeWriter,
        tasks: asyncio.TaskGroup,
        limits: Limits,
    ) -> None:
        """Seat a desk on what is on offer by now."""
        info, room = writer.info, self._room
        catalogue, growth = info.catalogue(), CatalogueUpdates(info, self._session.markets)
        market_keys = self._session.markets.choose(catalogue)
        opening = GatewayContext(self._connection, info, market_keys, tasks, self._journal.commit)
        exchange = room.open(opening)
        past, news = await room.recover(self._past.unfinished(catalogue, market_keys))
        available_cents = await room.available_cents()
        before_cents = available_after(catalogue, self._session.commission, past, news)
        run_context = RunContext(
            limits,
            available_cents - before_cents,
            market_keys,
            *growth.seated,
            tuple(wager.request.ref for wager in past),
        )
        self._journal.write_run_context(run_context)
        # Whatever happens from here on, a replay finds what was on offer.
        taping.end_segment()
        desk = assemble_desk(
            self._session.desk_settings(limits, run_context.starting_balance_cents, self._number),
            catalogue=catalogue,
            market_keys=market_keys,
            ladder=info.ladder,
            clock=room.clock,
            exchange=exchange,
            journal=self._journal,
        )
        with self._journal.paused():
            rebuild(desk, past)
        self._desk = desk
        health = Health(desk, taping, self._connection.decode_errors, room.clock)
        self._health, self._journal.observer = health, health.note
        self._ear = JournalingListener(desk, self._journal, room.clock)
        taping.seat(self._ear, growth)
        self._tell(
            f"start {self._number}: {len(market_keys)} markets, "
            f"{dollars_text(available_cents)} to stake; Ctrl-C ends it"
        )
        tasks.create_task(self._compare_now_and_then(exchange))
        tasks.create_task(self._report_now_and_then(health))

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

    async def _compare_now_and_then(self, exchange: Exchange) -> None:
        """Ask for the account, which the desk holds its books against, at once and again."""
        while True:
            self._room.clock.enter(exchange.ask_state)
            await asyncio.sleep(self._session.account_seconds)

    async def _report_now_and_then(self, health: Health) -> None:
        """Tell how things are."""
        while True:
            await asyncio.sleep(self._session.report_seconds)
            self._tell(health.line())

    async def _commit_now_and_then(self) -> None:
        """Put on the disk what was heard without anything being sent."""
        while True:
            await asyncio.sleep(_COMMIT_SECONDS)
            self._journal.commit()


async def _first_of(whole: asyncio.Event, stop: asyncio.Event) -> bool:
    """Wait until the market is there or we are told to stop; tell whether to go on."""
    waiting = [asyncio.ensure_future(event.wait()) for event in (whole, stop)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
    return not stop.is_set()
