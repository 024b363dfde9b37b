"""The report of one event of a run of several: its figures, all its pairs, and nothing else."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import run_sim
from tests.sim.report.reported_runs import (
    at,
    rows_of_a_game,
    summary,
    visible_text,
    write_run,
)
from tests.sim.small_games import DAY_NS, START_NS, write_game

Sim = Callable[..., Any]
WORDS = ("markets=moneyline", "strategy.spread_margin=0.02", "latency=none", "report=off")


@pytest.fixture(scope="module")
def season_with_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two games a day apart, and a run of both on one bankroll in `run`."""
    work = tmp_path_factory.mktemp("season_with_run")
    for number in range(2):
        folder = work / "season" / f"game-{number}"
        write_game(folder, number, START_NS + number * DAY_NS, home_wins=True)
    outcome = run_sim(work, "run", "recording.path=season", *WORDS, "hydra.run.dir=run")
    assert outcome.status == 0, outcome.err
    return work


@pytest.fixture
def run_of_two(season_with_run: Path, tmp_path: Path) -> Path:
    """Return the folder of a run of two games, without a report as yet."""
    return shutil.copytree(season_with_run / "run", tmp_path / "run")


def reported(sim: Sim, folder: Path, *words: str) -> str:
    """Return the visible text of a report that the verb writes."""
    outcome = sim("report", str(folder), *words)
    assert outcome.status == 0, outcome.err
    return visible_text(Path(outcome.out[-1]).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["game-1", "Away at Home 1", "home 1"])
def test_an_event_is_named_by_id_or_by_name(sim: Sim, run_of_two: Path, name: str) -> None:
    """The report lies beside that of the run, and is about this event alone."""
    text = reported(sim, run_of_two, "--event", name)
    assert (run_of_two / "report-game-1.html").is_file()
    assert text.startswith("Away at Home 1: SimpleMarketMaker")
    assert "Away at Home 0" not in text
    assert "One of 2 events of this run" in text


def test_its_figures_are_those_of_the_event(
    sim: Sim, run_in: Callable[..., Any], season_with_run: Path, run_of_two: Path
) -> None:
    """Profit, fills and terms are those of a run on this game alone, within wide limits."""
    alone = run_in(season_with_run, "recording.path=season/game-1", *WORDS).summary
    assert alone["fills"] > 100
    text = reported(sim, run_of_two, "--event", "game-1")
    assert f"Settled profit +${alone['profit_cents'] / 100:,.2f}" in text
    assert f"Fills {alone['fills']} of this event" in text
    assert f"Wagers placed {alone['wagers_placed']} of this event" in text
    split = alone["split"]
    assert f"edge +${split['edge_cents'] / 100:,.2f}, adverse" in text
    assert f"stake matched Fills {2 * alone['fills']}" not in text
    # Known of the whole run alone.
    assert "With other queue models" not in text


def test_a_pair_beyond_those_that_a_run_draws_is_reached(sim: Sim, tmp_path: Path) -> None:
    """The report of an event draws every pair that was quoted, where that of a run draws six."""
    pairs = [f"9001:{market}:0" for market in range(8)]
    names = {"first": "home", "second": "away"}
    rows = rows_of_a_game() | {
        "quotes": [
            {"ns": at(-50 + number), "pair_id": pair_id, "first_odds": 104, "second_odds": 104}
            for number, pair_id in enumerate(pairs)
        ],
        "fills": [],
        "wagers": [],
    }
    named = [{"pair_id": pair_id, "label": f"line {pair_id}", **names} for pair_id in pairs]
    write_run(tmp_path, summary(pairs=named), rows)
    assert reported(sim, tmp_path).count(": probability of ") == 6
    assert reported(sim, tmp_path, "--event", "9001").count(": probability of ") == 8


def test_the_report_of_the_run_says_how(sim: Sim, run_of_two: Path) -> None:
    """The section on games names the command."""
    assert "python -m sim report RUN_FOLDER --event ID" in reported(sim, run_of_two)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("away", "several events have that name; there are game-0 (Away at Home 0), game-1 ("),
        ("nobody", "no event of this run has that id or name; there are game-0 (Away at Home 0)"),
    ],
)
def test_a_name_that_is_not_of_one_event_is_refused(
    sim: Sim, run_of_two: Path, name: str, message: str
) -> None:
    """The message names those that there are, and nothing is written."""
    outcome = sim("report", str(run_of_two), "--event", name)
    assert outcome.status == 2
    assert message in outcome.err[0]
    assert list(run_of_two.glob("*.html")) == []
