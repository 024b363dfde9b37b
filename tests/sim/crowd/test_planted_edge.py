"""A crowd with a planted edge prices home and over too low; nothing else differs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recordings.reader import Tape
from sim.crowd.crowd_settings import CrowdSettings
from sim.crowd.game import Score
from sim.crowd.games_console import present_season
from strategies.trading.model.odds import Odds, implied_probability

BEFORE_S = 900.0
GAMES = 12

NewCrowd = Callable[[str, int, CrowdSettings], Any]


def price(home: dict[Odds, Any], away: dict[Odds, Any]) -> float:
    """Return the probability in the middle between what backing and laying home imply."""
    return (implied_probability(max(home)) + 1 - implied_probability(max(away))) / 2


def mispricings(new_crowd: NewCrowd, sport: str, edge: float) -> np.ndarray[Any, Any]:
    """Return price less truth of every main line just before the start: games by lines."""
    rows = []
    for seed in range(GAMES):
        settings = CrowdSettings(opens_before_s=BEFORE_S, requote_rate=4.0, mispricing=edge)
        harness = new_crowd(sport, seed, settings)
        harness.run_to_s(BEFORE_S - 1)
        game, lines = harness.crowd.game, harness.crowd.info.lines
        kinds = {market.market_id: market.type for market in harness.crowd.info.markets}
        rows.append(
            [
                price(harness.listener.books[home], harness.listener.books[home + 1])
                - harness.crowd.sport.fair(
                    kinds[lines[home].market_id],
                    lines[home].point,
                    Score(0, 0),
                    1.0,
                    game.line,
                    game.total,
                )
                for home in (0, 2, 8)
            ]
        )
    return np.array(rows)


@pytest.mark.slow
@pytest.mark.parametrize("sport", ["nba", "mlb"])
def test_prices_are_too_low_by_the_planted_edge(new_crowd: NewCrowd, sport: str) -> None:
    """Moneyline, spread and total are each too low by it, and right on average without it."""
    usual = mispricings(new_crowd, sport, 0.0)
    planted = mispricings(new_crowd, sport, 0.003)
    by_game = usual.mean(axis=1)
    assert abs(by_game.mean()) < 3.5 * by_game.std() / np.sqrt(GAMES)
    # Odds are on a ladder, so a single price may differ by a rung more or less.
    assert (usual - planted).mean() == pytest.approx(0.003, abs=0.0004)
    assert (usual - planted).mean(axis=0) == pytest.approx([0.003] * 3, abs=0.001)


def test_a_planted_edge_changes_no_result_and_is_noted(tmp_path: Path) -> None:
    """The two worlds have the same games, and only one of them says that it is planted."""
    final = []
    for edge in (0.0, 0.003):
        settings = CrowdSettings(opens_before_s=60.0, game_s=60.0, makers=2, mispricing=edge)
        out = tmp_path / str(edge)
        present_season(out, sport="nba", seed=5, games=1, settings=settings)
        tape = Tape(next(path for path in out.iterdir() if path.is_dir()))
        rows = [row for chunk in tape.chunks() for row in chunk.rows()]
        final.append([row.text for row in rows if row.text][-1])
        planted = "SIMULATED with a planted edge: home and over are priced 0.3 percentage points"
        assert [planted in note for note in tape.info.notes] == [True] * bool(edge)
        assert (" --planted-edge 0.003" in tape.info.source) == bool(edge)
    assert final[0] == final[1]
