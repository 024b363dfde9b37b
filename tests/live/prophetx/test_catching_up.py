"""Catching up with our own wagers, where the exchange's history lags behind."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from live.decode import read
from live.prophetx.connection import connected
from live.prophetx.orders.order_history import OrderHistory
from live.prophetx.orders.tracked_wager import TrackedWager
from live.prophetx.orders.wager_tracker import WagerTracker
from live.prophetx.wire.orders import WireOrder
from live.wall_clock import WallClock
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.events import Event, WagerCancelled
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.market import Catalogue
from strategies.trading.model.odds import Odds
from tests.live.scripted_server import ScriptedServer, serving

PATIENCE_SECONDS = 120
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
                OrderHistory(connection.client, connection.clock),
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


def test_a_missed_end_is_recovered() -> None:
    """A wager that the history no longer lists is looked up, and its end is emitted."""
    assert caught_up(server_with([], GONE), OPEN) == ([], [WagerCancelled])
