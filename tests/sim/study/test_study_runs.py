"""Studies on small games: what is kept, what is run again, what is refused, and what is shown."""

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sim.study.page.study_page import PAGE
from sim.study.study_result import StudyResult, study_result, write_table
from sim.study.study_run import Study
from sim.study.study_words import study_words
from sim.study.trial_store import Trial, TrialStore
from strategies.trading.model.errors import ConfigError, WriteError
from tests.sim.report.reported_runs import visible_text
from tests.sim.small_games import DAY_NS, START_NS, write_game

Sim = Callable[..., Any]
GAMES = 4
SHARED = ("recording.path=season", "markets=moneyline", "latency=none")
WORDS = (*SHARED, "strategy.spread_margin=0.005,0.02")


@pytest.fixture
def season(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a season of small games, and return that folder."""
    for number in range(GAMES):
        at_ns = START_NS + number * DAY_NS
        write_game(tmp_path / "season" / f"g{number}", number, at_ns, home_wins=number % 2 == 0)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ignore(_done: int, _total: int) -> None:
    """Show nothing."""


def run_study(name: str, *words: str, show: Callable[[int, int], None] = ignore) -> StudyResult:
    """Run a study, and return its result; its table is written."""
    with Study(Path("studies") / name, study_words(words)) as study:
        study.run(show)
        result = study_result(study.store, study.recordings, "early", 0.5)
        write_table(study.folder, result)
    return result


def table(name: str) -> pl.DataFrame:
    """Return the table of a study."""
    return pl.read_parquet(Path("studies") / name / "study.parquet")


def interrupted_at(trials: int) -> Callable[[int, int], None]:
    """Return what shows the progress of a study, and interrupts it after a number of trials."""

    def show(done: int, _total: int) -> None:
        if done == trials:
            raise KeyboardInterrupt

    return show


@pytest.mark.slow
def test_a_study_that_was_interrupted_twice_is_that_of_one_run(season: Path) -> None:
    """Every trial is kept, none is run again, and the table is the same to the cent."""
    run_study("whole", *WORDS)
    for kept in (3, 5):
        with pytest.raises(KeyboardInterrupt, match=f"interrupted; {kept} of 8 trials are kept"):
            run_study("parts", *WORDS, show=interrupted_at(kept))
    shown: list[int] = []
    run_study("parts", *WORDS, show=lambda done, _: shown.append(done))
    assert shown == [5, 6, 7, 8]
    assert table("parts").equals(table("whole"))
    assert table("whole").height == 2 * GAMES
    assert table("whole")["fills"].min() > 0  # type: ignore[operator]


def test_a_study_has_the_figures_of_its_runs(season: Path, run_in: Callable[..., Any]) -> None:
    """The trial of an arm on a game brings what a run with its settings brings."""
    run_study("figures", *WORDS)
    word = "strategy.spread_margin=0.02"
    run = run_in(season, "recording.path=season/g1", *SHARED[1:], word).summary
    row = table("figures").filter(settings=word, event_id="game-1").to_dicts()[0]
    for name, cents in run["split"].items():
        assert row[name] == cents


@pytest.mark.slow
def test_arms_are_added_to_a_study(season: Path) -> None:
    """What is done is kept, and an arm that is interrupted does not hide the others."""
    run_study("more", *WORDS)

    more = (*SHARED, "strategy.spread_margin=0.005,0.02,0.01")
    with pytest.raises(KeyboardInterrupt):
        run_study("more", *more, show=interrupted_at(9))
    result = run_study("more", *WORDS)
    assert result.games.arms == [0, 1]
    assert list(result.unfinished) == [
        "strategy.spread_margin=0.01: not compared, as it is not finished"
    ]
    assert run_study("more", *more).games.arms == [0, 1, 2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((*WORDS, "seed=7"), "settings"),
        (("recording.path=season/g0", *WORDS[1:]), "settings"),
    ],
)
def test_another_study_of_the_same_name_is_refused(
    season: Path, words: tuple[str, ...], what: str
) -> None:
    """Its trials cannot be compared with those that are kept, which stay."""
    run_study("one", *WORDS)
    with pytest.raises(ConfigError, match=f"^studies/one: a study of other {what}; give"):
        run_study("one", *words)
    assert run_study("one", *WORDS).games.count == GAMES


@pytest.mark.slow
def test_a_recording_that_was_changed_is_refused(season: Path) -> None:
    """A study is of the rows that its trials were run on."""
    run_study("one", *WORDS)
    write_game(season / "other", 0, START_NS, home_wins=False)
    (season / "season" / "g0").rename(season / "old")
    (season / "other").rename(season / "season" / "g0")
    with pytest.raises(ConfigError, match="a study of other recordings"):
        run_study("one", *WORDS)


@pytest.mark.slow
def test_a_failing_trial_is_a_row_and_is_tried_again(season: Path) -> None:
    """Its reason is kept, its game is left out for every arm, and the next run replaces it."""
    run_study("one", *WORDS)
    before = table("one")
    with closing(TrialStore(Path("studies/one"))) as store:
        store.put(Trial(1, 2, 0.1, [], "MemoryError: no memory"))
        result = study_result(store, [f"g{n}" for n in range(GAMES)], "early", 0.5)
    assert result.games.count == GAMES - 1
    assert list(result.failed) == ["strategy.spread_margin=0.02 on g2: MemoryError: no memory"]
    run_study("one", *WORDS)
    assert table("one").equals(before)


def test_an_arm_without_a_game_does_not_hide_the_others(season: Path) -> None:
    """It is named with its reason, and the first that played is the baseline."""
    result = run_study("bad", *SHARED, "strategy.spread_margin=-1,0.005,0.02")
    assert result.games.arms == [1, 2]
    assert result.baseline == 1
    assert len(result.failed) == GAMES
    assert "spread_margin: -1 is not a probability" in result.failed[0]
    assert list(result.unfinished) == [
        "strategy.spread_margin=-1: not compared, as it played no game"
    ]


@pytest.mark.slow
def test_a_study_of_which_nothing_came_gives_way(season: Path) -> None:
    """What was typed wrong is typed right under the same name."""
    with pytest.raises(ConfigError, match=r"no game that every arm played; .*is not a probability"):
        run_study("typo", *SHARED, "strategy.spread_margin=-1,-2")
    assert run_study("typo", *WORDS).games.arms == [0, 1]


def test_a_refused_study_leaves_no_folder(season: Path) -> None:
    """Nothing half-written stays."""
    for words in (("recording.path=nowhere",), (*SHARED, "feed=crowd"), (*SHARED, "strateg=1")):
        with pytest.raises(Exception, match=r"nowhere|feed=recording|strateg"):
            run_study("none", *words)
    assert not Path("studies").exists()


def test_a_damaged_store_is_one_line(season: Path, sim: Sim) -> None:
    """The file is named."""
    Path("studies/one").mkdir(parents=True)
    Path("studies/one/study.sqlite").write_bytes(b"no database, of some length" * 100)
    with pytest.raises(WriteError, match=r"studies/one/study\.sqlite"):
        run_study("one", *WORDS)


def test_the_verb_prints_the_arms_and_writes_the_page(season: Path, sim: Sim) -> None:
    """A table with the best arm first, sentences, and last of all the page."""
    outcome = sim("study", "one", *WORDS)
    assert outcome.status == 0, outcome.err
    assert outcome.out[0].startswith("SIMULATED: ")
    rows = [line.split() for line in outcome.out if re.match(r" +[01] +-?\$", line)]
    assert [row[0] for row in rows] == ["1", "0"]
    by_arm = table("one").tail(2 * GAMES).group_by("arm").agg(pl.col("edge_cents").last())
    for arm, shown, *_ in rows:
        cents = by_arm.filter(arm=int(arm))["edge_cents"][0]
        assert shown == f"${cents / 100:,.2f}"
    assert "arm 1: strategy.spread_margin=0.02" in outcome.out
    assert any("no arm is above zero by early on 2 unseen games, at 5 %" in o for o in outcome.out)
    assert any("(1: spread_margin=0.02) under queue=front: $" in line for line in outcome.out)
    page = Path(outcome.out[-1])
    assert page.name == PAGE


@pytest.mark.slow
def test_the_page_has_every_part(season: Path, sim: Sim) -> None:
    """It is headed by the finding, stands alone, and has each arm, model and failed trial."""
    words = (*SHARED, "strategy.spread_margin=0.005,0.02,-1", "strategy.default_stake=20,50")
    outcome = sim("study", "full", *words)
    document = Path(outcome.out[-1]).read_text(encoding="utf-8")
    assert "<script" not in document
    assert re.findall(r"(?:src|href)=|https?://(?!www\.w3\.org)", document) == []
    text = visible_text(document)
    head, rest = text.split("Arms", 1)
    simulated = "SIMULATED: the recordings were generated, and are not of a real market."
    assert head.startswith(f"Study full study full {simulated} No arm is above zero by early on 2")
    assert "8 trials failed" in head
    for part in (
        "Two settings", "Walking forward", "Game by game", "Where the profit came from",
        "Sensitivity of the chosen arm", "Failed trials", "unseen from here on", "queue=front",
        "queue=back", "strategy.spread_margin=-1, strategy.default_stake=20 on season/g0",
        "python -m sim study full recording.path=season",
    ):  # fmt: skip
        assert part in rest
    # latency=none and queue=prorata are the arm's own, and are not run again.
    assert "latency=none 2" not in rest
    assert document.count('id="heat-map"') == 1


@pytest.mark.slow
def test_without_sensitivity_no_other_model_is_run(season: Path, sim: Sim) -> None:
    """The page says why it is missing, and the store has the arms alone."""
    outcome = sim("study", "one", *WORDS, "sensitivity=off")
    text = visible_text(Path(outcome.out[-1]).read_text(encoding="utf-8"))
    assert "was not run under other models: sensitivity=off" in text
    again = sim("study", "one", *WORDS)
    assert any("under queue=front" in line for line in again.out)
    assert table("one").height == 2 * GAMES


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name the study first"),
        (["seed=1"], "name the study first"),
        (["../up"], "'../up' names no study"),
        (["one", *WORDS, "mode=live"], "mode=live: the verb chooses the mode"),
        (["one", *SHARED, "strategy=nothing,at_the_touch"], "Could not find 'strategy/nothing'"),
    ],
)
def test_wrong_words_are_one_line_of_the_verb(
    season: Path, sim: Sim, words: list[str], message: str
) -> None:
    """Nothing is run and nothing is written."""
    outcome = sim("study", *words)
    assert outcome.status == 2
    assert message in outcome.err[0]
    assert not Path("studies").exists()
