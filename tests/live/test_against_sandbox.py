"""The bridge against our own sandbox: wagers through REST, the stream through its faults."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from live.prophetx.connection import Connection, connected
from live.prophetx.market_data.tape_rows import levels_of
from live.prophetx.rest.client import ProphetClient
from live.prophetx.socket.records import (
    Message,
    Record,
    SocketDown,
    SocketUp,
    UnreadableMessage,
)
from live.prophetx.socket.stream import Stream, StreamSettings
from live.prophetx.wire.orders import WireCancellation
from live.wall_clock import WallClock
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import RefusalError, UnreachableError
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds, prophetx_ladder
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import run_watching, until
from tests.live.local_sandbox import LocalSandbox, Sandbox

FEED = StreamSettings(5, 0.5, 2, 4, 60, 5, 0.05, 0.5)

Scenario = Callable[[LocalSandbox, Connection], Awaitable[None]]


def play(sandbox: Sandbox, scenario: Scenario, answer_seconds: float = 5) -> None:
    """Play a scenario between a sandbox of the shipped recording and a connection to it."""

    async def run() -> None:
        async with sandbox(20, "+experiment=nba", "latency=none") as here:
            endpoint = replace(here.endpoint, answer_seconds=answer_seconds)
            clock = WallClock(speed=endpoint.speed)
            async with connected(endpoint, clock, {}, Path()) as connection:
                await scenario(here, connection)

    run_watching(run())


async def a_wager(connection: Connection, ref: str, **changes: Any) -> PlaceWager:
    """Return a small wager on the first line of the first market, at long odds."""
    client = connection.client
    (tournament,) = await client.tournaments()
    (event,) = await client.events(tournament.id)
    market = next(each for each in (await client.markets([event.event_id]))[event.event_id])
    line = LineId(levels_of(market.strikes[0])[0].strike_id)
    wager: dict[str, Any] = {
        "odds": Odds(1_000),
        "stake_cents": 1_250,
        "intent": Intent.REST,
    } | changes
    return PlaceWager(WagerRef(ref), line, **wager)


async def wagers_of(connection: Connection) -> dict[str, str]:
    """Return the wagers of the account with their states."""
    now = connection.clock.wall_ns() // NS_PER_SECOND
    query = {"from": now - 86_400, "to": now + 60}
    orders = await connection.client.history(**query)
    return {order.ref: order.status or "" for order in orders}


async def cancel(client: ProphetClient, order: WireCancellation) -> None:
    """Cancel a wager, retrying while the exchange refuses an early cancel."""
    while True:
        try:
            await client.cancel(order)
        except RefusalError as refusal:
            if refusal.code != "order_opened_retry":
                raise
        else:
            return


def test_the_catalogue_is_read(sandbox: Sandbox) -> None:
    """The ladder, the balance and three markets of the shipped game are read."""

    async def scenario(here: LocalSandbox, connection: Connection) -> None:
        client = connection.client
        assert tuple(sorted(await client.ladder())) == prophetx_ladder().rungs
        assert (await client.balance()).balance_cents == 1_000_000
        (tournament,) = await client.tournaments()
        (event,) = await client.events(tournament.id)
        markets = (await client.markets([event.event_id]))[event.event_id]
        assert sorted(str(market.type) for market in markets) == ["moneyline", "spread", "total"]
        assert connection.decode_errors.total == 0

    play(sandbox, scenario)


def test_a_wager_is_placed_looked_up_and_cancelled(sandbox: Sandbox) -> None:
    """A wager is placed to the cent, found by its id, and cancelled once."""

    async def scenario(here: LocalSandbox, connection: Connection) -> None:
        client = connection.client
        placed = await client.place(await a_wager(connection, "first"))
        assert (placed.ref, placed.stake_cents) == ("first", 1_250)
        assert (await client.order(placed.number)).ref == "first"
        both = WireCancellation(order_id=placed.number, external_id="first")
        await cancel(client, both)
        with pytest.raises(RefusalError, match="order_already_cancelled"):
            await client.cancel(both)
        (again,) = await client.cancel_batch([both])
        assert again.error is not None
        assert not again.success
        assert not await client.cancel_all()

    play(sandbox, scenario)


def test_a_batch_is_handled_item_by_item(sandbox: Sandbox) -> None:
    """Valid items of a batch are placed; the rest come back with their index and code."""

    async def scenario(here: LocalSandbox, connection: Connection) -> None:
        client = connection.client
        good = await a_wager(connection, "good")
        bad = await a_wager(connection, "bad", odds=Odds(-147))
        response = await client.place_batch([good, bad])
        assert [order.ref for order in response.succeed_orders or ()] == ["good"]
        assert [(each.index, each.error) for each in response.failed_orders or ()] == [
            (1, "invalid_price")
        ]
        assert await client.cancel_all()

    play(sandbox, scenario)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["late", "reset"])
def test_a_placement_without_a_response_was_placed_once(sandbox: Sandbox, kind: str) -> None:
    """Where the response is lost the outcome is unknown; a later query finds the wager once."""

    async def scenario(here: LocalSandbox, connection: Connection) -> None:
        wager = await a_wager(connection, "lost")
        here.server.inject_fault({"kind": kind, "path": "submit_order", "seconds": 60})
        with pytest.raises(UnreachableError):
            await connection.client.place(wager)
        assert list(await wagers_of(connection)) == ["lost"]
        with pytest.raises(RefusalError, match="existed"):
            await connection.client.place(wager)

    play(sandbox, scenario, answer_seconds=2)


def test_a_session_survives_expired_tokens(sandbox: Sandbox) -> None:
    """Expired access tokens are refreshed, expired sessions replaced, unnoticed by the caller."""

    async def scenario(here: LocalSandbox, connection: Connection) -> None:
        await connection.client.balance()
        for code in ("", "refresh"):
            here.server.inject_fault({"kind": "expired_token", "code": code})
            assert (await connection.client.balance()).balance_cents == 1_000_000

    play(sandbox, scenario)


def test_a_busy_exchange_is_retried(sandbox: Sandbox) -> None:
    """Reads are repeated after 429; a placement is refused and not sent again."""

    async def scenario(here: LocalSandbox, connection: Connection) -> None:
        wager = await a_wager(connection, "busy")
        here.server.inject_fault({"kind": "too_many", "path": "get_balance", "count": 2})
        assert (await connection.client.balance()).balance_cents == 1_000_000
        here.server.inject_fault({"kind": "too_many", "path": "submit_order"})
        with pytest.raises(RefusalError, match="rate_limit_reached"):
            await connection.client.place(wager)
        assert await wagers_of(connection) == {}

    play(sandbox, scenario)


FAULTS = {
    "reset": [{"kind": "socket_reset"}],
    "closed": [{"kind": "socket_close"}],
    "closed to come back": [{"kind": "socket_close", "code": "4200"}],
    "frozen": [{"kind": "frozen_socket", "seconds": 6}],
    "expired": [{"kind": "expired_token", "code": "refresh"}, {"kind": "socket_reset"}],
}


@pytest.mark.slow
@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_the_stream_survives_the_sandboxs_faults(
    sandbox: Sandbox, faults: list[dict[str, object]]
) -> None:
    """Whatever the sandbox does to the socket, the gap is reported and another epoch comes up."""

    async def scenario(here: LocalSandbox, connection: Connection) -> None:
        (tournament,) = await connection.client.tournaments()
        events = await connection.client.events(tournament.id)
        ids = [event.event_id for event in events]
        records: list[Record] = []
        rng = np.random.default_rng(2)
        stream = Stream(
            connection.client, connection.endpoint, connection.clock, FEED, rng, lambda: ids,
            connection.decode_errors,
        )  # fmt: skip
        streaming = asyncio.create_task(stream.run(records.append))

        async def ups(count: int) -> None:
            def are_up() -> bool:
                return sum(isinstance(record, SocketUp) for record in records) >= count

            await until(lambda: are_up() or streaming.done())
            assert not streaming.done(), streaming.result()

        await ups(1)
        for fault in faults:
            here.server.inject_fault(fault)
        await ups(2)
        assert any(isinstance(record, SocketDown) for record in records)
        streaming.cancel()
        await asyncio.gather(streaming, return_exceptions=True)

    play(sandbox, scenario)


@pytest.mark.slow
def test_a_garbled_frame_of_the_sandbox_is_skipped(sandbox: Sandbox) -> None:
    """A frame of garbage is counted, and the stream stays up."""

    async def scenario(here: LocalSandbox, connection: Connection) -> None:
        records: list[Record] = []
        rng = np.random.default_rng(2)
        stream = Stream(
            connection.client, connection.endpoint, connection.clock, FEED, rng, list,
            connection.decode_errors,
        )  # fmt: skip
        streaming = asyncio.create_task(stream.run(records.append))
        await until(lambda: records)
        here.server.inject_fault({"kind": "garbage_frame"})
        await until(lambda: any(isinstance(record, UnreadableMessage) for record in records))
        # The socket is kept: something comes on it after the garbage.
        await until(lambda: isinstance(records[-1], Message))
        assert not any(isinstance(record, SocketDown) for record in records)
        streaming.cancel()
        await asyncio.gather(streaming, return_exceptions=True)

    play(sandbox, scenario)
