"""Sweeps whose runs are in other processes, by a launcher of Hydra."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from joblib.externals.loky import get_reusable_executor

from conf.run_folders import _portable
from sim.results.summary_file import has_summary, read_summary
from strategies.trading.model.errors import TapeError, TradingError
from tests.conftest import run_sim
from tests.sim.small_games import START_NS, write_game

WORDS = ("run", "--multirun", "markets=moneyline", "recording.path=game", "report=off")
PARALLEL = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder to work in, with a recording; end the processes of joblib afterwards."""
    write_game(tmp_path / "game", 0, START_NS, home_wins=True)
    yield tmp_path
    get_reusable_executor().shutdown(wait=True, kill_workers=True)


@pytest.mark.slow
def test_results_and_failures_come_back_from_other_processes(folder: Path) -> None:
    """The status is that of the first failure; the other runs are kept, and each is printed."""
    margins = "strategy.spread_margin=0.01,-3,0.02"
    outcome = run_sim(folder, *WORDS, *PARALLEL, margins, "hydra.sweep.dir=sweep")
    assert outcome.status == 2
    assert "strategy.spread_margin: -3" in outcome.err[-1]
    kept = sorted(path.name for path in (folder / "sweep").iterdir() if path.is_dir())
    assert kept == ["0", "2"]
    shown = [line for line in outcome.out if line.startswith("/")]
    assert shown == [str(folder / "sweep" / name) for name in kept]
    assert [read_summary(Path(path)).models["queue"] for path in shown] == ["prorata", "prorata"]
    assert "strategy.spread_margin=0.02: " in outcome.out[-2]


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [(), PARALLEL], ids=["one by one", "in other processes"])
def test_case_41_each_failed_run_is_named_with_its_settings(
    folder: Path, launcher: tuple[str, ...]
) -> None:
    """The others finish, the status is not 0, and a line names the settings of each that failed."""
    outcome = run_sim(folder, *WORDS, *launcher, "seed=1,-1,2,-3", "hydra.sweep.dir=sweep")
    assert outcome.status == 2
    assert outcome.err[-3:] == [
        "failed: seed=-1: seed: -1 is not a whole number, 0 or more",
        "failed: seed=-3: seed: -3 is not a whole number, 0 or more",
        "python -m sim run: seed: -1 is not a whole number, 0 or more",
    ]
    assert sorted(path.name for path in (folder / "sweep").glob("[0-9]")) == ["0", "2"]


@pytest.mark.slow
def test_case_41_a_sweep_of_which_all_runs_fail_fails(folder: Path) -> None:
    """Every run is named, and nothing is kept."""
    outcome = run_sim(folder, *WORDS, *PARALLEL, "seed=-1,-2")
    assert outcome.status == 2
    assert [line.partition(":")[2].partition(":")[0] for line in outcome.err[-3:-1]] == [
        " seed=-1",
        " seed=-2",
    ]


@pytest.mark.slow
def test_the_note_on_seeds_does_not_depend_on_the_launcher(folder: Path) -> None:
    """Runs that differ by their seed are no sample, whichever processes ran them."""
    (*_, alone) = run_sim(folder, *WORDS, "seed=1,2").out
    (*_, beside) = run_sim(folder, *WORDS, *PARALLEL, "seed=1,2").out
    assert alone == beside
    assert "no sample of games" in alone


@pytest.mark.slow
def test_a_sweep_has_any_folder(folder: Path) -> None:
    """The folder that was given is that of the runs, with signs of Hydra's grammar in its name."""
    outcome = run_sim(folder, *WORDS, "seed=1,2", "hydra.sweep.dir='one, \\'two\\' {3}'")
    assert outcome.status == 0, outcome.err
    assert all(has_summary(folder / "one, 'two' {3}" / name) for name in ("0", "1"))


class CodedError(Exception):
    """An error of a user's own, which cannot be rebuilt from its text."""

    def __init__(self, code: int, reason: str) -> None:
        """Take a code and its reason."""
        super().__init__(f"{reason} ({code})")


@pytest.mark.slow
def test_an_error_that_cannot_leave_its_process_leaves_its_text() -> None:
    """What cannot be pickled would be an error of the launcher, without the reason."""
    ours = TapeError("broken")
    assert _portable(ours) is ours
    portable = _portable(CodedError(3, "no model"))
    assert isinstance(portable, TradingError)
    assert str(portable) == "CodedError: no model (3)"
