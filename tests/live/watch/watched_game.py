"""A session that trades a game of the sandbox, with the server of its page, in one process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from conf.compose import build_session
from live.watch.page_server import PageServer
from live.watch.web_access import WebRole
from recordings.journal.journal_reader import JournalReader
from tests.event_loops import until
from tests.fixture_types import Compose
from tests.live.live_session import OFTEN
from tests.live.local_sandbox import LocalSandbox

GAME_ID = "9000052"


class WatchedGame:
    """One session that can be started again, and the addresses of its page."""

    def __init__(self, here: LocalSandbox, compose: Compose, home: Path, words: list[str]) -> None:
        """Trade at a sandbox with these settings."""
        self.here = here
        self.folder = home / "sessions" / "first"
        self.lines: list[str] = []
        self._compose = compose
        self._home = home
        self._words = words
        self._stop = asyncio.Event()
        self._trading: asyncio.Future[None]
        self.server: PageServer
        self.address = ""

    def url(self, role: WebRole, path: str = "") -> str:
        """Return the address of a page with a token."""
        return f"{self.address}{path}?token={self.server.access.tokens[role]}"

    async def start(self) -> None:
        """Start the session, and wait until its wagers are open."""
        settings = ["mode=live", "session.name=first", OFTEN, *self._words, *self.here.settings]
        session = build_session(self._compose(*settings))
        self._stop = asyncio.Event()
        running = session.run(self._home, {}, self._stop, self.lines.append)
        self._trading = asyncio.ensure_future(running)
        await until(lambda: self._trading.done() or self.here.live_wagers >= 2)
        assert not self._trading.done(), self.lines

    async def stop(self) -> None:
        """End the session."""
        self._stop.set()
        await self._trading

    def journaled(self, kind: type) -> list[Any]:
        """Return what is in the journal of one kind."""
        with JournalReader(self.folder / "journal.sqlite") as journal:
            return [each.payload for each in journal.entries() if isinstance(each.payload, kind)]

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """Run the session and its page for as long as the context lasts."""
        await self.start()
        self.server = PageServer(self.folder, self._home)
        try:
            async with self.server.listening(0) as self.address:
                yield
        finally:
            await self.stop()


async def by_person(act: Callable[..., Any], *arguments: Any) -> Any:
    """Let a person act in a browser while the session goes on."""
    return await asyncio.to_thread(act, *arguments)
