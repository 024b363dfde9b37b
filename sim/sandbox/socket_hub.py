"""The socket server: Pusher's protocol, versions 5 to 7, on loopback (partner API, 10.1)."""

import asyncio
import contextlib
import hmac
import json
import socket as sockets
import struct
from typing import Any

from aiohttp import WSMsgType, web

from sim.sandbox.channels import Channels
from sim.sandbox.pusher_frames import exchange_frame, system_frame
from sim.sandbox.requested_faults import Fault, FaultKind, RequestedFaults
from sim.sandbox.wire_ids import stable_id

_PROTOCOLS = ("5", "6", "7")
_PONG_SECONDS = 30
# A client with more unread frames is disconnected, as Pusher does over capacity.
_MAX_UNREAD = 20_000
_OVER_CAPACITY, _NO_PONG = 4100, 4201
_CLOSE_TIMEOUT_SECONDS = 2


class Socket:
    """One client's connection: its subscriptions and its queue of frames to write."""

    def __init__(self, socket_id: str, ws: web.WebSocketResponse, request: web.Request) -> None:
        """Start without subscriptions, and not frozen."""
        self.socket_id = socket_id
        self.channels: set[str] = set()
        self._ws = ws
        self._request = request
        self._unread: asyncio.Queue[str] = asyncio.Queue(_MAX_UNREAD)
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._closing: asyncio.Task[object] | None = None

    def send(self, frame: str) -> None:
        """Queue a frame; disconnect the client if its queue is full."""
        try:
            self._unread.put_nowait(frame)
        except asyncio.QueueFull:
            self.close(_OVER_CAPACITY)

    async def write(self) -> None:
        """Write queued frames in order, except while frozen."""
        while True:
            frame = await self._unread.get()
            await self._thawed.wait()
            with contextlib.suppress(ConnectionError):
                await self._ws.send_str(frame)
            self._unread.task_done()

    async def read(self, timeout_seconds: float) -> str | None:
        """Return the next text from the client, None once it has closed; raise TimeoutError."""
        while True:
            message = await self._ws.receive(timeout_seconds)
            await self._thawed.wait()
            if message.type is WSMsgType.PING:
                # The client may be gone by now.
                with contextlib.suppress(ConnectionError):
                    await self._ws.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                return str(message.data)
            elif message.type is not WSMsgType.PONG:
                return None

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection after the queued frames are written."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close(code, reason))

    async def closed(self) -> None:
        """Wait for a close in progress, if there is one."""
        if self._closing is not None:
            await self._closing

    async def _close(self, code: int, reason: str) -> None:
        await self._unread.join()
        await self._ws.close(code=code, message=reason.encode())

    def reset(self) -> None:
        """Reset the TCP connection."""
        reset_connection(self._request)

    def freeze(self, seconds: float) -> None:
        """Neither read nor write for `seconds`, with the connection open."""
        self._thawed.clear()
        asyncio.get_running_loop().call_later(seconds, self._thawed.set)


class SocketHub:
    """Accepts sockets, subscribes them to channels that are signed for them, and sends frames."""

    def __init__(
        self, channels: Channels, faults: RequestedFaults, activity_timeout_seconds: int
    ) -> None:
        """Start without connections."""
        self._channels = channels
        self._faults = faults
        self._activity_seconds = activity_timeout_seconds
        self._sockets: dict[str, Socket] = {}
        self._subscribers: dict[str, dict[str, Socket]] = {}
        self._opened = 0

    # Sending ----------------------------------------------------------------------------------

    def has_subscribers(self, channel: str) -> bool:
        """Return whether any socket is subscribed to a channel."""
        return bool(self._subscribers.get(channel))

    def subscribed_channels(self) -> list[str]:
        """Return the channels with at least one subscriber."""
        return list(self._subscribers)

    def send(
        self, channel: str, event: str, change_type: str, op: str, at_ns: int, payload: Any
    ) -> None:
        """Send a change to every subscriber of a channel."""
        subscribers = self._subscribers.get(channel)
        if not subscribers:
            return
        fault = self._faults.consume_for_message(f"{event} {change_type}")
        if fault is not None and fault.kind is FaultKind.LOST_MESSAGE:
            return
        frame = exchange_frame(event, channel, change_type, op, at_ns, payload)
        for socket in tuple(subscribers.values()):
            if fault is not None and fault.kind is FaultKind.LATE_MESSAGE:
                asyncio.get_running_loop().call_later(fault.seconds, socket.send, frame)
                continue
            socket.send(frame)
            if fault is not None and fault.kind is FaultKind.DOUBLED_MESSAGE:
                socket.send(frame)

    def apply_fault(self, fault: Fault) -> None:
        """Apply a fault to every socket now."""
        for socket in tuple(self._sockets.values()):
            match fault.kind:
                case FaultKind.FROZEN_SOCKET:
                    socket.freeze(fault.seconds)
                case FaultKind.SOCKET_RESET:
                    socket.reset()
                case FaultKind.SOCKET_CLOSE:
                    socket.close(int(fault.code or 1000), "requested fault")
                case FaultKind.GARBAGE_FRAME:
                    socket.send(fault.text)

    async def close(self) -> None:
        """Close every socket."""
        for socket in tuple(self._sockets.values()):
            socket.close(1001, "the sandbox ends")
            await socket.closed()

    # Connections ------------------------------------------------------------------------------

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection until it ends."""
        ws = web.WebSocketResponse(autoping=False, timeout=_CLOSE_TIMEOUT_SECONDS)
        await ws.prepare(request)
        self._opened += 1
        socket_id = f"{self._opened}.{stable_id(str(self._opened))}"
        socket = Socket(socket_id, ws, request)
        writer = asyncio.ensure_future(socket.write())
        self._sockets[socket_id] = socket
        try:
            await self._converse(socket, request)
            await socket.closed()
        finally:
            writer.cancel()
            self._remove(socket)
        return ws

    async def _converse(self, socket: Socket, request: web.Request) -> None:
        refusal = self._refusal(request)
        if refusal is not None:
            code, reason = refusal
            socket.send(system_frame("pusher:error", {"code": code, "message": reason}))
            socket.close(code, reason)
            return
        greeting = {"socket_id": socket.socket_id, "activity_timeout": self._activity_seconds}
        socket.send(system_frame("pusher:connection_established", greeting))
        silent = False
        while True:
            try:
                text = await socket.read(_PONG_SECONDS if silent else self._activity_seconds)
            except TimeoutError:
                if silent:
                    socket.close(_NO_PONG, "pong reply not received in time")
                    return
                silent = True
                socket.send(system_frame("pusher:ping", {}))
                continue
            if text is None:
                return
            silent = False
            self._on_text(socket, text)

    def _refusal(self, request: web.Request) -> tuple[int, str] | None:
        if request.match_info["key"] != self._channels.key:
            return 4001, "application does not exist"
        if request.query.get("protocol") not in _PROTOCOLS:
            return 4007, "unsupported protocol version"
        return None

    def _on_text(self, socket: Socket, text: str) -> None:
        """Handle a client's frame; an invalid one gets an error and changes nothing."""
        try:
            frame = json.loads(text)
            event, data = frame["event"], frame.get("data") or {}
            if isinstance(data, str):
                data = json.loads(data)
            self._on_frame(socket, event, data)
        except (ValueError, TypeError, KeyError, AttributeError):
            error = {"code": None, "message": "this is no frame of the protocol"}
            socket.send(system_frame("pusher:error", error))

    def _on_frame(self, socket: Socket, event: str, data: dict[str, Any]) -> None:
        match event:
            case "pusher:ping" if not self._faults.loses_pong():
                socket.send(system_frame("pusher:pong", {}))
            case "pusher:subscribe":
                self._subscribe(socket, str(data["channel"]), str(data.get("auth")))
            case "pusher:unsubscribe":
                self._unsubscribe(socket, str(data["channel"]))
            case "pusher:signin":
                self._sign_in(socket, str(data["user_data"]), str(data["auth"]))

    # Subscriptions ----------------------------------------------------------------------------

    def _subscribe(self, socket: Socket, channel: str, auth: str) -> None:
        is_signed = not channel.startswith("private-") or self._is_signed(socket, channel, auth)
        if not is_signed or self._faults.refuses_channel(channel):
            error = {"type": "AuthError", "error": "the signature is wrong", "status": 401}
            socket.send(system_frame("pusher:subscription_error", error, channel))
            return
        self._subscribers.setdefault(channel, {})[socket.socket_id] = socket
        socket.channels.add(channel)
        socket.send(system_frame("pusher_internal:subscription_succeeded", {}, channel))

    def _unsubscribe(self, socket: Socket, channel: str) -> None:
        socket.channels.discard(channel)
        subscribers = self._subscribers.get(channel, {})
        subscribers.pop(socket.socket_id, None)
        if not subscribers:
            self._subscribers.pop(channel, None)

    def _sign_in(self, socket: Socket, user_data: str, auth: str) -> None:
        if self._is_signed(socket, f":user::{user_data}", auth):
            socket.send(system_frame("pusher:signin_success", {"user_data": user_data}))
        else:
            error = {"code": 4009, "message": "connection is unauthorized"}
            socket.send(system_frame("pusher:error", error))

    def _is_signed(self, socket: Socket, subject: str, auth: str) -> bool:
        expected = self._channels.sign(socket.socket_id, subject)
        return hmac.compare_digest(expected.encode(), auth.encode())

    def _remove(self, socket: Socket) -> None:
        for channel in tuple(socket.channels):
            self._unsubscribe(socket, channel)
        self._sockets.pop(socket.socket_id, None)
        self._channels.forget(socket.socket_id)


def reset_connection(request: web.Request) -> None:
    """Reset a request's TCP connection: unsent data is lost, and no close frame is sent."""
    transport = request.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
