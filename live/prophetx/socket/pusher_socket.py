"""One socket to the exchange, by Pysher; it is opened once and never reconnects.

Pysher's thread only stamps what arrives and queues it. Its own reconnecting, timers and channels
are not used; the stream above decides when a socket is dead.
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
from websocket import WebSocketApp
from websocket._http import connect, proxy_info
from websocket._socket import sock_opt

from live.prophetx.rest.transport import trusted_context
from live.prophetx.wire.login import ConnectionConfig

# Pings of the socket itself, beneath those of the protocol: they also bound how long Pysher's
# thread sleeps.
_PING_SECONDS = {"ping_interval": 5, "ping_timeout": 4}

# Pysher's thread releases the interpreter at every read, several times a frame. With the default of
# 5 ms until it runs again, a busy loop falls behind, and the exchange closes the socket.
_SWITCH_SECONDS = 0.0005

# A reader this far behind reconnects instead of catching up.
_FRAMES_WAITING_MAX = 200_000
_BYTES_WAITING_MAX = 64 << 20

# The most that may arrive for the handshake, and then without completing a message.
HANDSHAKE_BYTES_MAX = 64 << 10
MESSAGE_BYTES_MAX = 4 << 20


_proxy: Callable[[], object] = proxy_info


class _BoundedSocket:
    """A socket that fails once too much was received since the last message.

    The library reads whatever length a header or a frame announces.
    """

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.received = 0
        self.most = HANDSHAKE_BYTES_MAX

    def recv(self, size: int) -> bytes:
        data: bytes = self._raw.recv(size)
        self.received += len(data)
        if self.received > self.most:
            message = f"more than {self.most} bytes without the end of a message"
            raise OSError(message)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


class PusherSocket:
    """A socket, and the queue of the messages that arrived on it."""

    def __init__(
        self,
        config: ConnectionConfig,
        *,
        secure: bool,
        port: int,
        stamp_ns: Callable[[], int],
        wake: Callable[[], None],
    ) -> None:
        """Prepare a socket; `wake` is called in the running loop when something is in the queue.

        `stamp_ns` returns the time; it is called in Pysher's thread.
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
        self._bounded: _BoundedSocket | None = None
        # Each is written by one thread only.
        self._bytes_queued = self._bytes_taken = 0
        self.received_at = self._loop.time()
        self.ended: str | None = None
        self.close_code: int | None = None
        self.is_read = False
        self._take_over()

    def open(self) -> None:
        """Connect, in Pysher's thread."""
        # It logs why a socket ends, which the stream says in its own words.
        logging.getLogger("websocket").setLevel(logging.CRITICAL)
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._pusher.connect()

    def take(self) -> list[tuple[int, bytes | str]]:
        """Return and remove what is in the queue, each with its time of arrival."""
        self._woken = False
        taken = []
        while self._waiting:
            taken.append(self._waiting.popleft())
            self._bytes_taken += len(taken[-1][1])
        return taken

    def send(self, event: str, data: object) -> None:
        """Send an event; raise OSError if the socket is dead."""
        text = msgspec.json.encode({"event": event, "data": data}).decode()
        try:
            self._pusher.connection.socket.send(text)
        except Exception as error:
            # Whatever the library raises, nothing can be sent any more.
            raise OSError(str(error)) from error

    def cut(self) -> None:
        """Close it at once, whatever its thread is doing."""
        self._cut = True
        application = self._pusher.connection.socket
        if application is not None:
            application.keep_running = False
        if self._raw is not None:
            with suppress(OSError):
                self._raw.shutdown(socket.SHUT_RDWR)

    def _take_over(self) -> None:
        """Replace Pysher's thread by our own, and keep it from reconnecting."""
        connection = self._pusher.connection
        connection.disconnect_called = True
        connection.socket_kwargs.update(_PING_SECONDS, skip_utf8_validation=True)
        if self._secure:
            # By default the library trusts other authorities than our requests do, or none.
            connection.socket_kwargs["sslopt"] = {"context": trusted_context()}
        connection.run = self._run

    def _run(self) -> None:
        """Run as Pysher's thread; however it ends, the loop is notified."""
        try:
            self._connect()
        except Exception as error:
            # For example an impossible address; raised, it would print a traceback.
            self._end(str(error) or type(error).__name__)
        finally:
            self._end("the socket ended")
            if self._raw is not None:
                # The library leaves it open when its closing handshake fails.
                self._raw.close()

    # The rest is called in Pysher's thread.

    def _connect(self) -> None:
        """Connect as Pysher does, but over a socket that bounds what it receives."""
        connection = self._pusher.connection
        options = sock_opt(None, connection.socket_kwargs.get("sslopt"))
        self._raw, _ = connect(connection.url, options, _proxy(), None)
        self._bounded = _BoundedSocket(self._raw)
        connection.socket = WebSocketApp(
            connection.url,
            on_open=self._on_open,
            on_message=self._on_message,
            on_error=self._on_error,
            on_close=self._on_close,
            socket=self._bounded,  # type: ignore[arg-type]
        )
        if not self._cut:
            connection.socket.run_forever(**connection.socket_kwargs)

    def _on_open(self, *_: Any) -> None:
        if self._bounded is not None:
            self._bounded.received, self._bounded.most = 0, MESSAGE_BYTES_MAX

    def _on_message(self, *arguments: Any) -> None:
        self.received_at = self._loop.time()
        if self._bounded is not None:
            self._bounded.received = 0
        self._bytes_queued += len(arguments[-1])
        # Until it is read for good, what was taken from the queue waits elsewhere.
        waiting_bytes = self._bytes_queued - (self._bytes_taken if self.is_read else 0)
        if len(self._waiting) >= _FRAMES_WAITING_MAX or waiting_bytes > _BYTES_WAITING_MAX:
            self._end("more arrived than could be read")
            self.cut()
            return
        self._waiting.append((self._stamp_ns(), arguments[-1]))
        self._wake_loop()

    def _on_error(self, *arguments: Any) -> None:
        error = arguments[-1]
        self._note_code(getattr(error, "status_code", None))
        self._end(str(error) or type(error).__name__)

    def _on_close(self, *arguments: Any) -> None:
        self._note_code(arguments[-2])
        text = " ".join(str(part) for part in arguments[-2:] if part)
        self._end(f"closed by the exchange {text}".strip())

    def _note_code(self, code: object) -> None:
        if isinstance(code, int):
            self.close_code = code

    def _end(self, why: str) -> None:
        if self.ended is None:
            self.ended = why
        self._wake_loop()

    def _wake_loop(self) -> None:
        """Wake the loop, once for everything in the queue."""
        if self._woken:
            return
        self._woken = True
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            # The loop is closed: nobody receives any more.
            self.cut()
