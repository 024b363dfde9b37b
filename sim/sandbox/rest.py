"""REST: from a request on the wire to its answer, in its edition, with the faults asked for."""

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
from sim.sandbox.serializers import Shape
from sim.sandbox.shifted_exchange import ShiftedExchange
from sim.sandbox.socket_hub import reset_connection

_NEW_NAMES_HEADER = "X-CFTC-Terminology"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Rest:
    """Answers the partner API's requests, each at the present of the sandbox's clock."""

    def __init__(
        self,
        stage: ShiftedExchange,
        sessions: Sessions,
        partner: Callable[[str], ApiAccount],
        faults: RequestedFaults,
    ) -> None:
        """Answer for the accounts that `partner` returns by their ids."""
        self._stage = stage
        self._sessions = sessions
        self._partner = partner
        self._faults = faults

    def add_to(self, app: web.Application, routes: list[Route]) -> None:
        """Add every endpoint to an application."""
        app.router.add_post(f"{PREFIX}/auth/login", self._open(self._sessions.login))
        app.router.add_post(f"{PREFIX}/auth/refresh", self._open(self._sessions.refresh))
        for route in routes:
            for path in route.paths:
                handler = partial(self._take, route, False)
                app.router.add_route(route.method, f"{PREFIX}/{path}", handler)
            for path in route.old_paths:
                handler = partial(self._take, route, True)
                app.router.add_route(route.method, f"{PREFIX}/{path}", handler)

    # Requests ---------------------------------------------------------------------------------

    def _open(self, answer: Callable[[dict[str, Any]], Shape]) -> Handler:
        """Return the handler of an endpoint that needs no token."""

        def asked(body: Any) -> Shape:
            if not isinstance(body, dict):
                raise RefusedError("invalid_request", "the body must be a JSON object")
            return {"data": answer(body)}

        async def take(request: web.Request) -> web.StreamResponse:
            return await self._with_faults(request, asked, legacy=False)

        return take

    async def _take(self, route: Route, old_path: bool, request: web.Request) -> web.StreamResponse:
        version = request.path.removeprefix(f"{PREFIX}/").partition("/")[0]
        renamed = request.headers.get(_NEW_NAMES_HEADER, "").lower() == "true"
        legacy = old_path and not (renamed and version in {"v2", "v3"})

        def asked(body: Any) -> Shape:
            return self._answer(route, request, body, legacy)

        return await self._with_faults(request, asked, legacy)

    def _answer(self, route: Route, request: web.Request, body: Any, legacy: bool) -> Shape:
        partner_id = self._sessions.partner_of(request.headers.get("Authorization", ""))
        partner = self._partner(partner_id)
        if not route.counted and not partner.may_ask():
            raise RefusedError("rate_limit_reached")
        call = ApiRequest(
            partner=partner,
            query=dict(request.query),
            body=body,
            item=request.match_info.get("item", ""),
            legacy=legacy,
            subscriptions=request.headers.get("header-subscriptions", ""),
        )
        if not legacy:
            return route.answer(call)
        renamed = replace(call, query=new_names(call.query), body=new_names(body))
        answer: Shape = old_names(route.answer(renamed))
        return answer

    # Answers ----------------------------------------------------------------------------------

    async def _with_faults(
        self, request: web.Request, asked: Callable[[Any], Shape], legacy: bool
    ) -> web.StreamResponse:
        # Whoever gives up waiting has asked all the same.
        await request.read()
        fault = self._faults.of_request(request.path)
        if fault is not None:
            refusal = await _before(fault)
            if refusal is not None:
                return _refused(refusal, legacy)
        response = await self._respond(request, asked, legacy)
        if fault is None:
            return response
        if fault.kind is FaultKind.TWICE:
            return await self._respond(request, asked, legacy)
        if fault.kind is FaultKind.LATE:
            await asyncio.sleep(fault.seconds)
        elif fault.kind is FaultKind.RESET:
            reset_connection(request)
        return response

    async def _respond(
        self, request: web.Request, asked: Callable[[Any], Shape], legacy: bool
    ) -> web.Response:
        try:
            body = await _body(request)
            return _json(200, self._stage.at_present(lambda: asked(body)))
        except RefusedError as refusal:
            return _refused(refusal, legacy)


async def _before(fault: Fault) -> RefusedError | None:
    """Let a fault strike before a request is carried out; return a refusal in place of it."""
    match fault.kind:
        case FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
        case FaultKind.REFUSED:
            return RefusedError(fault.code or "internal_error", "a fault that was asked for")
        case FaultKind.TOO_MANY:
            return RefusedError("rate_limit_reached", "a fault that was asked for")
    return None


async def _body(request: web.Request) -> Any:
    """Return the body as JSON, whatever its type says; a form as an object; nothing as {}."""
    if request.content_type == "application/x-www-form-urlencoded":
        text = await request.text()
        if not text.lstrip().startswith(("{", "[")):
            return dict(await request.post())
    return json_value(await request.read())


def json_value(body: bytes) -> Any:
    """Return a body as JSON, its fractions exact; nothing is an empty object."""
    if not body.strip():
        return {}
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError):
        raise RefusedError("invalid_request", "the body is not JSON") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _refused(refusal: RefusedError, legacy: bool) -> web.Response:
    shape = old_names(refusal.shape()) if legacy else refusal.shape()
    return _json(refusal.status, shape, dict(refusal.headers))


def _json(status: int, shape: Shape, headers: dict[str, str] | None = None) -> web.Response:
    text = json.dumps(shape, default=_as_number)
    return web.Response(
        status=status, text=text, content_type="application/json", headers=headers or {}
    )


def _as_number(value: Decimal) -> float:
    """Return a number that a request brought, to be sent back as it was."""
    return float(value)
