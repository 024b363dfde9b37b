"""Paper: the simulated exchange on wall time, with the live market's offers and delays."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from conf.compose import build_parts
from live.prophetx.market_data.prophet_market import ProphetMarket
from live.wall_clock import WallClock
from recordings.tape import NOWHERE, Clocks, Kind, Row, Side, TapeInfo
from sim.paper import PaperGateway
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    Event,
    EventScheduled,
    FeedDelayed,
    FeedLost,
    MarketsAdded,
    MarketStatusChanged,
    OfferChanged,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, MarketKey, WagerRef
from strategies.trading.model.market import Line, Market, MarketStatus, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds, prophetx_ladder
from tests.event_loops import JumpingLoop
from tests.fixture_types import Compose

Gateway = PaperGateway[ProphetMarket]

GAME, MONEYLINE = EventId("1"), MarketId("219")
HOME, AWAY = LineId("h"), LineId("a")
MILLISECOND = 1_000_000
# The delays of latency=constant: compute, entry, response; cancel in place of entry.
COMPUTE, ENTRY, RESPONSE = 1 * MILLISECOND, 67 * MILLISECOND, 29 * MILLISECOND
CANCEL = 83_500_000


@dataclass(frozen=True)
class Context:
    """The markets of a session, and which of them are followed."""

    info: TapeInfo
    market_keys: tuple[MarketKey, ...]


class Listener:
    """Records what a desk would receive."""

    def __init__(self) -> None:
        """Start with nothing received."""
        self.received: list[tuple[int, Event]] = []

    def take(self, event: Event, at_ns: int) -> None:
        """Record an event with its time."""
        self.received.append((at_ns, event))

    def act(self, now_ns: int) -> None:
        """Decide nothing."""

    def when(self, kind: type) -> int:
        """Return when the first event of a kind arrived."""
        return next(at_ns for at_ns, event in self.received if isinstance(event, kind))


def moneyline() -> TapeInfo:
    """Return a tape's description with one moneyline."""
    return TapeInfo(
        "test",
        True,
        Clocks.TWO,
        prophetx_ladder(),
        events=[SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", 2**62)],
        markets=[Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline")],
        lines=[
            Line(HOME, GAME, MONEYLINE, Selection.HOME, 0.0),
            Line(AWAY, GAME, MONEYLINE, Selection.AWAY, 0.0),
        ],
    )


def row(now_ns: int, way_ns: int, kind: Kind, line: int, **columns: Any) -> Row:
    """Return a row that took `way_ns` to arrive."""
    given = {"odds": 0, "amount_cents": 0, "quantity_cents": 0, "side": Side.NONE, "state": 0}
    given |= {"event": 0, "market": 0}
    return Row(now_ns, now_ns - way_ns, 1, kind, line=line, text=None, **(given | columns))


@pytest.fixture
def loop() -> Iterator[JumpingLoop]:
    """Yield a loop in which waiting takes no time."""
    loop = JumpingLoop()
    yield loop
    loop.close()


@pytest.fixture
def gateway(compose_settings: Compose, loop: JumpingLoop) -> Gateway:
    """Return the gateway with its standard parts, and the loop's time."""
    parts = build_parts(compose_settings("mode=paper"))
    clock = partial(WallClock, monotonic_ns=loop.monotonic_ns)
    made: Gateway = parts["run"].keywords["gateway"](clock=clock)
    return made


def run_until_matched(
    loop: JumpingLoop, gateway: Gateway, listener: Listener, begin: Callable[[], None]
) -> None:
    """Run `begin`, wait for a fill, and lose the feed."""

    async def run() -> None:
        running = asyncio.ensure_future(gateway.clock.run())
        gateway.clock.enter(begin)
        async with asyncio.timeout(60):
            await loop.until(lambda: any(isinstance(e, WagerMatched) for _, e in listener.received))
        gateway.clock.enter(gateway.on_feed_lost)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    loop.run_until_complete(run())


@pytest.mark.parametrize("way", [0, 80 * MILLISECOND])
def test_a_command_is_delayed_like_the_market_data(
    gateway: Gateway, loop: JumpingLoop, way: int
) -> None:
    """A taker is matched by offers of the live market, no sooner than the delays allow."""
    listener = Listener()
    exchange = gateway.open(Context(moneyline(), (MarketKey(GAME, MONEYLINE),)))
    gateway.attach(listener)
    sent: list[int] = []

    def begin() -> None:
        now_ns = gateway.clock.now_ns()
        status = row(now_ns, way, Kind.MARKET_STATUS, NOWHERE, state=MarketStatus.OPEN)
        offer = row(now_ns, way, Kind.OFFER, 0, odds=110, amount_cents=5_000)
        gateway.on_rows([status, offer])
        wager = PlaceWager(WagerRef("p-1-1"), HOME, Odds(110), 2_000, Intent.TAKE)
        exchange.place([wager])
        sent.append(now_ns)

    run_until_matched(loop, gateway, listener, begin)
    assert listener.when(WagerAccepted) - sent[0] == COMPUTE + ENTRY + way + RESPONSE
    fill = next(event for _, event in listener.received if isinstance(event, WagerMatched))
    assert (fill.odds, fill.stake_cents, fill.profit_cents) == (110, 2_000, 2_200)
    offers = [e.amount_cents for _, e in listener.received if isinstance(e, OfferChanged)]
    assert offers == [5_000, 3_000]
    assert isinstance(listener.received[-1][1], FeedLost)


def test_case_40_a_paper_desk_receives_how_late_the_market_is(
    gateway: Gateway, loop: JumpingLoop
) -> None:
    """Before the row that is late, and again once one is on time."""
    listener = Listener()
    gateway.open(Context(moneyline(), (MarketKey(GAME, MONEYLINE),)))
    gateway.attach(listener)

    def late_row(seconds: float, cents: int) -> None:
        now_ns, way_ns = gateway.clock.now_ns(), int(seconds * 1_000 * MILLISECOND)
        gateway.on_rows([row(now_ns, way_ns, Kind.OFFER, 0, odds=110, amount_cents=cents)])

    async def run() -> None:
        running = asyncio.ensure_future(gateway.clock.run())
        began_ns = gateway.clock.now_ns()
        for number, seconds in enumerate((0.2, 20, 0.2), start=1):
            at_ns = began_ns + number * 1_000 * MILLISECOND
            gateway.clock.call_at(at_ns, partial(late_row, seconds, 5_000 + number))
        async with asyncio.timeout(60):
            await loop.until(lambda: len(listener.received) == 5)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    loop.run_until_complete(run())
    late, on_time = FeedDelayed(GAME, 20_000 * MILLISECOND), FeedDelayed(GAME, 0)
    events = [event for _, event in listener.received]
    first, second, third = (OfferChanged(HOME, Odds(110), 5_000 + n) for n in (1, 2, 3))
    assert events == [first, late, second, on_time, third]


def test_a_cancel_is_delayed_by_its_own_time_and_like_the_market_data(
    gateway: Gateway, loop: JumpingLoop
) -> None:
    """What a cancel takes at the exchange comes on top of the way of the market's last message."""
    way = 80 * MILLISECOND
    listener = Listener()
    exchange = gateway.open(Context(moneyline(), (MarketKey(GAME, MONEYLINE),)))
    gateway.attach(listener)
    sent: list[int] = []

    async def run() -> None:
        running = asyncio.ensure_future(gateway.clock.run())
        wager = PlaceWager(WagerRef("p-1-1"), HOME, Odds(110), 2_000, Intent.REST)

        def begin() -> None:
            now_ns = gateway.clock.now_ns()
            gateway.on_rows(
                [row(now_ns, way, Kind.MARKET_STATUS, NOWHERE, state=MarketStatus.OPEN)]
            )
            exchange.place([wager])

        def cancel() -> None:
            sent.append(gateway.clock.now_ns())
            exchange.cancel([wager.ref])

        gateway.clock.enter(begin)
        await loop.until(lambda: has(WagerOpened))
        gateway.clock.call_at(gateway.clock.now_ns() + 1_000 * MILLISECOND, cancel)
        await loop.until(lambda: has(WagerCancelled))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    def has(kind: type) -> bool:
        return any(isinstance(event, kind) for _, event in listener.received)

    loop.run_until_complete(asyncio.wait_for(run(), 60))
    assert listener.when(WagerCancelled) - sent[0] == COMPUTE + CANCEL + way + RESPONSE


def add_game(info: TapeInfo, followed: bool) -> MarketsAdded:
    """Add another game with its moneyline to a recording; return the event of it."""
    event, key = EventId("2"), MarketKey(EventId("2"), MONEYLINE)
    added = MarketsAdded(
        (SportEvent(event, "B at C", "C", "B", "NBA", "basketball", 2**62),),
        (Market(*key, MarketType.MONEYLINE, "Moneyline"),),
        (
            Line(LineId("h2"), *key, Selection.HOME, 0.0),
            Line(LineId("a2"), *key, Selection.AWAY, 0.0),
        ),
        (key,) if followed else (),
    )
    info.events += added.events
    info.markets += added.markets
    info.lines += added.lines
    return added


@pytest.mark.parametrize("followed", [True, False])
def test_a_market_added_later_is_traded_too(
    gateway: Gateway, loop: JumpingLoop, followed: bool
) -> None:
    """Its wagers are matched like any other; a desk that follows it receives it first."""
    listener, info = Listener(), moneyline()
    exchange = gateway.open(Context(info, (MarketKey(GAME, MONEYLINE),)))
    gateway.attach(listener)

    def begin() -> None:
        gateway.on_markets_added(add_game(info, followed))
        now_ns, there = gateway.clock.now_ns(), {"event": 1, "market": 1}
        gateway.on_rows(
            [
                row(now_ns, 0, Kind.SCHEDULE, NOWHERE, state=2**61, **there),
                row(now_ns, 0, Kind.MARKET_STATUS, NOWHERE, state=MarketStatus.OPEN, **there),
                row(now_ns, 0, Kind.OFFER, 2, odds=110, amount_cents=5_000, **there),
            ]
        )
        exchange.place([PlaceWager(WagerRef("p-1-1"), LineId("h2"), Odds(110), 2_000, Intent.TAKE)])

    run_until_matched(loop, gateway, listener, begin)
    public = (MarketsAdded, EventScheduled, MarketStatusChanged, OfferChanged)
    received = [type(event) for _, event in listener.received if isinstance(event, public)]
    expected = [MarketsAdded, EventScheduled, MarketStatusChanged, OfferChanged, OfferChanged]
    assert received == (expected if followed else [MarketsAdded])
    fill = next(event for _, event in listener.received if isinstance(event, WagerMatched))
    assert (fill.stake_cents, fill.profit_cents) == (2_000, 2_200)
