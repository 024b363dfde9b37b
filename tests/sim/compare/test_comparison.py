"""The verb `compare` on whole sessions with a known queue model: their exchange was simulated."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from omegaconf import DictConfig

from recordings.journal.journal_reader import JournalReader
from sim.__main__ import main
from sim.exchange.queue_models import Back, Front, QueueModel
from strategies.trading.model.commands import PlaceWager
from tests.sim.compare.virtual_session import play_virtual_session

pytestmark = pytest.mark.slow  # sessions in virtual time, compared

WORDS = ("+experiment=nba_in_play", "strategy=at_the_touch", "latency=constant")
# The book arrives before our own wagers' updates, or after them.
UPDATES_LATE = "latency.response.ms=900"
BOOK_LATE = "latency.feed.ms=200"
MODELS = ["back", "front", "prorata", "probable"]

RunMain = Callable[..., Any]


@dataclass(frozen=True)
class Compared:
    """A session under a known queue model, compared."""

    folder: Path
    truth: str
    out: list[str]

    @property
    def table(self) -> pl.DataFrame:
        """Return its table."""
        return pl.read_parquet(self.folder / "compare-00001.parquet")

    def agreeing(self, queue: str) -> int:
        """Return how many wagers agree with a queue model."""
        return int(self.table.filter(pl.col("queue") == queue)["agrees"].sum())


@pytest.fixture(
    scope="module",
    params=[(Back(), UPDATES_LATE), (Front(), BOOK_LATE)],
    ids=["back, updates late", "front, book late"],
)
def compared(
    request: pytest.FixtureRequest,
    compose_settings: Callable[..., DictConfig],
    run_main: RunMain,
    tmp_path_factory: pytest.TempPathFactory,
) -> Compared:
    """Return a session from before the game into its first quarter, compared."""
    truth: QueueModel
    truth, timing = request.param
    home = tmp_path_factory.mktemp("session")
    folder = play_virtual_session(home, compose_settings, truth, (-30, 25), *WORDS, timing)
    outcome = run_main(main, home, "compare", str(folder))
    assert (outcome.status, outcome.err) == (0, [])
    return Compared(folder, str(truth), outcome.out)


def test_wagers_agree_under_the_true_queue_model(compared: Compared) -> None:
    """Two in a thousand differ at most, among many fills; under the other extreme more do.

    The remaining differences: an offer that came across a wager is recorded as a trade, and where
    others' stake fell just before, the simulator takes the trade for the cause of the fall.
    """
    table = compared.table.filter(pl.col("queue") == compared.truth)
    assert len(table) >= 400
    assert (table["real_matched_cents"] > 0).sum() >= 50
    other = {"back": "front", "front": "back"}[compared.truth]
    assert compared.agreeing(compared.truth) >= 0.998 * len(table)
    assert compared.agreeing(other) < compared.agreeing(compared.truth)


def test_outcomes_agree_in_time_and_end_too(compared: Compared) -> None:
    """Not only the matched stake agrees, but also the time of the first fill, and the end."""
    table = compared.table.filter(pl.col("queue") == compared.truth)
    filled = table.filter((pl.col("real_matched_cents") > 100) & pl.col("agrees"))
    times = filled["real_filled_after_ns"] - filled["simulated_filled_after_ns"]
    assert (times.abs() > 0).sum() < 0.04 * times.count()
    assert (table["real_ended"] == table["simulated_ended"]).sum() > 0.98 * len(table)


def test_the_table_has_a_row_for_every_wager_and_model(compared: Compared) -> None:
    """Its wagers are those of the journal, and its path is printed."""
    with JournalReader(compared.folder / "journal.sqlite") as journal:
        refs = [e.payload.ref for e in journal.entries() if isinstance(e.payload, PlaceWager)]
    table = compared.table
    assert table["ref"].to_list() == [ref for ref in refs for _ in MODELS]
    assert table["queue"].to_list() == MODELS * len(refs)
    assert str(compared.folder / "compare-00001.parquet") in compared.out


def test_the_printed_figures_are_those_of_the_table(compared: Compared) -> None:
    """A line for each model with its share that agrees, and the closed loop."""
    table = compared.table
    wagers = len(table) // len(MODELS)
    assert compared.out[0] == (
        f"start 1: {wagers:,} wagers; our own stake is taken out of the recorded book"
    )
    for place, queue in enumerate(MODELS):
        share = 100 * compared.agreeing(queue) / wagers
        assert compared.out[2 + place].split()[:3] == [queue, f"{share:.1f}", "%"]
    (between,) = [line for line in compared.out if line.endswith("lie between back and front")]
    assert wagers - 1 <= int(between.split()[0]) <= wagers
    heading = next(at for at, line in enumerate(compared.out) if line.startswith("closed loop"))
    assert "sensitivity" in compared.out[heading]
    profits = compared.out[heading + 2 : heading + 5]
    assert [line.split()[0] for line in profits] == ["real", "back", "front"]


def test_fills_are_valued_alike_really_and_simulated(compared: Compared) -> None:
    """What agrees was worth the same, and one game alone gives no verdict on the fill model."""
    table = compared.table.filter(pl.col("queue") == compared.truth)
    filled = table.filter(pl.col("real_matched_cents") == pl.col("simulated_matched_cents"))
    valued = int((filled["real_payout_cents"] > 0).sum())
    assert valued >= 50
    assert filled["real_payout_cents"].to_list() == filled["simulated_payout_cents"].to_list()
    # Their updates arrive at other times, and so does the price that is a minute later.
    differences = filled["real_value_cents"] - filled["simulated_value_cents"]
    assert int((differences.abs() > 100).sum()) <= 0.1 * valued
    fills = (table["real_matched_cents"] > 0).sum()
    judged = [line for line in compared.out if line.startswith(f"{compared.truth} ")][-1]
    assert judged.endswith(f"too few fills for a verdict: {fills} of 1 game; 30 of 10 are needed")


def test_a_start_without_wagers_is_reported_in_one_line(
    compose_settings: Callable[..., DictConfig], run_main: RunMain, tmp_path: Path
) -> None:
    """One start placed no wagers before the game, and one had no desk."""
    words = ("+experiment=nba", "latency=constant")
    folder = play_virtual_session(tmp_path, compose_settings, Back(), (-1, 0), *words)
    shutil.copy(folder / "start-00001.yaml", folder / "start-00002.yaml")
    outcome = run_main(main, tmp_path, "compare", str(folder))
    assert (outcome.status, outcome.err) == (0, [])
    assert outcome.out == ["start 1: it placed no wagers", "start 2: it never had a desk"]
    assert list(folder.glob("compare-*")) == []


def test_compare_refuses_a_folder_without_a_session(run_main: RunMain, tmp_path: Path) -> None:
    """The folder is named, status 2, and nothing is created."""
    outcome = run_main(main, tmp_path, "compare", "sessions/none")
    assert (outcome.status, outcome.out) == (2, [])
    assert outcome.err == ["python -m sim compare: sessions/none: there is no session"]
    assert list(tmp_path.iterdir()) == []


def test_run_names_the_verb_that_compares(run_main: RunMain, tmp_path: Path) -> None:
    """The mode is no backtest, so the error of `run` names the right verb."""
    outcome = run_main(main, tmp_path, "run", "mode=compare")
    assert outcome.status == 2
    assert "python -m sim compare" in outcome.err[0]
