"""Sessions at a toy exchange that persons control through their socket."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from live.session.control.control_socket import ask_session
from live.session.session import Session
from live.wall_clock import WallClock
from recordings.journal.journal_reader import JournalReader
from sim.replay.session_replay import SessionReplay
from strategies.trading.model.errors import ConfigError
from tests.event_loops import run_watching, until
from tests.live.session.toy_exchange import ToyGateway, toy_session


class ControlledSession:
    """Sessions at a toy exchange, one after the other, and a person who controls them."""

    def __init__(self, parts: dict[str, Any], home: Path) -> None:
        """Keep the sessions in a folder."""
        self.parts = parts
        self.home = home
        self.folder = home / "sessions" / "toy"
        self.lines: list[str] = []
        self.toy: ToyGateway
        self.reread: Callable[[], Any] | None = None

    def run(
        self, scenario: Callable[["ControlledSession"], Awaitable[None]], seconds: float = 120
    ) -> None:
        """Run a session for as long as a scenario takes, from its first quotes on."""
        run_watching(self.start(scenario), seconds)

    async def start(self, scenario: Callable[["ControlledSession"], Awaitable[None]]) -> None:
        """Run a session in the present loop, as `run` does."""
        stop = asyncio.Event()
        running = self._session().run(self.home, {}, stop, self.lines.append, self.reread)
        trading = asyncio.ensure_future(running)
        await until(lambda: trading.done() or self.started)
        if not trading.done():
            await scenario(self)
        stop.set()
        await trading

    @property
    def started(self) -> bool:
        """Return whether the present session has a desk."""
        return any(line.startswith("start ") for line in self.lines)

    async def say(self, *words: str) -> list[str]:
        """Return what the session answers; raise ConfigError if it refuses."""
        lines = await asyncio.to_thread(ask_session, self.folder, words)
        assert lines is not None, "the session runs"
        return lines

    async def refused(self, *words: str) -> str:
        """Return why the session refuses words."""
        with pytest.raises(ConfigError) as refusal:
            await self.say(*words)
        return str(refusal.value)

    async def quoting(self, wagers: int = 2) -> None:
        """Wait until this many wagers are open."""
        await until(lambda: len(self.toy.open_wagers) == wagers)

    def stakes(self) -> set[int]:
        """Return the stakes of what is open at the exchange."""
        return {wager.stake_cents for wager in self.toy.open_wagers.values()}

    def staked_cents(self) -> int:
        """Return all stake that is open at the exchange."""
        return sum(wager.stake_cents for wager in self.toy.open_wagers.values())

    def journaled(self, *kinds: type) -> list[Any]:
        """Return what is in the journal of these kinds."""
        with JournalReader(self.folder / "journal.sqlite") as journal:
            return [entry.payload for entry in journal.entries() if type(entry.payload) in kinds]

    def replayed_commands(self, number: int) -> int:
        """Return how many commands of a run a replay repeats; raise an error if one differs."""
        names = {"strategy": "strategy", "pricing": "pricing", "wagers": "wagers", "fees": "fees"}
        parts = {name: self.parts[part] for name, part in names.items()}
        result = SessionReplay(session={"name": "toy"}, **parts).run(self.folder, number)
        assert result is not None, "the run had a desk"
        return result.commands

    def _session(self) -> Session:
        self.lines = []

        def gateway(**settings: Any) -> ToyGateway:
            self.toy = ToyGateway(**settings)
            return self.toy

        return toy_session(self.parts, gateway, clock=WallClock, closing_seconds=30)
