"""One seed, and a random stream for each name."""

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
    """Draws from other streams, and the order of their creation, change nothing."""
    alone = RandomStreams(7).named("latency.entry").integers(1 << 60, size=5).tolist()
    streams = RandomStreams(7)
    streams.named("crowd").integers(1 << 60, size=100)
    assert streams.named("latency.entry").integers(1 << 60, size=5).tolist() == alone
    assert RandomStreams(8).named("latency.entry").integers(1 << 60, size=5).tolist() != alone
    assert RandomStreams(7).named("latency.feed").integers(1 << 60, size=5).tolist() != alone


def test_a_name_has_one_stream() -> None:
    """Two users of one name share a stream; no number is drawn twice."""
    streams = RandomStreams(7)
    first = streams.named("a").integers(1 << 60)
    assert streams.named("a").integers(1 << 60) != first


def test_streams_are_the_same_in_another_process_with_another_hash_seed() -> None:
    """Numbers do not depend on the hash seed of the process."""
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
