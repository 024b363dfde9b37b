"""REST: from an HTTP request to its response, by API version, with the faults injected."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from aiohttp import web

from sim.sandbox.api_account import ApiAccount
from sim.sandbox.api_errors import RefusedError
from sim.sandbox.api_request import ApiRequest
from sim.sandbox.api_sessions import Sessions
from sim.sandbox.api_versions import new_names, old_names
from sim.sandbox.requested_faults import Fault, FaultKind, RequestedFaults
from sim.sandbox.routes import PREFIX, Route
from sim.sandbox.serializers import Json
from sim.sandbox.shifted_exchange import ShiftedExchange
from sim.sandbox.socket_hub import reset_connection

_NEW_NAMES_HEADER = "X-CFTC-Terminology"

_PAGE = "<html><body><h1>Bad Gateway</h1></body></html>"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RestApi:
    """Responds to the partner API's requests, each at the current time of the sandbox's clock."""

    def __init__(
        self,
        shifted_exchange: ShiftedExchange,
        sessions: Sessions,
        account: Callable[[str], ApiAccount],
        faults: RequestedFaults,
    ) -> None:
        """Serve the accounts that `account` returns by id."""
        self._shifted_exchange = shifted_exchange
        self._sessions = sessions
        self._account = account
        self._faults = faults

    def add_to(self, app: web.Application, routes: list[Route]) -> None:
        """Add every endpoint to an application."""
        app.router.add_post(f"{PREFIX}/auth/login", self._public(self._sessions.login))
        app.router.add_post(f"{PREFIX}/auth/refresh", self._public(self._sessions.refresh))
        for route in routes:
            for path in route.paths:
                handler = partial(self._handle, route, False)
                app.router.add_route(route.method, f"{PREFIX}/{path}", handler)
            for path in route.legacy_paths:
                handler = partial(self._handle, route, True)
                app.router.add_route(route.method, f"{PREFIX}/{path}", handler)

    # Requests ---------------------------------------------------------------------------------

    def _public(self, endpoint: Callable[[dict[str, Any]], Json]) -> Handler:
        """Return the handler of an endpoint that needs no token."""

        def execute(body: Any) -> Json:
            if not isinstance(body, dict):
                raise RefusedError("invalid_request", "the body must be a JSON object")
            return {"data": endpoint(body)}

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._with_faults(request, execute, legacy=False)

        return handle

    async def _handle(
        self, route: Route, legacy_path: bool, request: web.Request
    ) -> web.StreamResponse:
        version = request.path.removeprefix(f"{PREFIX}/").partition("/")[0]
        renamed = request.headers.get(_NEW_NAMES_HEADER, "").lower() == "true"
        legacy = legacy_path and not (renamed and version in {"v2", "v3"})

        def execute(body: Any) -> Json:
            return self._execute(route, request, body, legacy)

        return await self._with_faults(request, execute, legacy)

    def _execute(self, route: Route, request: web.Request, body: Any, legacy: bool) -> Json:
        account_id = self._sessions.account_id_of(request.headers.get("Authorization", ""))
        account = self._account(account_id)
        if not route.exchange_counts and not account.admit_request():
            raise RefusedError("rate_limit_reached")
        api_request = ApiRequest(
            account=account,
            query=dict(request.query),
            body=body,
            item=request.match_info.get("item", ""),
            legacy=legacy,
            subscriptions=request.headers.get("header-subscriptions", ""),
        )
        if not legacy:
            return route.endpoint(api_request)
        renamed = replace(api_request, query=new_names(api_request.query), body=new_names(body))
        response: Json = old_names(route.endpoint(renamed))
        return response

    # Responses --------------------------------------------------------------------------------

    async def _with_faults(
        self, request: web.Request, execute: Callable[[Any], Json], legacy: bool
    ) -> web.StreamResponse:
        # Read first: a client that disconnects while a fault delays it has sent its request.
        try:
            await request.read()
        except ConnectionError:
            return web.Response(status=400, text="the client disconnected")
        fault = self._faults.consume_for_request(request.path)
        if fault is None:
            return await self._respond(request, execute, legacy)
        response = await _instead(fault, legacy)
        if response is not None:
            return response
        response = await self._respond(request, execute, legacy)
        if fault.kind is FaultKind.TWICE:
            return await self._respond(request, execute, legacy)
        await _after(fault, request, response)
        return response

    async def _respond(
        self, request: web.Request, execute: Callable[[Any], Json], legacy: bool
    ) -> web.Response:
        try:
            body = await _body(request)
            return _json(200, self._shifted_exchange.at_present(lambda: execute(body)))
        except RefusedError as refusal:
            return _refused(refusal, legacy)


async def _instead(fault: Fault, legacy: bool) -> web.Response | None:
    """Apply a fault before a request is executed; return the response that replaces it, if any."""
    match fault.kind:
        case FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
        case FaultKind.REFUSED:
            return _refused(RefusedError(fault.code or "internal_error", "injected fault"), legacy)
        case FaultKind.TOO_MANY:
            return _refused(RefusedError("rate_limit_reached", "injected fault"), legacy)
        case FaultKind.PAGE:
            return web.Response(status=int(fault.code or 502), text=_PAGE, content_type="text/html")
    return None


async def _after(fault: Fault, request: web.Request, response: web.Response) -> None:
    """Apply a fault to the response of a request that was executed."""
    match fault.kind:
        case FaultKind.LATE:
            await asyncio.sleep(fault.seconds)
        case FaultKind.RESET:
            reset_connection(request)
        case FaultKind.CUT_BODY:
            assert isinstance(response.body, bytes), "it is JSON"
            response.body = response.body[: len(response.body) // 2]


async def _body(request: web.Request) -> Any:
    """Return the body as JSON whatever its content type, a form as an object, nothing as {}."""
    if request.content_type == "application/x-www-form-urlencoded":
        try:
            text = await request.text()
            if not text.lstrip().startswith(("{", "[")):
                return dict(await request.post())
        except (ValueError, LookupError):
            # Not in its charset, or in one that nobody knows.
            raise RefusedError("invalid_request", "the body is no form") from None
    return json_value(await request.read())


def json_value(body: bytes) -> Any:
    """Return a body as JSON with exact decimals; an empty body is an empty object."""
    if not body.strip():
        return {}
    try:
        value = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
        if b"\\u" in body:
            # Half a character is no text that could be stored or sent.
            json.dumps(value, ensure_ascii=False, default=str).encode()
    except (ValueError, ArithmeticError, RecursionError):
        raise RefusedError("invalid_request", "the body is not JSON") from None
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _refused(refusal: RefusedError, legacy: bool) -> web.Response:
    body = old_names(refusal.body()) if legacy else refusal.body()
    return _json(refusal.status, body, dict(refusal.headers))


def _json(status: int, body: Json, headers: dict[str, str] | None = None) -> web.Response:
    text = json.dumps(body, default=_as_number)
    return web.Response(
        status=status, text=text, content_type="application/json", headers=headers or {}
    )


def _as_number(value: Decimal) -> float:
    """Return a number from a request as JSON carries it, so that it can be echoed."""
    return float(value)
