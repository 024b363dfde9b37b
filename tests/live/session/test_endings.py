"""What ends a session, each with wagers open: everything is cancelled, whatever fails meanwhile."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conf.compose import build_parts
from live.session.monitoring.announcer import Announcer
from live.session.monitoring.health import Health
from strategies.trading.model.errors import ExchangeError, StrategyError, UnreachableError
from strategies.trading.ports.strategy import Quote
from strategies.trading.ports.view import View
from tests.event_loops import JumpingLoop, run_jumping, until
from tests.fixture_types import Compose
from tests.live.session.test_gateway import PATIENCE_SECONDS, session_on
from tests.live.session.toy_exchange import ToyGateway

Change = Callable[["EndingSession"], None]


class RaisingStrategy:
    """Quotes what another strategy does until it has to raise."""

    quote_refresh_ns = 0
    raises = False

    def __init__(self, factory: Callable[[], Any]) -> None:
        """Quote as a strategy of this factory."""
        self._quoting = factory()

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Return the quotes of the other strategy, or divide by zero."""
        quotes: tuple[Quote, ...] = self._quoting.quote(view)
        return quotes[: 1 // (not RaisingStrategy.raises) * 99]


class EndingSession:
    """A session at a toy exchange, to which something happens while wagers are open."""

    def __init__(self, compose: Compose, home: Path) -> None:
        """Use the settings of a live session that quotes at once."""
        self.parts = build_parts(compose("mode=live", "strategy.quote_refresh_seconds=0"))
        self.home = home
        self.made: list[ToyGateway] = []
        self.lines: list[str] = []
        self.stop = asyncio.Event()
        self.notify: Callable[[str], None] = self.lines.append

    @property
    def toy(self) -> ToyGateway:
        """Return its exchange."""
        return self.made[0]

    def run(self, change: Change, **settings: Any) -> float:
        """Let something happen while wagers are open; return after how many seconds it ended."""

        async def scenario(loop: JumpingLoop) -> float:
            session = session_on(self.parts, loop, self.made, **settings)

            def notify(line: str) -> None:
                self.notify(line)

            trading = asyncio.ensure_future(session.run(self.home, {}, self.stop, notify))
            await until(lambda: self.made and len(self.toy.open_wagers) >= 2)
            began = loop.time()
            change(self)
            await asyncio.wait_for(trading, PATIENCE_SECONDS)
            return loop.time() - began

        return run_jumping(scenario)


@pytest.fixture
def ending(compose_settings: Compose, tmp_path: Path) -> EndingSession:
    """Return a session in a folder of its own."""
    return EndingSession(compose_settings, tmp_path)


def stop(ending: EndingSession) -> None:
    """Stop the session, as Ctrl-C does."""
    ending.stop.set()


def crash(ending: EndingSession) -> None:
    """Let the market of the session fail."""

    def fail() -> None:
        message = "the feed is gone"
        raise UnreachableError(message)

    ending.toy.market.call_in_run(fail)


def test_a_strategy_that_raises_ends_the_session_by_name(
    ending: EndingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the strategy, what it raised and where, once nothing is open."""
    monkeypatch.setattr(RaisingStrategy, "raises", False)
    factory = ending.parts["strategy"]
    ending.parts["strategy"] = lambda: RaisingStrategy(factory)

    def raise_from_now_on(ending: EndingSession) -> None:
        RaisingStrategy.raises = True
        ending.toy.market.call_in_run(ending.toy.market.lose_feed)
        ending.toy.market.call_in_run(ending.toy.market.restore_feed)

    with pytest.raises(StrategyError, match=r"^RaisingStrategy\.quote raised ZeroDivisionError: "):
        ending.run(raise_from_now_on)
    assert ending.toy.open_wagers == {}
    assert ending.lines[-1] == "nothing is open at toy"


def run_to_its_end(ending: EndingSession, change: Change, changed: Change) -> None:
    """Run a session that `changed` ends as `change` does, and expect the error of a crash."""
    if change is stop:
        ending.run(changed)
        return
    with pytest.raises(UnreachableError, match="the feed is gone"):
        ending.run(changed)


@pytest.mark.parametrize("change", [stop, crash])
def test_lines_that_cannot_be_written_do_not_stop_an_end(
    ending: EndingSession, change: Change
) -> None:
    """With a terminal that is gone since wagers were placed, all are cancelled (row a)."""

    def break_terminal(line: str) -> None:
        raise BrokenPipeError(line)

    def change_unheard(ending: EndingSession) -> None:
        ending.notify = break_terminal
        change(ending)

    run_to_its_end(ending, change, change_unheard)
    assert ending.toy.open_wagers == {}


@pytest.mark.parametrize("change", [stop, crash])
@pytest.mark.parametrize("method", ["note", "line", "totals"])
def test_counts_for_people_that_fail_do_not_stop_an_end(
    ending: EndingSession, monkeypatch: pytest.MonkeyPatch, change: Change, method: str
) -> None:
    """An error in what counts or reports health is said, and everything is cancelled (row a)."""

    def broken(*_: object) -> None:
        message = "broken"
        raise LookupError(message)

    def change_with_broken_health(ending: EndingSession) -> None:
        monkeypatch.setattr(Health, method, broken)
        change(ending)

    run_to_its_end(ending, change, change_with_broken_health)
    assert ending.toy.open_wagers == {}
    assert ending.lines[-1] == "nothing is open at toy"


@pytest.mark.parametrize("change", [stop, crash])
def test_an_end_in_an_outage_waits_it_out(ending: EndingSession, change: Change) -> None:
    """Cancels that fail for two minutes are sent again until nothing is open (rows c, d, o)."""

    def change_in_an_outage(ending: EndingSession) -> None:
        account = ending.toy.account_wagers
        account.failing = {"listed", "cancel_all", "cancel_event", "cancel_wager"}
        # The desk's own cancels fail as well.
        ending.toy.is_deaf = True
        asyncio.get_running_loop().call_later(120, account.failing.clear)
        change(ending)

    if change is stop:
        assert 120 < ending.run(change_in_an_outage) < 160
    else:
        with pytest.raises(UnreachableError, match="the feed is gone"):
            ending.run(change_in_an_outage)
    assert ending.toy.open_wagers == {}
    assert any("wagers still open, trying again in 5 s" in line for line in ending.lines)
    assert ending.lines[-1] == "nothing is open at toy"


def test_an_end_that_gives_up_names_what_is_open(ending: EndingSession) -> None:
    """After run.closing_seconds every open wager is named, and that the watchdog goes on."""

    def fail(ending: EndingSession) -> None:
        ending.toy.account_wagers.failing = {"cancel_all", "cancel_event", "cancel_wager"}
        ending.toy.is_deaf = True
        ending.stop.set()

    with pytest.raises(ExchangeError, match=r"still open at toy after 600 s.*the watchdog goes on"):
        ending.run(fail)
    named = [line for line in ending.lines if line.startswith("still open: ")]
    assert len(named) == len(ending.toy.open_wagers) >= 2


def test_a_receiver_that_fails_is_reported_once_to_the_others() -> None:
    """Every line reaches the others, and once the news that one is lost."""
    lines: list[str] = []

    def broken(line: str) -> None:
        raise OSError(28, "No space left on device", line)

    announce = Announcer(broken, lines.append)
    announce("one")
    announce("two")
    assert [line for line in lines if line in ("one", "two")] == ["one", "two"]
    assert len(lines) == 3
