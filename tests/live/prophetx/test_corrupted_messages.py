"""Whatever the exchange says, mangled: an event, or a ProtocolError that is counted; it goes on."""

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
from live.prophetx.market_data import mapping as listing
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
class Said:
    """What our own sandbox said: bodies by what they answer, frames by what they tell."""

    event_id: int
    ways: dict[str, Ask]
    bodies: dict[str, bytes]
    frames: dict[str, bytes]


class Listening(httpx.AsyncHTTPTransport):
    """Carries requests over the network, and keeps what was answered."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.bodies: dict[str, bytes] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask, and keep the answer."""
        response = await super().handle_async_request(request)
        body = await response.aread()
        self.bodies[endpoint(request)] = body
        return httpx.Response(response.status_code, content=body)


class Mangling(httpx.AsyncBaseTransport):
    """Answers one endpoint with mangled bodies, the others as the sandbox did."""

    def __init__(self, bodies: dict[str, bytes], of: str, seed: int) -> None:
        """Mangle the answers of one endpoint."""
        self._bodies, self._of = bodies, of
        self._rng = np.random.default_rng(seed)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        body = self._bodies[endpoint(request)]
        if endpoint(request) != self._of:
            return httpx.Response(200, content=body)
        return httpx.Response(200, content=mangled_body(body, self._rng))


def endpoint(request: httpx.Request) -> str:
    """Return what is asked for, without which order it is about."""
    path = request.url.path.removeprefix("/partner/")
    return "v4/mm/get_order" if path.startswith("v4/mm/get_order/") else path


def client_of(transport: Transport) -> ProphetClient:
    """Return a client that speaks over a transport."""
    clock = WallClock(speed=SPEED)
    return ProphetClient(transport, Tokens(transport, Credentials("a", "b"), clock), DecodeErrors())


def ways_to_ask(event_id: int, line_id: LineId, order: WireCancellation) -> dict[str, Ask]:
    """Return how to ask for everything that the bridge ever asks for, by what answers."""
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
def said(sandbox: Sandbox) -> Said:
    """Return what our own sandbox says when everything is asked and a wager is matched."""

    async def listen() -> Said:
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

                def hear(record: Record) -> None:
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
                streaming = asyncio.create_task(stream.run(hear))
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
                return Said(event.event_id, ways, listening.bodies, frames)

    return run_watching(listen())


# What is asked -----------------------------------------------------------------------------------


def read_through(answer: Any) -> None:
    """Ask an answer for all that the bridge would ask it for; raise ProtocolError."""
    match answer:
        case dict() | list():
            for each in answer.values() if isinstance(answer, dict) else answer:
                read_through(each)
        case WireEvent():
            listing.sport_event(answer)
            listing.event_status(answer.status)
        case WireMarket():
            market = listing.market(EventId("1"), answer)
            for strike in answer.strikes if market is not None else ():
                listing.pair_levels(market or unheard_of(), levels_of(strike), 1)
        case WireOrder():
            TrackedWager(wish(answer), None).apply(answer)
        case msgspec.Struct():
            read_through([getattr(answer, name) for name in answer.__struct_fields__])


def unheard_of() -> Market:
    """Return nothing."""
    raise AssertionError


def wish(order: WireOrder) -> PlaceWager:
    """Return the request that an order answers."""
    return PlaceWager(order.ref, LineId("1" * 32), Odds(100), 10_000, Intent.REST)


@pytest.mark.slow
@pytest.mark.parametrize(
    "of", ways_to_ask(0, LineId(""), WireCancellation(order_id="", external_id=""))
)
def test_a_mangled_answer_is_an_answer_or_a_protocol_error(said: Said, of: str) -> None:
    """Whoever asks for anything gets what can be read, or a ProtocolError, and nothing else."""
    counts: Counter[str] = Counter()
    endpoint = replace(LOCAL, requests_per_second=1_000_000)
    clock = WallClock()

    async def ask_often() -> None:
        for seed in range(300):
            carrier = Mangling(said.bodies, of, seed)
            async with Transport(endpoint, clock, carrier) as transport:
                try:
                    read_through(await said.ways[of](client_of(transport)))
                    counts["read"] += 1
                except ProtocolError:
                    counts["refused"] += 1

    asyncio.run(ask_often())
    assert counts["refused"] > 20, counts


# What is heard -----------------------------------------------------------------------------------

# What our own sandbox does not say of a recording.
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


def frames_of(said: Said) -> list[bytes]:
    """Return one frame of every kind, as it should be."""
    return [*said.frames.values(), *map(framed, OTHERS)]


def test_a_mangled_frame_is_a_change_or_a_protocol_error(said: Said) -> None:
    """A frame of any kind, damaged at any depth, is read or refused, nothing else."""
    rng = np.random.default_rng(3)
    for raw in frames_of(said):
        read_change(read(Frame, raw, "frame"))
        counts: Counter[str] = Counter()
        for _ in range(500):
            try:
                read_change(read(Frame, mangled_frame(raw, rng), "frame"))
                counts["read"] += 1
            except ProtocolError:
                counts["refused"] += 1
        assert min(counts["read"], counts["refused"]) > 20, (raw, counts)


def heard(raw: bytes, at_ns: int, decode_errors: DecodeErrors) -> Message | UnreadableMessage:
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


def shapes_of(raws: Iterable[bytes], type_: type[Any]) -> list[Any]:
    """Return what can be read of some texts."""
    shapes = []
    for raw in raws:
        with suppress(ProtocolError):
            shapes.append(read(type_, raw, "mangled"))
    return shapes


class Tableau:
    """A recorder at work, and what a good snapshot shows it."""

    def __init__(self, said: Said, folder: Path) -> None:
        """Begin a tape."""
        self._folder, self._event_id = folder, said.event_id
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
        (event,) = json.loads(said.bodies["mm/get_sport_events"])["data"]["sport_events"]
        shown = json.loads(said.bodies["v4/mm/get_multiple_markets"])["data"]
        self.event = text(event)
        self.markets = [text(market) for market in shown[str(said.event_id)]]
        self._recorder.on_record(SocketUp(1, self._clock.wall_ns(), 1))

    def show(self, event: bytes, markets: Iterable[bytes]) -> None:
        """Show what can be read of a snapshot."""
        shapes = {self._event_id: shapes_of(markets, WireMarket)}
        self._recorder.on_snapshot(Snapshot(shapes_of([event], WireEvent), shapes))

    def hear(self, raw: bytes) -> None:
        """Hear a frame."""
        self._recorder.on_record(heard(raw, self._clock.wall_ns(), self.decode_errors))

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
def test_a_recording_outlives_mangled_snapshots_and_frames(
    said: Said, tmp_path: Path, seed: int
) -> None:
    """Whatever is thrown at it, the tape goes on, is whole at the end, and holds what was good."""
    rng = np.random.default_rng(seed)
    tableau = Tableau(said, tmp_path / "tape")
    for _ in range(40):
        damaged = [mangled_body(market, rng) for market in tableau.markets for _ in range(3)]
        tableau.show(mangled_body(tableau.event, rng), damaged)
        for raw in frames_of(said):
            tableau.hear(mangled_frame(raw, rng))
        if rng.random() < 0.2:
            tableau.lose()
    tableau.ended()
    assert tableau.decode_errors.total > 100


@pytest.mark.parametrize("point", ["sNaN", "NaN", "1e999", "-Infinity", "1e9", "1.3"])
def test_a_point_that_is_none_costs_only_its_strike(said: Said, tmp_path: Path, point: str) -> None:
    """A strike at no point of a game is counted and left out; the others are on the tape."""
    tableau = Tableau(said, tmp_path / "tape")
    spread = next(market for market in tableau.markets if b'"spread"' in market)
    first = json.loads(spread)["market_strikes"][0]["selections"][0][0]["strike"]
    tableau.show(tableau.event, [spread.replace(f'"strike": {first}'.encode(), point_text(point))])
    assert tableau.decode_errors.total > 0
    tableau.ended()


def point_text(point: str) -> bytes:
    """Return a strike as text, which the exchange's numbers may come as."""
    return f'"strike": "{point}"'.encode()


@pytest.mark.parametrize("scheduled", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "soon"])
def test_a_start_that_is_none_costs_only_its_event(
    said: Said, tmp_path: Path, scheduled: str
) -> None:
    """A start that no tape can tell is counted; the event is there once it is told well."""
    tableau = Tableau(said, tmp_path / "tape")
    tableau.show(text(json.loads(tableau.event) | {"scheduled": scheduled}), tableau.markets)
    assert tableau.decode_errors.total == 1
    tableau.ended()


def test_one_line_on_both_sides_costs_only_its_strike(said: Said, tmp_path: Path) -> None:
    """Two sides that are told under one number are no pair, and are not traded as one."""
    tableau = Tableau(said, tmp_path / "tape")
    moneyline = json.loads(next(market for market in tableau.markets if b'"moneyline"' in market))
    for side in moneyline["selections"]:
        for level in side:
            level["strike_id"] = "1" * 32
    tableau.show(tableau.event, [text(moneyline)])
    assert tableau.decode_errors.total == 1
    assert "1" * 32 not in {line.line_id for line in tableau.ended().info.lines}


@pytest.mark.parametrize("seed", range(20))
def test_a_wager_outlives_mangled_updates(said: Said, seed: int) -> None:
    """What cannot be read of a wager teaches nothing: what is then told well is told in full."""
    rng = np.random.default_rng(seed)
    order = json.loads(said.bodies["v4/mm/get_order"])["data"]
    wager = TrackedWager(wish(read(WireOrder, text(order), "order")), None)
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
