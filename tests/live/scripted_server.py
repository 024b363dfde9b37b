"""A small scripted ProphetX: it logs in, accepts sockets on channels, and fails on request."""

import asyncio
import json
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import WSMsgType, web

from live.prophetx.rest.endpoint import Endpoint
from live.wall_clock import WallClock
from strategies.trading.model.units import NS_PER_SECOND
from tests.live.endpoints import LOCAL

PUBLIC = "private-broadcast-service=6-device_type=5"
PRIVATE = "private-service=6-device_type=5-user=me"
# The interval of its health checks.
HEALTH_SECONDS = 0.1


@dataclass
class ScriptedServer:
    """The behaviour of the server, and a record of what it received."""

    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    registered: list[dict[str, Any]] = field(default_factory=list)
    responses: dict[str, Any] = field(default_factory=dict)
    register_refusals: int = 0
    register_hangs: int = 0
    hasty: bool = False
    login_refused: bool = False
    opening_error: int | None = None
    is_frozen: bool = False
    thawed: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False
    mute: bool = False
    healthy: bool = True
    unanswered_channel: str = ""
    ws_host: str | None = "127.0.0.1"
    logins: int = 0
    port: int = 0
    certificate: ssl.SSLContext | None = None

    @property
    def endpoint(self) -> Endpoint:
        """Return its endpoint."""
        secure = self.certificate is not None
        root = f"{'https' if secure else 'http'}://127.0.0.1:{self.port}"
        return replace(LOCAL, root=root, socket_secure=secure, socket_port=self.port, speed=1)

    @property
    def socket(self) -> web.WebSocketResponse:
        """Return the socket that was opened last."""
        return self.sockets[-1]

    def freeze(self) -> None:
        """Stop reading and sending, from the next message on."""
        self.thawed.clear()

    def thaw(self) -> None:
        """Resume."""
        self.thawed.set()

    async def send(self, event: str, data: object, channel: str | None = None) -> None:
        """Send an event on the last socket, with its data as JSON text as Pusher does."""
        frame = {"event": event, "data": data if isinstance(data, str) else json.dumps(data)}
        await self.socket.send_str(json.dumps(frame | ({"channel": channel} if channel else {})))

    async def change(self, change_type: str, payload: object, **envelope: Any) -> None:
        """Send a change on the broadcast channel."""
        coded = b64encode(json.dumps(payload).encode()).decode()
        message = {"change_type": change_type, "op": "u", "payload": coded, "timestamp": 1}
        await self.send("tournament_132", message | envelope, PUBLIC)

    async def send_bytes(self, text: bytes) -> None:
        """Send bytes as a text frame on the last socket, whether they are UTF-8 or not."""
        assert self.socket._writer is not None
        await self.socket._writer.send_frame(text, WSMsgType.TEXT)

    def reset(self) -> None:
        """Abort the last socket without a close frame."""
        transport = self.socket._req.transport  # type: ignore[union-attr]
        assert transport is not None
        transport.abort()

    async def rest(self, request: web.Request) -> web.Response:
        """Answer a request: sessions and sockets itself, the rest from `responses`."""
        path = request.path.removeprefix("/partner/")
        if path in ("auth/login", "auth/refresh"):
            return self._session()
        if path == "websocket/connection-config":
            return web.json_response({"key": "app-key", "cluster": "mt1", "ws_host": self.ws_host})
        if path == "v4/mm/websocket":
            return await self._register(request)
        response = self.responses.get(path, {})
        return web.json_response(
            {"data": response(request.query) if callable(response) else response}
        )

    def _session(self) -> web.Response:
        self.logins += 1
        if self.login_refused:
            return web.json_response({"error": "unauthorized", "message": "no"}, status=401)
        ends = WallClock().wall_ns() // NS_PER_SECOND + 1_200
        data = {"access_token": f"t-{self.logins}", "access_expire_time": ends}
        return web.json_response({"data": data | {"refresh_token": "r"}})

    async def _register(self, request: web.Request) -> web.Response:
        if self.register_refusals:
            self.register_refusals -= 1
            return web.json_response({"error": "unauthorized", "message": "no"}, status=401)
        body = await request.json()
        self.registered.append(body)
        if self.register_hangs:
            self.register_hangs -= 1
            await asyncio.Event().wait()
        channels = [
            {"channel_name": name, "auth": f"{body['socket_id']}|{name}", "binding_events": []}
            for name in (PUBLIC, PRIVATE)
        ]
        signed = {"auth": "signed", "user_data": '{"id":"me"}'}
        return web.json_response(
            {"auth": "x", "data": {"authorized_channel": channels, "authenticated": signed}}
        )

    async def serve_socket(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one socket until it ends."""
        if self.closed:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        socket_id = f"{len(self.sockets)}.1"
        if self.opening_error is not None:
            await self.send("pusher:error", {"code": self.opening_error, "message": "go"})
        established = {"socket_id": socket_id, "activity_timeout": 120}
        await self.send("pusher:connection_established", established)
        health = asyncio.create_task(self._be_healthy(socket))
        try:
            while not socket.closed:
                self.is_frozen = not self.thawed.is_set()
                await self.thawed.wait()
                message = await socket.receive()
                if message.type is WSMsgType.TEXT and not self.mute:
                    await self._on_frame(socket, socket_id, json.loads(message.data))
        except ConnectionError:
            pass
        finally:
            health.cancel()
        return socket

    async def _on_frame(
        self, socket: web.WebSocketResponse, socket_id: str, frame: dict[str, Any]
    ) -> None:
        reply: dict[str, Any] | None = None
        match frame["event"]:
            case "pusher:ping":
                reply = {"event": "pusher:pong", "data": "{}"}
            case "pusher:subscribe" if frame["data"]["channel"] != self.unanswered_channel:
                channel, auth = frame["data"]["channel"], frame["data"]["auth"]
                good = auth == f"{socket_id}|{channel}"
                event = "pusher_internal:subscription_succeeded" if good else (
                    "pusher:subscription_error"
                )  # fmt: skip
                reply = {"event": event, "channel": channel, "data": "{}"}
        if reply is not None:
            await socket.send_str(json.dumps(reply))
        if self.hasty and frame["event"] == "pusher:subscribe":
            await self.change("tournament", {"info": {"id": len(self.sockets)}})

    async def _be_healthy(self, socket: web.WebSocketResponse) -> None:
        change = {
            "change_type": "private_system_signal",
            "op": "u",
            "payload": "e30=",
            "timestamp": 1,
        }
        frame = {"event": "health_check", "channel": PRIVATE, "data": json.dumps(change)}
        while not socket.closed:
            await asyncio.sleep(HEALTH_SECONDS)
            if self.healthy and self.thawed.is_set() and not self.mute:
                await socket.send_str(json.dumps(frame))


@asynccontextmanager
async def serving(server: ScriptedServer) -> AsyncIterator[ScriptedServer]:
    """Serve on loopback, at a port that the system chooses."""
    application = web.Application()
    application.router.add_get("/app/{key}", server.serve_socket)
    application.router.add_route("*", "/partner/{path:.*}", server.rest)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server.certificate)
    await listener.start()
    server.port = runner.addresses[0][1]
    server.thaw()
    try:
        yield server
    finally:
        server.thaw()
        await runner.cleanup()
