"""Gives a session its watchdog: one that waits in its folder, or else a process of its own."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import live
from live.session.admission.trading_lock import TradingLock
from live.session.watchdog.heartbeats import (
    Heartbeats,
    Hello,
    Ready,
    Refused,
    WatchMessage,
    line_of,
    message_of,
    receive,
)
from recordings.local_socket import connect
from strategies.trading.model.errors import WatchdogError

SOCKET_NAME = "watchdog.sock"
# The time for a process to start and to log in.
_READY_SECONDS = 30.0
_HELLO_SECONDS = 10.0
_MOST_BYTES = 64_000

# A watchdog may outlive its session, and Python warns of a process that nobody refers to.
_STARTED: list[subprocess.Popen[bytes]] = []


@asynccontextmanager
async def watched(
    hello: Hello, lock: TradingLock, environ: Mapping[str, str], home: Path
) -> AsyncIterator[Heartbeats]:
    """Exchange heartbeats with a watchdog for as long as the context lasts.

    It is one that was started by hand and waits for the session, or else a new process, which gets
    the keys as this one does: through the environment and the files in `home`. It holds the
    account's lock too. Raise WatchdogError if none starts, or it refuses.
    """
    connection = connect_to(Path(hello.folder)) or _start(environ, home)
    try:
        socket.send_fds(connection, [line_of(hello)], [lock.fileno()])
        connection.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=connection)
    except OSError as error:
        connection.close()
        message = f"watchdog: it does not take the session ({error.strerror})"
        raise WatchdogError(message) from error
    try:
        await _until_ready(reader)
    except WatchdogError:
        writer.close()
        raise
    heartbeats = Heartbeats(reader, writer, hello.silence_seconds)
    beating = asyncio.create_task(heartbeats.run())
    try:
        yield heartbeats
    finally:
        beating.cancel()


def connect_to(folder: Path) -> socket.socket | None:
    """Return a connection to the watchdog that waits in a session's folder, None without one."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connect(connection, folder / SOCKET_NAME)
    except OSError:
        connection.close()
        return None
    return connection


def receive_hello(connection: socket.socket) -> tuple[Hello, TradingLock] | None:
    """Return what a session sends first, and its lock; None for anything but a session."""
    connection.settimeout(_HELLO_SECONDS)
    try:
        line, descriptors, _, _ = socket.recv_fds(connection, _MOST_BYTES, 1)
    except OSError:
        return None
    hello = message_of(line)
    if not isinstance(hello, Hello) or not descriptors:
        for descriptor in descriptors:
            os.close(descriptor)
        return None
    return hello, TradingLock(descriptors[0])


def running_watchdogs() -> list[int]:
    """Return the ids of the processes that were started here and still run; release the others."""
    _STARTED[:] = [process for process in _STARTED if process.poll() is None]
    return [process.pid for process in _STARTED]


def _start(environ: Mapping[str, str], home: Path) -> socket.socket:
    """Start a watchdog, connected by its standard input."""
    # A process that trades one session after the other would keep all that ended.
    running_watchdogs()
    ours, theirs = socket.socketpair()
    path = os.pathsep.join(filter(None, (str(Path(live.__file__).parents[1]), _python_path())))
    with theirs:
        try:
            # In a session of its own, so that neither Ctrl-C nor the end of the terminal reaches
            # it. Not a process of asyncio, which would end it together with the event loop.
            process = subprocess.Popen(
                [sys.executable, "-m", "live", "watchdog", "--connected"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=home,
                env={**os.environ, **environ, "PYTHONPATH": path},
                start_new_session=True,
            )
            _STARTED.append(process)
        except OSError as error:
            ours.close()
            message = f"watchdog: cannot be started ({error.strerror})"
            raise WatchdogError(message) from error
    return ours


def _python_path() -> str:
    return os.environ.get("PYTHONPATH", "")


async def _until_ready(reader: asyncio.StreamReader) -> None:
    message: WatchMessage | None = None
    try:
        async with asyncio.timeout(_READY_SECONDS):
            message = await receive(reader)
    except TimeoutError:
        reason = f"not ready within {_READY_SECONDS:g} s"
    else:
        reason = message.reason if isinstance(message, Refused) else "its process ended"
    if not isinstance(message, Ready):
        failure = f"watchdog: {reason}"
        raise WatchdogError(failure)
