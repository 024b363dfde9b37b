"""Several recordings in one run: together in order of time, and apart."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recordings.reader import open_recording
from sim.engine.merged_rows import DatedRows, merged_rows
from sim.sources.recorded_source import RecordedSource
from sim.sources.source_tape import Cut, SourceTape
from strategies.trading.model.errors import TapeError
from strategies.trading.model.units import NS_PER_SECOND
from tests.sim.small_games import DAY_NS, MINUTE_NS, START_NS, write_game


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with three games: two at once, half an hour apart, and one a day later."""
    folder = tmp_path_factory.mktemp("many") / "season"
    for number, (at_ns, home_wins) in enumerate(
        ((0, True), (30 * MINUTE_NS, False), (DAY_NS, True))
    ):
        write_game(folder / f"game-{number}", number, START_NS + at_ns, home_wins=home_wins)
    return folder


WORDS = ("markets=moneyline", "strategy.spread_margin=0.02", "latency=none")


Run = Callable[..., Any]


@pytest.fixture(scope="module")
def run(run_in: Run, season: Path) -> Run:
    """Return the function that runs these settings on the season, or what it names of it, once."""

    @cache
    def run_once(*words: str, games: str = "") -> Any:
        return run_in(season.parent, *WORDS, f"recording.path=season{games}", *words)

    return run_once


def test_apart_is_each_recording_on_its_own(run: Run) -> None:
    """The tables and figures of all are those of each, one after the other."""
    each = [run(games=f"/game-{number}") for number in range(3)]
    apart = run("games=apart")
    for figure in ("profit_cents", "commission_cents", "fills", "wagers_placed", "rows"):
        assert apart.summary[figure] == sum(one.summary[figure] for one in each)
    assert apart.summary["fills"] > 0
    for name in ("fills", "wagers", "quotes"):
        together = pl.concat([one.table(name) for one in each])
        assert apart.table(name).sort(together.columns).equals(together.sort(together.columns))
    split = apart.summary["split"]
    assert split["profit_cents"] == apart.summary["profit_cents"]
    assert [game["split"]["profit_cents"] for game in apart.summary["splits"]["event"]] == [
        one.summary["profit_cents"] for one in each
    ]
    equity = apart.table("equity")
    assert equity["profit_cents"][-1] == apart.summary["profit_cents"]
    assert equity["equity_cents"][-1] == 1_000_000 + apart.summary["profit_cents"]
    assert equity["ns"].is_sorted()


def test_together_has_one_bankroll(run: Run) -> None:
    """Within wide limits the wagers are those of the games apart, on one account."""
    together = run()
    apart = run("games=apart")
    for figure in ("profit_cents", "fills", "wagers_placed", "rows"):
        assert together.summary[figure] == apart.summary[figure]
    exposures = [run(games=f"/game-{number}").summary for number in range(2)]
    assert together.summary["max_exposure_cents"] > max(
        one["max_exposure_cents"] for one in exposures
    )


def test_a_limit_holds_over_games_that_overlap(run: Run) -> None:
    """What one game uses of a limit, another has not."""
    limit = "risk.max_total_exposure=120"
    together = run(limit)
    apart = run(limit, "games=apart")
    assert together.summary["max_exposure_cents"] <= 12_000
    assert together.summary["denials_by_control"]["exposure"] > 0
    assert apart.summary["denials_by_control"].get("exposure", 0) == 0


def test_the_daily_loss_is_that_of_all_games(run: Run) -> None:
    """A bankroll that lost its day in one game quotes no other."""
    together = run("risk.max_daily_loss=1", "strategy.spread_margin=0")
    assert "risk.max_daily_loss halted the desk on" in together.summary["notes"][-1]
    days = {ns // DAY_NS for ns in together.table("wagers")["placed_ns"]}
    # Halted on the first day, it quotes the game of the next one.
    assert len(days) == 2


def test_recordings_of_one_line_are_refused(run_in: Run, tmp_path: Path, season: Path) -> None:
    """A second recording of a game's line would count its offers twice, and is refused."""
    copy = shutil.copytree(season / "game-0", tmp_path / "copy")
    with pytest.raises(TapeError, match=r"game-0 and .*copy: both have line home-0"):
        run_in(tmp_path, *WORDS, f"recording.path=[{season}/game-0,{copy}]")


def test_recordings_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    """The message names both, and what they differ in."""
    for name, begins_ns in (("a", START_NS), ("b", START_NS + DAY_NS)):
        write_game(tmp_path / name, 1, begins_ns, home_wins=True)
    tapes = [SourceTape(open_recording(str(tmp_path / name)), name) for name in ("a", "b")]
    with pytest.raises(TapeError, match=r"^a and b: both have game-1, and they differ in it"):
        RecordedSource(tapes, "both")


@pytest.mark.parametrize(
    ("words", "games"),
    [
        (("recording.events=[game-1]",), ["game-1"]),
        (('recording.events=["Away at Home 2",game-0]',), ["game-0", "game-2"]),
        (("recording.until=2026-09-22",), ["game-0", "game-1"]),
        (("recording.from=2026-09-22",), ["game-2"]),
    ],
)
def test_a_run_is_cut_by_time_and_by_event(
    run: Run, words: tuple[str, ...], games: list[str]
) -> None:
    """Only what was asked for is traded."""
    done = run(*words)
    assert [event["event_id"] for event in done.summary["events"]] == games
    assert {pair.split(":")[0] for pair in done.table("fills")["pair_id"]} == set(games)


def test_a_cut_begins_with_everything_as_it_stood(season: Path) -> None:
    """Earlier books, statuses and schedules are there at the beginning, and nothing twice."""
    tape = SourceTape(open_recording(str(season / "game-0")), "game")
    since_ns = START_NS + 10 * MINUTE_NS + 30 * NS_PER_SECOND
    whole = list(tape.rows(None, None, lambda _: None))
    cut = list(Cut(since_ns=since_ns).rows(iter(whole)))
    at_begin = [row for row in cut if row[0] == since_ns]
    assert sorted((row[3], row[7], row[8]) for row in at_begin) == [
        (1, -104, 50_010),
        (1, -104, 50_010),
        (3, 0, 0),
        (5, 0, 0),
    ]
    assert [row for row in cut if row[0] > since_ns] == [row for row in whole if row[0] > since_ns]
    until = list(Cut(until_ns=since_ns).rows(iter(whole)))
    assert until == [row for row in whole if row[0] < since_ns]


def test_rows_are_merged_in_order_of_time_and_opened_late() -> None:
    """A source is opened only when its first row is due."""
    opened: list[str] = []

    def source(name: str, *times: int) -> DatedRows:
        def rows() -> Any:
            opened.append(name)
            return iter([(at, name) for at in times])

        return DatedRows(times[0], rows)

    merged = merged_rows([source("b", 5, 6, 20), source("a", 1, 5, 9), source("c", 30)])
    seen: list[tuple[object, ...]] = [(*row[:2], len(opened)) for row in merged]
    assert seen == [
        (1, "a", 1), (5, "b", 2), (5, "a", 2), (6, "b", 2), (9, "a", 2), (20, "b", 2),
        (30, "c", 3),
    ]  # fmt: skip
