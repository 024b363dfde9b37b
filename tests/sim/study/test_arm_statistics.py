"""The statistics of arms, on figures that can be computed by hand."""

import numpy as np
import pytest

from sim.study.arm_statistics import (
    best_arm,
    compare_arms,
    holm,
    played_games,
    sign_flip_p,
    split_games,
    walk_forward,
)
from tests.sim.study.study_games import edges, game, trials


def test_holm_steps_down_from_the_smallest() -> None:
    """Of four: times 4, 3, 2, 1 in ascending order, never below one before, at most 1."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def p_of(cents: list[int]) -> float:
    """Return the p-value of one row."""
    return sign_flip_p(np.array([cents], dtype=np.float64))[0]


def test_random_signs_of_few_values() -> None:
    """Of the 2^4 signs of equal values 2 give a sum as large; without any value, all do."""
    assert p_of([7, 7, 7, 7]) == pytest.approx(2 / 16, abs=0.01)
    # |3 - 1| or more: all but +3 +1 +1 -> 5, 3, 3, 1 with either sign; 1 is smaller.
    assert p_of([3, 1, -1]) == pytest.approx(6 / 8, abs=0.02)
    assert p_of([0, 0, 0, 0, 0]) == 1.0


def test_the_rate_of_false_findings_is_the_stated_one() -> None:
    """Of samples without an effect, of a skewed size, a twentieth is below 0.05."""
    rng = np.random.default_rng(5)
    signs = rng.integers(0, 2, size=(300, 40)) * 2 - 1
    samples = signs * rng.exponential(100.0, size=(300, 40))
    found = sum(p < 0.05 for p in sign_flip_p(samples))
    assert 5 <= found <= 27  # of 300: 15, and three standard deviations of 3.8


def test_a_paired_difference_shows_what_games_hide() -> None:
    """What a game decided is in both arms: alone neither is above zero, their difference is."""
    rng = np.random.default_rng(1)
    decided = [round(each) for each in rng.normal(0, 10_000, 30)]
    better = [cents + 50 + number % 5 for number, cents in enumerate(decided)]
    arms = [
        [game(number, profit_cents=each) for number, each in enumerate(cents)]
        for cents in (decided, better)
    ]
    first, second = compare_arms(played_games(trials(*arms), [0, 1]), "profit")
    assert first.against is None
    assert second.against is not None
    assert second.p_against is not None
    assert second.against.mean == pytest.approx(52)
    assert second.against.low > 0
    assert second.p_against < 0.001
    assert second.p_value > 0.05
    assert not second.earns
    assert second.objective.error > 100 * second.against.error


def test_an_arm_earns_only_above_zero() -> None:
    """Below zero beyond chance is a finding too, but no earning."""
    losing, earning = compare_arms(
        played_games(trials(edges(*[-100] * 20), edges(*[100] * 20)), [0, 1]), "early"
    )
    assert (losing.p_value < 0.01, losing.earns) == (True, False)
    assert (earning.p_value < 0.01, earning.earns) == (True, True)


def test_arms_are_compared_on_games_that_all_played() -> None:
    """A game that one arm failed on is left out for every arm; the order is that of time."""
    first, second = edges(1, 2, 3, 4), edges(10, 20, 30, 40)
    kept = [each for each in trials(first, second) if (each.arm, each.recording) != (1, 1)]
    games = played_games(list(reversed(kept)), [0, 1])
    assert games.figures("early").tolist() == [[1, 3, 4], [10, 30, 40]]


def test_recordings_of_one_game_are_one_observation() -> None:
    """Its spreads and totals in files of their own are added up; half a game is none."""
    whole = [*trials(edges(1, 2), edges(5, 6))]
    more = [each._replace(recording=each.recording + 2) for each in whole]
    games = played_games([*whole, *more], [0, 1])
    assert games.figures("early").tolist() == [[2, 4], [10, 12]]
    games = played_games([*whole, *more[:-1]], [0, 1])
    assert games.figures("early").tolist() == [[2], [10]]


def test_later_games_judge_what_earlier_ones_choose() -> None:
    """No game is on both sides."""
    games = played_games(trials(edges(1, 2, 3, 4, 5)), [0])
    choosing, judging = split_games(games, 0.4)
    assert choosing.figures("early").tolist() == [[1, 2, 3]]
    assert judging.figures("early").tolist() == [[4, 5]]


def test_walking_forward_chooses_by_earlier_games_only() -> None:
    """An arm that is best only from the third game on is chosen for the fourth pair alone."""
    first = edges(5, 5, 5, 5, 0, 0, 0, 0)
    second = edges(0, 0, 0, 0, 90, 90, 90, 90)
    games = played_games(trials(first, second), [0, 1])
    walk = walk_forward(games, "early")
    assert walk is not None
    assert walk.chosen == [0, 0, 1]
    # The second and third pair by the first arm, the fourth by the second.
    assert walk.objective.mean == pytest.approx((5 + 5 + 0 + 0 + 90 + 90) / 6)
    assert best_arm(games, "early") == 1
    assert walk_forward(games.between(0, 3), "early") is None
