"""The server: one exchange with its accounts, behind REST and sockets on one address."""

import asyncio
import hashlib
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from aiohttp import web

from sim.exchange.exchange_connection import Decide, OnEvent
from sim.sandbox.account_endpoints import AccountEndpoints
from sim.sandbox.api_account import ApiAccount
from sim.sandbox.api_errors import RefusedError
from sim.sandbox.api_request import ApiRequest, whole
from sim.sandbox.api_sessions import Sessions
from sim.sandbox.channels import Channels
from sim.sandbox.market_endpoints import MarketEndpoints
from sim.sandbox.market_views import MarketViews
from sim.sandbox.order_endpoints import OrderEndpoints
from sim.sandbox.requested_faults import (
    PENDING_FAULTS,
    FaultKind,
    RequestedFaults,
    parse_fault,
)
from sim.sandbox.rest import RestApi, json_value
from sim.sandbox.routes import routes
from sim.sandbox.sandbox_settings import SandboxSettings
from sim.sandbox.serializers import Json
from sim.sandbox.shifted_exchange import ShiftedExchange
from sim.sandbox.socket_hub import SocketHub
from sim.sandbox.socket_updates import SocketUpdates
from sim.sandbox.wire_ids import WireIds
from strategies.trading.desk.desk import Desk
from strategies.trading.model.events import Event
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND

_APP_ID, _CLUSTER = "1", "mt1"


class Server:
    """The REST and socket server of one time-shifted exchange, on a loopback address."""

    def __init__(
        self,
        shifted_exchange: ShiftedExchange,
        settings: SandboxSettings,
        watching: Desk | None = None,
    ) -> None:
        """Build every part; nothing listens before `start`.

        A desk that is `watching` receives the market data too.
        """
        self._watching = watching
        self.shifted_exchange = shifted_exchange
        self.settings = settings
        self.faults = RequestedFaults()
        self.accounts: dict[str, ApiAccount] = {}
        wire_ids = WireIds(shifted_exchange.info)
        self.channels = Channels(wire_ids, settings, shifted_exchange.now_ns, *_application_keys())
        self.sessions = Sessions(shifted_exchange.now_ns, settings, _derived("tokens"))
        self.hub = SocketHub(self.channels, self.faults, settings.activity_timeout_seconds)
        self._views = MarketViews(shifted_exchange.info, wire_ids, shifted_exchange.exchange)
        self._updates = SocketUpdates(self._views, self.hub)
        self._runner = web.AppRunner(self._application(wire_ids), shutdown_timeout=1)
        self._port = settings.port
        self._tls = settings.tls_context()
        self._clock_run: asyncio.Future[None] | None = None

    @property
    def address(self) -> str:
        """Return the root URL; only valid after `start`."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{host}:{self._port}"

    async def start(self) -> None:
        """Replay everything before the current time, then listen; raise OSError if it cannot."""
        if self._watching is None:
            self.shifted_exchange.open(self._updates.on_event, self._updates.publish_offers)
        else:
            self.shifted_exchange.open(*self._shared_with(self._watching))
            self.shifted_exchange.at_present(self._watching.start)
        await self._runner.setup()
        host, port = self.settings.host, self.settings.port
        await web.TCPSite(self._runner, host, port, ssl_context=self._tls).start()
        self._port = self._runner.addresses[0][1]
        self._send_health_check()
        self._clock_run = asyncio.ensure_future(self.shifted_exchange.clock.run())

    async def wait(self, ended: asyncio.Event) -> None:
        """Serve until the event is set; re-raise an error of the replay."""
        ending = asyncio.ensure_future(ended.wait())
        assert self._clock_run is not None, "it has not started"
        await asyncio.wait((ending, self._clock_run), return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if self._clock_run.done():
            self._clock_run.result()

    async def stop(self) -> None:
        """Close every socket, stop listening and stop the clock."""
        if self._clock_run is not None:
            self._clock_run.cancel()
        await self.hub.close()
        await self._runner.cleanup()

    def inject_fault(self, body: Any) -> None:
        """Inject a fault given as JSON; raise RefusedError if it is invalid."""
        fault = parse_fault(body)
        if fault.kind is FaultKind.EXPIRED_TOKEN:
            self.sessions.expire_all(refresh_too=fault.code == "refresh")
        elif fault.kind in PENDING_FAULTS:
            self.faults.add(fault)
        else:
            self.hub.apply_fault(fault)

    def break_trade(self, body: Any) -> None:
        """Break a trade: `{"external_id": ..., "trade_id": ...}`, without a number the last one.

        With `"whole": true` all of the wager is void, and its fills are still shown. Every account
        with a wager of that id has its side broken; raise RefusedError if none has.
        """
        if not isinstance(body, dict) or not isinstance(body.get("external_id"), str):
            raise RefusedError("invalid_request", "an object with external_id, and trade_id if any")
        ref, number = WagerRef(body["external_id"]), body.get("trade_id")
        if number is not None:
            number = whole(number, "invalid_param")
        holders = [account for account in self.accounts.values() if account.has_wager(ref)]
        if not holders:
            raise RefusedError("data_not_found", f"no wager {ref}")
        for account in holders:
            if body.get("whole") is True:
                account.void_wager(ref)
            else:
                account.break_trade(ref, number)

    def account(self, account_id: str) -> ApiAccount:
        """Return the account of that id, opened if it is new."""
        if account_id not in self.accounts:
            self.accounts[account_id] = ApiAccount(
                account_id,
                self.shifted_exchange,
                self._views.catalogue,
                self._updates.send_wager_update,
            )
        return self.accounts[account_id]

    # Parts ------------------------------------------------------------------------------------

    def _application(self, wire_ids: WireIds) -> web.Application:
        trading = OrderEndpoints(wire_ids, self.accounts)
        endpoints = routes(
            MarketEndpoints(wire_ids, self._views),
            trading,
            AccountEndpoints(wire_ids, trading, self.shifted_exchange.now_ns),
            self.channels,
            self._connection_config,
        )
        app = web.Application()
        app.on_response_prepare.append(self._report_clock)
        RestApi(self.shifted_exchange, self.sessions, self.account, self.faults).add_to(
            app, endpoints
        )
        app.router.add_get("/app/{key}", self.hub.serve)
        app.router.add_post("/_sandbox/faults", self._inject_fault)
        app.router.add_delete("/_sandbox/faults", self._clear_faults)
        app.router.add_post("/_sandbox/broken_trades", self._break_trade)
        app.router.add_route("*", "/{path:.*}", _not_found)
        return app

    async def _report_clock(self, _: web.Request, response: web.StreamResponse) -> None:
        """Date a response by the sandbox's own clock, and report the speed of that."""
        now_ns = self.shifted_exchange.clock.now_ns()
        response.headers["Date"] = formatdate(now_ns // NS_PER_SECOND, usegmt=True)
        response.headers["X-Sandbox-Speed"] = f"{self.settings.speed:g}"

    def _connection_config(self, _: ApiRequest) -> Json:
        return {
            "app_id": _APP_ID,
            "key": self.channels.key,
            "cluster": _CLUSTER,
            "service": "pusher",
            "ws_host": self.settings.host,
        }

    def _shared_with(self, desk: Desk) -> tuple[OnEvent, Decide]:
        """Return what sends market data to the sockets and to a desk."""

        def on_event(event: Event, at_ns: int) -> None:
            self._updates.on_event(event, at_ns)
            desk.take(event, at_ns)

        def decide(now_ns: int) -> None:
            self._updates.publish_offers(now_ns)
            desk.act(now_ns)

        return on_event, decide

    def _send_health_check(self) -> None:
        now_ns = self.shifted_exchange.clock.now_ns()
        self._updates.send_health_check(now_ns)
        self.shifted_exchange.clock.call_at(
            now_ns + self.settings.health_check_ns, self._send_health_check
        )

    async def _inject_fault(self, request: web.Request) -> web.Response:
        return await _operate(self.inject_fault, request)

    async def _break_trade(self, request: web.Request) -> web.Response:
        return await _operate(self.break_trade, request)

    async def _clear_faults(self, _: web.Request) -> web.Response:
        self.faults.clear()
        return web.json_response({"data": {"success": True}})


async def _operate(operation: Callable[[Any], None], request: web.Request) -> web.Response:
    """Do what the operator of the sandbox asks for in a body of JSON."""
    try:
        operation(json_value(await request.read()))
    except RefusedError as refusal:
        return web.json_response(refusal.body(), status=refusal.status)
    return web.json_response({"data": {"success": True}})


async def _not_found(request: web.Request) -> web.Response:
    body = {"error": "data_not_found", "message": f"no endpoint {request.method} {request.path}"}
    return web.json_response(body, status=404)


def _application_keys() -> tuple[str, str]:
    """Return the key and the secret of the socket application; on loopback they can be fixed."""
    return _derived("application key")[:20], _derived("application secret")[:20]


def _derived(name: str) -> str:
    return hashlib.sha256(f"sandbox: {name}".encode()).hexdigest()
