"""Mangled messages of the exchange: an event, or a counted ProtocolError; the session goes on."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from live.decode import read
from live.decode_errors import DecodeErrors
from live.prophetx.market_data import mapping
from live.prophetx.market_data.recorder import RawLog, Recorder, Snapshot
from live.prophetx.market_data.tape_rows import MarketRows, levels_of
from live.prophetx.orders.tracked_wager import TrackedWager
from live.prophetx.rest.auth import Tokens
from live.prophetx.rest.client import ProphetClient
from live.prophetx.rest.credentials import Credentials
from live.prophetx.rest.transport import Transport
from live.prophetx.socket.records import (
    Message,
    Record,
    SocketDown,
    SocketUp,
    UnreadableMessage,
)
from live.prophetx.socket.stream import Stream, StreamSettings, read_change
from live.prophetx.wire.frames import Frame
from live.prophetx.wire.markets import WireEvent, WireMarket
from live.prophetx.wire.orders import WireCancellation, WireOrder
from live.wall_clock import WallClock
from recordings.reader import Tape
from recordings.tape import Clocks
from recordings.validator import validate
from recordings.writer import TapeWriter
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import ProtocolError
from strategies.trading.model.events import WagerAccepted
from strategies.trading.model.ids import EventId, LineId, WagerRef
from strategies.trading.model.market import Market
from strategies.trading.model.market_types import MarketType
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import run_watching, until
from tests.live.corruption import framed, mangled_body, mangled_frame, text
from tests.live.endpoints import LOCAL
from tests.live.local_sandbox import Sandbox
from tests.live.socket_messages import data_of

FEED = StreamSettings(5, 0.5, 2, 4, 60, 5, 0.05, 0.5)
PATIENCE_SECONDS = 120
SPEED = 20
KINDS = ("market_selections", "matched_order", "order", "private_system_signal")

Ask = Callable[[ProphetClient], Awaitable[Any]]


@dataclass(frozen=True)
class SandboxMessages:
    """The messages of our own sandbox: bodies by endpoint, frames by kind of change."""

    event_id: int
    ways: dict[str, Ask]
    bodies: dict[str, bytes]
    frames: dict[str, bytes]


class Listening(httpx.AsyncHTTPTransport):
    """Sends requests over the network, and records the responses."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.bodies: dict[str, bytes] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, and record the response."""
        response = await super().handle_async_request(request)
        body = await response.aread()
        self.bodies[endpoint(request)] = body
        return httpx.Response(response.status_code, content=body)


class Mangling(httpx.AsyncBaseTransport):
    """Responds at one endpoint with mangled bodies, the others as the sandbox did."""

    def __init__(self, bodies: dict[str, bytes], of: str, seed: int) -> None:
        """Mangle the responses of one endpoint."""
        self._bodies, self._of = bodies, of
        self._rng = np.random.default_rng(seed)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Respond to a request."""
        body = self._bodies[endpoint(request)]
        if endpoint(request) != self._of:
            return httpx.Response(200, content=body)
        return httpx.Response(200, content=mangled_body(body, self._rng))


def endpoint(request: httpx.Request) -> str:
    """Return the endpoint of a request, without the id of the order."""
    path = request.url.path.removeprefix("/partner/")
    return "v4/mm/get_order" if path.startswith("v4/mm/get_order/") else path


def client_of(transport: Transport) -> ProphetClient:
    """Return a client that speaks over a transport."""
    clock = WallClock(speed=SPEED)
    return ProphetClient(transport, Tokens(transport, Credentials("a", "b"), clock), DecodeErrors())


def ways_to_ask(event_id: int, line_id: LineId, order: WireCancellation) -> dict[str, Ask]:
    """Return a call for every request of the bridge, by endpoint."""
    now = WallClock(speed=SPEED).wall_ns() // NS_PER_SECOND
    take = PlaceWager(WagerRef("w-1"), line_id, Odds(-25_000), 10_000, Intent.TAKE)
    rest = PlaceWager(WagerRef("w-2"), line_id, Odds(1_000), 1_000, Intent.REST)
    alone = PlaceWager(WagerRef("w-4"), line_id, Odds(1_000), 1_000, Intent.REST)
    return {
        "auth/login": lambda c: c.log_in(),
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
        "v4/mm/cancel_multiple_orders": lambda c: c.cancel_batch([order, order]),
        "websocket/connection-config": lambda c: c.connection_config(),
        "v4/mm/websocket": lambda c: c.register("1.1", [event_id]),
    }


@pytest.fixture(scope="module")
def sandbox_messages(sandbox: Sandbox) -> SandboxMessages:
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
                    await ask(client)
                await until(lambda: not set(KINDS) - frames.keys())
                streaming.cancel()
                await asyncio.gather(streaming, return_exceptions=True)
                return SandboxMessages(event.event_id, ways, listening.bodies, frames)

    return run_watching(listen())


# Responses ----------------------------------------------------------------------------------------


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
                mapping.pair_levels(market or unheard_of(), levels_of(strike), 1)
        case WireOrder():
            TrackedWager(request_of(decoded), None).apply(decoded)
        case msgspec.Struct():
            read_through([getattr(decoded, name) for name in decoded.__struct_fields__])


def unheard_of() -> Market:
    """Return nothing."""
    raise AssertionError


def request_of(order: WireOrder) -> PlaceWager:
    """Return the request that an order answers."""
    return PlaceWager(order.ref, LineId("1" * 32), Odds(100), 10_000, Intent.REST)


@pytest.mark.slow
@pytest.mark.parametrize(
    "of", ways_to_ask(0, LineId(""), WireCancellation(order_id="", external_id=""))
)
def test_a_mangled_response_is_a_response_or_a_protocol_error(
    sandbox_messages: SandboxMessages, of: str
) -> None:
    """A caller gets the readable part, or a ProtocolError, and nothing else."""
    counts: Counter[str] = Counter()
    endpoint = replace(LOCAL, requests_per_second=1_000_000)
    clock = WallClock()

    async def ask_often() -> None:
        for seed in range(300):
            carrier = Mangling(sandbox_messages.bodies, of, seed)
            async with Transport(endpoint, clock, carrier) as transport:
                try:
                    read_through(await sandbox_messages.ways[of](client_of(transport)))
                    counts["read"] += 1
                except ProtocolError:
                    counts["refused"] += 1

    asyncio.run(ask_often())
    assert counts["refused"] > 20, counts


# Frames -------------------------------------------------------------------------------------------

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


def frames_of(sandbox_messages: SandboxMessages) -> list[bytes]:
    """Return one valid frame of every kind."""
    return [*sandbox_messages.frames.values(), *map(framed, OTHERS)]


def test_a_mangled_frame_is_a_change_or_a_protocol_error(sandbox_messages: SandboxMessages) -> None:
    """A frame of any kind, damaged at any depth, is read or refused, nothing else."""
    rng = np.random.default_rng(3)
    for raw in frames_of(sandbox_messages):
        read_change(read(Frame, raw, "frame"))
        counts: Counter[str] = Counter()
        for _ in range(500):
            try:
                read_change(read(Frame, mangled_frame(raw, rng), "frame"))
                counts["read"] += 1
            except ProtocolError:
                counts["refused"] += 1
        assert min(counts["read"], counts["refused"]) > 20, (raw, counts)


def stream_record(
    raw: bytes, at_ns: int, decode_errors: DecodeErrors
) -> Message | UnreadableMessage:
    """Return a frame as the stream passes it on."""
    try:
        frame = read(Frame, raw, "frame")
    except ProtocolError as error:
        decode_errors.note(error)
        return UnreadableMessage(1, at_ns, raw)
    try:
        return Message(1, at_ns, frame.channel, read_change(frame), raw)
    except ProtocolError as error:
        decode_errors.note(error)
        return Message(1, at_ns, frame.channel, None, raw)


def readable_values(raws: Iterable[bytes], type_: type[Any]) -> list[Any]:
    """Return the readable ones of some texts."""
    readable = []
    for raw in raws:
        with suppress(ProtocolError):
            readable.append(read(type_, raw, "mangled"))
    return readable


class RecordedFrames:
    """A recorder, and the parts of a valid snapshot."""

    def __init__(self, sandbox_messages: SandboxMessages, folder: Path) -> None:
        """Begin a tape."""
        self._folder, self._event_id = folder, sandbox_messages.event_id
        self._clock, self.decode_errors = WallClock(speed=SPEED), DecodeErrors()
        self._writer = TapeWriter(folder, source="test", simulated=True, clocks=Clocks.TWO)
        self._raw = RawLog(folder)
        rows = MarketRows(self._writer, self.decode_errors, MarketFilter(list(MarketType), ()))
        self._recorder = Recorder(
            *(
                self._writer,
                self._raw,
                rows,
                self._clock,
                self.decode_errors,
                [132],
                lambda: None,
                print,
            )
        )
        (event,) = json.loads(sandbox_messages.bodies["mm/get_sport_events"])["data"][
            "sport_events"
        ]
        shown = json.loads(sandbox_messages.bodies["v4/mm/get_multiple_markets"])["data"]
        self.event = text(event)
        self.markets = [text(market) for market in shown[str(sandbox_messages.event_id)]]
        self._recorder.on_record(SocketUp(1, self._clock.wall_ns(), 1))

    def show(self, event: bytes, markets: Iterable[bytes]) -> None:
        """Give the recorder the readable part of a snapshot."""
        readable = {self._event_id: readable_values(markets, WireMarket)}
        self._recorder.on_snapshot(Snapshot(readable_values([event], WireEvent), readable))

    def on_frame(self, raw: bytes) -> None:
        """Give the recorder a frame."""
        self._recorder.on_record(stream_record(raw, self._clock.wall_ns(), self.decode_errors))

    def lose(self) -> None:
        """Lose the feed, and end a segment."""
        self._recorder.on_record(SocketDown(1, self._clock.wall_ns(), "a fault"))
        self._writer.end_segment()

    def ended(self) -> Tape:
        """Show what is good, end the recording, and return its tape once it is known as whole."""
        self.show(self.event, self.markets)
        self._raw.end_file()
        self._writer.close()
        tape = Tape(self._folder)
        assert validate(tape).rows > 10
        assert len(tape.info.catalogue().pairs) > 3
        return tape


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_recording_survives_mangled_snapshots_and_frames(
    sandbox_messages: SandboxMessages, tmp_path: Path, seed: int
) -> None:
    """Whatever arrives, the tape goes on, is complete at the end, and holds the valid parts."""
    rng = np.random.default_rng(seed)
    recording = RecordedFrames(sandbox_messages, tmp_path / "tape")
    for _ in range(40):
        damaged = [mangled_body(market, rng) for market in recording.markets for _ in range(3)]
        recording.show(mangled_body(recording.event, rng), damaged)
        for raw in frames_of(sandbox_messages):
            recording.on_frame(mangled_frame(raw, rng))
        if rng.random() < 0.2:
            recording.lose()
    recording.ended()
    assert recording.decode_errors.total > 100


@pytest.mark.parametrize("point", ["sNaN", "NaN", "1e999", "-Infinity", "1e9", "1.3"])
def test_an_invalid_point_skips_its_strike(
    sandbox_messages: SandboxMessages, tmp_path: Path, point: str
) -> None:
    """A strike with an invalid point is counted and left out; the others are on the tape."""
    recording = RecordedFrames(sandbox_messages, tmp_path / "tape")
    spread = next(market for market in recording.markets if b'"spread"' in market)
    first = json.loads(spread)["market_strikes"][0]["selections"][0][0]["strike"]
    recording.show(
        recording.event, [spread.replace(f'"strike": {first}'.encode(), point_text(point))]
    )
    assert recording.decode_errors.total > 0
    recording.ended()


def point_text(point: str) -> bytes:
    """Return a strike as text, which the exchange's numbers may come as."""
    return f'"strike": "{point}"'.encode()


@pytest.mark.parametrize("scheduled", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "soon"])
def test_an_invalid_start_skips_its_event(
    sandbox_messages: SandboxMessages, tmp_path: Path, scheduled: str
) -> None:
    """An event with an invalid start is counted and left out until a valid start arrives."""
    recording = RecordedFrames(sandbox_messages, tmp_path / "tape")
    recording.show(text(json.loads(recording.event) | {"scheduled": scheduled}), recording.markets)
    assert recording.decode_errors.total == 1
    recording.ended()


def test_one_line_on_both_sides_skips_its_strike(
    sandbox_messages: SandboxMessages, tmp_path: Path
) -> None:
    """Two sides under one number are no pair, and are not traded as one."""
    recording = RecordedFrames(sandbox_messages, tmp_path / "tape")
    moneyline = json.loads(next(market for market in recording.markets if b'"moneyline"' in market))
    for side in moneyline["selections"]:
        for level in side:
            level["strike_id"] = "1" * 32
    recording.show(recording.event, [text(moneyline)])
    assert recording.decode_errors.total == 1
    assert "1" * 32 not in {line.line_id for line in recording.ended().info.lines}


@pytest.mark.parametrize("seed", range(20))
def test_a_wager_survives_mangled_updates(sandbox_messages: SandboxMessages, seed: int) -> None:
    """Unreadable updates change nothing: later valid ones give all their events."""
    rng = np.random.default_rng(seed)
    order = json.loads(sandbox_messages.bodies["v4/mm/get_order"])["data"]
    wager = TrackedWager(request_of(read(WireOrder, text(order), "order")), None)
    refused = 0
    for _ in range(50):
        before = wager.answered
        try:
            shape = read(WireOrder, mangled_body(text(order), rng), "order")
            wager = TrackedWager(wager.request, None)
            before = wager.answered
            assert WagerAccepted(wager.ref) in wager.apply(shape)
        except ProtocolError:
            refused += 1
            assert wager.answered == before
    assert refused
