"""Prices from outside, from the file they are appended to, to a backtest that trades on them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from live.prophetx.connection import Connection, connected
from recordings.reader import Tape
from recordings.tape import Kind
from recordings.validator import validate
from strategies.trading.model.units import NS_PER_SECOND

pytestmark = pytest.mark.slow  # a session on the clock, recorded

SPEED = 20
PATIENCE_SECONDS = 120
# Of the wall: how long a price is repeated before the source falls silent, and how long after.
TOLD_SECONDS = 3
SILENT_SECONDS = 4
FAIR = 0.56

Sandbox = Callable[..., AbstractAsyncContextManager[Any]]


async def home_line(connection: Connection) -> str:
    """Return the line of home, as the exchange names it."""
    (tournament,) = await connection.client.tournaments()
    (event,) = await connection.client.events(tournament.id)
    market = (await connection.client.markets([event.event_id]))[event.event_id][0]
    return market.strikes[0].levels[0].strike_id


@asynccontextmanager
async def recording(
    here: Any, build: Callable[..., Any], folder: Path, prices: Path
) -> AsyncIterator[Connection]:
    """Record a sandbox with prices from a file, as a command line would set it up."""
    session = build("mode=record", f"reference.path={prices}", *here.settings)
    stop = asyncio.Event()
    notes: list[str] = []
    async with connected(here.site, session.clock, {}, folder.parent) as connection:
        taping = asyncio.create_task(session.run(folder, connection, stop, notes.append))
        while not any("is up" in note for note in notes):
            assert not taping.done(), taping.result()
            await asyncio.sleep(0.01)
        yield connection
        stop.set()
        await taping


async def tell_prices(prices: Path, line_id: str) -> None:
    """Append a price again and again, as a model of somebody else would."""
    said = json.dumps({"line_id": line_id, "probability": FAIR}) + "\n"
    for _ in range(TOLD_SECONDS * 10):
        with prices.open("a", encoding="utf-8") as file:
            file.write(said)
        await asyncio.sleep(0.1)


@pytest.fixture
def recorded(
    sandbox: Sandbox, build_backtest: Callable[..., Any], small_tape: Path, tmp_path: Path
) -> Path:
    """Return a recording of a sandbox during which prices came from outside, and then stopped."""
    folder, prices = tmp_path / "made", tmp_path / "prices.jsonl"

    async def run() -> None:
        played = [f"recording.path={small_tape}", "sandbox.begin_minutes_before_start=115"]
        async with (
            sandbox(SPEED, *played) as here,
            recording(here, build_backtest, folder, prices) as connection,
        ):
            await tell_prices(prices, await home_line(connection))
            await asyncio.sleep(SILENT_SECONDS)

    asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))
    return folder


def test_what_was_known_when_recorded_is_what_a_backtest_trades_on(
    recorded: Path, run_in: Callable[..., Any], tmp_path: Path
) -> None:
    """A recording holds the prices of a file, and its backtest quotes on them while fresh."""
    validate(Tape(recorded))
    rows = [row for chunk in Tape(recorded).chunks() for row in chunk.rows()]
    told_ns = [row.received_ns for row in rows if row.kind == Kind.REFERENCE]
    # Those that came before the first snapshot was written are one.
    assert TOLD_SECONDS * 5 < len(told_ns) <= TOLD_SECONDS * 10
    done = run_in(tmp_path, f"recording.path={recorded}", "pricing=reference")
    assert done.table("prices")["fair"].drop_nulls().unique().to_list() == [FAIR]
    wagers = done.table("wagers").to_dicts()
    assert wagers
    assert rows[-1].received_ns > told_ns[-1] + 40 * NS_PER_SECOND
    for wager in wagers:
        assert told_ns[0] <= wager["placed_ns"] <= told_ns[-1] + 30 * NS_PER_SECOND
        assert wager["ended_ns"] < told_ns[-1] + 40 * NS_PER_SECOND
