"""Every message of our own sandbox: the bodies of all endpoints, and one frame of every kind."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import httpx
import msgspec
import numpy as np

from live.decode_errors import DecodeErrors
from live.prophetx.market_data import mapping
from live.prophetx.market_data.tape_rows import levels_of
from live.prophetx.orders.tracked_wager import TrackedWager
from live.prophetx.rest.auth import Tokens
from live.prophetx.rest.client import ProphetClient
from live.prophetx.rest.credentials import Credentials
from live.prophetx.rest.transport import Transport
from live.prophetx.socket.records import Message, Record
from live.prophetx.socket.stream import Stream, StreamSettings
from live.prophetx.wire.markets import WireEvent, WireMarket
from live.prophetx.wire.orders import WireCancellation, WireOrder
from live.wall_clock import WallClock
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import RefusalError
from strategies.trading.model.ids import EventId, LineId, WagerRef
from strategies.trading.model.market import Market
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import run_watching, until
from tests.live.corruption import framed
from tests.live.local_sandbox import Sandbox
from tests.live.socket_messages import data_of

FEED = StreamSettings(5, 0.5, 2, 4, 60, 5, 0.05, 0.5)
SPEED = 20
KINDS = ("market_selections", "matched_order", "order", "private_system_signal")

Ask = Callable[[ProphetClient], Awaitable[Any]]


@dataclass(frozen=True)
class SandboxMessages:
    """The messages of our own sandbox: by endpoint, and frames by kind of change."""

    event_id: int
    ways: dict[str, Ask]
    requests: dict[str, bytes]
    bodies: dict[str, bytes]
    frames: dict[str, bytes]


class Listening(httpx.AsyncHTTPTransport):
    """Sends requests over the network, and records the responses."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.requests: dict[str, bytes] = {}
        self.bodies: dict[str, bytes] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, and record the response."""
        response = await super().handle_async_request(request)
        body = await response.aread()
        if request.content:
            self.requests[endpoint(request)] = request.content
        self.bodies[endpoint(request)] = body
        return httpx.Response(response.status_code, content=body)


# Changes that our own sandbox does not send.
OTHERS: list[dict[str, Any]] = [
    {"change_type": "tournament", "op": "u", "payload_decoded": {"info": {"id": 132}}},
    {
        "change_type": "sport_event",
        "op": "c",
        "timestamp": 5,
        "payload_decoded": {"id": "9", "tournament_id": "132", "info": {"event_id": 9}},
    },
    {"change_type": "sport_event", "op": "d", "payload_decoded": {"id": "9"}},
    {
        "change_type": "market",
        "op": "d",
        "payload_decoded": {"id": 9, "info": {"id": 219, "sport_event_id": 9, "status": "active"}},
    },
    {
        "change_type": "market_strike",
        "op": "u",
        "payload_decoded": {"info": {"sport_event_id": 9, "market_id": 219, "strike_id": "x"}},
    },
]


def endpoint(request: httpx.Request) -> str:
    """Return the endpoint of a request, without the id of the order."""
    path = request.url.path.removeprefix("/partner/")
    return "v4/mm/get_order" if path.startswith("v4/mm/get_order/") else path


def client_of(transport: Transport) -> ProphetClient:
    """Return a client that speaks over a transport."""
    clock = WallClock(speed=SPEED)
    return ProphetClient(transport, Tokens(transport, Credentials("a", "b"), clock), DecodeErrors())


async def _refresh(client: ProphetClient) -> None:
    await client.log_in()
    client.forget_token()
    await client.log_in()


def ways_to_ask(event_id: int, line_id: LineId, order: WireCancellation) -> dict[str, Ask]:
    """Return a call for every request of the bridge, by endpoint."""
    now = WallClock(speed=SPEED).wall_ns() // NS_PER_SECOND
    take = PlaceWager(WagerRef("w-1"), line_id, Odds(-25_000), 10_000, Intent.TAKE)
    rest = PlaceWager(WagerRef("w-2"), line_id, Odds(1_000), 1_000, Intent.REST)
    alone = PlaceWager(WagerRef("w-4"), line_id, Odds(1_000), 1_000, Intent.REST)
    return {
        "auth/login": lambda c: c.log_in(),
        "auth/refresh": _refresh,
        "mm/get_tournaments": lambda c: c.tournaments(),
        "mm/get_sport_events": lambda c: c.events(132),
        "v4/mm/get_multiple_markets": lambda c: c.markets([event_id]),
        "v4/mm/get_price_ladder": lambda c: c.ladder(),
        "v4/mm/get_balance": lambda c: c.balance(),
        "v4/mm/submit_multiple_orders": lambda c: c.place_batch([take, rest, take]),
        "v4/mm/submit_order": lambda c: c.place(alone),
        "v4/mm/get_order": lambda c: c.order(order.order_id),
        "v4/mm/get_order_history": lambda c: c.history(**{"from": now - 3600, "to": now + 60}),
        "v4/mm/get_order_matched_detail": lambda c: c.matches([order.order_id]),
        "v4/mm/cancel_order": lambda c: c.cancel(order),
        "v4/mm/cancel_all_orders": lambda c: c.cancel_all(),
        "v4/mm/cancel_orders_by_event": lambda c: c.cancel_event(event_id),
        "v4/mm/cancel_orders_by_market": lambda c: c.cancel_market(event_id, 219),
        "v4/mm/cancel_multiple_orders": lambda c: c.cancel_batch([order, order]),
        "websocket/connection-config": lambda c: c.connection_config(),
        "v4/mm/websocket": lambda c: c.register("1.1", [event_id]),
    }


def captured_messages(sandbox: Sandbox) -> SandboxMessages:
    """Return the sandbox's messages to every request, with a matched wager."""

    async def listen() -> SandboxMessages:
        async with sandbox(SPEED, "+experiment=nba", "latency=none") as here:
            listening = Listening()
            endpoint = replace(here.endpoint, answer_seconds=5)
            async with Transport(endpoint, WallClock(speed=SPEED), listening) as transport:
                client = client_of(transport)
                (tournament,) = await client.tournaments()
                (event,) = await client.events(tournament.id)
                markets = (await client.markets([event.event_id]))[event.event_id]
                levels = [level for m in markets for s in m.strikes for level in levels_of(s)]
                offered = next(level for level in levels if level.price)
                line_id = LineId(offered.strike_id)
                frames: dict[str, bytes] = {}

                def on_frame(record: Record) -> None:
                    if isinstance(record, Message):
                        kind = json.loads(data_of(record))["change_type"]
                        frames[kind] = record.raw

                stream = Stream(
                    *(
                        client,
                        here.endpoint,
                        WallClock(speed=SPEED),
                        FEED,
                        np.random.default_rng(1),
                    ),
                    lambda: [event.event_id],
                    DecodeErrors(),
                )
                streaming = asyncio.create_task(stream.run(on_frame))
                await until(lambda: "private_system_signal" in frames)
                wager = PlaceWager(WagerRef("w-3"), line_id, Odds(1_000), 1_000, Intent.REST)
                number = (await client.place(wager)).number
                order = WireCancellation(order_id=number, external_id="w-3")
                ways = ways_to_ask(event.event_id, line_id, order)
                for ask in ways.values():
                    # What is cancelled twice is refused.
                    with suppress(RefusalError):
                        await ask(client)
                await until(lambda: not set(KINDS) - frames.keys())
                streaming.cancel()
                await asyncio.gather(streaming, return_exceptions=True)
                sent, received = listening.requests, listening.bodies
                return SandboxMessages(event.event_id, ways, sent, received, frames)

    return run_watching(listen())


def read_through(decoded: Any) -> None:
    """Read everything that the bridge reads of a response; raise ProtocolError."""
    match decoded:
        case dict() | list():
            for each in decoded.values() if isinstance(decoded, dict) else decoded:
                read_through(each)
        case WireEvent():
            mapping.sport_event(decoded)
            mapping.event_status(decoded.status)
        case WireMarket():
            market = mapping.market(EventId("1"), decoded)
            for strike in decoded.strikes if market is not None else ():
                mapping.pair_levels(market or _no_market(), levels_of(strike), 1)
        case WireOrder():
            TrackedWager(request_of(decoded), None).apply(decoded)
        case msgspec.Struct():
            read_through([getattr(decoded, name) for name in decoded.__struct_fields__])


def _no_market() -> Market:
    raise AssertionError


def request_of(order: WireOrder) -> PlaceWager:
    """Return the request that an order answers."""
    return PlaceWager(order.ref, LineId("1" * 32), Odds(100), 10_000, Intent.REST)


def frames_of(sandbox_messages: SandboxMessages) -> list[bytes]:
    """Return one valid frame of every kind."""
    return [*sandbox_messages.frames.values(), *map(framed, OTHERS)]
