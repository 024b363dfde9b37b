"""Plays whole sessions against our own sandbox, and reads what they leave."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from conf.compose import build_session
from live.session.session import Session
from recordings.journal.entries import Entry
from recordings.journal.journal_reader import JournalReader
from strategies.trading.model.events import (
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose
from tests.live.local_sandbox import LocalSandbox, Sandbox

SPEED = 20


# How a session says how it is, often enough for these tests.
OFTEN = "run.report_seconds=0.2"
COUNTS = re.compile(r" open, (\d+) placed, (\d+) accepted")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
Meanwhile = Callable[[LocalSandbox, asyncio.Event], Awaitable[None]]


def session_of(compose_settings: Compose, here: LocalSandbox, mode: str, *words: str) -> Session:
    """Return a session that trades a sandbox."""
    given = ["+experiment=nba", f"mode={mode}", "session.name=first", *here.settings, *words]
    session: Session = build_session(compose_settings(*given))
    return session


class SessionRunner:
    """Plays sessions against one sandbox, in a folder."""

    def __init__(self, sandbox: Sandbox, compose_settings: Compose, folder: Path) -> None:
        """Start without printed lines."""
        self._sandbox = sandbox
        self._compose = compose_settings
        self.folder = folder
        self.lines: list[str] = []

    def play(
        self,
        mode: str,
        meanwhile: Meanwhile,
        *words: str,
        times: int = 1,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Start a session some times, each until what goes on meanwhile is over."""

        async def run() -> None:
            async with self._sandbox(SPEED, "+experiment=nba") as self.here:
                for _ in range(times):
                    session = session_of(self._compose, self.here, mode, *words)
                    await self._start(session, self.here, meanwhile, environ or {})

        run_watching(run())

    async def _start(
        self, session: Session, here: LocalSandbox, meanwhile: Meanwhile, environ: Mapping[str, str]
    ) -> None:
        stop = asyncio.Event()
        trading = asyncio.ensure_future(session.run(self.folder, environ, stop, self.lines.append))
        going = asyncio.ensure_future(meanwhile(here, stop))
        await asyncio.wait((trading, going), return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        going.cancel()
        await trading

    async def until_line(self, beginning: str) -> None:
        """Wait until a line begins so."""
        await until(lambda: any(line.startswith(beginning) for line in self.lines))

    def counts(self, since: int = 0) -> list[tuple[int, ...]]:
        """Return the reported numbers of placed and accepted wagers, from a line on."""
        found = [COUNTS.search(line) for line in self.lines[since:]]
        return [tuple(map(int, each.groups())) for each in found if each]

    async def until_taken(self, wagers: int) -> None:
        """Wait until this many wagers are reported as accepted."""
        await until(lambda: any(taken >= wagers for _, taken in self.counts()))

    async def until_more_are_placed(self) -> None:
        """Wait until a report counts more placed wagers than the next report does."""
        since = len(self.lines)
        await until(lambda: len({placed for placed, _ in self.counts(since)}) >= 2)

    def entries(self) -> list[Entry[Any]]:
        """Return the journal of the session."""
        with JournalReader(self.folder / "sessions" / "first" / "journal.sqlite") as journal:
            return list(journal.entries())

    def kinds(self) -> list[type]:
        """Return the types of what is in the journal."""
        return [type(entry.payload) for entry in self.entries()]


async def quoting(here: LocalSandbox, at_least: int = 4) -> None:
    """Wait until this many wagers rest at the exchange."""
    await until(lambda: here.live_wagers >= at_least)


def every_opened_wager_is_gone(runner: SessionRunner) -> None:
    """Assert that every opened wager was cancelled or matched."""
    events = [entry.payload for entry in runner.entries()]
    opened = {event.ref for event in events if isinstance(event, WagerOpened)}
    gone = {event.ref for event in events if isinstance(event, WagerCancelled | WagerMatched)}
    assert opened <= gone
