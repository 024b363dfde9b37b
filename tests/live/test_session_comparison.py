"""The verb `compare` on sessions traded over the network, live and on paper."""

from pathlib import Path

import polars as pl
import pytest

from recordings.journal.journal_reader import JournalReader
from sim.__main__ import main
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.events import WagerMatched
from tests.conftest import Outcome
from tests.fixture_types import Compose, RunMain
from tests.live.live_session import OFTEN, SessionStarts, quotes
from tests.live.local_sandbox import LocalSandbox, Sandbox

pytestmark = pytest.mark.slow  # sessions on the clock, compared

# Slow enough that the way to the sandbox is short beside what happens there.
SPEED = 40
GAME = ("+experiment=nba_in_play", "latency=none", "strategy.spread_margin=0.001")
BEGIN = "sandbox.begin_minutes_before_start=0"


def was_filled(here: LocalSandbox) -> bool:
    """Return whether enough wagers were placed to compare, and some were matched."""
    return here.has_traded(wagers=30, fills=4)


@pytest.fixture(scope="module")
def traded(
    sandbox: Sandbox, compose_settings: Compose, tmp_path_factory: pytest.TempPathFactory
) -> SessionStarts:
    """Return a session that was started twice, live."""
    home = tmp_path_factory.mktemp("live")
    starts = SessionStarts(sandbox, compose_settings, home, SPEED, GAME, BEGIN)
    starts.play("live", was_filled, quotes)
    return starts


@pytest.fixture(scope="module")
def compared(
    traded: SessionStarts, run_main: RunMain, tmp_path_factory: pytest.TempPathFactory
) -> Outcome:
    """Return what comparing that session printed; its tables are in the session's folder."""
    return run_main(main, tmp_path_factory.mktemp("compared"), "compare", str(traded.folder))


def test_the_outcomes_of_a_live_session_are_reproduced(
    traded: SessionStarts, compared: Outcome
) -> None:
    """The sandbox queues like `back`: the remaining differences are unmodelled delays."""
    assert (compared.status, compared.err) == (0, [])
    placed = len(traded.kept(PlaceWager))
    assert compared.out[0] == (
        f"start 1: {placed} wagers; our own stake is taken out of the recorded book"
    )
    table = pl.read_parquet(traded.folder / "compare-00001.parquet")
    back = table.filter(pl.col("queue") == "back")
    with JournalReader(traded.folder / "journal.sqlite") as journal:
        payloads = [entry.payload for entry in journal.entries() if entry.run == 1]
    matched_cents = sum(each.stake_cents for each in payloads if isinstance(each, WagerMatched))
    assert back["real_matched_cents"].sum() == matched_cents > 0
    assert len(back) == placed >= 20
    assert back["agrees"].sum() >= 0.8 * len(back)


def test_every_start_is_compared(traded: SessionStarts, compared: Outcome) -> None:
    """Each has its own table; a start that took over wagers is marked beside its profit."""
    starts = [line for line in compared.out if line.startswith("start")]
    assert [line.split(":")[0] for line in starts] == ["start 1", "start 2"]
    assert (traded.folder / "compare-00002.parquet").exists()
    assert any("wagers of earlier starts" in line for line in compared.out)


def test_on_paper_nothing_is_removed(
    sandbox: Sandbox, compose_settings: Compose, run_main: RunMain, tmp_path: Path
) -> None:
    """Our wagers never were in the recorded book, and the comparison prints what that means."""
    starts = SessionStarts(sandbox, compose_settings, tmp_path, SPEED, GAME, BEGIN)
    starts.play("paper", lambda _: starts.placed >= 30, settings=[OFTEN])
    outcome = run_main(main, tmp_path, "compare", str(starts.folder))
    assert (outcome.status, outcome.err) == (0, [])
    assert outcome.out[0].endswith(
        "paper wagers are not in the recorded book: both outcomes are simulated"
    )
    back = pl.read_parquet(starts.folder / "compare-00001.parquet").filter(
        pl.col("queue") == "back"
    )
    assert back["agrees"].sum() >= 0.8 * len(back)
