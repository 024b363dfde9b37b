"""What halts the desk of a session from outside of it, with its name in the journal."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from conf.compose import build_parts
from live.session.session import Session
from live.wall_clock import WallClock
from recordings.journal.journal_reader import JournalReader
from strategies.trading.model.errors import ClockError
from strategies.trading.model.events import TradingStateSet
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import JumpingLoop, run_jumping, until
from tests.fixture_types import Compose
from tests.live.session.test_gateway import session_on
from tests.live.session.toy_exchange import ToyGateway

Meanwhile = Callable[[ToyGateway], None]


def halts(folder: Path) -> list[str]:
    """Return the reasons of the halts in the journal of the toy session."""
    with JournalReader(folder / "sessions" / "toy" / "journal.sqlite") as journal:
        payloads = [entry.payload for entry in journal.entries()]
    return [each.reason for each in payloads if isinstance(each, TradingStateSet)]


class WatchedDesk:
    """A session at a toy exchange on a machine whose wall time can be set."""

    def __init__(self, compose: Compose, home: Path) -> None:
        """Use the settings of a live session that quotes at once."""
        self._parts = build_parts(compose("mode=live", "strategy.quote_refresh_seconds=0"))
        self._home = home
        self.lines: list[str] = []
        self.made: list[ToyGateway] = []
        self.set_ns = 0

    def run(self, change: Callable[["WatchedDesk"], None], seconds: float) -> None:
        """Change something while it quotes, and stop it some seconds later."""

        async def scenario(loop: JumpingLoop) -> None:
            def time_ns() -> int:
                return self.set_ns + loop.monotonic_ns()

            session: Session = session_on(self._parts, loop, self.made)
            session._clock = lambda **settings: WallClock(
                monotonic_ns=loop.monotonic_ns, time_ns=time_ns, **settings
            )
            stop = asyncio.Event()
            running = session.run(self._home, {}, stop, self.lines.append)
            trading = asyncio.ensure_future(running)
            await until(lambda: self.made and self.made[0].open_wagers)
            change(self)
            await asyncio.wait((trading,), timeout=seconds)
            stop.set()
            await trading

        run_jumping(scenario)


@pytest.mark.parametrize("seconds", [3_600, -3_600])
def test_a_jump_of_wall_time_ends_a_session(
    compose_settings: Compose, tmp_path: Path, seconds: int
) -> None:
    """It halts by name, cancels everything, and ends with an error that says by how much."""

    def set_clock(desk: WatchedDesk) -> None:
        desk.set_ns += seconds * NS_PER_SECOND

    desk = WatchedDesk(compose_settings, tmp_path)
    with pytest.raises(ClockError, match=rf"^clock: wall time jumped by \{seconds:+d}\.0 s; "):
        desk.run(set_clock, 60)
    assert desk.made[0].open_wagers == {}
    assert halts(tmp_path) == [f"clock: wall time jumped by {seconds:+d}.0 s"]


def test_a_login_that_stays_refused_halts_the_desk(
    compose_settings: Compose, tmp_path: Path
) -> None:
    """After the stated time the desk is halted by name; the session waits for the login."""

    def refuse(desk: WatchedDesk) -> None:
        desk.made[0].market.is_refused = True

    desk = WatchedDesk(compose_settings, tmp_path)
    desk.run(refuse, 90)
    assert "toy refuses our login; quotes are pulled" in desk.lines
    assert halts(tmp_path) == ["login: refused for 60 s", "stopped"]


def test_a_short_refusal_of_the_login_halts_nothing(
    compose_settings: Compose, tmp_path: Path
) -> None:
    """A login that is accepted again before the stated time is said, and nothing more."""

    def refuse_for_a_while(desk: WatchedDesk) -> None:
        market = desk.made[0].market
        market.is_refused = True
        asyncio.get_running_loop().call_later(30, setattr, market, "is_refused", False)

    desk = WatchedDesk(compose_settings, tmp_path)
    desk.run(refuse_for_a_while, 90)
    assert "toy accepts our login again" in desk.lines
    assert halts(tmp_path) == ["stopped"]
