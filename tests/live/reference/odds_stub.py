"""A stub of The Odds API on loopback: its v4 shapes, its quota, and its failures on request."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from strategies.trading.model.units import NS_PER_SECOND

KEY = "stub-key-0123456789abcdef"
# The costs of one market in one region, as the source documents them.
_MARKETS, _REGIONS = "markets", "regions"

Answer = Callable[[web.Request], web.StreamResponse]


def iso(at_ns: int) -> str:
    """Return a time as the source writes it: "2026-01-14T20:00:00Z"."""
    return f"{datetime.fromtimestamp(at_ns // NS_PER_SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"


def book(key: str, home: str, away: str, at_ns: int, **prices: Any) -> dict[str, Any]:
    """Return a bookmaker: `h2h=(home, away)`, `spreads=(point, home, away)`, `totals=(...)`."""
    markets = []
    for market, (*point, first, second) in prices.items():
        names = ("Over", "Under") if market == "totals" else (home, away)
        outcomes = [{"name": names[0], "price": first}, {"name": names[1], "price": second}]
        if point:
            outcomes[0]["point"] = point[0]
            outcomes[1]["point"] = point[0] if market == "totals" else -point[0]
        markets.append({"key": market, "last_update": iso(at_ns), "outcomes": outcomes})
    return {"key": key, "title": key.title(), "last_update": iso(at_ns), "markets": markets}


def game(
    home: str, away: str, start_ns: int, *books: dict[str, Any], sport: str = "basketball_nba"
) -> dict[str, Any]:
    """Return a game as the source lists it."""
    return {
        "id": f"{home}-{away}-{start_ns}".replace(" ", "").lower(),
        "sport_key": sport,
        "sport_title": sport.rpartition("_")[2].upper(),
        "commence_time": iso(start_ns),
        "home_team": home,
        "away_team": away,
        "bookmakers": list(books),
    }


@dataclass
class OddsStub:
    """What the stub answers, and what it was asked.

    `games` returns the games of a sport now. `scripted` holds answers that are given first, to
    requests for odds, in turn. `remaining` is the quota; the header may be left out.
    """

    games: Callable[[str], list[dict[str, Any]]] = lambda _: []
    scripted: deque[Answer] = field(default_factory=deque)
    remaining: int = 500
    used: int = 0
    shows_quota: bool = True
    requests: list[str] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    served: int = 0
    url: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of the quota."""
        if not self.shows_quota:
            return {}
        counts = {"remaining": self.remaining, "used": self.used, "last": 0}
        return {f"x-requests-{name}": str(count) for name, count in counts.items()}

    def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.requests.append(request.path)
        self.queries.append(dict(request.query))
        if request.query.get("apiKey") != KEY:
            return self.error(401, "INVALID_KEY")
        if request.path == "/v4/sports":
            return web.json_response([], headers=self.headers)
        self.served += 1
        if self.scripted:
            return self.scripted.popleft()(request)
        cost = len(request.query[_MARKETS].split(",")) * len(request.query[_REGIONS].split(","))
        if self.remaining < cost:
            return self.error(401, "OUT_OF_USAGE_CREDITS")
        self.remaining, self.used = self.remaining - cost, self.used + cost
        sport = request.match_info["sport"]
        headers = self.headers | ({"x-requests-last": str(cost)} if self.shows_quota else {})
        return web.json_response(self.games(sport), headers=headers)

    def error(self, status: int, code: str, **headers: str) -> web.Response:
        """Return an error in the shape of the source, which quotes the key."""
        message = f"the request with apiKey={KEY} failed"
        body = {"message": message, "error_code": code, "details_url": "https://stub.example"}
        return web.json_response(body, status=status, headers=self.headers | headers)


@asynccontextmanager
async def serving(stub: OddsStub) -> AsyncIterator[OddsStub]:
    """Serve on a free port of loopback for as long as the context lasts."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = stub.answer(request)
        if isinstance(response, SlowResponse):
            await asyncio.Event().wait()
        return response

    application = web.Application()
    application.router.add_get("/v4/sports", answer)
    application.router.add_get("/v4/sports/{sport}/odds", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield stub
    finally:
        await runner.cleanup()


class SlowResponse(web.Response):
    """An answer that never comes."""


class CutResponse(web.StreamResponse):
    """A body that ends before the length that it announces."""

    async def prepare(self, request: web.BaseRequest) -> Any:
        """Send half of what is announced, and close the connection."""
        self.content_length = 1_000
        writer = await super().prepare(request)
        await self.write(b'[{"id": "')
        if request.transport is not None:
            request.transport.close()
        return writer
