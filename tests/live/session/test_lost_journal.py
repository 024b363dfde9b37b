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
KINDS = ("moneyline", "spread", "total")
GAME = ("+experiment=nba_in_play", "latency=none")


@pytest.mark.slow
def test_case_23_a_start_without_its_journal_names_what_it_lacks(
    sandbox: Sandbox, compose_settings: Compose, tmp_path: Path
) -> None:
    """With a log that was cut, or from another folder: refused, with nothing open."""
    lines: list[str] = []
    folder = tmp_path / "sessions" / "first"

    def session(here: LocalSandbox, *words: str) -> Session:
        words = ("mode=live", *GAME, "session.name=first", *here.settings, *words)
        built: Session = build_session(compose_settings(*words))
        return built

    async def is_refused(here: LocalSandbox, home: Path, *words: str) -> None:
        with pytest.raises(JournalError, match=r"use another session\.name"):
            await session(here, *words).run(home, {}, asyncio.Event(), lines.append)
        assert here.live_wagers == 0
        assert any(line.startswith("not in the journal: first-") for line in lines)

    async def run() -> None:
        async with sandbox(SPEED, *GAME, "sandbox.begin_minutes_before_start=8") as here:
            stop = asyncio.Event()
            first = asyncio.ensure_future(session(here).run(tmp_path, {}, stop, lines.append))
            await until(lambda: first.done() or here.live_wagers)
            early = {path: path.read_bytes() for path in folder.glob("journal.sqlite*")}
            await until(lambda: first.done() or here.has_traded(wagers=1, fills=1))
            stop.set()
            await first
            for path in (folder / "journal.sqlite", folder / "journal.sqlite-wal"):
                path.write_bytes(
                    early[path][: len(early[path]) // 2 if "wal" in path.name else None]
                )
            await is_refused(here, tmp_path)
            assert any("journal.sqlite: lacks the last " in line for line in lines)
            missing = [line for line in lines if line.startswith("not in the journal: ")]
            assert all(any(kind in line for kind in KINDS) for line in missing), missing
            lines.clear()
            await is_refused(here, tmp_path / "elsewhere", "markets.types=[total]")

    run_watching(run())
    assert last_start(folder) == 2
