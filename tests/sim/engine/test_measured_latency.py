"""Latency from a table of round trips: its distribution, its split, and tables that are wrong."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sim.backtest import Backtest
from sim.engine.latency import Constant, Latency
from sim.engine.measured_latency import build_measured_latency, read_round_trips, round_trip_text
from sim.engine.random_streams import RandomStreams
from strategies.trading.model.errors import ConfigError

MS = 1_000_000
PLACEMENTS = [58 * MS, *[(90 + each) * MS for each in range(18)], 206 * MS]
CANCELS = [78 * MS, *[(110 + each) * MS for each in range(18)], 260 * MS]


def built(path: Path, seed: int = 3) -> Latency:
    """Return the delays of a table, with a constant feed and activation."""
    constant = partial(Constant, 60)
    streams = RandomStreams(seed)
    return build_measured_latency(streams, path=str(path), feed=constant, activation=constant)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a table with twenty round trips of each verb."""
    path = tmp_path / "round-trips.csv"
    text = round_trip_text({"place": PLACEMENTS, "cancel": CANCELS})
    path.write_text(text, encoding="utf-8")
    return path


def test_simulated_round_trips_are_the_measured_ones(table: Path) -> None:
    """There and back, each verb takes as long as it was measured to, each time equally often."""
    latency = built(table)
    for delay, trips in ((latency.entry, PLACEMENTS), (latency.cancel, CANCELS)):
        drawn = [delay.sample_ns() + latency.response.sample_ns() for _ in range(10_000)]
        assert set(drawn) == set(trips)
        assert np.mean(drawn) == pytest.approx(np.mean(trips), rel=0.01)


def test_the_way_back_is_half_of_a_quick_placement(table: Path) -> None:
    """The rest of a round trip passes before the exchange acts, whichever verb it is of."""
    quick_ns = int(np.quantile(PLACEMENTS, 0.05))
    latency = built(table)
    assert latency.response.sample_ns() == pytest.approx(quick_ns / 2, abs=1)
    assert latency.compute.sample_ns() == 0
    assert latency.feed.sample_ns() == latency.activation.sample_ns() == 60 * MS


def test_the_seed_decides_what_is_drawn(table: Path) -> None:
    """The same seed draws the same delays, another one others; verbs have streams of their own."""

    def drawn(seed: int) -> list[tuple[int, int]]:
        latency = built(table, seed)
        return [(latency.entry.sample_ns(), latency.cancel.sample_ns()) for _ in range(20)]

    assert drawn(3) == drawn(3) != drawn(4)


def test_the_report_names_the_table(table: Path) -> None:
    """A reader of a run sees where its delays come from."""
    assert str(built(table).cancel).startswith("measured, 20 times in round-trips.csv, without")


def test_a_table_is_read_as_it_was_written(table: Path) -> None:
    """Microseconds are kept."""
    assert read_round_trips(table) == {"place": PLACEMENTS, "cancel": CANCELS}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("97\n113\n", "line 1: '97' is not verb,milliseconds"),
        ("verb,milliseconds\nplace,97\nhold,3\n", "line 3: 'hold,3' is not place or cancel"),
        ("verb,milliseconds\nplace,97\ncancel\n", "line 3: 'cancel' is not place or cancel"),
        ("verb,milliseconds\nplace,-1\n", "line 2: '-1' is not a number of milliseconds"),
        ("verb,milliseconds\nplace,97\n", "has no round trip of a cancel"),
        ("", "is empty"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    """The message has the file, the line and what is wrong with it."""
    path = tmp_path / "wrong.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refusal:
        built(path)
    assert str(path) in str(refusal.value)
    assert message in str(refusal.value)


def test_the_default_round_trips_are_those_measured(
    build_backtest: Callable[..., Backtest],
) -> None:
    """The medians are those measured; one in twenty is as quick and as slow, to some ms."""
    latency = build_backtest("latency=lognormal").latency(RandomStreams(1))
    measured = {latency.entry: (58, 97, 206), latency.cancel: (78, 113.5, 194)}
    for delay, wanted in measured.items():
        sent = (latency.compute, delay, latency.response)
        trips_ms = [sum(each.sample_ns() for each in sent) / MS for _ in range(40_000)]
        quick, middle, slow = np.quantile(trips_ms, (0.05, 0.5, 0.95))
        assert abs(middle - wanted[1]) < 1
        assert abs(quick - wanted[0]) < 10
        assert abs(slow - wanted[2]) < 13
