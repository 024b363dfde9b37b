"""An exchange of scripted responses under the REST client, for its tests."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

import httpx

from live.decode_errors import DecodeErrors
from live.prophetx.rest.auth import Tokens
from live.prophetx.rest.client import ProphetClient
from live.prophetx.rest.credentials import Credentials
from live.prophetx.rest.endpoint import Endpoint
from live.prophetx.rest.transport import Transport
from live.wall_clock import WallClock
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import JumpingLoop, run_jumping
from tests.live.endpoints import LOCAL

LIFE_SECONDS = 1_200
WAGER = PlaceWager(WagerRef("q-1"), LineId("l" * 32), Odds(-110), 1_050, Intent.REST)
ORDER = {"order_id": "o-1", "external_id": "q-1", "quantity": 10.5, "status": "inactive"}

Reply = httpx.Response | Exception
T = TypeVar("T")


def ok(data: object = None, **top: object) -> httpx.Response:
    """Return a success."""
    return httpx.Response(200, json={"data": data} | top)


def no(status: int, code: str, **headers: str) -> httpx.Response:
    """Return a refusal."""
    return httpx.Response(status, json={"error": code, "message": "no"}, headers=headers)


@dataclass
class Responses:
    """An exchange that returns scripted responses, and records its requests."""

    clock: WallClock = field(default_factory=WallClock)
    asked: list[httpx.Request] = field(default_factory=list)
    queued: dict[str, list[Reply]] = field(default_factory=dict)
    life_seconds: int = LIFE_SECONDS
    _tokens: Iterator[int] = field(default_factory=count)

    async def response(self, request: httpx.Request) -> httpx.Response:
        """Return the next response queued for a path, or else the default one."""
        self.asked.append(request)
        path = request.url.path.removeprefix("/partner/")
        queue = self.queued.get(path, [])
        response = queue.pop(0) if queue else self.default_response(path)
        if isinstance(response, Exception):
            raise response
        return response

    def default_response(self, path: str) -> httpx.Response:
        """Return new tokens for logins and refreshes, and an empty response otherwise."""
        if path not in ("auth/login", "auth/refresh"):
            return ok({})
        ends = self.clock.wall_ns() // NS_PER_SECOND + self.life_seconds
        token = f"{path.removeprefix('auth/')}-{next(self._tokens)}"
        return ok({"access_token": token, "access_expire_time": ends, "refresh_token": "again"})

    @property
    def paths(self) -> list[str]:
        """Return the requested paths, in order."""
        return [request.url.path.removeprefix("/partner/") for request in self.asked]

    @property
    def tokens(self) -> list[str]:
        """Return the tokens of the requests."""
        return [
            each.headers.get("Authorization", "").removeprefix("Bearer ") for each in self.asked
        ]


@asynccontextmanager
async def opened(responses: Responses, endpoint: Endpoint = LOCAL) -> AsyncIterator[ProphetClient]:
    """Return a client of a scripted exchange."""
    carrier = httpx.MockTransport(responses.response)
    async with Transport(endpoint, responses.clock, carrier) as transport:
        tokens = Tokens(transport, Credentials("access-half", "secret-half"), responses.clock)
        yield ProphetClient(transport, tokens, DecodeErrors())


def asking(
    responses: Responses,
    ask: Callable[[ProphetClient], Awaitable[T]],
    endpoint: Endpoint = LOCAL,
) -> T:
    """Make a call to a scripted exchange, and return its result; waiting takes no time."""

    async def run(loop: JumpingLoop) -> T:
        responses.clock = WallClock(monotonic_ns=loop.monotonic_ns)
        async with opened(responses, endpoint) as client:
            return await ask(client)

    return run_jumping(run)
