"""Two sessions of different names on one account, from two machines that share no lock."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from conf.compose import build_session
from live.session.session import Session
from strategies.trading.model.errors import AccountInUseError
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose
from tests.live.local_sandbox import LocalSandbox, Sandbox

pytestmark = pytest.mark.slow  # whole sessions against a sandbox

# Slow enough that what a machine under load does late is not late by the exchange's clock.
_SPEED = 5


class Machine:
    """A machine with one session on it, which is named after it."""

    def __init__(self, name: str, here: LocalSandbox, compose: Compose, folder: Path) -> None:
        """Prepare the session in a folder of the machine's own."""
        words = ["+experiment=nba", "mode=live", f"session.name={name}", *here.settings]
        session: Session = build_session(compose(*words))
        home = folder / name
        home.mkdir()
        self.name = name
        self.lines: list[str] = []
        self.stop = asyncio.Event()
        environ = {"XDG_STATE_HOME": str(home)}
        self.trading = asyncio.ensure_future(
            session.run(home, environ, self.stop, self.lines.append)
        )
        self._here = here

    @property
    def open_wagers(self) -> int:
        """Return how many wagers of its session are open at the exchange."""
        return sum(
            record.request.ref.startswith(self.name)
            for account in self._here.server.accounts.values()
            for record in account.records.values()
            if record.request.ref in account.participant.live
        )

    async def end(self) -> None:
        """Stop the session."""
        self.stop.set()
        await self.trading


Scenario = Callable[[Callable[[str], Machine], LocalSandbox], Awaitable[None]]


@pytest.fixture
def play(sandbox: Sandbox, compose_settings: Compose, tmp_path: Path) -> Callable[[Scenario], None]:
    """Return the function that plays a scenario with machines and their exchange."""

    def play(scenario: Scenario) -> None:
        async def run() -> None:
            async with sandbox(_SPEED, "+experiment=nba") as here:

                def machine(name: str) -> Machine:
                    return Machine(name, here, compose_settings, tmp_path)

                await scenario(machine, here)

        run_watching(run())

    return play


def test_a_session_does_not_start_beside_another(play: Callable[[Scenario], None]) -> None:
    """Open wagers of an unknown session are named, and left alone (row g)."""

    async def scenario(machine: Callable[[str], Machine], here: LocalSandbox) -> None:
        first = machine("first")
        await until(lambda: first.open_wagers >= 4)
        second = machine("second")
        with pytest.raises(AccountInUseError, match=r"first-.*cancel-all"):
            await second.trading
        assert first.open_wagers >= 4
        assert not first.trading.done()
        await first.end()
        assert here.live_wagers == 0

    play(scenario)


def test_of_two_that_start_at_once_the_later_one_ends(play: Callable[[Scenario], None]) -> None:
    """It cancels its own wagers alone, and the earlier one goes on (row g)."""

    async def scenario(machine: Callable[[str], Machine], here: LocalSandbox) -> None:
        both = [machine("first"), machine("second")]
        await asyncio.wait([each.trading for each in both], return_when=asyncio.FIRST_COMPLETED)
        (later,) = (each for each in both if each.trading.done())
        (earlier,) = (each for each in both if each is not later)
        with pytest.raises(AccountInUseError, match=f"placed before this one: .*{earlier.name}-"):
            await later.trading
        assert later.lines[-1] == "nothing of this session is open at sandbox_local"
        assert later.open_wagers == 0
        await until(lambda: earlier.open_wagers >= 4)
        await earlier.end()
        assert here.live_wagers == 0

    play(scenario)
