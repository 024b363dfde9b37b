"""Catching up with our own wagers, where the exchange's history lags behind."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from live.decode import read
from live.prophetx.connection import connected
from live.prophetx.orders.open_wagers import ProphetOpenWagers
from live.prophetx.orders.order_history import UNKNOWN, OrderHistory
from live.prophetx.orders.tracked_wager import TrackedWager
from live.prophetx.orders.wager_tracker import WagerTracker
from live.prophetx.wire.orders import WireOrder
from live.wall_clock import WallClock
from strategies.trading.model.catalogue import Catalogue
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import (
    Event,
    MarketSettled,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from strategies.trading.model.ids import EventId, LineId, MarketId, WagerRef
from strategies.trading.model.market import Line, Market, Result, SportEvent
from strategies.trading.model.market_types import MarketType, Selection
from strategies.trading.model.odds import Odds
from strategies.trading.model.units import NS_PER_SECOND
from tests.live.scripted_server import ScriptedServer, serving

PATIENCE_SECONDS = 120
GAME, MONEYLINE = EventId("1"), MarketId("219")
CATALOGUE = Catalogue(
    [SportEvent(GAME, "A at H", "H", "A", "NBA", "basketball", 0)],
    [Market(GAME, MONEYLINE, MarketType.MONEYLINE, "Moneyline")],
    [
        Line(LineId("h"), GAME, MONEYLINE, Selection.HOME, 0.0),
        Line(LineId("a"), GAME, MONEYLINE, Selection.AWAY, 0.0),
    ],
)
PLACE = PlaceWager(WagerRef("a"), LineId("h"), Odds(-110), 1_000, Intent.REST)


def row(status: str, open_quantity: float) -> dict[str, Any]:
    """Return the wager as the exchange sends it."""
    order = {"order_id": "o-a", "external_id": "a", "price": -110, "quantity": 10}
    return order | {"status": status, "filled_quantity": 0, "open_quantity": open_quantity}


OPEN, GONE = row("open", 10), row("canceled", 0)


def caught_up(
    server: ScriptedServer, *known: dict[str, Any]
) -> tuple[list[str], list[type[Event]]]:
    """Return the open refs after these updates, and the types of the caught-up events."""

    async def run() -> tuple[list[str], list[type[Event]]]:
        async with (
            serving(server),
            connected(server.endpoint, WallClock(), {}, Path()) as connection,
        ):
            wagers = WagerTracker(
                OrderHistory(connection.client),
                connection.clock,
                Catalogue([], [], []),
                connection.decode_errors,
            )
            if known:
                wager: TrackedWager = wagers.add(PLACE)
                for each in known:
                    wagers.apply(wager, read(WireOrder, json.dumps(each), "order"))
            wagers.pending.clear()
            shown = await wagers.catch_up()
        return [order.ref for order in shown], [type(event) for event in wagers.pending]

    return asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))


def server_with(history: list[dict[str, Any]], now: dict[str, Any]) -> ScriptedServer:
    """Return a server with this history, and the present state of the wager."""
    responses = {"v4/mm/get_order_history": {"orders": history}, "v4/mm/get_order/o-a": now}
    return ScriptedServer(responses=responses)


@pytest.mark.parametrize(
    ("history", "now", "known", "shown"),
    [
        ([], OPEN, [OPEN], ["a"]),
        ([OPEN], GONE, [OPEN, GONE], []),
        ([OPEN], OPEN, [], ["a"]),
    ],
    ids=["not shown yet", "still shown", "not ours"],
)
def test_open_wagers_are_looked_up_individually(
    history: list[dict[str, Any]],
    now: dict[str, Any],
    known: list[dict[str, Any]],
    shown: list[str],
) -> None:
    """A history that does not list a wager yet, or still lists it, is not trusted."""
    assert caught_up(server_with(history, now), *known) == (shown, [])


def test_those_who_ask_for_a_wager_at_once_share_one_request() -> None:
    """Each refused cancel asks for its wager, and its route may be asked only once a second."""
    asked: list[Mapping[str, str]] = []

    def gone(query: Mapping[str, str]) -> dict[str, Any]:
        asked.append(query)
        return GONE

    async def run() -> list[bool]:
        server = ScriptedServer(responses={"v4/mm/get_order/o-a": gone})
        clock = WallClock()
        async with serving(server), connected(server.endpoint, clock, {}, Path()) as connection:
            history = OrderHistory(connection.client)
            tracker = WagerTracker(history, clock, CATALOGUE, connection.decode_errors)
            wager = tracker.add(PLACE)
            tracker.apply(wager, read(WireOrder, json.dumps(OPEN), "order"))
            return await asyncio.gather(*(tracker.has_ended(wager) for _ in range(9)))

    assert asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS)) == [True] * 9
    assert len(asked) == 1


def test_a_missed_end_is_recovered() -> None:
    """A wager that the history no longer lists is looked up, and its end is emitted."""
    assert caught_up(server_with([], GONE), OPEN) == ([], [WagerCancelled])


def recovered(
    history: Callable[[Mapping[str, str]], dict[str, Any]],
    clock: WallClock,
    placed_ns: int,
    update: WagerOpened | WagerMatched,
) -> tuple[list[TrackedWager], list[Event]]:
    """Recover an accepted wager of an earlier start; return what is unknown, and the events."""

    async def run() -> tuple[list[TrackedWager], list[Event]]:
        server = ScriptedServer(responses={"v4/mm/get_order_history": history})
        async with serving(server), connected(server.endpoint, clock, {}, Path()) as connection:
            tracker = WagerTracker(
                OrderHistory(connection.client), clock, CATALOGUE, connection.decode_errors
            )
            wager = TrackedWager(PLACE, CATALOGUE.lines[PLACE.line_id])
            for each in (WagerAccepted(PLACE.ref), update):
                wager.restore(each)
            return await tracker.recover([(placed_ns, wager)]), tracker.pending

    return asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))


def test_a_wager_older_than_the_history_gets_its_result() -> None:
    """The history goes back a week; an older wager is looked for around the time it was placed."""
    clock = WallClock()
    placed_ns = clock.wall_ns() - 20 * 86_400 * NS_PER_SECOND
    settled = row("closed", 0) | {"filled_quantity": 10, "winning_status": "loss"}

    def history(query: Mapping[str, str]) -> dict[str, Any]:
        is_around = int(query["from"]) <= placed_ns // NS_PER_SECOND <= int(query["to"])
        return {"orders": [settled] if is_around else []}

    matched = WagerMatched(PLACE.ref, PLACE.odds, 1_000, 909, 1_000)
    _, (event,) = recovered(history, clock, placed_ns, matched)
    assert isinstance(event, MarketSettled)
    assert dict(event.results)[PLACE.line_id] is Result.LOST


@pytest.mark.parametrize(("looks_until_shown", "unknown"), [(2, []), (99, [PLACE.ref])])
def test_wagers_of_the_journal_that_the_exchange_does_not_have_are_named(
    looks_until_shown: int, unknown: list[WagerRef]
) -> None:
    """Its history lags, so they are looked for; one that never shows is of another exchange."""
    clock = WallClock(speed=100)
    looks = 0

    def history(_: Mapping[str, str]) -> dict[str, Any]:
        nonlocal looks
        looks += 1
        return {"orders": [OPEN] if looks > looks_until_shown else []}

    found, _ = recovered(history, clock, clock.wall_ns(), WagerOpened(PLACE.ref))
    assert [wager.ref for wager in found] == unknown


@pytest.mark.parametrize(
    ("seconds", "code", "is_named"),
    [
        (50, UNKNOWN, True),
        (70, UNKNOWN, False),
        (1, "invalid_price", False),
    ],
)
def test_a_wager_that_was_not_found_may_still_be_executed_for_a_minute(
    seconds: int, code: str, is_named: bool
) -> None:
    """An end names it, though the desk has it as rejected; one that was refused it does not."""
    endpoint = ScriptedServer().endpoint
    times = [0]
    clock = WallClock(monotonic_ns=lambda: times[-1])

    async def run() -> list[str]:
        async with connected(endpoint, clock, {}, Path()) as connection:
            history = OrderHistory(connection.client)
            tracker = WagerTracker(history, clock, CATALOGUE, connection.decode_errors)
            tracker.emit(tracker.add(PLACE).reject(code))
            times.append(seconds * NS_PER_SECOND)
            wagers = ProphetOpenWagers(connection.client, endpoint, CATALOGUE, tracker)
            return [*wagers.unanswered()]

    assert bool(asyncio.run(run())) == is_named
