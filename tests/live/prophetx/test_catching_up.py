"""Catching up with our own wagers, where the exchange's history lags behind the exchange."""

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
from tests.live.socket_peer import Peer, serving

PATIENCE_SECONDS = 120
PLACE = PlaceWager(WagerRef("a"), LineId("h"), Odds(-110), 1_000, Intent.REST)


def row(status: str, open_quantity: float) -> dict[str, Any]:
    """Return the wager as the exchange tells it."""
    told = {"order_id": "o-a", "external_id": "a", "price": -110, "quantity": 10}
    return told | {"status": status, "filled_quantity": 0, "open_quantity": open_quantity}


OPEN, GONE = row("open", 10), row("canceled", 0)


def caught_up(peer: Peer, *learnt: dict[str, Any]) -> tuple[list[str], list[type[Event]]]:
    """Return the refs shown as open after learning these, and what catching up told."""

    async def run() -> tuple[list[str], list[type[Event]]]:
        async with (
            serving(peer),
            connected(peer.site, WallClock(), {}, Path()) as connection,
        ):
            wagers = WagerTracker(
                OrderHistory(connection.client, connection.clock),
                connection.clock,
                Catalogue([], [], []),
                connection.decode_errors,
            )
            if learnt:
                wager: TrackedWager = wagers.add(PLACE)
                for each in learnt:
                    wagers.apply(wager, read(WireOrder, json.dumps(each), "order"))
            wagers.pending.clear()
            shown = await wagers.catch_up()
        return [order.ref for order in shown], [type(event) for event in wagers.pending]

    return asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))


def peer_with(history: list[dict[str, Any]], now: dict[str, Any]) -> Peer:
    """Return an exchange with this history, whose wager is by now as told."""
    answers = {"v4/mm/get_order_history": {"orders": history}, "v4/mm/get_order/o-a": now}
    return Peer(answers=answers)


@pytest.mark.parametrize(
    ("history", "now", "learnt", "shown"),
    [
        ([], OPEN, [OPEN], ["a"]),
        ([OPEN], GONE, [OPEN, GONE], []),
        ([OPEN], OPEN, [], ["a"]),
    ],
    ids=["not shown yet", "still shown", "not ours"],
)
def test_what_is_open_is_as_the_exchange_has_it_now(
    history: list[dict[str, Any]],
    now: dict[str, Any],
    learnt: list[dict[str, Any]],
    shown: list[str],
) -> None:
    """A history that does not show a wager yet, or still does, is not taken at its word."""
    assert caught_up(peer_with(history, now), *learnt) == (shown, [])


def test_an_end_that_was_missed_is_told() -> None:
    """A wager that the history shows no longer is looked up, and its end told."""
    assert caught_up(peer_with([], GONE), OPEN) == ([], [WagerCancelled])
