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
# A single price strays from what makers take for fair by punters, news and the ladder.
FROM_S, EVERY_S = 120, 30
GAMES = 12

NewCrowd = Callable[[str, int, CrowdSettings], Any]


def price(home: dict[Odds, Any], away: dict[Odds, Any]) -> float:
    """Return the probability in the middle between what backing and laying home imply."""
    return (implied_probability(max(home)) + 1 - implied_probability(max(away))) / 2


def mispricings(new_crowd: NewCrowd, sport: str, edge: float) -> np.ndarray[Any, Any]:
    """Return price less reference of every main line, a mean over minutes: games by lines."""
    rows = []
    for seed in range(GAMES):
        settings = CrowdSettings(
            opens_before_s=BEFORE_S, requote_rate=4.0, mispricing=edge, reference_s=1.0
        )
        harness = new_crowd(sport, seed, settings)
        samples = []
        for at_s in range(FROM_S, int(BEFORE_S), EVERY_S):
            harness.run_to_s(at_s)
            books, references = harness.listener.books, dict(harness.listener.references)
            samples.append([price(books[n], books[n + 1]) - fair for n, fair in references.items()])
        rows.append(np.mean(samples, axis=0))
    return np.array(rows)


@pytest.mark.parametrize("sport", ["nba", "mlb"])
def test_reference_prices_are_the_truth_by_which_games_are_played(
    new_crowd: NewCrowd, sport: str
) -> None:
    """At the start the reference of each main line is the sport's own price of the closing line."""
    settings = CrowdSettings(opens_before_s=60.0, makers=1, mispricing=0.05, reference_s=5.0)
    harness = new_crowd(sport, 3, settings)
    harness.run_to_s((harness.crowd.starts_ns - harness.crowd.opens_ns) / 1e9 + 4)
    game, info = harness.crowd.game, harness.crowd.info
    kinds = {market.market_id: market.type for market in info.markets}
    references = dict(harness.listener.references)
    assert len(references) == len(info.markets)
    for number, fair in references.items():
        line = info.lines[number]
        kind = kinds[line.market_id]
        truth = harness.crowd.sport.fair(kind, line.point, Score(0, 0), 1.0, game.line, game.total)
        assert fair == pytest.approx(truth, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("sport", ["nba", "mlb"])
def test_prices_are_too_low_by_the_planted_edge(new_crowd: NewCrowd, sport: str) -> None:
    """Moneyline, spread and total are each too low by it, and right on average without it."""
    usual = mispricings(new_crowd, sport, 0.0)
    planted = mispricings(new_crowd, sport, 0.003)
    assert usual.shape == (GAMES, 3)
    # All makers of a game err alike, by another amount in each game. A price moved by the edge is
    # taken by others, which moves it again.
    assert abs(usual.mean()) < 3 * standard_error(usual)
    moved = planted - usual
    assert moved.mean() == pytest.approx(-0.003, abs=3 * standard_error(moved))
    assert moved.mean() < -5 * standard_error(moved)
    assert moved.mean(axis=0) == pytest.approx([-0.003] * 3, abs=0.001)


def standard_error(values: np.ndarray[Any, Any]) -> float:
    """Return that of the mean of all values, whose rows are games."""
    return float(values.mean(axis=1).std(ddof=1) / np.sqrt(GAMES))


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
