"""A backtest against a crowd: it reacts, the queue is known, and it can be recorded."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from recordings.reader import Tape
from recordings.tape import Kind, Row
from recordings.validator import validate
from sim.backtest import Backtest
from sim.report.document import write_report
from sim.results.run_summary import BacktestSummary
from strategies.trading.model.errors import ConfigError, TapeError

pytestmark = pytest.mark.slow  # backtests among a crowd

CROWD = (
    "+experiment=nba_in_play",
    "feed=crowd",
    "feed.opens_before_hours=0.1",
    "feed.game_minutes=5",
    "feed.requote_rate=2",
    "feed.interest=3",
)

Build = Callable[..., Backtest]


def shown_nothing(_label: str, _done: int, _total: int) -> None:
    """Show no progress."""


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the run against a crowd."""
    return tmp_path_factory.mktemp("crowd_run")


@pytest.fixture(scope="module")
def summary(build_backtest: Build, run_folder: Path) -> BacktestSummary:
    """Return the summary of a run against a crowd, which is in the folder."""
    return build_backtest(*CROWD).run(run_folder, shown_nothing)


def test_a_run_against_a_crowd_trades_with_the_true_queue(summary: BacktestSummary) -> None:
    """The desk places and is filled; the queue is known, so no profits by queue model are given."""
    assert summary.wagers_placed > 50
    assert summary.fills > 0
    assert summary.models["queue"] == "true queue"
    assert summary.profit_cents_front is summary.profit_cents_back is None
    assert summary.simulated
    assert summary.recording == "simulated crowd, nba"
    assert summary.rows > 2_000


@pytest.mark.usefixtures("summary")
def test_the_report_names_the_crowd(run_folder: Path) -> None:
    """The page names the simulated crowd and the true queue, and no queue model."""
    write_report(run_folder)
    page = (run_folder / "report.html").read_text(encoding="utf-8")
    assert "simulated crowd, nba" in page
    assert "true queue" in page
    assert "optimistic" not in page


def test_another_seed_gives_other_decisions(
    summary: BacktestSummary, build_backtest: Build
) -> None:
    """With another seed the digest differs; that a second run has the same is tested below."""
    backtest = build_backtest(*CROWD, "seed=8")
    assert backtest.run_pass(backtest.queue()).journal.digest.hexdigest() != summary.digest


def test_a_run_can_be_recorded_without_our_offers(
    summary: BacktestSummary, build_backtest: Build, tmp_path: Path
) -> None:
    """The recording is valid and shows everything but our offers; our fills are trades.

    It is a second run of the same seed, and decides the same.
    """
    words = (*CROWD, f"feed.record_to={tmp_path / 'tape'}")
    backtest = build_backtest(*words)
    run = backtest.run_pass(backtest.queue())
    assert run.journal.digest.hexdigest() == summary.digest
    tape = Tape(tmp_path / "tape")
    recorded = validate(tape)
    assert recorded.info.simulated
    assert recorded.rows_by_kind["result"] == 14
    fills = len(run.wagers.fills)
    trades = [row for row in rows_of(tape) if row.kind == Kind.TRADE]
    assert 0 < fills < len(trades)
    with pytest.raises(TapeError, match="holds a recording already"):
        backtest.run_pass(backtest.queue())


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("feed.suspensions=mild", "mild"),
        ("feed.sport=curling", "curling"),
        ("feed.makers=0", "makers"),
        ("feed.interest=-1", "interest"),
        ("feed.opens_before_hours=soon", "opens_before_hours"),
    ],
)
def test_settings_out_of_range_are_refused_before_the_run(
    build_backtest: Build, word: str, named: str
) -> None:
    """A setting of the crowd that is out of range is refused by name before anything runs."""
    with pytest.raises(ConfigError, match=named):
        build_backtest(*CROWD, word)


def rows_of(tape: Tape) -> Sequence[Row]:
    """Return every row of a tape."""
    return [row for chunk in tape.chunks() for row in chunk.rows()]
