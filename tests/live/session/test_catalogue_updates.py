"""Markets added while a session runs: announced once, quoted, settled, and replayed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conf.compose import build_session
from live.session.catalogue_updates import CatalogueUpdates
from live.session.session import Session
from recordings.journal.entries import Entry
from recordings.journal.journal_reader import JournalReader
from recordings.tape import NOWHERE, Clocks, Kind, Side
from recordings.writer import TapeWriter
from sim.__main__ import main
from sim.sandbox.server import Server
from sim.sandbox.shifted_exchange import ShiftedExchange
from strategies.trading.markets.market_filter import MarketFilter
from strategies.trading.model.commands import CancelAll, CancelWager, PlaceWager
from strategies.trading.model.events import MarketsAdded, MarketSettled, WagerMatched
from strategies.trading.model.ids import EventId, LineId, MarketId
from strategies.trading.model.market import Line, Market, MarketStatus, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose, RunMain
from tests.live.local_sandbox import LocalSandbox, Sandbox

SPEED = 30
START_NS = 1_790_000_000 * NS_PER_SECOND
# Named as the exchange names them.
FIRST, SECOND = EventId("19458"), EventId("19459")
MONEYLINE, SPREAD, OTHER_MONEYLINE = MARKETS = [
    Market(FIRST, MarketId("219"), MarketType.MONEYLINE, "Moneyline"),
    Market(FIRST, MarketId("223"), MarketType.SPREAD, "Spread"),
    Market(SECOND, MarketId("219"), MarketType.MONEYLINE, "Moneyline"),
]
# The numbers of messages that are not of a recording.
SEQUENCE = count(1_000)
# What others offer a taker on every line.
OTHERS = (Odds(-108), 50_000)


def game(event_id: EventId, tournament: str = "NBA") -> SportEvent:
    """Return a game."""
    start_ns = START_NS + 7200 * NS_PER_SECOND
    return SportEvent(event_id, "A at H", "H", "A", tournament, "basketball", start_ns)


def lines_of(market: Market, digit: str, point: float = 0.0) -> tuple[Line, Line]:
    """Return the two lines of a market at a point, named by a digit and their side."""
    home, away = (LineId(digit * 31 + side) for side in "ab")
    return (
        Line(home, market.event_id, market.market_id, Selection.HOME, point),
        Line(away, market.event_id, market.market_id, Selection.AWAY, 0.0 - point),
    )


# In the order in which they come on offer: at first, a market, another game, and another point.
PAIRS = [
    lines_of(MONEYLINE, "1"),
    lines_of(SPREAD, "2", -4.5),
    lines_of(OTHER_MONEYLINE, "3"),
    lines_of(SPREAD, "4", -5.5),
]
AT_FIRST, *LATER = PAIRS


def writer_in(folder: Path) -> TapeWriter:
    """Return a writer of a tape."""
    return TapeWriter(folder, source="test", simulated=True, clocks=Clocks.ONE)


def test_added_markets_are_announced_once(tmp_path: Path) -> None:
    """A new market of the filter is to be followed; a new point comes without its market."""
    writer = writer_in(tmp_path / "tape")
    writer.add_event(game(FIRST))
    writer.add_market(MONEYLINE)
    updates = CatalogueUpdates(
        writer.info, MarketFilter([MarketType.MONEYLINE, MarketType.SPREAD], ["NBA"])
    )
    assert updates.next_update() is None
    writer.add_event(game(SECOND, "Cup"))
    for market in (SPREAD, OTHER_MONEYLINE):
        writer.add_market(market)
    for line in PAIRS[1]:
        writer.add_line(line)
    expected = (game(SECOND, "Cup"),), (SPREAD, OTHER_MONEYLINE), PAIRS[1], (SPREAD.key,)
    assert updates.next_update() == MarketsAdded(*expected)
    assert updates.next_update() is None
    for line in PAIRS[3]:
        writer.add_line(line)
    assert updates.next_update() == MarketsAdded((), (), PAIRS[3], ())
    assert updates.initial == (1, 1, 0)
    writer.abandon()


def write_markets(folder: Path) -> Path:
    """Write a recording that knows three markets, of which one opens."""
    with writer_in(folder) as tape:
        for event_id in (FIRST, SECOND):
            tape.add_event(game(event_id))
        for market in MARKETS:
            tape.add_market(market)
        for line in chain.from_iterable(PAIRS):
            tape.add_line(line)
        tape.begin_message(START_NS, START_NS)
        tape.market_status(0, MarketStatus.OPEN)
        tape.offer(0, *OTHERS)
        tape.offer(1, *OTHERS)
    return folder


def play(
    shifted_exchange: ShiftedExchange, pair: int, kind: Kind, line: int = NOWHERE, **columns_: int
) -> None:
    """Let a row of a pair's market happen at the sandbox, a message of its own."""
    key, now_ns = PAIRS[pair][0].market_key, shifted_exchange.env.now_ns
    market = [market.key for market in MARKETS].index(key)
    columns = {"odds": 0, "cents": 0, "quantity": 0, "side": Side.NONE, "state": 0} | columns_
    event = 0 if key.event_id == FIRST else 1
    where = (now_ns, now_ns, next(SEQUENCE), kind, line, market, event)
    shifted_exchange.env._on_row((*where, *columns.values(), None))


def take_and_settle(shifted_exchange: ShiftedExchange, pair: int) -> None:
    """Let a taker come for the first line of a pair, who takes all there is, and win."""
    stake = {"odds": -300, "cents": 1_000_000, "side": Side.TAKER}
    play(shifted_exchange, pair, Kind.TRADE, 2 * pair, **stake)
    play(shifted_exchange, pair, Kind.RESULT, 2 * pair, state=Result.WON)


class Sights:
    """What a sandbox shows: not the second game, nor the last pair, before they are on offer."""

    def __init__(self, server: Server) -> None:
        """Hide them."""
        self.shifted_exchange = server.shifted_exchange
        views = server._views
        self._points = views.catalogue.pairs_by_market[SPREAD.key]
        self._last = self._points.pop()
        self._events = views._events
        self._second = self._events.pop(SECOND)

    def put_on_offer(self, pair: int) -> None:
        """Schedule a pair's game now, and open its market with offers on both lines."""
        if PAIRS[pair][0].event_id == SECOND:
            self._events[SECOND] = self._second
        if PAIRS[pair] is PAIRS[-1]:
            self._points.append(self._last)
        play(self.shifted_exchange, pair, Kind.SCHEDULE, state=START_NS + 7200 * NS_PER_SECOND)
        for line in (2 * pair, 2 * pair + 1):
            play(self.shifted_exchange, pair, Kind.OFFER, line, odds=OTHERS[0], cents=OTHERS[1])
        play(self.shifted_exchange, pair, Kind.MARKET_STATUS, state=MarketStatus.OPEN)


class Trader:
    """A session against a sandbox, and the exchange that its wagers are at."""

    def __init__(self, session: Session, here: LocalSandbox) -> None:
        """Keep the gateway through which the session will trade."""
        self.shifted_exchange = here.server.shifted_exchange
        self.gateway: Any = None
        self._sights = Sights(here.server)
        self._session = session
        self._make_gateway, session._gateway = session._gateway, self._gateway_made

    def _gateway_made(self, **parts: Any) -> Any:
        self.gateway = self._make_gateway(**parts)
        return self.gateway

    @asynccontextmanager
    async def trading(self, home: Path) -> AsyncIterator[None]:
        """Trade for as long as the context lasts."""
        stop = asyncio.Event()
        self._going = asyncio.ensure_future(self._session.run(home, {}, stop, lambda _: None))
        yield
        stop.set()
        await self._going

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true, or the session ended over it."""
        await until(lambda: self._going.done() or true())

    async def until_all_is_quoted(self) -> None:
        """Wait until what is on offer at first is quoted, then let more come, pair by pair."""
        await self.until(lambda: self._quoted() == ids_of(AT_FIRST))
        for pair in range(1, len(PAIRS)):
            self.shifted_exchange.at_present(partial(self._sights.put_on_offer, pair))
            wanted = ids_of(*PAIRS[: pair + 1])
            await self.until(partial(lambda wanted: self._quoted() == wanted, wanted))

    def _quoted(self) -> set[LineId]:
        """Return the lines on which wagers are open: a taker finds them."""
        # On paper the exchange is the gateway's own, live it is the sandbox.
        connection = getattr(self.gateway, "_connection", None)
        exchange = self.shifted_exchange.exchange if connection is None else connection._exchange
        wagers = chain.from_iterable(each.live.values() for each in exchange.participants)
        opened = [wager for wager in wagers if wager.opened_ns is not None]
        return {exchange.books[wager.line_index].line_id for wager in opened}


def ids_of(*pairs: tuple[Line, Line]) -> set[LineId]:
    """Return the names of the lines of pairs."""
    return {line.line_id for line in chain.from_iterable(pairs)}


def run(
    sandbox: Sandbox, compose_settings: Compose, home: Path, mode: str,
    meanwhile: Callable[[Trader], Awaitable[None]],
) -> list[Entry[Any]]:  # fmt: skip
    """Trade the three markets while something goes on; return the journal."""
    tape = write_markets(home / "tape")
    played = [f"recording.path={tape}", "sandbox.begin_minutes_before_start=120"]

    async def run() -> None:
        async with sandbox(SPEED, *played) as here:
            words = [f"mode={mode}", "session.name=first", *played, *here.settings]
            trader = Trader(build_session(compose_settings(*words)), here)
            async with trader.trading(home):
                await meanwhile(trader)

    run_watching(run())
    with JournalReader(home / "sessions" / "first" / "journal.sqlite") as journal:
        return list(journal.entries())


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["live", "paper"])
def test_markets_added_later_are_quoted_and_replayed(
    sandbox: Sandbox, compose_settings: Compose, run_main: RunMain, tmp_path: Path,
    mode: str,
) -> None:  # fmt: skip
    """An added market, game and point are quoted too; a replay gives the same wagers."""
    entries = run(sandbox, compose_settings, tmp_path, mode, Trader.until_all_is_quoted)
    added_entries = [
        (entry.input_seq, entry.payload)
        for entry in entries
        if isinstance(entry.payload, MarketsAdded)
    ]
    assert [added.lines for _, added in added_entries] == LATER
    assert [added.market_keys for _, added in added_entries] == [
        (SPREAD.key,), (OTHER_MONEYLINE.key,), ()
    ]  # fmt: skip
    places = [
        (entry.input_seq, entry.payload.line_id)
        for entry in entries
        if isinstance(entry.payload, PlaceWager)
    ]
    for (added_seq, _), pair in zip(added_entries, LATER, strict=True):
        seqs = [seq for seq, line_id in places if line_id in ids_of(pair)]
        assert seqs
        assert added_seq < min(seqs)
    commands = sum(isinstance(e.payload, PlaceWager | CancelWager | CancelAll) for e in entries)
    outcome = run_main(main, tmp_path, "replay", "sessions/first")
    assert outcome.out[0] == f"start 1: {commands} commands, as in the journal", outcome
    assert run_main(main, tmp_path, "compare", "sessions/first").status == 0
    compared = pl.read_parquet(tmp_path / "sessions" / "first" / "compare-00001.parquet")
    later = compared.filter(pl.col("line_id").is_in(ids_of(*LATER)))
    assert len(later)
    assert "rejected" not in later["simulated_ended"]


@pytest.mark.slow
def test_wagers_on_markets_added_later_are_settled(
    sandbox: Sandbox, compose_settings: Compose, tmp_path: Path
) -> None:
    """Live, a wager in an added game is matched, and its result covers both lines."""
    pair, key = PAIRS.index(LATER[1]), OTHER_MONEYLINE.key

    async def meanwhile(trader: Trader) -> None:
        await trader.until_all_is_quoted()
        trader.shifted_exchange.at_present(partial(take_and_settle, trader.shifted_exchange, pair))
        ledger = trader.gateway._opened.wagers._listener._desk.ledger
        await trader.until(lambda: key in ledger.settlements)

    entries = run(sandbox, compose_settings, tmp_path, "live", meanwhile)
    home, away = (line.line_id for line in LATER[1])
    (settled,) = (entry.payload for entry in entries if isinstance(entry.payload, MarketSettled))
    assert (settled.market_key, dict(settled.results)) == (
        key, {home: Result.WON, away: Result.LOST}
    )  # fmt: skip
    assert any(isinstance(entry.payload, WagerMatched) for entry in entries)
