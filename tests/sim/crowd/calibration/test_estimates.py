"""Estimates of calibration on numbers whose true figures are known."""

import numpy as np
import pytest

from sim.crowd.calibration.estimates import platt_slope
from sim.crowd.calibration.joint_outcomes import factor
from sim.crowd.calibration.moments import Moments

RNG = np.random.default_rng(7)


def test_moments_of_games_add_up_to_those_of_all() -> None:
    """Slope and correlation of pooled games are those of all pairs; unknown ones are left out."""
    x = RNG.normal(size=600)
    y = 0.5 * x + RNG.normal(size=600)
    parts = [Moments.of(x[:200], y[:200]), Moments.of(x[200:], y[200:])]
    parts.append(Moments.of(np.array([np.nan, 1.0]), np.array([1.0, np.nan])))
    total = Moments.total(parts)
    assert total.pairs == 600
    assert total.slope == pytest.approx(np.polyfit(x, y, 1)[0])
    assert total.correlation == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_the_platt_slope_shows_favourites_that_are_too_cheap() -> None:
    """Of prices whose logit is half of the true one, the slope is two."""
    logits = RNG.uniform(-1.5, 1.5, 200_000)
    won = RNG.random(200_000) < 1 / (1 + np.exp(-2 * logits))
    assert platt_slope(1 / (1 + np.exp(-logits)), won) == pytest.approx(2, abs=0.03)


def test_the_factor_of_joint_outcomes_and_its_error() -> None:
    """Independent outcomes have a factor of one, within its error; one with itself is rarer."""
    first, second = RNG.random(100_000) < 0.5, RNG.random(100_000) < 0.4
    apart = factor(first, second)
    assert abs(apart.value - 1) < 4 * apart.standard_error < 0.02
    assert factor(first, first).value == pytest.approx(1 / first.mean())
