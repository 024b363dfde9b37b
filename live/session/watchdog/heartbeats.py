"""The heartbeats between a trading session and its watchdog, and the session's side of them.

Each end of a stream socket writes messages as lines of JSON. The session begins with a Hello, which
is answered by Ready or Refused. From then on each of its beats is answered with the same number.
"""

import asyncio
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from strategies.trading.model.errors import WatchdogError

# Beats within the time without one after which the watchdog cancels everything.
_BEATS = 10
_CLOSING_SECONDS = 5.0


class Hello(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """What a watchdog guards: a session, its folder, its account, and where that account is.

    `alert_urls` are those of the session: it cannot raise an alert itself when it hangs or dies.
    """

    session: str
    folder: str
    account: str
    endpoint: dict[str, Any]
    pid: int
    silence_seconds: float
    alert_urls: tuple[str, ...] = ()


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The watchdog has logged in, and waits for heartbeats."""

    pid: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The watchdog cannot guard the session."""

    reason: str


class Beat(msgspec.Struct, frozen=True, tag=True):
    """The sender's event loop runs; in the other direction the response to that."""

    number: int


class Acting(msgspec.Struct, frozen=True, tag=True):
    """The watchdog cancels everything."""

    reason: str


class Closed(msgspec.Struct, frozen=True, tag=True):
    """The session has ended, and the exchange has confirmed that nothing is open.

    With `may_arrive`, a placement without a response may still be executed.
    """

    may_arrive: bool = False


WatchMessage = Hello | Ready | Refused | Beat | Acting | Closed

_decoder: msgspec.json.Decoder[WatchMessage] = msgspec.json.Decoder(WatchMessage)


def line_of(message: WatchMessage) -> bytes:
    """Return a message as it is sent."""
    return msgspec.json.encode(message) + b"\n"


def message_of(line: bytes) -> WatchMessage | None:
    """Return the message of a line, None at the end of the stream or for what is none."""
    try:
        return _decoder.decode(line)
    except msgspec.DecodeError:
        return None


async def receive(reader: asyncio.StreamReader) -> WatchMessage | None:
    """Return the next message, None once the other end is gone."""
    try:
        return message_of(await reader.readline())
    except (OSError, ValueError):
        return None


class Watch(Protocol):
    """What a session knows of its watchdog."""

    def require(self) -> None:
        """Raise WatchdogError unless the watchdog responded a short time ago."""

    async def until_lost(self) -> None:
        """Wait until `require` would fail, and raise its error."""

    async def closed(self, may_arrive: bool) -> None:
        """Report that nothing is open; the watchdog ends, unless a placement may still arrive."""


class Unwatched:
    """The watch of a session that has no watchdog, as on paper."""

    def require(self) -> None:
        """Return: nothing is required."""

    async def until_lost(self) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()

    async def closed(self, may_arrive: bool) -> None:
        """Return at once."""


class Heartbeats:
    """Exchanges heartbeats with a watchdog, from the event loop of the session.

    They cease when that loop hangs. A response is valid for as long as the watchdog waits for the
    next beat: after a longer silence it may have cancelled everything, so `require` fails, also
    after a stop of this process that it did not notice.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silence_seconds: float
    ) -> None:
        """Start with a watchdog that has just responded."""
        self._reader = reader
        self._writer = writer
        self._silence_seconds = silence_seconds
        self._loop = asyncio.get_running_loop()
        self._responded = self._loop.time()
        self._sent: dict[int, float] = {}
        self._number = 0
        self._failure = ""
        self._lost = asyncio.Event()
        self._gone = asyncio.Event()

    async def run(self) -> None:
        """Exchange heartbeats until cancelled."""
        receiving = asyncio.create_task(self._receive())
        try:
            while True:
                self._check()
                self._beat()
                await asyncio.sleep(self._silence_seconds / _BEATS)
        finally:
            receiving.cancel()
            self._writer.close()

    def require(self) -> None:
        """Raise WatchdogError unless the watchdog responded a short time ago."""
        self._check()
        if self._failure:
            raise WatchdogError(self._failure)

    async def until_lost(self) -> None:
        """Wait until `require` would fail, and raise its error."""
        await self._lost.wait()
        self.require()

    async def closed(self, may_arrive: bool) -> None:
        """Report that nothing is open, and wait a short time for a watchdog that ends now."""
        self._writer.write(line_of(Closed(may_arrive)))
        if may_arrive:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._gone.wait()

    def _beat(self) -> None:
        if self._gone.is_set():
            return
        self._number += 1
        self._sent[self._number] = self._loop.time()
        self._writer.write(line_of(Beat(self._number)))

    async def _receive(self) -> None:
        while (message := await receive(self._reader)) is not None:
            match message:
                case Beat(number=number) if number in self._sent:
                    self._responded = self._sent[number]
                    self._sent = {n: at for n, at in self._sent.items() if n > number}
                case Acting(reason=reason):
                    self._fail(f"it cancelled everything ({reason})")
        self._gone.set()
        self._fail("its process ended")

    def _check(self) -> None:
        silent = self._loop.time() - self._responded
        if silent > self._silence_seconds:
            self._fail(f"no response for {silent:.1f} s; it may have cancelled everything")

    def _fail(self, reason: str) -> None:
        # The first reason stands: what follows is its consequence.
        self._failure = self._failure or f"watchdog: {reason}"
        self._lost.set()
