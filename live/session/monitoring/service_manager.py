"""Reports to the service manager that started a session, as sd_notify(3) of systemd does."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

_MICROSECONDS = 1_000_000
# Without WatchdogSec the loop is reported all the same, which costs nothing.
_BEAT_SECONDS = 10.0


class ServiceManager:
    """The service manager behind NOTIFY_SOCKET; without that variable nothing is sent.

    All is sent from the session's event loop, so that a unit with WatchdogSec is restarted when
    that loop hangs. What cannot be sent is passed over: a report must not end a session.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Find the socket, and how often the manager expects a report."""
        address = environ.get("NOTIFY_SOCKET", "")
        # A name that begins with @ stands for one without a file.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        microseconds = environ.get("WATCHDOG_USEC", "")
        seconds = int(microseconds) / _MICROSECONDS if microseconds.isdecimal() else 0.0
        self._beat_seconds = min(seconds / 3 or _BEAT_SECONDS, _BEAT_SECONDS)

    @asynccontextmanager
    async def reporting(self) -> AsyncIterator[None]:
        """Report that the event loop runs, for as long as the context lasts."""
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()

    async def _beat(self) -> None:
        while self._address:
            self._send("WATCHDOG=1")
            await asyncio.sleep(self._beat_seconds)

    def ready(self) -> None:
        """Report that the session trades."""
        self._send("READY=1")

    def stopping(self) -> None:
        """Report that the session ends."""
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
                # A manager that does not read must not stop the event loop.
                datagrams.setblocking(False)
                datagrams.sendto(state.encode(), self._address)
        except OSError:
            return
