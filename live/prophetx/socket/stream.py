"""The stream of market data and private updates, kept alive: each socket is an epoch of its own.

Nothing is repeated on this protocol, so every new epoch is a gap. Down tells that one has begun;
Up that whatever changes from then on is heard, and that a snapshot is to be taken.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

from msgspec import Struct
from numpy.random import Generator

from live.prophetx.rest.client import ProphetClient
from live.prophetx.rest.endpoint import Endpoint, require_positive
from live.prophetx.socket.pusher_socket import PusherSocket
from live.prophetx.wire.decode_errors import DecodeErrors
from live.prophetx.wire.frames import Established, Frame, SocketError, read_data, read_frame
from live.prophetx.wire.login import ChannelShape, ConnectionConfig, RegistrationShape
from live.wall_clock import WallClock
from strategies.trading.model.errors import (
    CredentialsError,
    ExchangeError,
    ProtocolError,
    RefusalError,
    UnreachableError,
)

_TICK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """When a socket is taken for dead, and how soon another is opened. Seconds of the wall."""

    connect_seconds: float
    ping_after_seconds: float
    silent_seconds: float
    quiet_seconds: float
    config_seconds: float
    steady_seconds: float
    backoff_seconds: float
    backoff_seconds_max: float

    def __post_init__(self) -> None:
        """Refuse what is no time, by name; raise ConfigError."""
        for setting in fields(self):
            require_positive(f"feed.{setting.name}", getattr(self, setting.name))


class Up(Struct, frozen=True):
    """An epoch began: what changes from now on is heard, what was before must be asked for."""

    epoch: int
    at_ns: int


class Down(Struct, frozen=True):
    """An epoch ended, or could not begin: nothing is heard until the next is up."""

    epoch: int
    at_ns: int
    reason: str


class Heard(Struct, frozen=True):
    """A message on a channel, with its text as it came."""

    epoch: int
    received_ns: int
    frame: Frame
    raw: bytes


class Garbled(Struct, frozen=True):
    """A message that is none; the socket is kept."""

    epoch: int
    received_ns: int
    raw: bytes


Record = Up | Down | Heard | Garbled
Tell = Callable[[Record], None]


class _LostError(Exception):
    """The socket is not to be used any longer."""

    def __init__(self, reason: str, *, at_once: bool = False) -> None:
        super().__init__(reason)
        self.at_once = at_once


class Stream:
    """Keeps one socket at a time, and tells everything that it hears, in the order of arrival."""

    def __init__(
        self,
        client: ProphetClient,
        site: Endpoint,
        clock: WallClock,
        settings: StreamSettings,
        rng: Generator,
        wanted: Callable[[], Sequence[int]],
        decode_errors: DecodeErrors,
    ) -> None:
        """Stream the events that `wanted` returns when an epoch begins."""
        self._client = client
        self._site = site
        self._clock = clock
        self._settings = settings
        self._rng = rng
        self._wanted = wanted
        self._decode_errors = decode_errors
        self._epoch = 0
        self._current: _Epoch | None = None

    async def run(self, tell: Tell) -> None:
        """Stream until cancelled; what `tell` raises comes out.

        What the exchange refuses ends the run only as long as it was never up; from then on all is
        tried again. Only where the socket says not to come back (4000 to 4099) it ends then, too.
        """
        failures, ever_up = 0, False
        while True:
            self._epoch += 1
            epoch = _Epoch(self, self._epoch, tell)
            self._current = epoch
            try:
                await epoch.live()
            except _LostError as lost:
                reason, at_once = str(lost), lost.at_once
            except (ExchangeError, CredentialsError) as error:
                ever_up = ever_up or epoch.is_up
                if epoch.is_over or not (ever_up or isinstance(error, UnreachableError)):
                    raise
                reason, at_once = str(error), False
            ever_up = ever_up or epoch.is_up
            tell(Down(self._epoch, self._clock.wall_ns(), reason))
            failures = 0 if epoch.was_steady() else failures + 1
            if not (at_once and epoch.is_up):
                await asyncio.sleep(self._back_off(failures))

    def renew(self, reason: str, *, at_once: bool = True) -> None:
        """End the present epoch, so that the next hears what is wanted by now."""
        if self._current is not None:
            self._current.end(reason, at_once=at_once)

    def _back_off(self, failures: int) -> float:
        settings = self._settings
        seconds = settings.backoff_seconds * 2.0 ** min(failures, 30)
        jitter: float = self._rng.uniform(0.5, 1.0)
        return min(seconds, settings.backoff_seconds_max) * jitter


class _Epoch:
    """The life of one socket."""

    def __init__(self, stream: Stream, number: int, tell: Tell) -> None:
        self._stream = stream
        self._settings = stream._settings
        self._number = number
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._socket: PusherSocket | None = None
        self._socket_id: str | None = None
        self._awaited: set[str] = set()
        self._held: list[Heard | Garbled] = []
        self._failure: Exception | None = None
        self._up_at: float | None = None
        self._channel_heard_at = self._pinged_at = self._loop.time()
        self.is_over = False

    @property
    def is_up(self) -> bool:
        return self._up_at is not None

    def was_steady(self) -> bool:
        """Tell whether it was up for so long that the next failure counts as the first."""
        if self._up_at is None:
            return False
        return self._loop.time() - self._up_at >= self._settings.steady_seconds

    def end(self, reason: str, *, at_once: bool) -> None:
        self._fail(_LostError(reason, at_once=at_once))

    async def live(self) -> None:
        """Connect, subscribe, tell what is heard; never return but by an error."""
        client = self._stream._client
        config = await client.connection_config()
        socket = self._open(config)
        moved = asyncio.create_task(self._watch_config(config))
        try:
            await self._join(socket)
            self._up_at = self._channel_heard_at = self._loop.time()
            self._tell(Up(self._number, self._stream._clock.wall_ns()))
            for record in self._held:
                self._tell(record)
            await self._watch(socket)
        finally:
            self._socket = None
            moved.cancel()
            socket.cut()

    def _open(self, config: ConnectionConfig) -> PusherSocket:
        site, clock = self._stream._site, self._stream._clock
        self._socket = PusherSocket(
            config,
            secure=site.socket_secure,
            port=site.socket_port,
            stamp_ns=clock.wall_ns,
            wake=self._take,
        )
        self._socket.open()
        return self._socket

    async def _join(self, socket: PusherSocket) -> None:
        """Get the socket's id, have it authorised afresh, and subscribe to every channel."""
        try:
            async with asyncio.timeout(self._settings.connect_seconds):
                await self._until(lambda: self._socket_id is not None)
                assert self._socket_id is not None
                wanted = list(self._stream._wanted())
                registration = await self._stream._client.register(self._socket_id, wanted)
                channels = registration.authorized_channel or []
                self._awaited = {channel.channel_name for channel in channels}
                await asyncio.to_thread(self._subscribe, socket, registration, channels)
                await self._until(lambda: not self._awaited)
        except TimeoutError:
            seconds = self._settings.connect_seconds
            message = f"not let onto every channel within {seconds:g} s"
            raise _LostError(message) from None

    def _subscribe(
        self,
        socket: PusherSocket,
        registration: RegistrationShape,
        channels: Sequence[ChannelShape],
    ) -> None:
        """Sign in and subscribe; outside the loop's thread, as a frozen peer may block it."""
        try:
            if registration.authenticated is not None:
                signed = registration.authenticated
                said = {"auth": signed.auth, "user_data": signed.user_data}
                socket.send("pusher:signin", said)
            for channel in channels:
                said = {"channel": channel.channel_name, "auth": channel.auth}
                socket.send("pusher:subscribe", said)
        except OSError as error:
            message = f"cannot subscribe: {error}"
            raise _LostError(message) from error

    async def _watch(self, socket: PusherSocket) -> None:
        """See that the socket lives, until it does not."""
        settings = self._settings
        while True:
            # What has arrived counts before its absence is held against the socket.
            self._take()
            self._raise_failure()
            now = self._loop.time()
            silent = now - socket.heard_at
            if silent > settings.silent_seconds:
                message = f"nothing was heard for {silent:.1f} s"
                raise _LostError(message)
            quiet = now - self._channel_heard_at
            if quiet > settings.quiet_seconds:
                message = f"no market data and no sign of health for {quiet:.1f} s"
                raise _LostError(message)
            if min(silent, now - self._pinged_at) > settings.ping_after_seconds:
                self._pinged_at = now
                self._say(socket, "pusher:ping")
            await self._news_or(_TICK_SECONDS)

    async def _watch_config(self, config: ConnectionConfig) -> None:
        """Ask now and then where the socket is, and end the epoch if it moved."""
        while True:
            await asyncio.sleep(self._settings.config_seconds)
            try:
                there = await self._stream._client.connection_config()
            except (ExchangeError, CredentialsError):
                continue
            if there != config:
                self.end("the exchange moved its socket", at_once=True)
                return

    # What arrives -----------------------------------------------------------------------------

    def _take(self) -> None:
        """Hear all that has arrived; called in the loop."""
        socket = self._socket
        if socket is None:
            return
        for received_ns, raw in socket.take():
            self._hear(received_ns, raw.encode() if isinstance(raw, str) else raw)
        if socket.ended is not None:
            self._hear_end(socket.close_code or 0, socket.ended)

    def _hear(self, received_ns: int, raw: bytes) -> None:
        try:
            frame = read_frame(raw)
            if frame.event.startswith(("pusher:", "pusher_internal:")):
                self._hear_protocol(frame)
                return
            record: Heard | Garbled = Heard(self._number, received_ns, frame, raw)
            self._channel_heard_at = self._loop.time()
        except ProtocolError as error:
            self._stream._decode_errors.note(error)
            record = Garbled(self._number, received_ns, raw)
        if not self.is_up:
            self._held.append(record)
        elif self._failure is None:
            self._tell_guarded(record)

    def _tell_guarded(self, record: Record) -> None:
        """Tell; an error of whoever listens ends the run, and is not lost in the loop."""
        try:
            self._tell(record)
        except Exception as error:
            self.is_over = True
            self._fail(error)

    def _hear_protocol(self, frame: Frame) -> None:
        match frame.event:
            case "pusher:connection_established":
                established: Established = read_data(Established, frame)
                self._socket_id = established.socket_id
            case "pusher:ping" if self._socket is not None:
                self._say(self._socket, "pusher:pong")
            case "pusher_internal:subscription_succeeded":
                self._awaited.discard(frame.channel or "")
            case "pusher:subscription_error":
                self._fail(_LostError(f"a channel was refused: {frame.channel}"))
            case "pusher:error":
                self._hear_error(read_data(SocketError, frame))
        self._news.set()

    def _hear_error(self, error: SocketError) -> None:
        code, told = error.code or 0, error.message or ""
        if 4000 <= code < 4300:
            self._hear_end(code, told)
        else:
            self._stream._decode_errors.note(ProtocolError(f"pusher:error {code}", told))

    def _hear_end(self, code: int, told: str) -> None:
        """Take the end of the socket as its code means it (partner API, 10.1)."""
        if 4000 <= code < 4100:
            self.is_over = True
            self._fail(RefusalError(f"socket_{code}", told))
        else:
            self._fail(_LostError(f"{code or ''} {told}".strip(), at_once=4200 <= code < 4300))

    # How it goes on, or ends --------------------------------------------------------------------

    def _say(self, socket: PusherSocket, event: str) -> None:
        try:
            socket.send(event, {})
        except OSError as error:
            self._fail(_LostError(f"cannot be spoken to: {error}"))

    def _fail(self, failure: Exception) -> None:
        """Keep the first reason for which it ends."""
        if self._failure is None:
            self._failure = failure
        self._news.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _until(self, true: Callable[[], bool]) -> None:
        while True:
            self._news.clear()
            self._raise_failure()
            if true():
                return
            await self._news.wait()

    async def _news_or(self, seconds: float) -> None:
        """Return when there is news, or after so many seconds."""
        self._news.clear()
        if self._failure is None:
            alarm = self._loop.call_later(seconds, self._news.set)
            await self._news.wait()
            alarm.cancel()
