"""Starts that fail before their desk trades, after a crash that left wagers open."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conf.compose import build_parts
from live.__main__ import main
from live.prophetx.orders.order_history import UNKNOWN
from live.session.control.left_open import left_open_lines
from live.session.gateway import Notify
from live.wall_clock import WallClock
from recordings.journal.session_journal import SessionJournal
from recordings.tape import TapeInfo
from recordings.writing import make_private_folder
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.events import WagerRejected
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds
from tests.event_loops import JumpingLoop, run_jumping
from tests.fixture_types import Compose, RunMain
from tests.live.session.toy_exchange import ToyGateway, ToyMarket, toy_session

WAGERS = [
    PlaceWager(WagerRef(f"toy-1-{number}"), LineId("h"), Odds(110), 5_000, Intent.REST)
    for number in (1, 2, 3)
]


def crash(home: Path, mode: str = "live") -> None:
    """Leave the journal of a start that ended with two wagers open, and one refused."""
    folder = home / "sessions" / "toy"
    make_private_folder(folder)
    (folder / "start-00001.yaml").write_text(f"mode_name: {mode}\nprophet: {{name: production}}\n")
    with SessionJournal(folder / "journal.sqlite") as journal:
        journal.begin_run(1, 0)
        for wager in WAGERS:
            journal.sent(2, wager)
        journal.received(1, 3, WagerRejected(WAGERS[2].ref, UNKNOWN))


def test_a_start_with_a_wrong_setting_names_what_may_be_open(
    run_main: RunMain, tmp_path: Path
) -> None:
    """Status 2 as for any wrong setting, and before it the wagers and how to cancel them."""
    crash(tmp_path)
    outcome = run_main(main, tmp_path, "trade", "session.name=toy", "risk.max_event_exposur=5")
    assert outcome.status == 2
    assert outcome.err[-1].startswith("python -m live trade: risk.max_event_exposur: ")
    assert "2 wagers of an earlier start may still be open" in outcome.err[0]
    assert "python -m live cancel-all prophet=production" in outcome.err[0]
    named = [line for line in outcome.err if "may be open: toy-1-" in line]
    assert len(named) == 2


def test_nothing_is_open_of_a_session_on_paper(tmp_path: Path) -> None:
    """Its wagers ended with its process."""
    crash(tmp_path, "paper")
    assert left_open_lines(["session.name=toy"], tmp_path) == []


class MarketNotOffered(ToyMarket):
    """A market that is configured, and not on offer."""

    async def begin(self, folder: Path, _: float, __: float, ___: Notify) -> TapeInfo:
        """Refuse the configuration."""
        message = f"markets.tournaments: the exchange has no 'NHL' for {folder.name}"
        raise ConfigError(message)


def test_a_wrong_setting_found_at_the_exchange_cancels_what_a_crash_left(
    compose_settings: Compose, tmp_path: Path
) -> None:
    """The error is raised once nothing of the session is open; wagers of others stay."""
    crash(tmp_path)
    parts = build_parts(compose_settings("mode=live"))
    made: list[ToyGateway] = []
    other = PlaceWager(WagerRef("other-1-1"), LineId("h"), Odds(110), 5_000, Intent.REST)
    lines: list[str] = []

    async def run(loop: JumpingLoop) -> None:
        def gateway(**settings: Any) -> ToyGateway:
            made.append(ToyGateway(**settings))
            made[0].market = MarketNotOffered(made[0].clock)
            made[0].open_wagers.update({each.ref: each for each in (*WAGERS[:2], other)})
            return made[0]

        clock = partial(WallClock, monotonic_ns=loop.monotonic_ns)
        session = toy_session(parts, gateway, clock=clock, closing_seconds=600)
        with pytest.raises(ConfigError, match="NHL"):
            await session.run(tmp_path, {}, asyncio.Event(), lines.append)

    run_jumping(run)
    assert list(made[0].open_wagers) == [other.ref]
    assert any("cancelling everything" in line for line in lines)
    assert lines[-1] == "nothing of this session is open at toy"
