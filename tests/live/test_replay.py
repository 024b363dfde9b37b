"""The proof that modes are one: what a session did live, a replay of what it heard does again."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from conf.compose import build_session
from live.journal import Entry, SessionJournal
from sim.__main__ import main
from strategies.trading.commands import CancelWager, PlaceWager
from strategies.trading.events import WagerMatched

SPEED = 60
PATIENCE_SECONDS = 40
LONG_ENOUGH = 160
WORDS = ("+experiment=nba_in_play", "latency=none")

Sandbox = Callable[..., AbstractAsyncContextManager[Any]]
Compose = Callable[..., Any]


def entries(folder: Path) -> list[Entry]:
    """Return the journal of the session."""
    with SessionJournal(folder / "journal.sqlite") as journal:
        return list(journal.entries())


def count(folder: Path, *kinds: type) -> int:
    """Return how many of these are in the journal."""
    return sum(isinstance(entry.told, kinds) for entry in entries(folder))


async def until(there: Callable[[], bool], trading: "asyncio.Future[None]") -> None:
    """Wait until something is there, or the session has ended."""
    while not there() and not trading.done():
        await asyncio.sleep(0.1)


def trade(sandbox: Sandbox, compose: Compose, home: Path, mode: str) -> Path:
    """Trade a sandbox that plays the shipped game at speed, long enough; return the folder."""

    async def run() -> None:
        async with sandbox(SPEED, *WORDS, "sandbox.begin_minutes_before_start=8") as here:
            words = [*WORDS, f"mode={mode}", "session.name=first", *here.settings]
            session = build_session(compose(*words))
            stop = asyncio.Event()
            trading = asyncio.ensure_future(session.carry_out(home, {}, stop, print))
            await asyncio.sleep(15)
            stop.set()
            await trading

    asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))
    return home / "sessions" / "first"

def test_x(sandbox, compose_settings, tmp_path, run_main):
    f = trade(sandbox, compose_settings, tmp_path, "live")
    from collections import Counter
    print(Counter(type(e.told).__name__ for e in entries(f)))
    db = sqlite3.connect(f/"journal.sqlite"); print(db.execute("select kind,count(*) from feed group by 1").fetchall()); db.close()
    print(run_main(main, tmp_path, "replay", str(f)))
