"""A session whose journal was lost, and what the exchange still has under its name."""

import asyncio
from pathlib import Path

import pytest

from conf.compose import build_session
from live.session.session import Session, last_start
from strategies.trading.model.errors import JournalError
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose
from tests.live.local_sandbox import LocalSandbox, Sandbox

SPEED = 60
GAME = ("+experiment=nba_in_play", "latency=none")


@pytest.mark.slow
def test_a_start_without_its_journal_names_what_it_lacks(
    sandbox: Sandbox, compose_settings: Compose, tmp_path: Path
) -> None:
    """It is refused, with nothing open, and no number of a start is used again."""
    lines: list[str] = []

    def session(here: LocalSandbox) -> Session:
        words = ["mode=live", *GAME, "session.name=first", *here.settings]
        built: Session = build_session(compose_settings(*words))
        return built

    async def run() -> None:
        async with sandbox(SPEED, *GAME, "sandbox.begin_minutes_before_start=8") as here:
            stop = asyncio.Event()
            first = asyncio.ensure_future(session(here).run(tmp_path, {}, stop, lines.append))
            await until(lambda: first.done() or here.has_traded(wagers=1, fills=1))
            stop.set()
            await first
            for path in (tmp_path / "sessions" / "first").glob("journal.sqlite*"):
                path.unlink()
            with pytest.raises(JournalError, match=r"use another session\.name"):
                await session(here).run(tmp_path, {}, asyncio.Event(), lines.append)
            assert here.live_wagers == 0

    run_watching(run())
    missing = [line for line in lines if line.startswith("not in the journal: first-")]
    assert missing
    assert all("moneyline" in line or "spread" in line or "total" in line for line in missing)
    assert last_start(tmp_path / "sessions" / "first") == 2
