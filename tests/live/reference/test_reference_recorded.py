"""Prices from outside: from the file they are appended to, to a backtest that trades on them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from conf.compose import build_session
from live.prophetx.connection import Connection, connected
from live.prophetx.market_data.tape_rows import levels_of
from live.prophetx.tools.record import Recording
from live.wall_clock import WallClock
from recordings.reader import Tape
from recordings.tape import Kind
from recordings.validator import validate
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose, RunIn
from tests.live.local_sandbox import LocalSandbox, Sandbox

pytestmark = pytest.mark.slow  # a session on the clock, recorded

SPEED = 40
# Of the exchange: how often a price is repeated, how many times, and how long nothing comes then.
EVERY_NS = 2 * NS_PER_SECOND
REPEATED = 30
SILENT_NS = 80 * NS_PER_SECOND
FAIR = 0.56


async def home_line(connection: Connection) -> str:
    """Return the line of home, as the exchange names it."""
    (tournament,) = await connection.client.tournaments()
    (event,) = await connection.client.events(tournament.id)
    market = (await connection.client.markets([event.event_id]))[event.event_id][0]
    return levels_of(market.strikes[0])[0].strike_id


@asynccontextmanager
async def recording(
    here: LocalSandbox, compose_settings: Compose, folder: Path, prices: Path
) -> AsyncIterator[Connection]:
    """Record a sandbox with prices from a file, as a command line would set it up."""
    words = ("mode=record", f"reference.path={prices}", *here.settings)
    session: Recording = build_session(compose_settings(*words))
    stop = asyncio.Event()
    notes: list[str] = []
    async with connected(here.endpoint, session.clock, {}, folder.parent) as connection:
        running = asyncio.create_task(session.run(folder, connection, stop, notes.append))
        await until(lambda: any("is up" in note for note in notes) or running.done())
        assert not running.done(), running.result()
        yield connection
        stop.set()
        await running


async def append_prices(prices: Path, line_id: str, clock: WallClock) -> None:
    """Append a price again and again, as a model of somebody else would."""
    line = json.dumps({"line_id": line_id, "probability": FAIR}) + "\n"
    for _ in range(REPEATED):
        with prices.open("a", encoding="utf-8") as file:
            file.write(line)
        await clock.sleep_until(clock.wall_ns() + EVERY_NS)


@pytest.fixture
def recorded(sandbox: Sandbox, compose_settings: Compose, small_tape: Path, tmp_path: Path) -> Path:
    """Return a recording of a sandbox during which prices came from outside, and then stopped."""
    folder, prices = tmp_path / "made", tmp_path / "prices.jsonl"

    async def run() -> None:
        played = [f"recording.path={small_tape}", "sandbox.begin_minutes_before_start=115"]
        async with (
            sandbox(SPEED, *played) as here,
            recording(here, compose_settings, folder, prices) as connection,
        ):
            clock = connection.clock
            await append_prices(prices, await home_line(connection), clock)
            await clock.sleep_until(clock.wall_ns() + SILENT_NS)

    run_watching(run())
    return folder


def test_a_backtest_trades_on_the_recorded_prices(
    recorded: Path, run_in: RunIn, tmp_path: Path
) -> None:
    """A recording holds the prices of a file, and its backtest quotes on them while fresh."""
    validate(Tape(recorded))
    rows = [row for chunk in Tape(recorded).chunks() for row in chunk.rows()]
    price_ns = [row.received_ns for row in rows if row.kind == Kind.REFERENCE]
    # Those that came before the first snapshot was written are one.
    assert REPEATED / 2 < len(price_ns) <= REPEATED
    # The prices of the file are far from those of the game, which price sanity would deny.
    words = ("pricing=reference", "risk.max_price_deviation_percent=0")
    done = run_in(tmp_path, f"recording.path={recorded}", *words)
    assert done.table("prices")["fair"].drop_nulls().unique().to_list() == [FAIR]
    wagers = done.table("wagers").to_dicts()
    assert wagers
    assert rows[-1].received_ns > price_ns[-1] + 40 * NS_PER_SECOND
    for wager in wagers:
        assert price_ns[0] <= wager["placed_ns"] <= price_ns[-1] + 30 * NS_PER_SECOND
        assert wager["ended_ns"] < price_ns[-1] + 40 * NS_PER_SECOND
