"""The log of a session: its lines, what happens to its wagers, and what its strategy logs."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from conf.compose import build_parts
from live.terminal import TerminalHandler
from recordings.logs.log_settings import LogSettings
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import (
    CancelRefused,
    TradingState,
    TradingStateSet,
    WagerRejected,
)
from strategies.trading.ports.strategy import Quote
from strategies.trading.ports.view import View
from tests.event_loops import JumpingLoop, run_jumping, until
from tests.fixture_types import Compose
from tests.live.session.test_gateway import PATIENCE_SECONDS, session_on
from tests.live.session.toy_exchange import ToyGateway

Scenario = Callable[[ToyGateway], Awaitable[None]]


class LoggingQuotes:
    """Quotes as another strategy, and logs that it does."""

    quote_refresh_ns = 0

    def __init__(self, factory: Callable[[], Any]) -> None:
        """Quote as a strategy of this factory."""
        self._quoting = factory()

    def quote(self, view: View) -> tuple[Quote, ...]:
        """Log, and return the quotes of the other strategy."""
        logging.getLogger("my_idea").info("decides")
        logging.getLogger("my_idea").warning("thin book")
        quotes: tuple[Quote, ...] = self._quoting.quote(view)
        return quotes


class LoggedSession:
    """A session at a toy exchange, with what it printed and what it logged."""

    def __init__(self, compose: Compose, home: Path) -> None:
        """Keep the session in a folder."""
        self.parts = build_parts(compose("mode=live", "strategy.quote_refresh_seconds=0"))
        quoting = self.parts["strategy"]
        self.parts["strategy"] = lambda: LoggingQuotes(quoting)
        self._home = home
        self.printed: list[str] = []

    def play(self, scenario: Scenario, **log: Any) -> list[str]:
        """Run a session until a scenario has ended; return the lines of its log."""
        made: list[ToyGateway] = []

        async def run(loop: JumpingLoop) -> None:
            stop = asyncio.Event()
            session = session_on(self.parts, loop, made, log=LogSettings(**log))
            running = session.run(self._home, {}, stop, self.printed.append)
            trading = asyncio.ensure_future(running)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await until(lambda: made and len(made[0].open_wagers) >= 2)
                await scenario(made[0])
            stop.set()
            await trading

        run_jumping(run)
        path = self._home / "sessions" / "toy" / "session.log"
        return path.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def logged(compose_settings: Compose, tmp_path: Path) -> LoggedSession:
    """Return a session in a folder of its own."""
    return LoggedSession(compose_settings, tmp_path)


async def fill_one(toy: ToyGateway) -> None:
    """Let a wager be filled."""
    toy.fill(next(iter(toy.open_wagers)))
    await until(lambda: len(toy.open_wagers) == 2)


async def trade(toy: ToyGateway) -> None:
    """Let a wager be filled, another not be cancelled, and the desk be halted."""
    first, second = toy.open_wagers
    toy.fill(first)
    toy._emit(CancelRefused(second, "too_soon", None))
    await until(lambda: len(toy.open_wagers) == 2)
    toy.is_deaf = True
    toy._emit(TradingStateSet(TradingState.HALTED, "operator: enough"))
    await until(lambda: toy.delivered and isinstance(toy.delivered[-1], TradingStateSet))
    toy.is_deaf = False


def test_fills_refusals_and_halts_are_logged_with_their_reasons(logged: LoggedSession) -> None:
    """Each with its level; what is printed is in the log, and a fill is not printed."""
    lines = logged.play(trade)
    fills = [line for line in lines if " INFO     fill: toy-" in line]
    assert len(fills) == 1
    assert ", to win $" in fills[0]
    refused = [line for line in lines if " cancel refused: too_soon: toy-" in line]
    assert len(refused) == 1
    assert [line[25:] for line in lines if "halted: operator" in line] == [
        "CRITICAL halted: operator: enough"
    ]
    assert not [line for line in logged.printed if "fill: " in line]
    texts = [line[34:] for line in lines]
    own = [line for line in logged.printed if "my_idea" not in line]
    assert [line for line in own if line not in texts] == []


def test_a_strategys_logger_reaches_log_and_terminal(logged: LoggedSession) -> None:
    """Its warnings are printed; the rest is in the log, and printed at -v."""
    lines = logged.play(fill_one)
    assert [line for line in lines if line.endswith(" INFO     my_idea: decides")]
    assert [line for line in logged.printed if line.endswith(" WARNING  my_idea: thin book")]
    assert not [line for line in logged.printed if "my_idea: decides" in line]
    logged.printed.clear()
    logged.play(fill_one, console="info")
    assert [line for line in logged.printed if line.endswith("my_idea: decides")]
    assert [line for line in logged.printed if " fill: " in line]


def test_json_lines_are_objects_in_log_and_terminal(logged: LoggedSession) -> None:
    """Each has time, level and message; a fill its figures."""
    lines = logged.play(trade, format="json")
    entries = [json.loads(line) for line in lines]
    assert all({"time", "level", "message"} <= entry.keys() for entry in entries)
    (fill,) = [entry for entry in entries if entry.get("event") == "fill"]
    assert fill["ref"].startswith("toy-")
    assert fill["stake_cents"] > 0
    printed = [json.loads(line)["message"] for line in logged.printed]
    assert printed[-1] == "nothing is open at toy"


def test_a_warning_is_printed_once_beside_the_terminals_handler(logged: LoggedSession) -> None:
    """The program has a handler for what comes before a session and after it."""
    handler = TerminalHandler()
    emitted: list[str] = []
    handler.emit = lambda record: emitted.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        logged.play(trade)
        assert emitted == []
        logging.getLogger("live").warning("after")
        assert emitted == ["after"]
    finally:
        root.removeHandler(handler)


def test_a_log_that_cannot_be_written_stops_no_session(
    logged: LoggedSession, tmp_path: Path
) -> None:
    """A folder is in its place: one line, and it trades and ends."""
    path = tmp_path / "sessions" / "toy" / "session.log"
    path.mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        logged.play(trade)
    named = [line for line in logged.printed if "session.log: cannot be written" in line]
    assert named == [
        f"{path}: cannot be written (Is a directory); check the disk and run again; "
        "the session goes on"
    ]
    assert logged.printed[-1] == "nothing is open at toy"


def test_refused_placements_are_named(logged: LoggedSession) -> None:
    """By the exchange's code and the wager."""

    async def refuse(toy: ToyGateway) -> None:
        place = toy.place

        def refused(requests: list[PlaceWager]) -> None:
            toy.place = place  # type: ignore[method-assign]
            toy._emit(*(WagerRejected(each.ref, "insufficient_balance") for each in requests))

        toy.place = refused  # type: ignore[assignment, method-assign]
        toy.fill(next(iter(toy.open_wagers)))
        await until(lambda: any(isinstance(each, WagerRejected) for each in toy.delivered))

    lines = logged.play(refuse)
    found = [line for line in lines if " wager refused: insufficient_balance: toy-" in line]
    assert found
    assert " at -" in found[0] or " at +" in found[0]
