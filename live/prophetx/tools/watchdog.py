"""The watchdog of a trading session: a process of its own, with its own connection to ProphetX."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from live.prophetx.connection import Connection, connected, log_in
from live.prophetx.orders.open_wagers import ProphetOpenWagers
from live.prophetx.rest.account_folder import account_folder
from live.prophetx.rest.credentials import find_credentials
from live.prophetx.rest.endpoint import Endpoint
from live.session.admission.trading_lock import TradingLock
from live.session.alerts.alert_dispatcher import AlertDispatcher
from live.session.alerts.alert_settings import AlertSettings
from live.session.gateway import Notify
from live.session.monitoring.announcer import Announcer
from live.session.watchdog.heartbeats import Hello, Ready, Refused, line_of
from live.session.watchdog.watchdog_duty import WatchdogDuty
from live.session.watchdog.watchdog_start import SOCKET_NAME, connect_to, receive_hello
from live.terminal import TerminalHandler, keep_standard_streams, write_line
from live.wall_clock import WallClock
from recordings.local_socket import listening_at
from recordings.logs.log_settings import LogSettings
from recordings.logs.run_log import RunLog
from recordings.writing import writing
from strategies.trading.model.errors import ConfigError, TradingError, WatchdogError

# How often its token is checked, so that it is valid when it is needed.
_LOG_IN_SECONDS = 60.0
# For how long it tries to send its last alerts, when nothing is open any more.
_ALERT_SECONDS = 60.0
# For how long our own sandbox may be away before the watchdog gives up.
_SANDBOX_SECONDS = 300.0


def guard_parent(environ: Mapping[str, str], home: Path) -> None:
    """Guard the session that started this process, connected by standard input."""
    keep_standard_streams()
    for name in (signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    connection = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    received = receive_hello(connection)
    if received is None:
        message = "watchdog: --connected is for a session that starts it; give session.name=NAME"
        raise ConfigError(message)
    asyncio.run(_guard(connection, *received, environ, home))


def wait_and_guard(folder: Path, environ: Mapping[str, str], home: Path) -> None:
    """Wait in a session's folder until it begins to trade, and guard it until it has closed."""
    if connect_to(folder) is not None:
        message = f"{folder}: another watchdog waits for this session already"
        raise ConfigError(message)
    keep_standard_streams()
    connection, received = _accept(folder)
    for name in (signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    asyncio.run(_guard(connection, *received, environ, home))


def _accept(folder: Path) -> tuple[socket.socket, tuple[Hello, TradingLock]]:
    """Return a connection with a session, once one begins."""
    with writing(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with listening_at(folder / SOCKET_NAME) as listening:
        write_line(f"watchdog: waits for the session in {folder}")
        while True:
            connection, _ = listening.accept()
            received = receive_hello(connection)
            if received is not None:
                return connection, received
            connection.close()


async def _guard(
    connection: socket.socket,
    hello: Hello,
    lock: TradingLock,
    environ: Mapping[str, str],
    home: Path,
) -> None:
    """Guard a session; a failure before it began is sent to the session, and raised."""
    connection.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=connection)
    try:
        endpoint = msgspec.convert(hello.endpoint, Endpoint)
        clock = WallClock(speed=endpoint.speed)
        _require_account(hello, endpoint, environ, home)
        async with connected(endpoint, clock, environ, home) as exchange:
            await log_in(exchange)
            with _log(hello, clock) as log:
                alerts = AlertDispatcher(
                    AlertSettings(urls=list(hello.alert_urls)),
                    f"watchdog of {hello.session} at {endpoint.name}",
                    clock.wall_ns,
                    log.write,
                    _ALERT_SECONDS,
                )
                notify = Announcer(
                    lambda line: write_line(f"watchdog: {line}"),
                    send=alerts.send,
                    logs=(log.write,),
                )
                account = ProphetOpenWagers(exchange.client, endpoint)
                duty = WatchdogDuty(
                    hello,
                    reader,
                    writer,
                    account=account,
                    lock=lock,
                    notify=notify,
                    # Our own sandbox forgets all wagers when it ends; no other exchange does.
                    patience_seconds=_SANDBOX_SECONDS if endpoint.is_local else None,
                )
                log.write(f"process {os.getpid()} guards {duty.description} at {endpoint.name}")
                writer.write(line_of(Ready(os.getpid())))
                async with alerts.running(checks=False):
                    await _with_token(exchange, duty, notify)
                    # What is left are alerts: the next session need not wait for them.
                    lock.close()
                log.write(f"{duty.description} has closed, or nothing of it is open")
    except TradingError as error:
        writer.write(line_of(Refused(str(error))))
        raise
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _with_token(exchange: Connection, duty: WatchdogDuty, notify: Notify) -> None:
    """Guard the session, and keep the token of this connection valid meanwhile."""

    async def keep() -> None:
        while True:
            await asyncio.sleep(_LOG_IN_SECONDS)
            try:
                await exchange.client.log_in()
            except TradingError as error:
                notify(f"cannot renew its token ({error})")

    def stay() -> None:
        notify("goes on until the session has closed, or nothing of it is open")

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stay)
    keeping = asyncio.create_task(keep())
    try:
        await duty.run()
    finally:
        keeping.cancel()


def _require_account(
    hello: Hello, endpoint: Endpoint, environ: Mapping[str, str], home: Path
) -> None:
    """Raise WatchdogError unless this process has the keys of the session's account."""
    credentials = find_credentials(endpoint, environ, home)
    if str(account_folder(endpoint, credentials, environ)) != hello.account:
        message = "the keys of this process are not those of the session's account"
        raise WatchdogError(message)


def _log(hello: Hello, clock: WallClock) -> RunLog:
    """Return the log of the watchdog, in the folder of the session."""
    return RunLog(
        Path(hello.folder) / "watchdog.log",
        LogSettings(),
        clock.now_ns,
        write_line,
        goes_on="the watchdog goes on",
        replaced=(TerminalHandler,),
    )
