"""The gateway port: an exchange that is not ProphetX runs a whole session through it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conf.compose import build_parts
from live.session.session import Session
from live.wall_clock import WallClock
from recordings.journal.journal_reader import JournalReader
from recordings.reader import Tape
from recordings.validator import validate
from strategies.trading.model.commands import CancelAll, PlaceWager
from strategies.trading.model.events import FeedLost, FeedRestored, WagerCancelled, WagerMatched
from tests.fixture_types import Compose
from tests.live.session.toy_exchange import ToyGateway

PATIENCE_SECONDS = 60
POLL_SECONDS = 0.02


async def until(true: Callable[[], bool], ended: Callable[[], bool]) -> None:
    """Wait until something is true, events sent meanwhile included, or the session ended."""
    await asyncio.sleep(POLL_SECONDS)
    while not true() and not ended():
        await asyncio.sleep(POLL_SECONDS)


def session_on(parts: dict[str, Any], made: list[ToyGateway]) -> Session:
    """Return a session at a toy exchange, which is appended to a list once it is made."""

    def gateway(**settings: Any) -> ToyGateway:
        made.append(ToyGateway(**settings))
        return made[-1]

    taken = ("fees", "pricing", "strategy", "risk", "wagers", "markets")
    return Session(
        clock=WallClock,
        gateway=gateway,
        session={"name": "toy"},
        segment_seconds=30,
        compare_seconds=900,
        account_seconds=60,
        report_seconds=60,
        configuration="",
        **{name: parts[name] for name in taken},
    )


def test_a_session_runs_at_an_exchange_in_memory(compose_settings: Compose, tmp_path: Path) -> None:
    """It quotes, books a fill, cancels in a gap, quotes again, and leaves nothing open."""
    words = ("mode=live", "strategy.quote_refresh_seconds=0")
    parts = build_parts(compose_settings(*words))
    made: list[ToyGateway] = []
    lines: list[str] = []

    async def run() -> None:
        stop = asyncio.Event()
        trading = asyncio.ensure_future(
            session_on(parts, made).run(tmp_path, {}, stop, lines.append)
        )
        await until(lambda: bool(made) and len(made[0].open_wagers) >= 2, trading.done)
        toy = made[0]
        toy.fill(next(iter(toy.open_wagers)))
        toy.market.lose_feed()
        await until(lambda: not toy.open_wagers, trading.done)
        toy.market.restore_feed()
        await until(lambda: len(toy.open_wagers) >= 1, trading.done)
        stop.set()
        await trading

    asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))
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
