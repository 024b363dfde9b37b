"""A running sandbox for tests: a small game, a stepped clock, and clients over real sockets."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import aiohttp

from recordings.tape import NOWHERE, Clocks, Kind, Side, TapeInfo
from sim.engine.latency import Constant
from sim.engine.replay_environment import ReplayEnvironment
from sim.exchange.exchange_settings import ExchangeRules
from sim.exchange.participant import Participant
from sim.exchange.prophet import SimulatedProphet
from sim.exchange.publisher import Publisher
from sim.exchange.queue_models import Back
from sim.exchange.tape_replayer import TapeReplayer
from sim.sandbox.sandbox_settings import SandboxSettings
from sim.sandbox.server import Server
from sim.sandbox.shifted_exchange import ShiftedExchange
from sim.sources.market_source import Progress
from strategies.trading.accounting.commission import Commission
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey
from strategies.trading.model.market import (
    EventStatus,
    Line,
    Market,
    MarketStatus,
    Result,
    SportEvent,
)
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import prophetx_ladder
from strategies.trading.ports.clock import Timer
from strategies.trading.ports.schedule import Priority, Schedule
from tests.event_loops import run_watching

SECOND = 1_000_000_000
# The recording is a hundred days old, and is replayed as if it happened now.
START_NS = 1_789_175_000 * SECOND
PLAYED_NS = START_NS - 100 * 86_400 * SECOND
BEFORE_START_NS = 3600 * SECOND
TIMEOUT_SECONDS = 120

EVENT = EventId("19458")
# Strike ids and levels are as observed at the exchange's own sandbox.
HOME, AWAY = "e5957d9c37e2704d02292333ba970a5f", "06b2a7ec50d863031e5093aa257873bd"
HOME_SPREAD, AWAY_SPREAD = "a94cdd35ab185a88875785090a004c99", "4cac6e265b152303a5fdada430429d67"
UNDER, OVER = "609761c9e7633ccc034187ea7808f552", "03c4a915e8d690edbe3ae704f1960e69"
MARKETS = (("219", MarketType.MONEYLINE), ("223", MarketType.SPREAD), ("225", MarketType.TOTAL))
LINES = (
    (HOME, "219", Selection.HOME, 0.0),
    (AWAY, "219", Selection.AWAY, 0.0),
    (HOME_SPREAD, "223", Selection.HOME, -10.5),
    (AWAY_SPREAD, "223", Selection.AWAY, 10.5),
    (UNDER, "225", Selection.UNDER, 23.5),
    (OVER, "225", Selection.OVER, 23.5),
)
OFFERS = (
    (HOME, 146, 3392, 11671),
    (HOME, -265, 1047, 1000),
    (AWAY, -164, 4100, 3187),
    (AWAY, -2200, 18150, 1000),
    (AWAY, -4500, 45000, 1000),
    (HOME_SPREAD, 510, 490, 2500),
    (AWAY_SPREAD, -630, 15750, 2500),
    (UNDER, -132, 1320, 1000),
    (UNDER, -295, 2950, 1000),
)


def game_info() -> TapeInfo:
    """Return the dictionaries of a game with a moneyline, a spread and a total."""
    info = TapeInfo("test", True, Clocks.ONE, prophetx_ladder())
    name, teams = "Chicago Bears at Carolina Panthers", ("Carolina Panthers", "Chicago Bears")
    start_ns = PLAYED_NS + BEFORE_START_NS
    info.events.append(SportEvent(EVENT, name, *teams, "NFL", "American Football", start_ns))
    for market_id, type_ in MARKETS:
        info.markets.append(Market(EVENT, MarketId(market_id), type_, type_.value.capitalize()))
    for line_id, market_id, selection, point in LINES:
        info.lines.append(Line(LineId(line_id), EVENT, MarketId(market_id), selection, point))
    return info


class RowBuilder:
    """Builds the rows of a recording, with times in seconds after its start."""

    def __init__(self) -> None:
        """Start with every market open, and what is offered in it."""
        self.rows: list[tuple[Any, ...]] = []
        self._seq = 0
        self.row(0, Kind.SCHEDULE, event=0, state=PLAYED_NS + BEFORE_START_NS)
        for market in range(len(MARKETS)):
            self.row(0, Kind.MARKET_STATUS, event=0, market=market, state=MarketStatus.OPEN)
        for line, odds, cents, quantity in OFFERS:
            self.offer(0, line, odds, cents, quantity)

    def offer(self, second: float, line: str, odds: int, cents: int, quantity: int = 0) -> None:
        """Add an offer on a line."""
        self._on_line(second, Kind.OFFER, line, odds=odds, amount=cents, quantity=quantity)

    def trade(self, second: float, line: str, odds: int, cents: int) -> None:
        """Add a trade of a taker on a line."""
        self._on_line(second, Kind.TRADE, line, odds=odds, amount=cents, side=Side.TAKER)

    def event_status(self, second: float, status: EventStatus) -> None:
        """Add a status of the game."""
        self.row(second, Kind.EVENT_STATUS, event=0, state=status)

    def market_status(self, second: float, market: int, status: MarketStatus) -> None:
        """Add a status of a market."""
        self.row(second, Kind.MARKET_STATUS, event=0, market=market, state=status)

    def result(self, second: float, line: str, result: Result) -> None:
        """Add the result of a line."""
        self._on_line(second, Kind.RESULT, line, state=result)

    def _on_line(self, second: float, kind: Kind, line: str, **more: Any) -> None:
        at = [line_id for line_id, *_ in LINES].index(line)
        self.row(second, kind, line=at, market=at // 2, event=0, **more)

    def row(
        self,
        second: float,
        kind: Kind,
        line: int = NOWHERE,
        market: int = NOWHERE,
        event: int = NOWHERE,
        odds: int = 0,
        amount: int = 0,
        quantity: int = 0,
        side: Side = Side.NONE,
        state: int = 0,
        text: str | None = None,
    ) -> None:
        """Add a row, a message of its own."""
        self._seq += 1
        at_ns = PLAYED_NS + round(second * SECOND)
        where = (at_ns, at_ns, self._seq, kind, line, market, event)
        self.rows.append((*where, odds, amount, quantity, side, state, text))


class RowSource:
    """A market source with the rows of a test."""

    name = "rows"
    knows_queue = False
    limits = ()
    outside_prices = False
    has_days = False

    def __init__(self, info: TapeInfo, rows: list[tuple[Any, ...]]) -> None:
        """Use these rows."""
        self.info = info
        self._rows = rows

    def follows(self, *_: str) -> bool:
        """Return True: every event is played."""
        return True

    def examine(self) -> None:
        """Find nothing wrong."""

    def environment(
        self,
        label: str,  # noqa: ARG002
        show: Progress,  # noqa: ARG002
        market_keys: Collection[MarketKey] | None = None,  # noqa: ARG002
    ) -> ReplayEnvironment:
        """Return an environment that replays the rows, in order of time."""
        return ReplayEnvironment(sorted(self._rows, key=lambda row: row[0]))

    def join(
        self,
        env: ReplayEnvironment,
        exchange: SimulatedProphet,
        publisher: Publisher,
        *_: Participant,
    ) -> Any:
        """Replay the rows to the exchange; nobody asks for the progress."""
        env.replay_to(TapeReplayer(env, self.info, exchange, publisher).apply_row)


class SandboxClock:
    """A clock that only a test advances."""

    def __init__(self, schedule: Schedule) -> None:
        """Start a second after the start of the recording."""
        self._schedule = schedule
        self._now_ns = START_NS + SECOND

    def now_ns(self) -> int:
        """Return the time."""
        return self._now_ns

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        """Schedule a call."""
        due_ns = max(when_ns, self._schedule.now_ns)
        return self._schedule.schedule_call(due_ns, Priority.TIMER, callback)

    def enter(self, callback: Callable[[], None]) -> None:
        """Step everything due, then make the callback, then step what that made due."""
        self._schedule.schedule_call(self._now_ns, Priority.OUTSIDE, callback)
        while (due_ns := self._schedule.next_ns()) is not None and due_ns <= self._now_ns:
            self._schedule.step()

    async def run(self) -> None:
        """Do nothing, until cancelled."""
        await asyncio.Event().wait()

    def advance(self, seconds: float) -> None:
        """Advance the time."""
        self._now_ns += round(seconds * SECOND)
        self.enter(lambda: None)


class SocketClient:
    """A socket client that keeps the frames that were not read yet."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        """Use an open connection; `greet` reads its first frame."""
        self.ws = ws
        self.socket_id = ""
        self.frames: list[dict[str, Any]] = []

    async def greet(self) -> dict[str, Any]:
        """Read the greeting with the socket id; return its data."""
        frame = await self.frame("pusher:connection_established")
        data: dict[str, Any] = json.loads(frame["data"])
        self.socket_id = data["socket_id"]
        return data

    async def send(self, event: str, **data: Any) -> None:
        """Send a frame."""
        await self.ws.send_str(json.dumps({"event": event, "data": data}))

    async def frame(self, event: str) -> dict[str, Any]:
        """Return the next frame of an event, keeping others for later."""
        for at, kept in enumerate(self.frames):
            if kept["event"] == event:
                return self.frames.pop(at)
        while True:
            message = await self.ws.receive(TIMEOUT_SECONDS)
            assert message.type is aiohttp.WSMsgType.TEXT, message
            frame: dict[str, Any] = json.loads(message.data)
            if frame["event"] == event:
                return frame
            self.frames.append(frame)

    async def payload(self, event: str, change_type: str = "") -> dict[str, Any]:
        """Return the payload of the next message of an event, and of a change type if given."""
        skipped: list[dict[str, Any]] = []
        while True:
            frame = await self.frame(event)
            data = json.loads(frame["data"])
            if change_type in {"", data["change_type"]}:
                self.frames = skipped + self.frames
                content: dict[str, Any] = json.loads(base64.b64decode(data["payload"]))
                return content
            skipped.append(frame)

    async def subscribe(self, *channels: dict[str, Any]) -> None:
        """Subscribe to channels as a registration granted them, and wait until that is so."""
        for channel in channels:
            name = channel["channel_name"]
            await self.send("pusher:subscribe", channel=name, auth=channel["auth"])
            await self.frame("pusher_internal:subscription_succeeded")


class Account:
    """A client with a token: its requests and sockets."""

    def __init__(self, sandbox_run: "RunningSandbox", token: str) -> None:
        """Send requests with a token."""
        self._sandbox_run = sandbox_run
        self.token = token

    async def get(self, path: str, **query: Any) -> tuple[int, Any]:
        """Return the status and body of a response."""
        return await self._sandbox_run.request("GET", path, token=self.token, params=query)

    async def post(self, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Return the status and body of a response."""
        return await self._sandbox_run.request("POST", path, token=self.token, json=body, **more)

    async def place(
        self, ref: str, strike_id: str, price: int, quantity: float, **more: Any
    ) -> Any:
        """Place a wager that is accepted; return it."""
        body = {"external_id": ref, "strike_id": strike_id, "price": price, "quantity": quantity}
        status, response = await self.post("v4/mm/submit_order", body | more)
        assert status == 200, response
        return response["data"]["order"]

    async def order(self, order_id: str) -> Any:
        """Return the present state of a wager."""
        return (await self.get(f"v4/mm/get_order/{order_id}"))[1]["data"]

    async def listen(self, *events: str) -> SocketClient:
        """Return a socket subscribed to the broadcast, the account's and the events' channels."""
        client = await self._sandbox_run.connect()
        subscriptions = [{"type": "event", "ids": list(events)}] if events else []
        body = {"socket_id": client.socket_id, "service": "pusher", "subscriptions": subscriptions}
        status, response = await self.post("v4/mm/websocket", body)
        assert status == 200, response
        await client.subscribe(*response["data"]["authorized_channel"])
        return client


class RunningSandbox:
    """A running sandbox, its clock, and an HTTP client."""

    def __init__(self, server: Server, clock: SandboxClock, http: aiohttp.ClientSession) -> None:
        """Use a started server."""
        self.server = server
        self.clock = clock
        self._http = http

    async def request(
        self, method: str, path: str, token: str = "", **more: Any
    ) -> tuple[int, Any]:
        """Request a path below the prefix; return the status and body of the response."""
        headers = more.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        url = f"{self.server.address}/partner/{path}"
        async with self._http.request(method, url, headers=headers, **more) as response:
            return response.status, json.loads(await response.text())

    async def inject_fault(self, **fault: Any) -> None:
        """Inject a fault."""
        url = f"{self.server.address}/_sandbox/faults"
        async with self._http.post(url, json=fault) as response:
            assert response.status == 200, await response.text()

    async def log_in(self, key: str = "maker") -> Account:
        """Log in; return the account."""
        body = {"access_key": key, "secret_key": "secret"}
        status, response = await self.request("POST", "auth/login", json=body)
        assert status == 200, response
        return Account(self, response["data"]["access_token"])

    async def connect(self, query: str = "protocol=7&client=test") -> SocketClient:
        """Open a socket, and read its greeting."""
        key = self.server.channels.key
        client = SocketClient(
            await self._http.ws_connect(f"{self.server.address}/app/{key}?{query}")
        )
        await client.greet()
        return client

    def advance(self, seconds: float) -> None:
        """Advance the clock, and process everything due."""
        self.clock.advance(seconds)


Scenario = Callable[[RunningSandbox], Awaitable[None]]
# Runs a scenario, with rows and settings of its own if given.
Play = Callable[..., None]
# From the name of a recorded or documented payload to its JSON.
Sample = Callable[[str], Any]
# From two JSON values to where the first has not the fields and kinds of the second.
Differences = Callable[[Any, Any], list[str]]


def play(
    scenario: Scenario,
    rows: RowBuilder | None = None,
    settings: SandboxSettings | None = None,
    info: TapeInfo | None = None,
    **rules: Any,
) -> None:
    """Run a scenario in a sandbox of its own, with a timeout."""

    def exchange(env: ReplayEnvironment, info: TapeInfo) -> SimulatedProphet:
        kept = ExchangeRules(**rules)
        return SimulatedProphet(env, info, Constant(60), Back(), Commission(2), kept)

    async def whole() -> None:
        given = settings or SandboxSettings(port=0)
        feed = RowSource(info or game_info(), (rows or RowBuilder()).rows)
        shifted_exchange = ShiftedExchange(feed, exchange, SandboxClock, BEFORE_START_NS - SECOND)
        server = Server(shifted_exchange, given)
        assert isinstance(shifted_exchange.clock, SandboxClock)
        try:
            await server.start()
            async with aiohttp.ClientSession() as http:
                await scenario(RunningSandbox(server, shifted_exchange.clock, http))
        finally:
            await server.stop()

    run_watching(whole(), TIMEOUT_SECONDS)
