"""What games say together: means, intervals, days, and how many would show an effect."""

from math import inf, isfinite

import numpy as np
import pytest

from sim.games.game_results import (
    NOTHING,
    GameResult,
    day_results,
    game_mean,
    outcome_sd,
)
from sim.results.run_summary import EventSpan, Split
from strategies.trading.model.units import NS_PER_SECOND

# 2026-01-15 00:30 UTC: the evening of the 14th in New York.
EVENING_NS = 1_768_437_000 * NS_PER_SECOND
DAY_NS = 86_400 * NS_PER_SECOND


def game(day: int, profit_cents: int, sd_cents: int = 0) -> GameResult:
    """Return a game of an evening."""
    split = Split(1, 100, 0, 0, 0, profit_cents, sd_cents, 0, profit_cents)
    event = EventSpan(f"g{day}", "A at B", EVENING_NS + day * DAY_NS, None, None)
    return GameResult(event, split)


def test_the_interval_of_a_mean_covers_it_as_often_as_it_says() -> None:
    """Of 400 seasons of 200 games with a known mean some nineteen in twenty cover it."""
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        mean = game_mean([int(cents) for cents in rng.normal(500, 8_000, 200)])
        covered += mean.low <= 500 <= mean.high
    assert 0.92 <= covered / 400 <= 0.98


@pytest.mark.slow
def test_a_bootstrap_of_few_games_covers_the_mean_almost_as_often() -> None:
    """Of 20 games it is known to be somewhat too narrow."""
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(200):
        mean = game_mean([int(cents) for cents in rng.normal(500, 8_000, 20)])
        covered += mean.low <= 500 <= mean.high
    assert 0.88 <= covered / 200 <= 0.98


def test_few_games_have_no_interval() -> None:
    """Three games know nothing of others; one has no error either."""
    three = game_mean([100, -50, 300])
    assert isfinite(three.error)
    assert (three.low, three.high) == (-inf, inf)
    one = game_mean([100])
    assert (one.mean, one.error, one.games_needed) == (100, inf, None)


def test_the_games_needed_show_the_effect_four_times_in_five() -> None:
    """As many games as it asks for find a mean of that size in some 80 % of seasons."""
    rng = np.random.default_rng(5)
    needed = game_mean([int(cents) for cents in rng.normal(2_000, 8_000, 20_000)]).games_needed
    assert needed is not None
    found = 0
    for _ in range(400):
        season = rng.normal(2_000, 8_000, needed)
        found += abs(season.mean()) > 1.96 * season.std(ddof=1) / needed**0.5
    assert 0.74 <= found / 400 <= 0.86


def test_days_are_those_of_new_york() -> None:
    """A game that starts after midnight UTC belongs to the evening before."""
    days = day_results([game(0, 500), game(0, -200), game(1, -1_000), game(3, 400)])
    assert [(str(day.day), day.games, day.profit_cents) for day in days] == [
        ("2026-01-14", 2, 300),
        ("2026-01-15", 1, -1_000),
        ("2026-01-17", 1, 400),
    ]
    assert [(day.total_cents, day.drawdown_cents) for day in days] == [
        (300, 0),
        (-700, 1_000),
        (-300, 600),
    ]


def test_chances_of_games_are_independent() -> None:
    """Their variances add up."""
    assert outcome_sd([game(0, 0, 300), game(1, 0, 400)]) == pytest.approx(500)
    assert NOTHING.profit_cents == 0
