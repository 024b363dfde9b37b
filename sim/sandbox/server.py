"""The server: one exchange behind REST and sockets on one address, with its accounts."""

import asyncio
import hashlib
from typing import Any

from aiohttp import web

from sim.sandbox.account_endpoints import Queries
from sim.sandbox.api_account import ApiAccount
from sim.sandbox.api_errors import RefusedError
from sim.sandbox.api_request import ApiRequest
from sim.sandbox.api_sessions import Sessions
from sim.sandbox.channels import Channels
from sim.sandbox.market_endpoints import CatalogueCalls
from sim.sandbox.market_views import MarketViews
from sim.sandbox.order_endpoints import Trading
from sim.sandbox.requested_faults import (
    OF_MESSAGES,
    OF_REQUESTS,
    FaultKind,
    RequestedFaults,
    fault_of,
)
from sim.sandbox.rest import Rest, json_value
from sim.sandbox.routes import routes
from sim.sandbox.sandbox_settings import SandboxSettings
from sim.sandbox.serializers import Shape
from sim.sandbox.shifted_exchange import ShiftedExchange
from sim.sandbox.socket_hub import Hub
from sim.sandbox.socket_updates import SocketUpdates
from sim.sandbox.wire_ids import WireIds

_APP_ID, _CLUSTER = "1", "mt1"


class Server:
    """The sandbox of one stage, at an address of this machine."""

    def __init__(self, stage: ShiftedExchange, settings: SandboxSettings) -> None:
        """Build it all; `start` opens it."""
        self.stage = stage
        self.settings = settings
        self.faults = RequestedFaults()
        self.partners: dict[str, ApiAccount] = {}
        names = WireIds(stage.info)
        self.channels = Channels(names, settings, stage.now_ns, *_application_keys())
        self.sessions = Sessions(stage.now_ns, settings, _derived("tokens"))
        self.hub = Hub(self.channels, self.faults, settings.activity_timeout_seconds)
        self._reference = MarketViews(stage.info, names, stage.exchange)
        self._broadcast = SocketUpdates(self._reference, self.hub)
        self._runner = web.AppRunner(self._application(names), shutdown_timeout=1)
        self._port = settings.port
        self._pacing: asyncio.Future[None] | None = None

    @property
    def address(self) -> str:
        """Return the root of its addresses, once it has started."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Play what lies before the present, then listen; raise OSError where it cannot."""
        self.stage.open(self._broadcast.hear, self._broadcast.act)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._beat()
        self._pacing = asyncio.ensure_future(self.stage.clock.run())

    async def wait(self, ended: asyncio.Event) -> None:
        """Serve until the event is set; raise what keeps the recording from playing on."""
        ending = asyncio.ensure_future(ended.wait())
        assert self._pacing is not None, "it has not started"
        await asyncio.wait((ending, self._pacing), return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if self._pacing.done():
            self._pacing.result()

    async def stop(self) -> None:
        """Close every socket, listen no more, and let the clock stand."""
        if self._pacing is not None:
            self._pacing.cancel()
        await self.hub.close()
        await self._runner.cleanup()

    def strike(self, body: Any) -> None:
        """Inject a fault of `requested_faults`; raise RefusedError for an unknown one."""
        fault = fault_of(body)
        if fault.kind is FaultKind.EXPIRED_TOKEN:
            self.sessions.expire_all(refresh_too=fault.code == "refresh")
        elif fault.kind in OF_REQUESTS or fault.kind in OF_MESSAGES:
            self.faults.add(fault)
        else:
            self.hub.strike(fault)

    def partner(self, partner_id: str) -> ApiAccount:
        """Return the account of that id, opened now if it is new."""
        if partner_id not in self.partners:
            self.partners[partner_id] = ApiAccount(
                partner_id, self.stage, self._reference.catalogue, self._broadcast.tell_wager
            )
        return self.partners[partner_id]

    # Parts ------------------------------------------------------------------------------------

    def _application(self, names: WireIds) -> web.Application:
        trading = Trading(names, self.partners)
        endpoints = routes(
            CatalogueCalls(names, self._reference),
            trading,
            Queries(names, trading, self.stage.now_ns),
            self.channels,
            self._connection_config,
        )
        app = web.Application()
        Rest(self.stage, self.sessions, self.partner, self.faults).add_to(app, endpoints)
        app.router.add_get("/app/{key}", self.hub.serve)
        app.router.add_post("/_sandbox/faults", self._take_fault)
        app.router.add_delete("/_sandbox/faults", self._clear_faults)
        app.router.add_route("*", "/{path:.*}", _not_found)
        return app

    def _connection_config(self, _: ApiRequest) -> Shape:
        return {
            "app_id": _APP_ID,
            "key": self.channels.key,
            "cluster": _CLUSTER,
            "service": "pusher",
            "ws_host": self.settings.host,
        }

    def _beat(self) -> None:
        now_ns = self.stage.clock.now_ns()
        self._broadcast.tell_health(now_ns)
        self.stage.clock.call_at(now_ns + self.settings.health_check_ns, self._beat)

    async def _take_fault(self, request: web.Request) -> web.Response:
        try:
            self.strike(json_value(await request.read()))
        except RefusedError as refusal:
            return web.json_response(refusal.shape(), status=refusal.status)
        return web.json_response({"data": {"success": True}})

    async def _clear_faults(self, _: web.Request) -> web.Response:
        self.faults.clear()
        return web.json_response({"data": {"success": True}})


async def _not_found(request: web.Request) -> web.Response:
    shape = {"error": "data_not_found", "message": f"no endpoint {request.method} {request.path}"}
    return web.json_response(shape, status=404)


def _application_keys() -> tuple[str, str]:
    """Return the key and the secret of the socket application: any will do on loopback."""
    return _derived("application key")[:20], _derived("application secret")[:20]


def _derived(name: str) -> str:
    return hashlib.sha256(f"sandbox: {name}".encode()).hexdigest()
