"""What comes on offer while a session runs: it is told once, quoted, settled, and replayed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from conf.compose import build_session
from live.growth import Growth
from live.journal import Entry, SessionJournal
from recordings.tape import NOWHERE, Clocks, Kind, Side
from recordings.writer import TapeWriter
from sim.__main__ import main
from strategies.trading.clock import NANOSECONDS
from strategies.trading.commands import CancelAll, CancelWager, PlaceWager
from strategies.trading.events import CatalogueGrew, MarketSettled, WagerMatched
from strategies.trading.ids import EventId, LineId, MarketId, MarketKey
from strategies.trading.market import (
    Line,
    Market,
    MarketStatus,
    MarketType,
    Result,
    Selection,
    SportEvent,
)
from strategies.trading.market_filter import MarketFilter
from strategies.trading.odds import Odds

Sandbox = Callable[..., AbstractAsyncContextManager[Any]]
Compose = Callable[..., Any]

SPEED = 30
PATIENCE_SECONDS = 40
LOOK_SECONDS = 0.05
START_NS = 1_790_000_000 * NANOSECONDS
# Named as the exchange names them.
FIRST, SECOND = EventId("19458"), EventId("19459")
MONEYLINE, SPREAD = MarketId("219"), MarketId("223")
OPEN_AT_FIRST, *OPEN_LATER = MARKETS = [
    Market(FIRST, MONEYLINE, MarketType.MONEYLINE, "Moneyline"),
    Market(FIRST, SPREAD, MarketType.SPREAD, "Spread"),
    Market(SECOND, MONEYLINE, MarketType.MONEYLINE, "Moneyline"),
]
# The numbers of messages that are not of a recording.
SEQUENCE = count(1_000)
# What others offer a taker on every line.
OTHERS = (Odds(-108), 50_000)


def game(event_id: EventId, tournament: str = "NBA") -> SportEvent:
    """Return a game."""
    start_ns = START_NS + 7200 * NANOSECONDS
    return SportEvent(event_id, "A at H", "H", "A", tournament, "basketball", start_ns)


def lines_of(market: Market, point: float) -> tuple[Line, Line]:
    """Return the two lines of a market at a point, named by their market."""
    name = f"{MARKETS.index(market):d}"
    home, away = (LineId(name * 31 + side) for side in "ab")
    return (
        Line(home, market.event_id, market.market_id, Selection.HOME, point),
        Line(away, market.event_id, market.market_id, Selection.AWAY, 0.0 - point),
    )


def writer_in(folder: Path) -> TapeWriter:
    """Return a writer of a tape."""
    return TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE)


def test_what_the_dictionaries_gain_is_told_once(tmp_path: Path) -> None:
    """A new market of the filter's kind is to be followed; a new point comes without its market."""
    writer = writer_in(tmp_path / "tape")
    writer.add_event(game(FIRST))
    writer.add_market(OPEN_AT_FIRST)
    growth = Growth(writer.info, MarketFilter(["moneyline", "spread"], ["NBA"]))
    assert growth.news() is None
    cup = Market(SECOND, MONEYLINE, MarketType.MONEYLINE, "Moneyline")
    spread, first_point = OPEN_LATER[0], lines_of(OPEN_LATER[0], -4.5)
    writer.add_event(game(SECOND, "Cup"))
    for market in (spread, cup):
        writer.add_market(market)
    for line in first_point:
        writer.add_line(line)
    key = MarketKey(FIRST, SPREAD)
    assert growth.news() == CatalogueGrew(
        (game(SECOND, "Cup"),), (spread, cup), first_point, (key,)
    )
    assert growth.news() is None
    other_point = tuple(
        Line(LineId(name), FIRST, SPREAD, selection, point)
        for name, selection, point in (("c", Selection.HOME, -3.5), ("d", Selection.AWAY, 3.5))
    )
    for line in other_point:
        writer.add_line(line)
    assert growth.news() == CatalogueGrew((), (), other_point, ())
    assert growth.seated == (1, 1, 0)
    writer.abandon()


def write_markets(folder: Path) -> Path:
    """Write a recording that knows three markets, of which one opens."""
    with writer_in(folder) as tape:
        for event_id in (FIRST, SECOND):
            tape.add_event(game(event_id))
        for market in MARKETS:
            tape.add_market(market)
            for line in lines_of(market, -4.5 if market.type is MarketType.SPREAD else 0.0):
                tape.add_line(line)
        tape.begin_message(START_NS, START_NS)
        tape.market_status(0, MarketStatus.OPEN)
        tape.offer(0, *OTHERS)
        tape.offer(1, *OTHERS)
    return folder


def play(stage: Any, market: int, kind: Kind, line: int, **told: int) -> None:
    """Let a row of a market happen at the sandbox, a message of its own."""
    now_ns, event = stage.env.now_ns, 0 if MARKETS[market].event_id == FIRST else 1
    columns = {"odds": 0, "cents": 0, "quantity": 0, "side": Side.NONE, "state": 0} | told
    where = (now_ns, now_ns, next(SEQUENCE), kind, line, market, event)
    stage.env._take_row((*where, *columns.values(), None))


def put_on_offer(stage: Any, market: int) -> None:
    """Open a market of the sandbox's now, with offers on both of its lines."""

    def open_it() -> None:
        for line in (2 * market, 2 * market + 1):
            play(stage, market, Kind.OFFER, line, odds=OTHERS[0], cents=OTHERS[1])
        play(stage, market, Kind.MARKET_STATUS, NOWHERE, state=MarketStatus.OPEN)

    stage.at_present(open_it)


def take_and_settle(stage: Any, market: int) -> None:
    """Let a taker come for the first line of a market, who takes all there is, and win."""

    def end_it() -> None:
        stake = {"odds": -300, "cents": 1_000_000, "side": Side.TAKER}
        play(stage, market, Kind.TRADE, 2 * market, **stake)
        play(stage, market, Kind.RESULT, 2 * market, state=Result.WON)

    stage.at_present(end_it)


def quoted_at(exchange: Any) -> set[Market]:
    """Return the markets in which wagers are live at an exchange."""
    wagers = [wager for each in exchange.participants for wager in each.live.values()]
    return {MARKETS[exchange.books[wager.line].market] for wager in wagers}


class Trader:
    """A session against a sandbox, and the exchange that its wagers are at."""

    def __init__(self, session: Any, here: Any) -> None:
        """Watch the room in which the session will trade."""
        self.stage = here.server.stage
        self.room: Any = None
        self._session = session
        self._make_room, session._room = session._room, self._room_made

    def _room_made(self, **parts: Any) -> Any:
        self.room = self._make_room(**parts)
        return self.room

    @asynccontextmanager
    async def trading(self, home: Path) -> AsyncIterator[None]:
        """Trade for as long as the context lasts."""
        stop = asyncio.Event()
        self._going = asyncio.ensure_future(self._session.carry_out(home, {}, stop, lambda _: None))
        yield
        stop.set()
        await self._going

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true, or the session ended over it."""
        while not self._going.done() and not true():
            await asyncio.sleep(LOOK_SECONDS)

    async def until_all_is_quoted(self) -> None:
        """Wait until what is on offer at first is quoted, and then what comes on offer later."""
        for place in range(len(MARKETS)):
            if MARKETS[place] in OPEN_LATER:
                put_on_offer(self.stage, place)
            await self.until(partial(self._quotes, set(MARKETS[: place + 1])))

    def _quotes(self, markets: set[Market]) -> bool:
        """Tell whether exactly these markets are quoted."""
        # On paper the exchange is the room's own, live it is the sandbox.
        link = getattr(self.room, "_link", None)
        return quoted_at(self.stage.exchange if link is None else link._exchange) == markets


def carry_out(
    sandbox: Sandbox, compose_settings: Compose, home: Path, mode: str,
    meanwhile: Callable[[Trader], Awaitable[None]],
) -> list[Entry]:  # fmt: skip
    """Trade the three markets while something goes on; return the journal."""
    tape = write_markets(home / "tape")
    played = [f"recording.path={tape}", "sandbox.begin_minutes_before_start=120"]

    async def run() -> None:
        async with sandbox(SPEED, *played) as here:
            words = [f"mode={mode}", "session.name=first", *played, *here.settings]
            trader = Trader(build_session(compose_settings(*words)), here)
            async with trader.trading(home):
                await meanwhile(trader)

    asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))
    with SessionJournal(home / "sessions" / "first" / "journal.sqlite") as journal:
        return list(journal.entries())


@pytest.mark.parametrize("mode", ["live", "paper"])
def test_what_comes_on_offer_later_is_quoted_and_replayed(
    sandbox: Sandbox, compose_settings: Compose, run_main: Callable[..., Any], tmp_path: Path,
    mode: str,
) -> None:  # fmt: skip
    """Markets that open after the start are quoted too, and a replay asks for the same wagers."""
    entries = carry_out(sandbox, compose_settings, tmp_path, mode, Trader.until_all_is_quoted)
    grown = [entry for entry in entries if isinstance(entry.told, CatalogueGrew)]
    assert [entry.told.markets for entry in grown] == [(market,) for market in OPEN_LATER]
    places = [entry for entry in entries if isinstance(entry.told, PlaceWager)]
    for entry, market in zip(grown, OPEN_LATER, strict=True):
        line_ids = {line.line_id for line in lines_of(market, 0.0)}
        seqs = [place.input_seq for place in places if place.told.line_id in line_ids]
        assert seqs
        assert entry.input_seq < min(seqs)
    commands = sum(isinstance(e.told, PlaceWager | CancelWager | CancelAll) for e in entries)
    outcome = run_main(main, tmp_path, "replay", "sessions/first")
    assert outcome.out == [f"start 1: all {commands} commands agree with the journal"], outcome


def test_wagers_on_what_came_on_offer_later_are_settled(
    sandbox: Sandbox, compose_settings: Compose, tmp_path: Path
) -> None:
    """Live, a wager in a market of later is matched, and its result is told of both lines."""
    spread = MARKETS.index(OPEN_LATER[0])

    async def meanwhile(trader: Trader) -> None:
        await trader.until_all_is_quoted()
        take_and_settle(trader.stage, spread)
        ledger = trader.room._desk._desk.ledger
        await trader.until(lambda: OPEN_LATER[0].key in ledger.settlements)

    entries = carry_out(sandbox, compose_settings, tmp_path, "live", meanwhile)
    home, away = (line.line_id for line in lines_of(OPEN_LATER[0], -4.5))
    (settled,) = (entry.told for entry in entries if isinstance(entry.told, MarketSettled))
    assert settled.market_key == OPEN_LATER[0].key
    assert dict(settled.results) == {home: Result.WON, away: Result.LOST}
    assert any(isinstance(entry.told, WagerMatched) for entry in entries)
