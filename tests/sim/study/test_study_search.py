"""Studies of small recordings that search intervals by Optuna, or run on Ray."""

import shutil
import sqlite3
import sys
from pathlib import Path

import optuna
import pytest

from sim.study.interval_search import BATCH, IntervalSearch, optuna_storage
from sim.study.study_run import Study
from sim.study.study_search import FINALISTS
from sim.study.study_words import Interval, study_words
from sim.study.trial_store import open_store
from tests.conftest import as_a_process_would, run_sim
from tests.sim.small_games import DAY_NS, START_NS, write_game

WORDS = ("markets=moneyline", "latency=none", "recording.path=season", "sensitivity=off")
DRAWN = 10
SEARCHED = (*WORDS, "strategy.spread_margin=interval(0.005,0.03)", f"trials={DRAWN}", "seed=3")
CHOOSING, ALL = {0, 1}, {0, 1, 2, 3}


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with four games, of which the last are the first by name."""
    folder = tmp_path_factory.mktemp("season")
    for number in range(4):
        recording = folder / "season" / f"game-{3 - number}"
        write_game(recording, number, START_NS + number * DAY_NS, home_wins=number % 2 == 0)
    return folder


@pytest.fixture
def folder(season: Path, tmp_path: Path) -> Path:
    """Return a folder to work in, with these games."""
    return shutil.copytree(season, tmp_path, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def finished_search(season: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a folder with these games and a finished search, and what the search printed."""
    work = shutil.copytree(season, tmp_path_factory.mktemp("searched"), dirs_exist_ok=True)
    outcome = run_sim(work, "study", "margins", *SEARCHED)
    assert outcome.status == 0, outcome.err
    return work, "\n".join(outcome.out)


@pytest.fixture
def searched(finished_search: tuple[Path, str], tmp_path: Path) -> Path:
    """Return a folder to work in, with these games and the finished search."""
    return shutil.copytree(finished_search[0], tmp_path, dirs_exist_ok=True)


def played(folder: Path) -> dict[tuple[str, ...], set[int]]:
    """Return the games that each arm of the study was run on, numbered by date."""
    store = open_store(folder / "studies" / "margins")
    arms = store.arms()
    games: dict[tuple[str, ...], set[int]] = {arm.words: set() for arm in arms}
    for trial in store.trials():
        event = trial.games[0].event
        games[arms[trial.arm].words].add(int(event.event_id.removeprefix("game-")))
    store.close()
    return games


@pytest.mark.slow
def test_only_the_best_arms_of_a_search_are_run_on_unseen_games(
    finished_search: tuple[Path, str],
) -> None:
    """The later games are played by what was given and by five arms, whatever was drawn."""
    work, text = finished_search
    games = played(work)
    assert games.pop(()) == ALL
    assert sorted(map(len, games.values())) == [2] * (DRAWN - FINALISTS) + [4] * FINALISTS
    assert all(each >= CHOOSING for each in games.values())
    assert all(0.005 <= float(word.partition("=")[2]) <= 0.03 for (word,) in games)
    assert "2 games by date, unseen when 2 before chose" in text
    assert f"corrected for {FINALISTS + 1} arms" in text
    assert f"{DRAWN - FINALISTS} more arms drawn by the search did worse" in text


@pytest.mark.slow
def test_an_interrupted_search_draws_what_it_would_have_drawn(
    folder: Path, finished_search: tuple[Path, str]
) -> None:
    """Stopped after any trial and run again, it has the same arms as one that was not stopped."""
    with as_a_process_would(folder):
        for stop in (5, 13, 22):
            with Study(Path("studies/margins"), study_words(SEARCHED)) as study:

                def interrupt(done: int, _: int, stop: int = stop) -> None:
                    if done == stop:
                        raise KeyboardInterrupt

                with pytest.raises(KeyboardInterrupt, match=f"{stop} of .* trials are kept"):
                    study.run(interrupt)
    assert run_sim(folder, "study", "margins", *SEARCHED).status == 0
    assert list(played(folder).items()) == list(played(finished_search[0]).items())


@pytest.mark.slow
def test_whole_numbers_are_drawn_from_an_interval_of_them(folder: Path) -> None:
    """A value that is drawn again is the same arm, and is not run twice."""
    words = (*WORDS, "strategy.quote_refresh_seconds=interval(4,5)", "trials=9")
    outcome = run_sim(folder, "study", "margins", *words)
    assert outcome.status == 0, outcome.err
    assert set(played(folder)) == {
        (),
        *((f"strategy.quote_refresh_seconds={each}",) for each in (4, 5)),
    }


@pytest.mark.slow
def test_optunas_own_tools_find_the_search_in_the_file_of_the_study(searched: Path) -> None:
    """Its dashboard opens the file by the same storage as this."""
    storage = optuna_storage(searched / "studies" / "margins" / "study.sqlite")
    (name,) = optuna.get_all_study_names(storage)
    study = optuna.load_study(study_name=name, storage=storage)
    assert len(study.trials) == DRAWN
    assert study.best_params.keys() == {"strategy.spread_margin"}
    storage.engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("strategy.spread_margin=interval(0.03,0.005)", "trials=3"), "no interval from 0.03"),
        (("strategy.spread_margin=interval(0.005,0.03)",), "trials=50"),
        (("trials=3",), "nothing is searched"),
        (("strategy.spred_margin=interval(0.005,0.03)", "trials=3"), "spread_margin"),
        (("strategy.spread_margin=interval(0.005,0.03)", "trials=3", "unseen=0"), "unseen=0"),
        (("engine=dask",), "processes, ray"),
        (("strategy.spread_margin=interval(low,0.03)", "trials=3"), "interval(LOW,HIGH)"),
        (
            ("seed=interval(1,3)", "seed=4,5", "trials=3"),
            "seed: an interval, and given once more",
        ),
    ],
)
def test_a_search_that_cannot_be_is_refused(
    folder: Path, words: tuple[str, ...], message: str
) -> None:
    """A wrong interval, setting or share is an error before anything is run or written."""
    outcome = run_sim(folder, "study", "margins", *WORDS, *words)
    assert outcome.status == 2
    assert message in outcome.err[-1]
    assert not (folder / "studies").exists()


@pytest.mark.slow
def test_games_that_chose_never_judge_later(searched: Path) -> None:
    """A search goes on with the same objective, intervals and division of the games, or not."""
    for word in ("unseen=0.25", "objective=profit"):
        outcome = run_sim(searched, "study", "margins", *SEARCHED, word)
        assert (outcome.status, "a study of other search" in outcome.err[-1]) == (2, True)
    more = [word for word in SEARCHED if not word.startswith("trials")]
    assert run_sim(searched, "study", "margins", *more, f"trials={DRAWN + 2}").status == 0
    assert len(played(searched)) == DRAWN + 3


@pytest.mark.slow
def test_a_search_of_which_nothing_came_gives_way(folder: Path) -> None:
    """Where every trial failed, the same name is free again, and no draw of the first is left."""
    outcome = run_sim(folder, "study", "margins", *SEARCHED, "strategy.default_stake=0.001")
    assert outcome.status == 2, outcome.err
    assert run_sim(folder, "study", "margins", *SEARCHED).status == 0
    assert len(played(folder)) == DRAWN + 1


@pytest.mark.slow
def test_recordings_of_one_game_are_on_one_side(folder: Path) -> None:
    """A second recording of a game that judges is not one of those that choose."""
    write_game(folder / "season" / "copy", 2, START_NS + 2 * DAY_NS, home_wins=True)
    assert run_sim(folder, "study", "margins", *SEARCHED).status == 0
    games = played(folder)
    assert sorted(map(len, games.values()))[0] == len(CHOOSING)
    with sqlite3.connect(folder / "studies" / "margins" / "study.sqlite") as connection:
        (count,) = connection.execute("select count(*) from arm_trials").fetchone()
    connection.close()
    assert count == (1 + FINALISTS) * 5 + (DRAWN - FINALISTS) * 2


@pytest.mark.slow
def test_a_search_without_optuna_names_the_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "sim.study.interval_search", None)
    monkeypatch.delitem(sys.modules, "sim.study.study_search")
    outcome = run_sim(folder, "study", "margins", *SEARCHED)
    assert outcome.status == 2
    assert "pip install 'prophet-sim[search]'" in outcome.err[-1]


@pytest.mark.slow
def test_a_search_approaches_the_maximum(tmp_path: Path) -> None:
    """Later batches are drawn nearer to what was best than the first."""
    storage = optuna_storage(tmp_path / "study.sqlite")
    search = IntervalSearch(storage, "x", [Interval("x", 0.0, 10.0, whole=False)], 8 * BATCH, 1)
    distances: list[float] = []
    while drawn := search.batch():
        values = [float(arm.words[0].partition("=")[2]) for arm in drawn]
        distances.append(sum(abs(value - 7) for value in values) / len(values))
        for arm, value in zip(drawn, values, strict=True):
            search.record(arm, -abs(value - 7))
    storage.engine.dispose()
    assert len(distances) == 8
    assert max(distances[-2:]) < distances[0]


@pytest.mark.slow
def test_ray_gives_the_same_study(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials on Ray give the table that processes give; without the extra this is skipped."""
    ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    words = (*WORDS, "strategy.spread_margin=0.01,0.02")
    assert run_sim(folder, "study", "margins", *words).status == 0
    table = (folder / "studies" / "margins" / "study.parquet").read_bytes()
    try:
        outcome = run_sim(folder, "study", "on_ray", *words, "engine=ray")
    finally:
        ray.shutdown()
    assert outcome.status == 0, outcome.err
    assert (folder / "studies" / "on_ray" / "study.parquet").read_bytes() == table


@pytest.mark.slow
def test_ray_that_is_not_installed_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "sim.study.ray_engine", raising=False)
    outcome = run_sim(folder, "study", "margins", *WORDS, "engine=ray")
    assert outcome.status == 2
    assert "pip install 'prophet-sim[ray]'" in outcome.err[-1]
