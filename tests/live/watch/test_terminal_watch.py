"""`python -m live watch`: a running session in a terminal, and an operator's words from there."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from conf.compose import build_parts, build_session
from live.__main__ import main
from live.session.control.control_socket import user_text
from live.session.session_folder import session_folder
from live.watch.terminal.session_screens import SessionListScreen
from live.watch.terminal.session_watcher import SessionWatcher
from live.watch.terminal.text_parts import bar, limit_line
from live.watch.terminal.word_screens import NameQuestion, WordQuestion
from strategies.trading.model.events import (
    MarketPaused,
    QuotesPulled,
    TradingState,
    TradingStateSet,
)
from strategies.trading.snapshot.snapshot_types import LimitUse
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose, RunMain
from tests.live.live_session import quotes
from tests.live.local_sandbox import Sandbox
from tests.live.session.controlled_session import ControlledSession
from tests.live.session.toy_exchange import GAME

WORDS = ("mode=live", "strategy.quote_refresh_seconds=0", "strategy.default_stake=10")
LOW, SMALL, LARGE = (80, 16), (80, 24), (160, 50)
ANN = f"Ann Lee, through {user_text(os.getuid())}"

Watching = Callable[[ControlledSession, SessionWatcher], Awaitable[None]]


@pytest.fixture
def controlled(compose_settings: Compose, tmp_path: Path) -> ControlledSession:
    """Return sessions that quote $10 on both lines of one moneyline."""
    return ControlledSession(build_parts(compose_settings(*WORDS)), tmp_path)


def shown(app: SessionWatcher) -> str:
    """Return what the screen shows."""
    return "\n".join(str(each.render()) for each in app.screen.query(Static))


async def shows(app: SessionWatcher, *texts: str) -> None:
    """Wait until the screen shows texts; as time ends, say which it does not."""
    try:
        await until(lambda: all(text in shown(app) for text in texts))
    except asyncio.CancelledError:
        missing = [text for text in texts if text not in shown(app)]
        pytest.fail(f"{missing} not on the screen:\n{shown(app)}")


def press(app: SessionWatcher, *keys: str) -> None:
    """Press keys; a pilot would wait each time until a session that trades is idle."""
    for key in keys:
        app.simulate_key(key)


async def say_yes(app: SessionWatcher, key: str) -> None:
    """Press the key of a word and say that it is meant; it asks for a name."""
    press(app, key)
    await until(lambda: isinstance(app.screen, WordQuestion))
    press(app, "y")
    await until(lambda: isinstance(app.screen, NameQuestion) and app.screen.query(Input))


async def say_as_ann(app: SessionWatcher, key: str) -> None:
    """Press the key of a word, say yes, and give a name."""
    await say_yes(app, key)
    app.screen.query_one(Input).value = "Ann Lee"
    press(app, "enter")
    await until(lambda: not isinstance(app.screen, NameQuestion))


def watch(controlled: ControlledSession, watching: Watching, size: tuple[int, int] = SMALL) -> None:
    """Watch a session that runs, in a terminal of a size."""

    async def scenario(session: ControlledSession) -> None:
        await session.quoting()
        app = SessionWatcher([session.folder], "")
        async with app.run_test(size=size):
            await until(lambda: app.reader.is_present)
            await watching(session, app)

    controlled.run(scenario)


@pytest.mark.parametrize("size", [LOW, SMALL, LARGE])
def test_the_overview_shows_state_money_limits_and_events(
    controlled: ControlledSession, size: tuple[int, int]
) -> None:
    """In a low terminal the limits that are used most, in a higher one all of them."""

    async def look(session: ControlledSession, app: SessionWatcher) -> None:
        await shows(app, " ACTIVE  for", "session toy, start 1 at toy", "in 2 wagers")
        screen = shown(app)
        assert "equity $10,000.00 = balance $10,000.00" in screen
        assert "max_stake_per_wager" in screen
        assert ("limits that are used less" in screen) == (size != LARGE)
        assert "A at H" in screen
        assert "1 of 1 markets quoted" in screen

    watch(controlled, look, size)


def test_a_word_is_asked_twice_and_journaled_with_the_name(controlled: ControlledSession) -> None:
    """Neither another key nor escape does anything; then the session obeys, and shows why."""

    async def pause(session: ControlledSession, app: SessionWatcher) -> None:
        press(app, "p")
        await shows(app, "PAUSE everything in session toy")
        press(app, "n")
        await shows(app, "up down event")
        await say_yes(app, "p")
        press(app, "enter", "escape")
        await shows(app, "up down event")
        assert len(session.toy.open_wagers) == 2
        await say_as_ann(app, "p")
        await session.quoting(0)
        await shows(app, " PAUSED  for", f"paused: by {ANN}", "NOT QUOTED", "0 of 1 markets quoted")
        await say_as_ann(app, "r")
        await session.quoting(2)
        await say_as_ann(app, "r")
        await shows(app, "NOT DONE: the session is active")
        await say_as_ann(app, "h")
        await shows(app, " HALTED  for")

    watch(controlled, pause)
    said = controlled.journaled(TradingStateSet)
    states = [(each.state, each.operator) for each in said if each.operator]
    wanted = (TradingState.PAUSED, TradingState.ACTIVE, TradingState.HALTED)
    assert states == [(state, ANN) for state in wanted]


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_an_event_shows_its_book_with_our_wagers(
    controlled: ControlledSession, size: tuple[int, int]
) -> None:
    """Both sides, what of each offer is ours, and the stake ahead of it; words for its market."""

    async def look(session: ControlledSession, app: SessionWatcher) -> None:
        press(app, "enter")
        await shows(app, "moneyline (1 of 1) OPEN", "OURS $10.00", "fair 50.0 %")
        await shows(app, "-110    $1,000.00")
        await say_as_ann(app, "X")
        await say_as_ann(app, "P")
        await session.quoting(0)
        await shows(app, "PAUSED OPEN", "NOT QUOTED", "no wager of ours")
        press(app, "escape")
        await shows(app, "events (1 of 1)")

    watch(controlled, look, size)
    (pulled,) = controlled.journaled(QuotesPulled)
    (paused,) = controlled.journaled(MarketPaused)
    assert (pulled.event_id, pulled.operator) == (GAME, ANN)
    assert (paused.market_key.event_id, paused.operator) == (GAME, ANN)


def test_it_recovers_when_the_session_starts_again(controlled: ControlledSession) -> None:
    """While no session runs it says so, with what the journal says; then it shows the new start."""

    async def both() -> None:
        app = SessionWatcher([controlled.folder], "")

        async def sees(start: int) -> None:
            await shows(app, f"session toy, start {start} at toy")

        async with app.run_test(size=SMALL):
            await controlled.start(lambda _: sees(1))
            await shows(app, "session toy is not running", "this is what its journal says")
            assert "equity" not in shown(app)
            await controlled.start(lambda _: sees(2))

    controlled.folder.mkdir(parents=True)
    run_watching(both())


def test_one_of_several_sessions_is_chosen(controlled: ControlledSession, tmp_path: Path) -> None:
    """The list says of each whether it runs, and in which state."""
    other = tmp_path / "sessions" / "other"
    other.mkdir(parents=True)

    async def scenario(session: ControlledSession) -> None:
        app = SessionWatcher([session.folder, other], "")
        async with app.run_test(size=SMALL):
            await shows(app, "active, start 1 at toy", "not running")
            assert isinstance(app.screen, SessionListScreen)
            press(app, "down", "enter")
            await shows(app, "session other is not running")
            press(app, "s")
            await until(lambda: isinstance(app.screen, SessionListScreen))
            press(app, "up", "enter")
            await shows(app, "session toy, start 1 at toy")

    controlled.run(scenario)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("session.name=nobody",), "sessions/nobody: there is no session"),
        ((), "sessions: there is no session here"),
        (("first",), "first: watch takes session.name=NAME"),
        (("name=A", "name=B"), "name: give one name"),
        (("session.name=a", "session.name=b"), "session.name: name one session"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_a_line(
    run_main: RunMain, tmp_path: Path, words: tuple[str, ...], named: str
) -> None:
    """The line names the mistake and the remedy, with status 2."""
    outcome = run_main(main, tmp_path, "watch", *words)
    assert (outcome.status, outcome.out, len(outcome.err)) == (2, [], 1)
    assert named in outcome.err[0]


def test_a_session_is_not_watched_without_a_terminal(
    controlled: ControlledSession, run_main: RunMain
) -> None:
    """The line names what prints the state without one."""

    async def started(session: ControlledSession) -> None:
        await session.quoting()

    controlled.run(started)
    outcome = run_main(main, controlled.home, "watch", "session.name=toy")
    assert (outcome.status, outcome.out) == (2, [])
    assert "no terminal" in outcome.err[0]
    assert "live status" in outcome.err[0]


@pytest.mark.parametrize(
    ("used", "limit", "drawn", "text"),
    [
        (0.0, 100.0, "-" * 10, "0 %"),
        (85_00.0, 100_00.0, "#", "NEAR"),
        (120_00.0, 100_00.0, "#" * 10, "AT ITS LIMIT"),
        (None, 8.0, "#" * 10, "unbounded of"),
        (3.0, None, "", "no limit"),
    ],
)
def test_a_limit_says_in_words_what_its_bar_shows(
    used: float | None, limit: float | None, drawn: str, text: str
) -> None:
    """A bar is full at the limit and beyond; the words need no colour."""
    line = str(limit_line(LimitUse("risk.max_total_exposure", used, limit, is_money=True), 80))
    assert drawn in line
    assert text in line
    assert bar(2.5, 12) == f"[{'#' * 10}]"


@pytest.mark.slow
def test_a_session_at_the_sandbox_is_watched_and_halted(
    sandbox: Sandbox, compose_settings: Compose, tmp_path: Path
) -> None:
    """A real game moves on the screen; halt from the terminal leaves nothing at the exchange."""
    game = ("+experiment=nba_in_play", "latency=none")

    async def run() -> None:
        async with sandbox(10, *game, "sandbox.begin_minutes_before_start=60") as here:
            words = [*game, "session.name=first", *here.settings, "mode=live"]
            session = build_session(compose_settings(*words))
            stop = asyncio.Event()
            trading = asyncio.ensure_future(session.run(tmp_path, {}, stop, lambda _: None))
            await until(lambda: trading.done() or quotes(here))
            folder, _ = session_folder(["session.name=first"], tmp_path)
            app = SessionWatcher([folder], "Ann Lee")
            async with app.run_test(size=LARGE):
                await shows(app, "at sandbox_local", "of 3 markets quoted")
                press(app, "enter")
                await shows(app, "moneyline (1 of 7)", "Harbor City Herons", "OURS $", " <")
                before = shown(app)
                await until(lambda: shown(app) != before)
                await say_as_ann(app, "h")
                await until(lambda: here.live_wagers == 0)
                press(app, "escape")
                await shows(app, " HALTED  for", ANN, "NOT QUOTED")
            stop.set()
            await trading

    run_watching(run())
