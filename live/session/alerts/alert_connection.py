"""A session's side of one process that sends alerts: it starts it, and talks to it."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import live
from live.session.alerts import alert_process
from live.session.alerts.alert_messages import (
    AlertTargets,
    FromProcess,
    Send,
    SendResult,
    from_process,
    line_of,
)

# Beyond what a receiver's own time limits allow; then the process hangs, and is replaced.
_ANSWER_SECONDS = 60.0


class AlertConnectionLostError(Exception):
    """The process ended, or does not answer."""


class AlertConnection:
    """One process that sends alerts, from its start to its end."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Use a process that `start` has started."""
        self._process = process
        self._waiting: dict[tuple[int, int], asyncio.Future[str]] = {}
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    @classmethod
    async def start(cls, urls: Sequence[str]) -> "AlertConnection":
        """Start a process with some URLs; raise OSError if none can be started."""
        ours, theirs = socket.socketpair()
        root = str(Path(live.__file__).parents[1])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        with theirs:
            try:
                # In a session of its own: Ctrl-C must not end it before the last alert. With -P,
                # so that no module of the folder it is started in hides one of ours.
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", alert_process.__name__],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": path},
                    start_new_session=True,
                )
            except OSError:
                ours.close()
                raise
        connection = cls(process)
        connection._reader, connection._writer = await asyncio.open_connection(sock=ours)
        connection._writer.write(line_of(AlertTargets(tuple(urls))))
        return connection

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    async def first_answer(self) -> FromProcess | None:
        """Return whether the URLs are right, None if the process ended before it said so."""
        return await self._receive()

    async def run(self) -> None:
        """Receive answers until the process has ended."""
        try:
            while (message := await self._receive()) is not None:
                if isinstance(message, SendResult):
                    waiting = self._waiting.pop((message.target, message.number), None)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(message.problem)
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(AlertConnectionLostError())

    async def send(self, message: Send) -> str:
        """Return the problem with an alert, empty once it is sent.

        Raise AlertConnectionLostError if the process ends before it answers; one that does not
        answer is killed.
        """
        key = (message.target, message.number)
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[key] = waiting
        self._writer.write(line_of(message))
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return str(await waiting)
        except TimeoutError:
            self._process.kill()
            raise AlertConnectionLostError from None
        finally:
            self._waiting.pop(key, None)

    def close(self) -> None:
        """Close the connection: the process ends, once what it is sending is sent or has failed."""
        self._writer.close()
        self._process.poll()
        _ENDING[:] = [each for each in (*_ENDING, self._process) if each.poll() is None]

    async def _receive(self) -> FromProcess | None:
        with suppress(OSError, ValueError):
            return from_process(await self._reader.readline())
        return None


# Processes that end by themselves; Python warns of one that nobody refers to.
_ENDING: list[subprocess.Popen[bytes]] = []
