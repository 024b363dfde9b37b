"""Random and constant latency models."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator

from sim.engine.latency import Constant, Lognormal, Measured, NoDelay, build_latency
from sim.engine.random_streams import RandomStreams
from strategies.trading.model.errors import ConfigError
from strategies.trading.model.setting_reader import read_settings


def rng() -> Generator:
    """Return a stream of fixed numbers."""
    return np.random.default_rng(5)


def test_a_constant_delay_is_whole_nanoseconds() -> None:
    """Milliseconds may be fractional; what is drawn is integer nanoseconds."""
    assert Constant(0.25).sample_ns() == 250_000
    assert Constant(40).sample_ns() == 40_000_000


def test_no_delay_is_zero() -> None:
    """Without latency every delay is zero."""
    assert NoDelay().sample_ns() == 0


def test_a_lognormal_delay_has_its_median_and_spread() -> None:
    """Half the delays lie below the median, and their logarithm spreads as asked."""
    delay = Lognormal(60, 0.4, rng=rng())
    drawn = np.array([delay.sample_ns() for _ in range(20_000)])
    assert abs(np.median(drawn) / 60e6 - 1) < 0.02
    assert abs(np.std(np.log(drawn)) - 0.4) < 0.01


def test_a_lognormal_delay_stays_within_its_bounds() -> None:
    """Delays beyond the bounds are moved to them."""
    delay = Lognormal(60, 2, floor_ms=30, cap_ms=100, rng=rng())
    drawn = [delay.sample_ns() for _ in range(5000)]
    assert (min(drawn), max(drawn)) == (30_000_000, 100_000_000)


def test_buffered_draws_keep_the_order_of_the_stream() -> None:
    """The model gives the stream's numbers one by one, as often as it is asked."""
    delay = Lognormal(60, 0.4, rng=rng())
    expected = rng().lognormal(np.log(60e6), 0.4, 4096)
    assert [delay.sample_ns() for _ in range(4096)] == np.rint(expected).astype(int).tolist()


@pytest.mark.parametrize("wrong", ["40", True, -1, float("nan"), float("inf"), None])
def test_an_invalid_number_of_milliseconds_is_refused_by_name(wrong: Any) -> None:
    """Text, booleans, negatives and NaN are refused before anything runs."""
    usual = {"median_ms": 60, "sigma": 0.4, "rng": rng()}
    for model, settings, name in (
        (Constant, {}, "ms"),
        (Lognormal, usual, "sigma"),
        (Lognormal, usual, "median_ms"),
    ):
        with pytest.raises(ConfigError, match=rf"^latency\.entry\.{name}: "):
            read_settings("latency.entry", model, settings | {name: wrong})


def test_a_median_of_zero_and_reversed_bounds_are_refused() -> None:
    """A log-normal delay needs a median, and bounds in order."""
    usual = {"median_ms": 60, "sigma": 0.4, "rng": rng()}
    with pytest.raises(ConfigError, match=r"^latency\.entry\.median_ms: 0 is not .* above 0"):
        read_settings("latency.entry", Lognormal, usual | {"median_ms": 0})
    with pytest.raises(ConfigError, match=r"^latency\.entry\.cap_ms: 5 is below floor_ms, 10"):
        read_settings("latency.entry", Lognormal, usual | {"floor_ms": 10, "cap_ms": 5})


def table(folder: Path, text: str) -> str:
    """Return the path of a table of times."""
    path = folder / "entry.txt"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_measured_delay_draws_every_recorded_time_equally_often(tmp_path: Path) -> None:
    """Each recorded time comes as often as it is in the table, in whole nanoseconds."""
    delay = Measured(table(tmp_path, "20.5\n60\n60\n1000\n"), rng=rng())
    drawn = [delay.sample_ns() for _ in range(20_000)]
    shares = {ns: drawn.count(ns) / len(drawn) for ns in set(drawn)}
    assert sorted(shares) == [20_500_000, 60_000_000, 1_000_000_000]
    assert abs(shares[60_000_000] - 0.5) < 0.02
    assert abs(shares[20_500_000] - 0.25) < 0.02


def test_a_measured_delay_is_reproducible(tmp_path: Path) -> None:
    """The seed alone decides which times are drawn, in which order."""
    path = table(tmp_path, "\n".join(map(str, range(100))))
    first, second = Measured(path, rng=rng()), Measured(path, rng=rng())
    drawn = [first.sample_ns() for _ in range(5000)]
    assert drawn == [second.sample_ns() for _ in range(5000)]
    assert len(set(drawn)) == 100


def test_a_measured_delay_describes_its_table(tmp_path: Path) -> None:
    """The report names the table by its file, its length and its median."""
    message = str(Measured(table(tmp_path, "40\n55.5\n1000\n"), rng=rng()))
    assert message == "measured, 3 times in entry.txt, median 55.5 ms"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("40\nlong\n", "line 2: 'long' is not a number"),
        ("ms\n40\n", "line 1: 'ms' is not a number"),
        ("40\n\n50\n", "line 2: '' is not a number"),
        ("40\n50\n-1\n", "line 3: '-1' is not a number"),
        ("nan\n", "line 1: 'nan' is not a number"),
        ("40,50\n", "line 1: '40,50' is not a number"),
        ("", "is empty"),
    ],
)
def test_an_invalid_table_is_refused_with_file_and_line(
    tmp_path: Path, text: str, message: str
) -> None:
    """A line that is not a number of milliseconds is refused with its location."""
    path = table(tmp_path, text)
    with pytest.raises(ConfigError) as refusal:
        Measured(path, rng=rng())
    assert f"{path}" in str(refusal.value)
    assert message in str(refusal.value)


def test_an_unreadable_table_is_refused_by_name(tmp_path: Path) -> None:
    """A missing file, a folder, and a file that is not text are refused."""
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe40")
    for name in ("absent.txt", ".", "bytes.txt"):
        path = tmp_path / name
        with pytest.raises(ConfigError, match="cannot be read") as refusal:
            Measured(str(path), rng=rng())
        assert str(path) in str(refusal.value)


@pytest.mark.parametrize("wrong", [None, "", 40])
def test_a_measured_delay_without_a_table_is_refused_by_name(wrong: Any) -> None:
    """No figures are invented; the message names the setting that needs a file."""
    with pytest.raises(ConfigError, match=r"^latency\.entry\.path: "):
        read_settings("latency.entry", Measured, {"path": wrong, "rng": rng()})


def test_each_delay_draws_from_its_own_stream() -> None:
    """The same model on two connections gives different delays, reproduced by one seed."""

    def drawn() -> list[int]:
        model = partial(Lognormal, median_ms=60, sigma=0.4)
        latency = build_latency(
            RandomStreams(3),
            feed=model,
            compute=NoDelay,
            entry=model,
            activation=model,
            response=model,
        )
        delays = (latency.feed, latency.entry, latency.response, latency.cancel)
        return [delay.sample_ns() for delay in delays]

    assert drawn() == drawn()
    assert len(set(drawn())) == 4
