"""One start of a session: from the first snapshot of the market to the last wager cancelled."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from live.session.alerts.alert import Alert, AlertLevel
from live.session.alerts.alert_settings import AlertSettings
from live.session.catalogue_updates import CatalogueUpdates
from live.session.closing.closing import Closing
from live.session.closing.own_wagers import AccountUse
from live.session.control.operator_control import OperatorControl
from live.session.control.session_snapshot import SnapshotName
from live.session.control.settable_settings import SettableSettings
from live.session.gateway import Gateway, OrderContext
from live.session.halts.earlier_starts import EarlierStarts
from live.session.halts.halt_record import HaltRecord
from live.session.halts.halt_watch import HaltWatch
from live.session.monitoring.announcer import Announcer
from live.session.monitoring.health import Health
from live.session.monitoring.service_manager import ServiceManager
from live.session.monitoring.session_monitor import SessionMonitor
from live.session.watchdog.heartbeats import Watch
from recordings.journal.entries import JOURNAL, RunContext
from recordings.journal.session_journal import JournalingListener, SessionJournal
from recordings.logs.run_log import RunLog
from recordings.tape import TapeInfo
from strategies.trading.accounting.earlier_balance import available_change_cents
from strategies.trading.desk.assembly import DeskSettings, assemble_desk
from strategies.trading.desk.desk import Desk
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import (
    AccountInUseError,
    ConfigError,
    WatchdogError,
    WriteError,
)
from strategies.trading.model.events import RUN_ENDED, TradingState, TradingStateSet
from strategies.trading.model.money import dollars_text
from strategies.trading.ports.exchange import Exchange
from strategies.trading.ports.journal import DeskStarted

_COMMIT_SECONDS = 1.0
# Time for the desk to receive the ends of its wagers, once the exchange has confirmed them.
_DESK_SECONDS = 15
_DESK_POLL_SECONDS = 0.05
_WATCHDOG = "the watchdog goes on; or use python -m live cancel-all"


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The settings of a start: its desk, what of it a person may change, the markets, the periods.

    The starting balance of `desk` is replaced by what the exchange reports.
    """

    desk: DeskSettings
    settable: SettableSettings
    markets: MarketFilter
    segment_seconds: float
    compare_seconds: float
    account_seconds: float
    report_seconds: float
    closing_seconds: float
    unauthorized_seconds: float
    alert: AlertSettings


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A start whose desk trades, for those who observe it or send it an operator's commands."""

    number: int
    desk: Desk
    listener: JournalingListener
    health: Health


OnStarted = Callable[[StartedRun], None]


def ignore_start(_: StartedRun) -> None:
    """Ignore that a desk trades."""


class _StoppedError(Exception):
    """Ends the tasks of a start that was stopped."""


class SessionRun:
    """Runs a desk at one exchange until stopped."""

    def __init__(
        self,
        settings: RunSettings,
        gateway: Gateway,
        journal: SessionJournal,
        folder: Path,
        notify: Announcer,
        log: RunLog,
        watch: Watch,
        service: ServiceManager,
        on_started: OnStarted,
        halt: HaltRecord,
    ) -> None:
        """Prepare a start; nothing is sent before `run`.

        Its wagers are sent only as long as `watch` allows; `service` is informed of its progress,
        and `on_started` is called with the desk once it trades. It is halted if `halt` holds a
        reason; a disk that takes nothing more leaves one there.
        """
        self._settings = settings
        self._gateway = gateway
        self._market = gateway.market
        self._clock = gateway.clock
        self._journal = journal
        self._folder = folder
        self._notify = notify
        self._log = log
        self._watch = watch
        self._service = service
        self._on_started = on_started
        self._halt_record = halt
        self._earlier = EarlierStarts(folder, settings.desk.start_number, halt, notify)
        self._control = OperatorControl(
            folder, self._earlier.operators, settings.settable, self._clock, journal, notify
        )
        self._desk: Desk | None = None
        self._listener: JournalingListener | None = None
        self._monitor: SessionMonitor | None = None
        self._has_tape = False
        self._use = AccountUse(gateway, settings.desk, self._earlier.wagers.wagers, notify)

    async def run(self, stop: asyncio.Event) -> None:
        """Trade until `stop` is set, and leave nothing open; raise what went wrong.

        A wrong setting is raised as ConfigError before anything is sent, unless an earlier start
        may have left wagers open: these are cancelled first.
        """
        with self._tape_closed():
            failure = await self._trading_failure(stop)
            self._service.stopping()
            try:
                await self._close()
            finally:
                if self._monitor is not None:
                    self._monitor.report_totals()
            text = f"nothing{self._use.whose} is open at {self._market.venue.name}"
            self._notify.alert(Alert("ended", AlertLevel.INFO, text))
            await self._watch.closed(self._closing.may_arrive)
            if failure is not None:
                raise failure

    async def _close(self) -> None:
        """Cancel everything; raise ExchangeError if something stays open."""
        try:
            await self._closing.run()
        except Exception as error:
            self._notify.send(Alert("still open", AlertLevel.CRITICAL, str(error)))
            raise

    async def _trading_failure(self, stop: asyncio.Event) -> Exception | None:
        """Trade until `stop` is set; return the error that ended it, if any."""
        try:
            await self._record_and_trade(stop)
        except Exception as error:
            is_before_trading = isinstance(error, ConfigError) and self._desk is None
            if is_before_trading and not self._earlier.wagers.may_be_open():
                raise
            if isinstance(error, WatchdogError):
                self._halt_unwatched(str(error))
            if isinstance(error, AccountInUseError):
                self._use.is_alone = False
            if isinstance(error, WriteError):
                # At once, as what follows may be cut short.
                self._halt_record.keep(error, self._notify)
            text = f"stopped by {type(error).__name__}: {error}; cancelling everything"
            self._notify.alert(Alert("stopped", AlertLevel.CRITICAL, text))
            return error
        return None

    @contextmanager
    def _tape_closed(self) -> Iterator[None]:
        """Complete the tape at the end of the context, which comes after the cancelling.

        What the tape raises must not hide the error that ended the session.
        """
        try:
            yield
        except BaseException:
            try:
                self._close_tape()
            except Exception as error:
                self._notify(f"{type(error).__name__}: {error}")
            raise
        self._close_tape()

    def _close_tape(self) -> None:
        if self._has_tape:
            self._market.close()

    async def _record_and_trade(self, stop: asyncio.Event) -> None:
        settings = self._settings
        info = await self._market.begin(
            self._folder / f"tape-{settings.desk.start_number:05d}",
            settings.segment_seconds,
            settings.compare_seconds,
            self._notify,
        )
        self._has_tape = True
        await self._trade(info, stop)

    async def _trade(self, info: TapeInfo, stop: asyncio.Event) -> None:
        """Run the tasks of the start; an error of any of them ends all."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._clock.run())
                tasks.create_task(self._market.run())
                tasks.create_task(self._commit_regularly())
                tasks.create_task(self._watch.until_lost())
                tasks.create_task(self._control.run())
                await _first_of(self._market.whole, stop)
                if not stop.is_set():
                    await self._open(info, tasks)
                    await stop.wait()
                    self._control.close()
                    self._notify("cancelling everything")
                    self._halt(RUN_ENDED)
                    # With the desk still listening, so that the journal has every end.
                    if await self._closing.confirm():
                        await self._until_desk_knows()
                raise _StoppedError
        except BaseExceptionGroup as group:
            failures = [e for e in group.exceptions if not isinstance(e, _StoppedError)]
            if failures:
                raise failures[0] from None

    async def _open(self, info: TapeInfo, tasks: asyncio.TaskGroup) -> None:
        """Take over the wagers of earlier starts, and start a desk on the markets now offered."""
        gateway, settings, markets = self._gateway, self._settings, self._settings.markets
        catalogue, updates = info.catalogue(), CatalogueUpdates(info, markets)
        market_keys = markets.choose(catalogue)
        exchange = gateway.open(
            OrderContext(info, market_keys, tasks, self._before_sending, self._use.is_ours)
        )
        await self._use.take_over(self._settings.closing_seconds, self._folder / JOURNAL)
        history = self._earlier.wagers
        earlier, events = await gateway.recover(history.unfinished(catalogue, market_keys))
        left_out = history.left_out_text(catalogue, market_keys)
        if left_out is not None:
            self._notify(left_out)
        available_cents = await gateway.available_cents()
        commission = self._settings.desk.commission
        run_context = RunContext(
            self._settings.desk.limits,
            available_cents - available_change_cents(catalogue, commission, earlier, events),
            market_keys,
            *updates.initial,
            tuple(wager.request.ref for wager in earlier),
            self._earlier.runs,
            self._settings.desk.ref_token,
        )
        self._journal.write_run_context(run_context)
        # A replay finds what was on offer, even after a crash from here on.
        self._market.end_segment()
        desk = assemble_desk(
            replace(self._settings.desk, starting_balance_cents=run_context.starting_balance_cents),
            catalogue=catalogue,
            market_keys=market_keys,
            ladder=info.ladder,
            clock=self._clock,
            exchange=exchange,
            journal=self._journal,
            earlier_runs=self._earlier.runs,
        )
        # Earlier starts journaled these events; only the desk does not know them yet.
        with self._journal.paused():
            desk.restore(earlier)
        self._journal.loss_record = desk.loss_record
        self._start(desk, updates)
        text = (
            f"start {self._settings.desk.start_number}: {counted(len(market_keys), 'market')}, "
            f"{dollars_text(available_cents)} to stake; Ctrl-C stops it"
        )
        self._notify.alert(Alert("started", AlertLevel.INFO, text))
        halted = self._earlier.halt_text(self._settings.desk.session_name)
        if halted is not None:
            self._notify.alert(Alert("halt", AlertLevel.CRITICAL, halted))
        self._service.ready()
        tasks.create_task(self._compare_accounts(exchange))
        assert self._monitor is not None, "the desk was started"
        tasks.create_task(self._monitor.report(settings.report_seconds))
        tasks.create_task(self._monitor.look())
        tasks.create_task(self._monitor.health.silences.report(self._clock, self._notify))
        seconds = self._settings.unauthorized_seconds
        watch = HaltWatch(self._market, self._clock, self._halt, self._notify, seconds)
        tasks.create_task(watch.run())

    def _before_sending(self) -> None:
        """Make sure that what is sent is watched, and in the journal."""
        self._watch.require()
        self._journal.commit()

    def _start(self, desk: Desk, updates: CatalogueUpdates) -> None:
        """Connect a desk: pending events first, then the market, then its timers."""
        listener = JournalingListener(desk, self._journal)
        self._desk, self._listener = desk, listener
        monitor = self._monitor = SessionMonitor(
            desk, self._market, self._clock, self._settings.alert, self._notify, self._log
        )
        monitor.follow(self._journal)
        number, venue = self._settings.desk.start_number, self._market.venue
        name = SnapshotName(self._settings.desk.session_name, number, venue.name)
        self._control.attach(name, desk, monitor.activity, listener, monitor.health)

        def start() -> None:
            market_listener = self._gateway.attach(listener)
            self._market.attach(market_listener, updates)
            for event in (*self._earlier.unjournaled(), *self._control.kept()):
                listener.take(event, self._clock.now_ns())
            self._journal.desk_called(self._clock.now_ns(), DeskStarted())
            desk.start()
            if not self._market.whole.is_set():
                market_listener.on_feed_lost()

        self._clock.enter(start)
        self._earlier.taken_over(self._journal)
        self._on_started(StartedRun(number, desk, listener, monitor.health))

    @cached_property
    def _closing(self) -> Closing:
        """Return the end of this start: what trading began of it goes on after an error."""
        return self._use.closing(self._settings.closing_seconds, _WATCHDOG)

    async def _until_desk_knows(self) -> None:
        """Wait until the desk has received the end of each of its wagers, for some seconds."""
        assert self._desk is not None, "the desk was started"
        with suppress(TimeoutError):
            async with asyncio.timeout(_DESK_SECONDS):
                while self._desk.wagers.live_count:
                    await asyncio.sleep(_DESK_POLL_SECONDS)

    def _halt(self, reason: str) -> None:
        """Halt the desk, which cancels everything; raise JournalError if that cannot be kept."""
        listener = self._listener
        assert listener is not None, "the desk was started"

        def halt() -> None:
            now_ns = self._clock.now_ns()
            listener.take(TradingStateSet(TradingState.HALTED, reason), now_ns)
            listener.act(now_ns)

        self._clock.enter(halt)

    def _halt_unwatched(self, reason: str) -> None:
        """Halt the desk, if there is one, for a reason of the watchdog's."""
        if self._listener is not None:
            # The desk's own cancels are not sent any more; what follows sends them.
            with suppress(WatchdogError):
                self._halt(reason)

    async def _compare_accounts(self, exchange: Exchange) -> None:
        """Request the account now and periodically; the desk compares its books with it."""
        while True:
            self._clock.enter(exchange.ask_state)
            await asyncio.sleep(self._settings.account_seconds)

    async def _commit_regularly(self) -> None:
        """Commit the journal periodically, as it is otherwise committed only before sending."""
        while True:
            await asyncio.sleep(_COMMIT_SECONDS)
            self._journal.commit()


async def _first_of(*events: asyncio.Event) -> None:
    """Wait until one of some events is set."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
