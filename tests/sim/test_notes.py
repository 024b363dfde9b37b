"""What a strategy notes: its own columns, and the fair price by which it is judged."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sim.report.document import write_report
from tests.conftest import FinishedRun, Outcome, finished_run

GAME = ("+experiment=nba", "strategy.quote_refresh_seconds=0")
OPINIONATED = "strategy._target_=tests.sim.view_strategies.Opinionated"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[FinishedRun, FinishedRun]:
    """Return a run without an own fair price, and one with it, of the same commands."""
    folder = tmp_path_factory.mktemp("notes")
    return finished_run(folder, *GAME), finished_run(folder, *GAME, OPINIONATED)


@pytest.mark.slow
def test_edge_is_measured_against_the_own_fair_price(
    runs: tuple[FinishedRun, FinishedRun],
) -> None:
    """Edge and fair of each fill are two points better for the first line, worse for the second.

    Drifts, which are differences of such prices, are what they were.
    """
    plain, own = (run.table("fills") for run in runs)
    assert len(own) > 100
    added = np.where(own["first"], 0.02, -0.02)
    for name in ("fair", "edge"):
        difference = (own[name] - plain[name]).to_numpy() - added
        # The own price is that of the last decision, the market's that of the moment of the fill.
        assert np.median(np.abs(difference)) < 1e-9
        assert np.mean(np.abs(difference)) < 2e-3
    drifts = (run["fair_1s"] - run["fair"] for run in (own, plain))
    moved = next(drifts) - next(drifts)
    assert np.median(np.abs(moved.drop_nulls().to_numpy())) < 1e-9


@pytest.mark.slow
def test_risk_and_accounts_keep_the_price_of_the_market(
    runs: tuple[FinishedRun, FinishedRun],
) -> None:
    """Commands, equity, market prices and the fair of quotes do not change with an own price."""
    plain, own = runs
    assert own.summary["digest"] == plain.summary["digest"]
    for name in ("equity", "prices", "quotes", "denials"):
        assert own.table(name).equals(plain.table(name))


@pytest.mark.slow
def test_notes_are_rows_of_their_own_table(runs: tuple[FinishedRun, FinishedRun]) -> None:
    """One row a number, with the pair it is about, none for one about the market."""
    notes = runs[1].table("notes")
    assert set(notes["name"]) == {"fair", "pairs"}
    of_market = notes.filter(pl.col("name") == "pairs")
    assert of_market["pair_id"].is_null().all()
    assert set(of_market["value"]) == {1.0, 3.0}
    of_pairs = notes.filter(pl.col("name") == "fair")
    assert of_pairs["pair_id"].is_not_null().all()
    assert of_pairs["market_id"].is_in(of_market["market_id"].unique().implode()).all()


@pytest.mark.slow
def test_notes_are_drawn_in_the_report(runs: tuple[FinishedRun, FinishedRun]) -> None:
    """Each name has a panel, an own fair price a line among its pair's prices; else neither."""
    plain, own = (write_report(run.folder).read_text(encoding="utf-8") for run in runs)
    assert "Notes of the strategy" in own
    assert '<figure id="notes-0">' in own
    assert "the strategy&#x27;s fair" in own
    assert "Notes of the strategy" not in plain
    assert "the strategy&#x27;s fair" not in plain


@pytest.mark.slow
def test_a_run_of_an_earlier_version_has_no_notes(
    runs: tuple[FinishedRun, FinishedRun], tmp_path: Path
) -> None:
    """Its report is drawn without them."""
    older = shutil.copytree(runs[1].folder, tmp_path / "older")
    (older / "notes.parquet").unlink()
    assert "Notes of the strategy" not in write_report(older).read_text(encoding="utf-8")


def test_a_wrong_note_ends_a_run_in_one_line(
    sim: Callable[..., Outcome],
    small_tape: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line names the class, the note, and where it was written."""
    (tmp_path / "wordy.py").write_text(
        "from strategies.simple_market_maker import SimpleMarketMaker\n"
        "class Wordy(SimpleMarketMaker):\n"
        "    def quote(self, view):\n"
        "        view.note(mood='good')\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    outcome = sim("run", "recording.path=tape", "strategy._target_=wordy.Wordy")
    assert outcome.status == 1
    assert "Wordy.quote raised ConfigError: note(mood='good'): write a number" in outcome.err[-1]
