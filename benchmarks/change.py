"""What the last commit did to the speed: python -m benchmarks.change

Runs three short passes on the working tree and on the commit before, HEAD~1, interleaved, each in a
process of its own, and prints the processor seconds of the pass, the least of three runs, and the
change. On a shared machine less than a tenth means nothing. The status is always 0: what cannot be
measured is a line.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.backtest import write_busy_tape
from benchmarks.peers.environments import PROJECT, Environment, check_out
from benchmarks.peers.measurements import measure_once
from benchmarks.peers.works import RUN_OURS

_RUNS = 3
_ROWS = 100_000
_BEFORE = "HEAD~1"
# The words that the script takes before the recording, and after it.
_CASES = {
    "nobody trading": (("nobody",), ()),
    "a refresh every 5 s": (("trade",), ("strategy.quote_refresh_seconds=5",)),
    "on every change": (("trade",), ("strategy.quote_refresh_seconds=0",)),
}


def compare(now: Environment, before: Environment, words: Sequence[str]) -> str:
    """Return the seconds of a pass now and before, and the change, as a phrase."""
    runs = [
        [float(measure_once(environment, words)["seconds"]) for environment in (now, before)]
        for _ in range(_RUNS)
    ]
    seconds, seconds_before = map(min, zip(*runs, strict=True))
    change = 100 * (seconds / seconds_before - 1)
    return f"{seconds:.3f} s, before {seconds_before:.3f} s: {change:+.0f} %"


def print_changes(scratch: Path) -> None:
    """Print the change of every case; raise what prevents all of them."""
    check_out(_BEFORE, scratch / "before")
    tape = scratch / "tape"
    write_busy_tape(tape, _ROWS, pairs=3)
    # The plain core of both: only that of the working tree may have been compiled.
    trees = (PROJECT, scratch / "before")
    versions = [Environment(Path(sys.executable), tree, "plain") for tree in trees]
    for name, (first, last) in _CASES.items():
        try:
            print(f"{name}: {compare(*versions, [RUN_OURS, *first, str(tape), *last])}", flush=True)
        except Exception as error:  # whatever the commit before cannot do
            print(f"{name}: not compared: {error}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        try:
            print_changes(Path(folder))
        except Exception as problem:  # no history, no git, no disk
            print(f"speed not compared with {_BEFORE}: {problem}")
