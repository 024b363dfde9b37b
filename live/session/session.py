"""A trading session: one desk on the live market, on paper or with wagers at the exchange."""

import asyncio
import logging
import os
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from live.session.admission.real_money import Ask, RealMoney, ask_nobody
from live.session.admission.trading_lock import LockHolder, TradingLock
from live.session.alerts.alert import Alert, AlertLevel
from live.session.alerts.alert_dispatcher import AlertDispatcher
from live.session.alerts.alert_settings import AlertSettings
from live.session.closing.closing import ClosingSeconds
from live.session.control.settable_settings import Reread, SettableParts, SettableSettings
from live.session.gateway import Gateway, Notify, TradedAccount
from live.session.halts.halt_record import HaltRecord
from live.session.monitoring.announcer import Announcer
from live.session.monitoring.service_manager import ServiceManager
from live.session.session_folder import SESSIONS, require_continued, require_name
from live.session.session_run import (
    OnStarted,
    RunSettings,
    SessionRun,
    StartedRun,
    ignore_start,
)
from live.session.watchdog.heartbeats import Hello, Unwatched, Watch
from live.session.watchdog.watchdog_start import watched
from live.terminal import TerminalHandler
from live.wall_clock import WallClock
from recordings.journal.entries import JOURNAL
from recordings.journal.session_journal import SessionJournal
from recordings.logs.log_settings import LogSettings
from recordings.logs.run_log import RunLog
from recordings.writing import make_private_folder, write_text
from strategies.trading.accounting.commission import Commission
from strategies.trading.desk.assembly import DeskSettings
from strategies.trading.desk.strategy_checks import make_strategy
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.ids import REF_TOKEN_DIGITS
from strategies.trading.model.settings import PositiveSeconds
from strategies.trading.ports.control import Control
from strategies.trading.ports.strategy import Strategy
from strategies.trading.pricing.touch import Pricing
from strategies.trading.risk.controls import NO_CONTROLS, require_controls
from strategies.trading.risk.limits import Limits
from strategies.trading.wagers.wager_settings import WagerSettings

_SegmentSeconds = Annotated[
    PositiveSeconds, Meta(description="How much of the recording a crash may lose.")
]
_CompareSeconds = Annotated[
    PositiveSeconds,
    Meta(description="Time between two comparisons of the market with a snapshot."),
]
_AccountSeconds = Annotated[
    PositiveSeconds,
    Meta(description="Time between two comparisons of the books with the account."),
]
_UnauthorizedSeconds = Annotated[
    PositiveSeconds,
    Meta(description="How long the exchange may refuse our login until the desk is halted."),
]
_ReportSeconds = Annotated[
    PositiveSeconds,
    Meta(description="Time between two lines on the health of the session."),
]
_WatchdogSeconds = Annotated[
    PositiveSeconds | None,
    Meta(
        description="Time without a heartbeat of the session, of wall time, after which its "
        "watchdog cancels everything; null for none, which only play money permits."
    ),
]


_LOG = logging.getLogger(__name__)

# Without a receiver elsewhere.
_PRINTED_ALERTS = AlertSettings()
_LOG_SETTINGS = LogSettings()


class Session:
    """Trades one strategy, built from configured parts, in any number of starts under one name.

    Everything it received and sent is in `sessions/NAME`: the journal, and a tape of each start.
    `is_started` is whether a start began: from then on its end leaves nothing open.
    """

    def __init__(
        self,
        *,
        clock: Callable[..., WallClock],
        gateway: Callable[..., Gateway],
        fees: Commission,
        pricing: Pricing,
        strategy: Callable[[], Strategy],
        risk: Limits,
        wagers: WagerSettings,
        markets: MarketFilter,
        session: dict[str, Any],
        segment_seconds: _SegmentSeconds,
        compare_seconds: _CompareSeconds,
        account_seconds: _AccountSeconds,
        report_seconds: _ReportSeconds,
        closing_seconds: ClosingSeconds,
        unauthorized_seconds: _UnauthorizedSeconds,
        configuration: str,
        watchdog_seconds: _WatchdogSeconds = None,
        controls: Mapping[str, Control] = NO_CONTROLS,
        alert: AlertSettings = _PRINTED_ALERTS,
        log: LogSettings = _LOG_SETTINGS,
    ) -> None:
        """Prepare a session; raise ConfigError for invalid settings.

        `configuration` is what the parts were built from; it is saved with every start, for a
        replay. A segment of the tape is complete after `segment_seconds`, and the tape is compared
        with the exchange every `compare_seconds`. Every `account_seconds` the desk's books are
        compared with the account; every `report_seconds` a line reports the session's health. When
        it ends, everything is cancelled, for at most `closing_seconds`. If the exchange refuses
        our login for `unauthorized_seconds`, the desk is halted.
        """
        # Every start makes its own; this one shows a wrong setting before anything else happens.
        make_strategy(strategy)
        require_controls(controls)
        require_wall_clock(clock)
        self._seconds = {
            "segment_seconds": segment_seconds,
            "compare_seconds": compare_seconds,
            "account_seconds": account_seconds,
            "report_seconds": report_seconds,
            "closing_seconds": closing_seconds,
            "unauthorized_seconds": unauthorized_seconds,
        }
        self._watchdog_seconds = watchdog_seconds
        self._controls = controls
        self._alert = alert
        self._log = log
        self._clock = clock
        self._gateway = gateway
        self._commission = fees
        self._pricing = pricing
        self._strategy = strategy
        self._limits = risk
        self._wagers = wagers
        self._markets = markets
        self._name = session["name"]
        self._configuration = configuration
        self.is_started = False

    def settable(self) -> SettableParts:
        """Return the configured parts that a person may change while it runs."""
        return SettableParts(self._limits, self._strategy, self._wagers, self._configuration)

    def folder(self, home: Path) -> Path:
        """Return where the session keeps its journal, recordings and logs."""
        folder: Path = home / SESSIONS / self._name
        return folder

    async def run(
        self,
        home: Path,
        environ: Mapping[str, str],
        stop: asyncio.Event,
        notify: Notify,
        reread: Reread | None = None,
        on_started: OnStarted = ignore_start,
        ask: Ask = ask_nobody,
    ) -> None:
        """Trade until `stop` is set, then cancel everything and confirm that nothing is open.

        `notify` receives lines for a person. An error that ends the session is raised after
        everything was cancelled; ExchangeError if something is still open. If this task is
        cancelled, nothing is. `reread` reads the configuration again, for an operator's `reload`;
        `on_started` is called once the desk trades. With real money `ask` asks the operator for the
        balance; raise ConfigError if any of its conditions is not met.
        """
        require_name(self._name)
        gateway = self._gateway(clock=self._clock)
        heading = f"{self._name} at {gateway.market.venue.name}"
        alerts = AlertDispatcher(self._alert, heading, gateway.clock.wall_ns, _LOG.warning)
        # The last to end: what it says of the end goes out, too.
        async with alerts.running():
            try:
                await self._run_at(
                    gateway, home, environ, stop, notify, reread, on_started, ask, alerts
                )
            except Exception as error:
                if not self.is_started:
                    text = f"not started: {type(error).__name__}: {error}"
                    alerts.send(Alert("not started", AlertLevel.CRITICAL, text))
                raise

    async def _run_at(
        self,
        gateway: Gateway,
        home: Path,
        environ: Mapping[str, str],
        stop: asyncio.Event,
        notify: Notify,
        reread: Reread | None,
        on_started: OnStarted,
        ask: Ask,
        alerts: AlertDispatcher,
    ) -> None:
        """Trade through a gateway, as `run` says."""
        gateway.admit(environ, self._limits)
        account = gateway.account(environ, home)
        folder = self.folder(home)
        require_continued(folder, self._configuration)
        money = self._real_money(gateway, account, environ)
        admit = partial(gateway.admit, environ) if money is None else money.admit
        limits = admit(self._limits)
        confirmed = partial(_confirmed, gateway, money, ask, stop)
        async with self._watched(gateway, account, environ, home, folder, confirmed) as watch:
            make_private_folder(folder)
            halt = HaltRecord([folder] if account is None else [folder, account.folder])
            with (
                halt.reserved(Announcer(notify)),
                SessionJournal(folder / JOURNAL) as journal,
                RunLog(
                    folder / "session.log",
                    self._log,
                    gateway.clock.now_ns,
                    notify,
                    replaced=(TerminalHandler,),
                ) as log,
            ):
                number = journal.begin_run(gateway.clock.now_ns(), last_start(folder))
                write_text(folder / f"start-{number:05d}.yaml", self._configuration, private=True)
                first = self.settable()._replace(limits=limits)
                settable = SettableSettings(first, admit, reread)
                ref_token = journal.ref_token(draw_token)
                settings = self._run_settings(limits, number, ref_token, settable)
                service = ServiceManager(environ)
                announce = Announcer(send=alerts.send, logs=(log.print, log.write))
                if money is not None:
                    announce(f"limits: {money.limits_text(limits)}")
                traded = asyncio.Event()

                def note_started(run: StartedRun) -> None:
                    traded.set()
                    on_started(run)

                run = SessionRun(
                    settings, gateway, journal, folder, announce, log, watch, service,
                    note_started, halt,
                )  # fmt: skip
                async with service.reporting():
                    self.is_started = True
                    await run.run(stop)
        if money is not None and traded.is_set():
            money.completed()

    def _real_money(
        self, gateway: Gateway, account: TradedAccount | None, environ: Mapping[str, str]
    ) -> RealMoney | None:
        """Return the conditions of real money, None if none is traded; raise ConfigError.

        All that can be checked without a request is checked here.
        """
        venue = gateway.market.venue
        if account is None or not venue.real_money:
            return None
        if self._watchdog_seconds is None:
            message = "run.watchdog_seconds: real money is traded only with a watchdog"
            raise ConfigError(message)
        money = RealMoney(venue, environ, self._configuration, account.folder)
        money.require_rehearsal()
        return money

    @asynccontextmanager
    async def _watched(
        self,
        gateway: Gateway,
        account: TradedAccount | None,
        environ: Mapping[str, str],
        home: Path,
        folder: Path,
        confirmed: Callable[[], Awaitable[None]],
    ) -> AsyncIterator[Watch]:
        """Lock the account, log in, and have it watched for as long as the context lasts.

        Raise AccountInUseError if another session of this machine trades it. A session that the
        exchange does not let in leaves no files in its folder.
        """
        if account is None:
            async with gateway.connect(environ, home):
                yield Unwatched()
            return
        silence_seconds = self._watchdog_seconds
        place = str(folder.absolute())
        with TradingLock.acquire(
            account.folder, LockHolder(self._name, place, os.getpid())
        ) as lock:
            async with gateway.connect(environ, home):
                await confirmed()
                if silence_seconds is None:
                    yield Unwatched()
                    return
                make_private_folder(folder)
                hello = Hello(
                    session=self._name,
                    folder=place,
                    account=str(account.folder),
                    endpoint=account.endpoint,
                    pid=os.getpid(),
                    silence_seconds=silence_seconds,
                    alert_urls=tuple(self._alert.urls),
                )
                async with watched(hello, lock, environ, home) as watch:
                    yield watch

    def _run_settings(
        self, limits: Limits, start_number: int, ref_token: str, settable: SettableSettings
    ) -> RunSettings:
        """Return the settings of one start."""
        desk = DeskSettings(
            strategy=self._strategy,
            pricing=self._pricing,
            limits=limits,
            wagers=self._wagers,
            commission=self._commission,
            # Replaced by the balance that the exchange reports.
            starting_balance_cents=0,
            session_name=self._name,
            start_number=start_number,
            controls=self._controls,
            ref_token=ref_token,
        )
        return RunSettings(desk, settable, self._markets, **self._seconds, alert=self._alert)


def draw_token() -> str:
    """Return a token for the references of a new session, which no other draws."""
    return secrets.token_hex(REF_TOKEN_DIGITS // 2)


def last_start(folder: Path) -> int:
    """Return the number of the last start that left a file in a session's folder, else zero."""
    names = (path.name for path in folder.iterdir())
    numbers = [re.fullmatch(r"(?:start|tape)-(\d+)(?:\.yaml)?", name) for name in names]
    return max((int(number[1]) for number in numbers if number), default=0)


async def _confirmed(
    gateway: Gateway, money: RealMoney | None, ask: Ask, stop: asyncio.Event
) -> None:
    """Return once an operator has confirmed the balance, if real money is traded."""
    if money is not None:
        await money.confirm(await gateway.balance_cents(), ask, stop)


def require_wall_clock(clock: Callable[..., WallClock]) -> None:
    """Raise ConfigError unless a clock is one for live sessions."""
    try:
        clock()
    except TypeError:
        message = "clock: a live session runs on wall time; use clock=wall"
        raise ConfigError(message) from None
