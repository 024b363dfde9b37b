"""A floor on which starts of one session are traded against one sandbox."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from conf.compose import build_session
from recordings.journal.entries import Entry
from recordings.journal.journal_reader import JournalReader

PATIENCE_SECONDS = 120
LOOK_SECONDS = 0.1

Sandbox = Callable[..., AbstractAsyncContextManager[Any]]
Compose = Callable[..., DictConfig]


class Floor:
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
        """Take the settings of both, and when the sandbox begins; the session is called `first`."""
        self._sandbox = sandbox
        self._compose = compose
        self._home = home
        self._speed = speed
        self._game = game
        self._begin = begin
        self.folder = home / "sessions" / "first"

    def play(self, mode: str, *until: Callable[[Any], bool], settings: Sequence[str] = ()) -> None:
        """Start the session once for each of these, and stop it when that holds of the sandbox."""

        async def run() -> None:
            async with self._sandbox(self._speed, *self._game, self._begin) as here:
                for holds in until:
                    await self._start(here, holds, f"mode={mode}", *settings)

        asyncio.run(asyncio.wait_for(run(), PATIENCE_SECONDS))

    async def _start(self, here: Any, holds: Callable[[Any], bool], *settings: str) -> None:
        words = [*self._game, "session.name=first", *here.settings, *settings]
        session = build_session(self._compose(*words))
        stop = asyncio.Event()
        told: list[str] = []
        trading = asyncio.ensure_future(session.run(self._home, {}, stop, told.append))
        while not trading.done() and not holds(here):
            await asyncio.sleep(LOOK_SECONDS)
        stop.set()
        await trading

    def kept(self, *kinds: type, start: int = 1) -> list[Entry[Any]]:
        """Return what a start kept of these in the journal."""
        with JournalReader(self.folder / "journal.sqlite") as journal:
            entries = [entry for entry in journal.entries() if entry.run == start]
        return [entry for entry in entries if isinstance(entry.payload, kinds)]


def accounts(here: Any) -> list[Any]:
    """Return the accounts at the sandbox."""
    return [partner.participant for partner in here.server.accounts.values()]


def quotes(here: Any) -> bool:
    """Tell whether wagers rest at the sandbox."""
    return any(len(account.live) >= 4 for account in accounts(here))
