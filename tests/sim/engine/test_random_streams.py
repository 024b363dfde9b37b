"""Chance has one seed, and a stream for each name."""

import os
import subprocess
import sys

from sim.engine.random_streams import RandomStreams
from tests.paths import PROJECT

DRAW = (
    "from sim.engine.random_streams import RandomStreams; "
    "print(RandomStreams(7).named('latency.entry').integers(1 << 60))"
)


def test_a_stream_depends_on_the_seed_and_its_name_alone() -> None:
    """What others draw, and in which order streams are asked for, changes nothing."""
    alone = RandomStreams(7).named("latency.entry").integers(1 << 60, size=5).tolist()
    streams = RandomStreams(7)
    streams.named("crowd").integers(1 << 60, size=100)
    assert streams.named("latency.entry").integers(1 << 60, size=5).tolist() == alone
    assert RandomStreams(8).named("latency.entry").integers(1 << 60, size=5).tolist() != alone
    assert RandomStreams(7).named("latency.feed").integers(1 << 60, size=5).tolist() != alone


def test_a_name_asked_for_twice_is_one_stream() -> None:
    """Two who use one name share a stream; neither sees the other's numbers again."""
    streams = RandomStreams(7)
    first = streams.named("a").integers(1 << 60)
    assert streams.named("a").integers(1 << 60) != first


def test_streams_are_the_same_in_another_process_with_another_hash_seed() -> None:
    """Numbers do not depend on how Python hashes text in one process."""
    drawn = {
        subprocess.run(
            [sys.executable, "-c", DRAW],
            cwd=PROJECT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert drawn == {f"{RandomStreams(7).named('latency.entry').integers(1 << 60)}\n".encode()}
