"""Chance has one seed, and a stream for each name."""

import os
import subprocess
import sys
from pathlib import Path

from sim.streams import Streams

DRAW = "from sim.streams import Streams; print(Streams(7).named('latency.entry').integers(1 << 60))"


def test_a_stream_depends_on_the_seed_and_its_name_alone():
    """What others draw, and in which order streams are asked for, changes nothing."""
    alone = Streams(7).named("latency.entry").integers(1 << 60, size=5).tolist()
    streams = Streams(7)
    streams.named("crowd").integers(1 << 60, size=100)
    assert streams.named("latency.entry").integers(1 << 60, size=5).tolist() == alone
    assert Streams(8).named("latency.entry").integers(1 << 60, size=5).tolist() != alone
    assert Streams(7).named("latency.feed").integers(1 << 60, size=5).tolist() != alone


def test_a_name_asked_for_twice_is_one_stream():
    """Two who use one name share a stream; neither sees the other's numbers again."""
    streams = Streams(7)
    first = streams.named("a").integers(1 << 60)
    assert streams.named("a").integers(1 << 60) != first


def test_streams_are_the_same_in_another_process_with_another_hash_seed():
    """Numbers do not depend on how Python hashes text in one process."""
    house = Path(__file__).parents[2]
    drawn = {
        subprocess.run(
            [sys.executable, "-c", DRAW],
            cwd=house,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert drawn == {f"{Streams(7).named('latency.entry').integers(1 << 60)}\n".encode()}
