"""How a rehearsal comes to the orders of the review, and what it needs for that."""

import asyncio
from dataclasses import replace
from pathlib import Path

from conf.compose import build_parts
from live.prophetx.tools.rehearsal_orders import RequoteDrill, quoting_ends_ns
from live.session.session_run import StartedRun
from live.wall_clock import WallClock
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import JumpingLoop, run_jumping, until
from tests.fixture_types import Compose
from tests.live.session.test_gateway import PATIENCE_SECONDS, session_on
from tests.live.session.toy_exchange import ToyGateway

ORDERS, HOURS = 6, 0.06


def test_quotes_are_pulled_until_there_are_enough_orders(
    compose_settings: Compose, tmp_path: Path
) -> None:
    """At a market whose prices never move, orders keep up with the time; then nothing is pulled."""
    parts = build_parts(compose_settings("mode=live", "strategy.quote_refresh_seconds=0"))
    made: list[ToyGateway] = []
    runs: list[StartedRun] = []
    drills: list[RequoteDrill] = []

    async def run(loop: JumpingLoop) -> None:
        stop = asyncio.Event()
        session = session_on(parts, loop, made)
        running = session.run(tmp_path, {}, stop, lambda _: None, on_started=runs.append)
        trading = asyncio.ensure_future(running)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: runs)
            clock = WallClock(monotonic_ns=loop.monotonic_ns)
            drills.append(RequoteDrill(runs[0], made[0].clock, ORDERS, HOURS))
            drilling = asyncio.ensure_future(drills[0].run())
            await clock.sleep_until(clock.wall_ns() + int(HOURS * 3_600 * NS_PER_SECOND))
            drilling.cancel()
            stop.set()
            await trading

    run_jumping(run)
    # Two wagers are placed again after each pull.
    assert ORDERS <= runs[0].health.placed <= ORDERS + 2
    assert drills[0].pulls == (runs[0].health.placed - 2) / 2
    desk = runs[0].desk
    (event,) = desk.market_states.events.values()
    assert quoting_ends_ns(desk) == event.scheduled_ns - 120 * NS_PER_SECOND
    desk.risk.limits = replace(desk.risk.limits, in_play=True)
    assert quoting_ends_ns(desk) is None
