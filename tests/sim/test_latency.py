"""How long messages take."""

from functools import partial

import numpy as np
import pytest

from sim.latency import Constant, Lognormal, NoDelay, build_latency
from sim.streams import Streams
from strategies.trading.errors import ConfigError


def rng():
    """Return a stream of fixed numbers."""
    return np.random.default_rng(5)


def test_a_constant_delay_is_whole_nanoseconds():
    """Milliseconds may be fractional; what is drawn is integer nanoseconds."""
    assert Constant(0.25).sample_ns() == 250_000
    assert Constant(40).sample_ns() == 40_000_000


def test_no_delay_is_none():
    """Without latency nothing takes time."""
    assert NoDelay().sample_ns() == 0


def test_a_lognormal_delay_has_its_median_and_spread():
    """Half the delays lie below the median, and their logarithm spreads as asked."""
    delay = Lognormal(60, 0.4, rng=rng())
    drawn = np.array([delay.sample_ns() for _ in range(20_000)])
    assert abs(np.median(drawn) / 60e6 - 1) < 0.02
    assert abs(np.std(np.log(drawn)) - 0.4) < 0.01


def test_a_lognormal_delay_stays_between_floor_and_cap():
    """Delays beyond the bounds are moved to them."""
    delay = Lognormal(60, 2, floor_ms=30, cap_ms=100, rng=rng())
    drawn = [delay.sample_ns() for _ in range(5000)]
    assert (min(drawn), max(drawn)) == (30_000_000, 100_000_000)


def test_buffered_draws_are_those_of_the_stream_in_order():
    """The model gives the stream's numbers one by one, as often as it is asked."""
    delay = Lognormal(60, 0.4, rng=rng())
    expected = rng().lognormal(np.log(60e6), 0.4, 4096)
    assert [delay.sample_ns() for _ in range(4096)] == np.rint(expected).astype(int).tolist()


@pytest.mark.parametrize("wrong", ["40", True, -1, float("nan"), float("inf"), None])
def test_a_setting_that_is_no_number_of_milliseconds_is_refused_by_name(wrong):
    """Text, booleans, negatives and no-numbers are refused before anything runs."""
    with pytest.raises(ConfigError, match="latency ms"):
        Constant(wrong)
    with pytest.raises(ConfigError, match="sigma"):
        Lognormal(60, wrong, rng=rng())
    with pytest.raises(ConfigError, match="median_ms"):
        Lognormal(wrong, 0.4, rng=rng())


def test_a_median_of_zero_and_a_cap_below_the_floor_are_refused():
    """A log-normal delay needs a median, and bounds in order."""
    with pytest.raises(ConfigError, match="median_ms"):
        Lognormal(0, 0.4, rng=rng())
    with pytest.raises(ConfigError, match="cap_ms"):
        Lognormal(60, 0.4, floor_ms=10, cap_ms=5, rng=rng())


def test_each_delay_draws_from_a_stream_of_its_own():
    """The same model on two ways gives different delays, which one seed brings back."""

    def drawn():
        model = partial(Lognormal, median_ms=60, sigma=0.4)
        latency = build_latency(
            Streams(3), feed=model, compute=NoDelay, entry=model, activation=model, response=model
        )
        return [latency.feed.sample_ns(), latency.entry.sample_ns(), latency.response.sample_ns()]

    assert drawn() == drawn()
    assert len(set(drawn())) == 3
