"""Lines are thinned without losing what a reader looks for, and ticks are round."""

from itertools import pairwise
from math import isclose

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.report.series import MAX_POINTS, limits_around, round_ticks, thin


def test_a_long_line_is_thinned_to_what_can_be_seen_with_its_ends_and_extremes() -> None:
    """A spike of one row in a million, up or down, is on the picture."""
    line, other = np.zeros(1_000_000), np.ones(1_000_000)
    line[[123_456, 777_777]] = 50, -50
    other[500_001] = np.nan
    kept = thin(line, other)
    assert len(kept) <= MAX_POINTS
    assert {0, 123_456, 777_777, 999_999} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()


@given(
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 1e6),
    st.integers(3, 8),
    st.booleans(),
)
def test_ticks_are_evenly_spaced_within_their_limits(
    low: float, size: float, most: int, whole: bool
) -> None:
    """There are some on every axis, never more than it has width for."""
    ticks = round_ticks((low, low + size), most, whole=whole)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else size
    assert len(ticks) <= most + 1
    slack = 1e-6 * step
    assert all(low - slack <= tick <= low + size + slack for tick in ticks)
    assert all(isclose(after - before, step, rel_tol=1e-3) for before, after in pairwise(ticks))
    if whole and size > most:
        assert all(tick.is_integer() for tick in ticks)


def test_ticks_of_minutes_are_whole_unless_the_axis_is_shorter() -> None:
    """Minutes of a game are counted whole; half a minute of a short run has ticks too."""
    steps = (1, 1.5, 2, 3, 6, 10)
    assert round_ticks((0, 11), 8, steps, whole=True) == [0, 2, 4, 6, 8, 10]
    assert len(round_ticks((-50, -49.5), 8, steps, whole=True)) > 2


def test_limits_include_zero_and_every_known_value() -> None:
    """An axis of money shows where profit ends and loss begins."""
    low, high = limits_around([np.array([np.nan, 40.0]), np.array([20.0, 10.0])])
    assert low < 0
    assert high > 40
    low, high = limits_around([np.array([np.nan])])
    assert low < 0 < high
