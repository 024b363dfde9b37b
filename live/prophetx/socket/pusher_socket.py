"""One socket to the exchange, by Pysher: opened once, and never again.

Pysher's thread does one thing: it stamps what arrives and hands it over. Its own reconnecting, its
timers and its channels are left aside; the stream above knows better when a socket is dead.
"""

import asyncio
import logging
import socket
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from pysher import Pusher

from live.prophetx.rest.transport import trusted
from live.prophetx.wire.login import ConnectionConfig

# Pings of the socket itself, beneath those of the protocol: they also bound how long Pysher's
# thread sleeps.
_PING_SECONDS = {"ping_interval": 5, "ping_timeout": 4}

# Pysher's thread gives up its turn at every read, several to a frame. With the interpreter's own
# 5 ms until it has another, a loop that is busy hears ever less, and the exchange lets it go.
_TURN_SECONDS = 0.0005

# A reader that has fallen so far behind would rather begin again than catch up.
_FRAMES_WAITING_MAX = 200_000


class PusherSocket:
    """A socket, and what arrived on it and was not taken yet."""

    def __init__(
        self,
        config: ConnectionConfig,
        *,
        secure: bool,
        port: int,
        stamp_ns: Callable[[], int],
        wake: Callable[[], None],
    ) -> None:
        """Prepare a socket; `wake` is called in the running loop when something is to be taken.

        `stamp_ns` tells the time in Pysher's thread.
        """
        host, _, named_port = (config.ws_host or "").partition(":")
        self._pusher = Pusher(
            key=config.key,
            cluster=config.cluster or "",
            custom_host=host,
            port=int(named_port) if named_port.isdecimal() else port,
            secure=secure,
            log_level=logging.CRITICAL,
        )
        self._secure = secure
        self._loop = asyncio.get_running_loop()
        self._stamp_ns = stamp_ns
        self._wake = wake
        self._waiting: deque[tuple[int, bytes | str]] = deque()
        self._woken = False
        self._cut = False
        self._raw: socket.socket | None = None
        self.heard_at = self._loop.time()
        self.ended: str | None = None
        self.close_code: int | None = None
        self._take_over()

    def open(self) -> None:
        """Connect, in Pysher's thread."""
        sys.setswitchinterval(_TURN_SECONDS)
        self._pusher.connect()

    def take(self) -> list[tuple[int, bytes | str]]:
        """Return what has arrived since, each with its time of arrival."""
        self._woken = False
        taken = []
        while self._waiting:
            taken.append(self._waiting.popleft())
        return taken

    def send(self, event: str, data: object) -> None:
        """Say something; raise OSError if the socket is dead."""
        text = msgspec.json.encode({"event": event, "data": data}).decode()
        try:
            self._pusher.connection.socket.send(text)
        except Exception as error:
            # Whatever the library calls it, nothing can be said any more.
            raise OSError(str(error)) from error

    def cut(self) -> None:
        """End it at once, whatever its thread is doing."""
        self._cut = True
        application = self._pusher.connection.socket
        if application is None:
            return
        application.keep_running = False
        if self._raw is not None:
            with suppress(OSError):
                self._raw.shutdown(socket.SHUT_RDWR)

    def _take_over(self) -> None:
        """Put our own callbacks in the place of Pysher's, and forbid it to reconnect."""
        connection = self._pusher.connection
        connection.disconnect_called = True
        connection.socket_kwargs.update(_PING_SECONDS, skip_utf8_validation=True)
        if self._secure:
            # Its own way to find authorities knows others than the requests do, or none.
            connection.socket_kwargs["sslopt"] = {"context": trusted()}
        connection._on_open = self._opened
        connection._on_message = self._heard
        connection._on_error = self._failed
        connection._on_close = self._closed
        connection.run = self._run

    def _run(self) -> None:
        """Be Pysher's thread; however it ends, that is told."""
        try:
            self._pusher.connection._connect()
        except Exception as error:
            # Such as an address that cannot be: it would end the thread with a traceback.
            self._end(str(error) or type(error).__name__)
        finally:
            self._end("the socket ended")
            if self._raw is not None:
                # The library leaves it open where its farewell fails.
                self._raw.close()

    # What follows is called in Pysher's thread.

    def _opened(self, *_: Any) -> None:
        self._raw = self._pusher.connection.socket.sock.sock
        if self._cut:
            self.cut()

    def _heard(self, *arguments: Any) -> None:
        self.heard_at = self._loop.time()
        if len(self._waiting) >= _FRAMES_WAITING_MAX:
            self._end("more arrived than could be read")
            self.cut()
            return
        self._waiting.append((self._stamp_ns(), arguments[-1]))
        self._hand_over()

    def _failed(self, *arguments: Any) -> None:
        error = arguments[-1]
        self._note_code(getattr(error, "status_code", None))
        self._end(str(error) or type(error).__name__)

    def _closed(self, *arguments: Any) -> None:
        self._note_code(arguments[-2])
        told = " ".join(str(part) for part in arguments[-2:] if part)
        self._end(f"closed by the exchange {told}".strip())

    def _note_code(self, code: object) -> None:
        if isinstance(code, int):
            self.close_code = code

    def _end(self, why: str) -> None:
        if self.ended is None:
            self.ended = why
        self._hand_over()

    def _hand_over(self) -> None:
        """Wake the loop, once for all that it has not taken yet."""
        if self._woken:
            return
        self._woken = True
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            # The loop has ended, and nobody wants to hear any more.
            self.cut()
