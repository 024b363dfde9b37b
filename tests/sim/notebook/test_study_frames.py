"""A study as frames: its games, its arms, and their differences game by game."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sim as api
from strategies.trading.model.errors import ConfigError
from tests.sim.small_games import DAY_NS, START_NS, write_game

GAMES = 3
WORDS = ("recording.path=season", "markets=moneyline", "latency=none", "unseen=0")


def test_arms_and_differences_are_those_of_the_games(
    sim: Callable[..., Any], tmp_path: Path
) -> None:
    """Means of each arm, and a figure less that of the baseline, for every game."""
    for number in range(GAMES):
        at_ns = START_NS + number * DAY_NS
        write_game(tmp_path / "season" / f"g{number}", number, at_ns, home_wins=number % 2 == 0)
    words = (*WORDS, "sensitivity=off", "strategy.spread_margin=0.005,0.02")
    assert sim("study", "two", *words).status == 0
    study = api.read_study(tmp_path / "studies" / "two")
    games = study.games()
    assert games.columns[0] == "scheduled"
    assert len(games) == 2 * GAMES
    arms = study.arms()
    assert arms["settings"].to_list() == [
        "strategy.spread_margin=0.005",
        "strategy.spread_margin=0.02",
    ]
    assert arms["games"].to_list() == [GAMES, GAMES]
    edges = {arm: games.filter(arm=arm).sort("event_id")["edge_cents"].to_list() for arm in (0, 1)}
    assert arms["edge_cents"].to_list() == [sum(edges[arm]) / GAMES for arm in (0, 1)]
    paired = study.differences("edge_cents").sort("event_id")
    assert paired["difference"].to_list() == [
        one - zero for zero, one in zip(edges[0], edges[1], strict=True)
    ]
    assert any(paired["difference"])


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    """With the command that makes one."""
    with pytest.raises(ConfigError, match="python -m sim study NAME"):
        api.read_study(tmp_path)
