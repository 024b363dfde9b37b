"""Markets on periods and on teams to their settlement: at the sandbox, live and on paper."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conf.compose import build_session
from live.__main__ import main as live_main
from sim.__main__ import main
from strategies.trading.desk.desk import Desk
from strategies.trading.model.market import MarketStatus
from tests.derived_markets import OFFERED, SETTINGS, write_derived_tape
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose, RunMain
from tests.live.local_sandbox import LocalSandbox, Sandbox
from tests.live.played_market import PlayedMarket
from tests.settlements import require_right_settlement

pytestmark = pytest.mark.slow  # sessions on the clock, replayed

SPEED = 20
MINUTES = 4
PATIENCE_SECONDS = 180
TRADED = ("latency=none", "fees=none", "strategy.default_stake=10", "session.name=first")
SETTLED = sum(each.first_result is not None for each in OFFERED)


class Watched:
    """A session whose desk can be looked at while it trades."""

    def __init__(self, compose: Compose, *words: str) -> None:
        """Compose the session."""
        self.session = build_session(compose(*TRADED, *SETTINGS, *words))
        self._make_gateway, self.session._gateway = self.session._gateway, self._gateway_made
        self._desk: Desk | None = None

    def replace_market(self, market: Callable[..., PlayedMarket]) -> None:
        """Trade another market than that of the settings."""
        self._make_gateway = partial(self._make_gateway, market=market)

    def _gateway_made(self, **parts: Any) -> Any:
        gateway = self._make_gateway(**parts)
        attach = gateway.attach

        def note_desk(listener: Any) -> Any:
            self._desk = listener._desk
            return attach(listener)

        gateway.attach = note_desk
        return gateway

    def is_quoting(self) -> bool:
        """Return whether wagers are live on as many lines as there are."""
        return self._desk is not None and self._desk.wagers.live_count >= 2 * len(OFFERED)

    def is_settled(self) -> bool:
        """Return whether every market that has a result is settled."""
        return self._desk is not None and len(self._desk.ledger.settlements) >= SETTLED


async def trade_at(
    sandbox: Sandbox,
    compose: Compose,
    home: Path,
    mode: str,
    ended: Callable[[LocalSandbox, Watched], bool],
) -> int:
    """Trade at a sandbox until it ended; return what the account there gained, in cents."""
    played = f"recording.path={write_derived_tape(home / 'played', MINUTES)}"
    begin = "sandbox.begin_minutes_before_start=118"
    async with sandbox(SPEED, played, *TRADED, begin) as here:
        watched, stop = Watched(compose, f"mode={mode}", played, *here.settings), asyncio.Event()
        trading = asyncio.ensure_future(watched.session.run(home, {}, stop, lambda _: None))
        await until(lambda: trading.done() or ended(here, watched))
        stop.set()
        await trading
        settings = here.server.shifted_exchange.exchange.settings
        (participant,) = here.participants
        return participant.account.cash_cents - settings.starting_balance_cents


def run_folder(run_main: RunMain, home: Path) -> Path:
    """Return the run folder of the session's start, written by its replay."""
    outcome = run_main(main, home, "replay", "sessions/first")
    assert (outcome.status, outcome.err) == (0, [])
    return home / "sessions" / "first" / "start-00001"


def test_a_live_session_is_settled_as_the_sandbox_settles(
    sandbox: Sandbox, compose_settings: Compose, run_main: RunMain, tmp_path: Path
) -> None:
    """Every market pays its fills by its result, in the session's books and in the sandbox's."""

    def is_settled(_: LocalSandbox, watched: Watched) -> bool:
        return watched.is_settled()

    trading = trade_at(sandbox, compose_settings, tmp_path, "live", is_settled)
    gained_cents = run_watching(trading, PATIENCE_SECONDS)
    assert require_right_settlement(run_folder(run_main, tmp_path)) == gained_cents
    assert run_main(live_main, tmp_path, "export", "--format", "parquet", "--out", "all").err == []
    summary = pl.read_parquet(tmp_path / "all" / "summary.parquet")
    assert summary["profit_cents"].sum() == gained_cents


def test_a_paper_session_at_the_exchange_stays_unsettled(
    sandbox: Sandbox, compose_settings: Compose, run_main: RunMain, tmp_path: Path
) -> None:
    """The exchange reports results of its own wagers only: on paper every position stays open."""

    def is_closed(here: LocalSandbox, _: Watched) -> bool:
        markets = here.server.shifted_exchange.exchange.markets
        places = range(len(OFFERED))
        return all(markets.status_of(place) == MarketStatus.CLOSED for place in places)

    trading = trade_at(sandbox, compose_settings, tmp_path, "paper", is_closed)
    assert run_watching(trading, PATIENCE_SECONDS) == 0
    folder = run_folder(run_main, tmp_path)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["settled"] == []
    open_labels = {position["label"] for position in summary["open_positions"]}
    assert open_labels == {each.full_label for each in OFFERED}


def test_a_paper_session_is_settled_by_the_results_of_its_market(
    compose_settings: Compose, run_main: RunMain, tmp_path: Path
) -> None:
    """Where a market reports results, every market pays its fills by its own."""
    played = write_derived_tape(tmp_path / "played", MINUTES)

    async def trade() -> None:
        stop, made = asyncio.Event(), list[PlayedMarket]()

        def market(**parts: Any) -> PlayedMarket:
            made.append(PlayedMarket(played, **parts))
            return made[0]

        watched = Watched(compose_settings, "mode=paper")
        watched.replace_market(market)
        trading = asyncio.ensure_future(watched.session.run(tmp_path, {}, stop, lambda _: None))
        await until(lambda: trading.done() or watched.is_quoting())
        while made[0].play():
            pass
        await until(lambda: trading.done() or watched.is_settled())
        stop.set()
        await trading

    run_watching(trade(), PATIENCE_SECONDS)
    require_right_settlement(run_folder(run_main, tmp_path))
