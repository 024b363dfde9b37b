"""Starts of one session that trade against one sandbox."""

import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from conf.compose import build_session
from recordings.journal.entries import Entry
from recordings.journal.journal_reader import JournalReader
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose
from tests.live.local_sandbox import LocalSandbox, Sandbox

# How a session reports on itself, often enough for a test that waits for it.
OFTEN = "run.report_seconds=0.2"
_PLACED = re.compile(r" open, (\d+) placed, ")

Holds = Callable[[LocalSandbox], bool]


class SessionStarts:
    """Plays starts of one session against one sandbox that plays the shipped game at speed."""

    def __init__(
        self,
        sandbox: Sandbox,
        compose: Compose,
        home: Path,
        speed: float,
        game: Sequence[str],
        begin: str,
    ) -> None:
        """Use the settings of both, and the begin of the sandbox; the session is named `first`."""
        self._sandbox = sandbox
        self._compose = compose
        self._home = home
        self._speed = speed
        self._game = game
        self._begin = begin
        self.folder = home / "sessions" / "first"
        self.lines: list[str] = []

    @property
    def placed(self) -> int:
        """Return how many wagers the present start has placed, by its last report."""
        found = [int(each[1]) for each in map(_PLACED.search, self.lines) if each]
        return found[-1] if found else 0

    def play(self, mode: str, *conditions: Holds, settings: Sequence[str] = ()) -> None:
        """Start the session once for each condition, and stop it when that holds of the sandbox."""

        async def run() -> None:
            async with self._sandbox(self._speed, *self._game, self._begin) as here:
                for holds in conditions:
                    await self._start(here, holds, f"mode={mode}", *settings)

        run_watching(run())

    async def _start(self, here: LocalSandbox, holds: Holds, *settings: str) -> None:
        words = [*self._game, "session.name=first", *here.settings, *settings]
        session = build_session(self._compose(*words))
        stop = asyncio.Event()
        self.lines.clear()
        trading = asyncio.ensure_future(session.run(self._home, {}, stop, self.lines.append))
        await until(lambda: trading.done() or holds(here))
        stop.set()
        await trading

    def kept(self, *kinds: type, start: int = 1) -> list[Entry[Any]]:
        """Return the journal entries of a start with payloads of these types."""
        with JournalReader(self.folder / "journal.sqlite") as journal:
            entries = [entry for entry in journal.entries() if entry.run == start]
        return [entry for entry in entries if isinstance(entry.payload, kinds)]


def quotes(here: LocalSandbox) -> bool:
    """Return whether wagers rest at the sandbox."""
    return here.live_wagers >= 4
