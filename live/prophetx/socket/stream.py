"""The stream of market data and private updates, kept alive: each socket is an epoch of its own.

The protocol repeats nothing, so between two epochs is a gap. SocketDown begins it; from SocketUp on
every change is received again, and a snapshot is needed.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from numpy.random import Generator

from live.decode import read, unreadable
from live.decode_errors import DecodeErrors
from live.prophetx.rest.client import ProphetClient
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.socket.pusher_socket import PusherSocket
from live.prophetx.socket.records import (
    Message,
    OnRecord,
    SocketDown,
    SocketUp,
    UnreadableMessage,
)
from live.prophetx.wire.frames import (
    BODIES,
    Change,
    Envelope,
    Established,
    Frame,
    SocketError,
)
from live.prophetx.wire.login import ConnectionConfig, Registration, WireChannel
from live.wall_clock import WallClock
from strategies.trading.model.errors import (
    CredentialsError,
    ExchangeError,
    ProtocolError,
    RefusalError,
    UnreachableError,
)
from strategies.trading.model.settings import PositiveSeconds

_TICK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Timeouts and retry delays of the socket, in seconds of wall time."""

    connect_seconds: Annotated[PositiveSeconds, Meta(description="Limit for subscribing.")]
    ping_after_seconds: Annotated[PositiveSeconds, Meta(description="Silence until a ping.")]
    silent_seconds: Annotated[PositiveSeconds, Meta(description="Silence until it is dead.")]
    quiet_seconds: Annotated[PositiveSeconds, Meta(description="No data or health check: dead.")]
    config_seconds: Annotated[PositiveSeconds, Meta(description="Between address requests.")]
    steady_seconds: Annotated[PositiveSeconds, Meta(description="Uptime that resets the pause.")]
    backoff_seconds: Annotated[
        PositiveSeconds, Meta(description="Pause before another socket; doubled with each failure.")
    ]
    backoff_seconds_max: Annotated[
        PositiveSeconds, Meta(description="The longest pause before another socket.")
    ]


class _LostError(Exception):
    """The socket must not be used any longer."""

    def __init__(self, reason: str, *, at_once: bool = False) -> None:
        super().__init__(reason)
        self.at_once = at_once


class Stream:
    """Keeps one socket open, and passes on everything that it receives, in order of arrival."""

    def __init__(
        self,
        client: ProphetClient,
        endpoint: Endpoint,
        clock: WallClock,
        settings: StreamSettings,
        rng: Generator,
        wanted: Callable[[], Sequence[int]],
        decode_errors: DecodeErrors,
    ) -> None:
        """Stream the events whose ids `wanted` returns when an epoch begins."""
        self._client = client
        self._endpoint = endpoint
        self._clock = clock
        self._settings = settings
        self._rng = rng
        self._wanted = wanted
        self._decode_errors = decode_errors
        self._epoch = 0
        self._current: _Epoch | None = None

    async def run(self, on_record: OnRecord) -> None:
        """Stream until cancelled; raise what `on_record` raises.

        A refusal of the exchange is raised only until the first epoch is up; from then on
        everything is retried. A socket that forbids to reconnect (4000 to 4099) always ends it.
        """
        failures, ever_up = 0, False
        while True:
            self._epoch += 1
            epoch = _Epoch(self, self._epoch, on_record)
            self._current = epoch
            try:
                await epoch.run()
            except _LostError as lost:
                reason, at_once = str(lost), lost.at_once
            except (ExchangeError, CredentialsError) as error:
                ever_up = ever_up or epoch.is_up
                if epoch.is_over or not (ever_up or isinstance(error, UnreachableError)):
                    raise
                reason, at_once = str(error), False
            ever_up = ever_up or epoch.is_up
            on_record(SocketDown(self._epoch, self._clock.wall_ns(), reason))
            failures = 0 if epoch.was_steady() else failures + 1
            if not (at_once and epoch.is_up):
                await asyncio.sleep(self._back_off(failures))

    def renew(self, reason: str, *, at_once: bool = True) -> None:
        """End the present epoch; the next subscribes to what is wanted by then."""
        if self._current is not None:
            self._current.end(reason, at_once=at_once)

    def _back_off(self, failures: int) -> float:
        settings = self._settings
        seconds = settings.backoff_seconds * 2.0 ** min(failures, 30)
        jitter: float = self._rng.uniform(0.5, 1.0)
        return min(seconds, settings.backoff_seconds_max) * jitter


class _Epoch:
    """One socket, from its opening to its end."""

    def __init__(self, stream: Stream, number: int, on_record: OnRecord) -> None:
        self._stream = stream
        self._settings = stream._settings
        self._number = number
        self._on_record = on_record
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._socket: PusherSocket | None = None
        self._socket_id: str | None = None
        self._events = 0
        self._awaited: set[str] = set()
        self._early: list[Message | UnreadableMessage] = []
        self._failure: Exception | None = None
        self._up_at: float | None = None
        self._channel_received_at = self._pinged_at = self._loop.time()
        self.is_over = False

    @property
    def is_up(self) -> bool:
        return self._up_at is not None

    def was_steady(self) -> bool:
        """Return whether it was up long enough for the next failure to count as the first."""
        if self._up_at is None:
            return False
        return self._loop.time() - self._up_at >= self._settings.steady_seconds

    def end(self, reason: str, *, at_once: bool) -> None:
        self._fail(_LostError(reason, at_once=at_once))

    async def run(self) -> None:
        """Connect, subscribe and pass on what arrives, until an error."""
        client = self._stream._client
        config = await client.connection_config()
        socket = self._open(config)
        moved = asyncio.create_task(self._watch_config(config))
        try:
            await self._join(socket)
            socket.is_read = True
            self._up_at = self._channel_received_at = self._loop.time()
            up = SocketUp(self._number, self._stream._clock.wall_ns(), self._events)
            self._on_record(up)
            for record in self._early:
                self._on_record(record)
            await self._watch(socket)
        finally:
            self._socket = None
            moved.cancel()
            socket.cut()

    def _open(self, config: ConnectionConfig) -> PusherSocket:
        endpoint, clock = self._stream._endpoint, self._stream._clock
        self._socket = PusherSocket(
            config,
            secure=endpoint.socket_secure,
            port=endpoint.socket_port,
            stamp_ns=clock.wall_ns,
            wake=self._receive,
        )
        self._socket.open()
        return self._socket

    async def _join(self, socket: PusherSocket) -> None:
        """Wait for the socket's id, register it, and subscribe to every channel."""
        try:
            async with asyncio.timeout(self._settings.connect_seconds):
                await self._until(lambda: self._socket_id is not None)
                assert self._socket_id is not None
                wanted = list(self._stream._wanted())
                self._events = len(wanted)
                registration = await self._stream._client.register(self._socket_id, wanted)
                channels = registration.authorized_channel or []
                self._awaited = {channel.channel_name for channel in channels}
                await asyncio.to_thread(self._subscribe, socket, registration, channels)
                await self._until(lambda: not self._awaited)
        except TimeoutError:
            seconds = self._settings.connect_seconds
            message = f"not subscribed to every channel within {seconds:g} s"
            raise _LostError(message) from None

    def _subscribe(
        self,
        socket: PusherSocket,
        registration: Registration,
        channels: Sequence[WireChannel],
    ) -> None:
        """Sign in and subscribe; in another thread, because a frozen server may block it."""
        try:
            if registration.authenticated is not None:
                signed = registration.authenticated
                sign_in = {"auth": signed.auth, "user_data": signed.user_data}
                socket.send("pusher:signin", sign_in)
            for channel in channels:
                subscription = {"channel": channel.channel_name, "auth": channel.auth}
                socket.send("pusher:subscribe", subscription)
        except OSError as error:
            message = f"cannot subscribe: {error}"
            raise _LostError(message) from error

    async def _watch(self, socket: PusherSocket) -> None:
        """Check that the socket is alive; raise once it is not."""
        settings = self._settings
        while True:
            # What has already arrived counts before the socket is found silent.
            self._receive()
            self._raise_failure()
            now = self._loop.time()
            silent = now - socket.received_at
            if silent > settings.silent_seconds:
                message = f"nothing received for {silent:.1f} s"
                raise _LostError(message)
            quiet = now - self._channel_received_at
            if quiet > settings.quiet_seconds:
                message = f"no market data and no health check for {quiet:.1f} s"
                raise _LostError(message)
            if min(silent, now - self._pinged_at) > settings.ping_after_seconds:
                self._pinged_at = now
                self._send(socket, "pusher:ping")
            await self._changed_or_timeout(_TICK_SECONDS)

    async def _watch_config(self, config: ConnectionConfig) -> None:
        """Request regularly where the socket is, and end the epoch if it moved."""
        while True:
            await asyncio.sleep(self._settings.config_seconds)
            try:
                config_now = await self._stream._client.connection_config()
            except (ExchangeError, CredentialsError):
                continue
            if config_now != config:
                self.end("the exchange moved its socket", at_once=True)
                return

    # Receiving --------------------------------------------------------------------------------

    def _receive(self) -> None:
        """Process all that has arrived; called in the loop."""
        socket = self._socket
        if socket is None:
            return
        for received_ns, raw in socket.take():
            self._on_message(received_ns, raw.encode() if isinstance(raw, str) else raw)
        if socket.ended is not None:
            self._on_end(socket.close_code or 0, socket.ended)

    def _on_message(self, received_ns: int, raw: bytes) -> None:
        try:
            frame = read(Frame, raw, "frame")
            if frame.event.startswith(("pusher:", "pusher_internal:")):
                self._on_protocol(frame)
                return
        except ProtocolError as error:
            self._stream._decode_errors.note(error)
            self._pass_on(UnreadableMessage(self._number, received_ns, raw))
            return
        self._channel_received_at = self._loop.time()
        try:
            change = read_change(frame)
        except ProtocolError as error:
            self._stream._decode_errors.note(error)
            change = None
        self._pass_on(Message(self._number, received_ns, frame.channel, change, raw))

    def _pass_on(self, record: Message | UnreadableMessage) -> None:
        """Pass a record on; an error of the receiver ends the run, and is not lost in the loop."""
        if not self.is_up:
            self._early.append(record)
            return
        if self._failure is not None:
            return
        try:
            self._on_record(record)
        except Exception as error:
            self.is_over = True
            self._fail(error)

    def _on_protocol(self, frame: Frame) -> None:
        match frame.event:
            case "pusher:connection_established":
                established: Established = _read_data(Established, frame)
                self._socket_id = established.socket_id
            case "pusher:ping" if self._socket is not None:
                self._send(self._socket, "pusher:pong")
            case "pusher_internal:subscription_succeeded":
                self._awaited.discard(frame.channel or "")
            case "pusher:subscription_error":
                self._fail(_LostError(f"a channel was refused: {frame.channel}"))
            case "pusher:error":
                self._on_error(_read_data(SocketError, frame))
        self._changed.set()

    def _on_error(self, error: SocketError) -> None:
        code, text = error.code or 0, error.message or ""
        if 4000 <= code < 4300:
            self._on_end(code, text)
        else:
            self._stream._decode_errors.note(ProtocolError(f"pusher:error {code}", text))

    def _on_end(self, code: int, text: str) -> None:
        """End the epoch, or the run, as the code of a closed socket demands (partner API, 10.1)."""
        if 4000 <= code < 4100:
            self.is_over = True
            self._fail(RefusalError(f"socket_{code}", text))
        else:
            self._fail(_LostError(f"{code or ''} {text}".strip(), at_once=4200 <= code < 4300))

    # Sending and ending -----------------------------------------------------------------------

    def _send(self, socket: PusherSocket, event: str) -> None:
        try:
            socket.send(event, {})
        except OSError as error:
            # What was in the queue is answered before the end of its socket is noticed.
            self._fail(_LostError(f"cannot send: {socket.ended or error}"))

    def _fail(self, failure: Exception) -> None:
        """End the epoch; the first reason is kept."""
        if self._failure is None:
            self._failure = failure
        self._changed.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _until(self, true: Callable[[], bool]) -> None:
        while True:
            self._changed.clear()
            self._raise_failure()
            if true():
                return
            await self._changed.wait()

    async def _changed_or_timeout(self, seconds: float) -> None:
        """Return when something changed, or after some seconds."""
        self._changed.clear()
        if self._failure is None:
            alarm = self._loop.call_later(seconds, self._changed.set)
            await self._changed.wait()
            alarm.cancel()


def read_change(frame: Frame) -> Change:
    """Return what changed, of a frame on a channel; raise ProtocolError if it cannot be read."""
    envelope: Envelope = _read_data(Envelope, frame)
    body_type = BODIES.get(envelope.change_type)
    if body_type is None:
        raise unreadable("frame", f"of unknown change_type {envelope.change_type!r}", str(frame))
    body = read(body_type, envelope.payload, envelope.change_type)
    return Change(timestamp_ns=envelope.timestamp, op=envelope.op, body=body)


def _read_data(type_: type[Any], frame: Frame) -> Any:
    """Return what a frame holds, as text or plain; raise ProtocolError."""
    if isinstance(frame.data, str):
        return read(type_, frame.data, frame.event)
    try:
        text = msgspec.json.encode(frame.data)
    except (RecursionError, ValueError) as error:
        raise unreadable(frame.event, type(error).__name__, "") from error
    return read(type_, text, frame.event)
