"""Intervals come from whole games: more fills of the same games make nothing more certain."""

import numpy as np
import pytest

from sim.games.game_clusters import ClusteredMean, GameClusters


def mean_of(games: int, fills_each: int) -> ClusteredMean:
    """Return the mean of fills that are alike within each game."""
    rng = np.random.default_rng(5)
    values = np.repeat(rng.normal(1.0, 2.0, games), fills_each)
    clusters = GameClusters([str(number // fills_each) for number in range(len(values))])
    return clusters.mean(values, np.ones_like(values))


def test_more_fills_of_the_same_games_leave_the_interval_as_it_is() -> None:
    """Fills that hang together count once; by single fills the interval would be ten times less."""
    one, hundred = mean_of(40, 1), mean_of(40, 100)
    assert hundred == pytest.approx(one)
    # One standard error is 2 / sqrt(40), and 95 % are 1.96 of it to either side.
    assert one.high - one.low == pytest.approx(2 * 1.96 * 2 / 40**0.5, rel=0.25)


def test_more_games_narrow_the_interval() -> None:
    """Sixteen times the games give about a quarter of the width."""
    few, many = mean_of(40, 3), mean_of(640, 3)
    assert (many.high - many.low) / (few.high - few.low) == pytest.approx(0.25, rel=0.3)


def test_fewer_than_ten_games_have_a_mean_and_no_interval() -> None:
    """A bootstrap knows no games but these, and nine of them are too few."""
    found = mean_of(9, 50)
    assert np.isfinite(found.mean)
    assert np.isnan([found.low, found.high]).all()
    assert found.games == 9


def test_what_is_not_known_or_has_no_weight_does_not_count() -> None:
    """Missing prices are left out, and a mean without any is missing too."""
    clusters = GameClusters(["a", "a", "b"])
    values = np.array([1.0, np.nan, 3.0])
    assert clusters.mean(values, np.array([1.0, 1.0, 3.0])).mean == 2.5
    nothing = clusters.mean(values, np.zeros(3))
    assert np.isnan(nothing.mean)
    assert nothing.games == 0
