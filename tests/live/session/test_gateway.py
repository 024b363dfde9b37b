"""The gateway port: an exchange that is not ProphetX runs a whole session through it."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from conf.compose import build_parts
from live.session.gateway import TradedAccount
from live.session.session import Session
from live.wall_clock import WallClock
from recordings.journal.journal_reader import JournalReader
from recordings.reader import Tape
from recordings.validator import validate
from strategies.trading.model.commands import CancelAll, PlaceWager
from strategies.trading.model.events import FeedLost, FeedRestored, WagerCancelled, WagerMatched
from tests.event_loops import JumpingLoop, run_jumping, until
from tests.fixture_types import Compose
from tests.live.session.toy_exchange import ToyGateway, toy_session

# Of the loop, whose time jumps.
PATIENCE_SECONDS = 3_600


def session_on(
    parts: dict[str, Any],
    loop: JumpingLoop,
    made: list[ToyGateway],
    account: TradedAccount | None = None,
    **settings: Any,
) -> Session:
    """Return a session at a toy exchange, which is appended to a list once it is made."""

    def gateway(**settings: Any) -> ToyGateway:
        made.append(ToyGateway(**settings, account=account))
        return made[-1]

    clock = partial(WallClock, monotonic_ns=loop.monotonic_ns)
    return toy_session(parts, gateway, clock=clock, closing_seconds=600, **settings)


def test_a_session_runs_at_an_exchange_in_memory(compose_settings: Compose, tmp_path: Path) -> None:
    """It quotes, books a fill, cancels in a gap, quotes again, and leaves nothing open."""
    words = ("mode=live", "strategy.quote_refresh_seconds=0")
    parts = build_parts(compose_settings(*words))
    made: list[ToyGateway] = []
    lines: list[str] = []

    async def run(loop: JumpingLoop) -> None:
        stop = asyncio.Event()
        session = session_on(parts, loop, made)
        trading = asyncio.ensure_future(session.run(tmp_path, {}, stop, lines.append))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: made and len(made[0].open_wagers) >= 2)
            toy = made[0]
            toy.fill(next(iter(toy.open_wagers)))
            toy.market.lose_feed()
            await until(lambda: not toy.open_wagers)
            toy.market.restore_feed()
            await until(lambda: toy.open_wagers)
            stop.set()
            await trading

    run_jumping(run)
    assert made[0].open_wagers == {}
    assert lines[-1] == "nothing is open at toy"
    folder = tmp_path / "sessions" / "toy"
    with JournalReader(folder / "journal.sqlite") as journal:
        kinds = [type(entry.payload) for entry in journal.entries()]
    assert kinds.count(WagerMatched) == 1
    lost, restored = kinds.index(FeedLost), kinds.index(FeedRestored)
    assert kinds[:lost].count(PlaceWager) >= 2
    assert WagerCancelled in kinds[lost:restored]
    assert PlaceWager not in kinds[lost:restored]
    assert PlaceWager in kinds[restored:]
    assert CancelAll in kinds[restored:]
    assert validate(Tape(folder / "tape-00001")).rows >= 6
