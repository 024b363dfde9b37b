"""Ourselves beside nautilus_trader, flumine and hftbacktest: python -m benchmarks.peers

Every program rests 50 a side at the touch of the same stream, in a process of its own, all
interleaved, round after round. Seconds are of the processor, user and system, around the run alone:
without imports, compiling, and making or loading data, but where a program reads its data as it
runs (ours and flumine). Parsing a stream to the program's objects is shown apart.

Prints the table of docs/performance.md as Markdown. The programs are installed by pip into a
folder, and reused from there. The real books are beside this project, in ../shared; without them
their works are left out.
"""

import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.environments import (
    PROJECT,
    Environment,
    InstallError,
    comparison_parser,
    environment_of,
)
from benchmarks.peers.measurements import HEADER, Row, RunError, measure_once, table_rows
from benchmarks.peers.streams import StreamFiles, generated_files, real_files
from benchmarks.peers.works import GENERATED, REAL_SOURCES, WORKS, Work, script_and_arguments

_REAL_BOOKS = PROJECT.parent / "shared" / "data" / "real" / "betfair"


def make_streams(works: Sequence[Work], folder: Path) -> dict[str, StreamFiles]:
    """Write the streams of these works below a folder; those whose source is missing are not."""
    made = {}
    for name in dict.fromkeys(work.stream for work in works):
        source = _REAL_BOOKS / REAL_SOURCES.get(name, "")
        if not source.exists():
            print(f"{source}: missing; the works on the {name} book are left out", file=sys.stderr)
            continue
        own = folder / name
        own.mkdir()
        made[name] = generated_files(own) if name == GENERATED else real_files(source, own)
    return made


def measure(works: Sequence[Work], folder: Path, rounds: int, scratch: Path) -> list[Row]:
    """Measure all works in turn, for several rounds."""
    streams = make_streams(works, scratch)
    environments, missing = _environments(works, folder)
    rows = [
        (work, Row(work.title(streams[work.stream].messages), program, [], []))
        for work in works
        if work.stream in streams
        for program in work.programs
    ]
    for number in range(1, rounds + 1):
        for work, row in rows:
            if row.program in missing:
                row.failures.append(missing[row.program])
                continue
            words = script_and_arguments(work, row.program, streams[work.stream])
            try:
                row.runs.append(measure_once(environments[row.program], words))
            except RunError as error:
                row.failures.append(str(error))
            print(f"round {number}: {row.program}: {row.title}", file=sys.stderr)
    return [row for _, row in rows]


def _environments(
    works: Sequence[Work], folder: Path
) -> tuple[dict[str, Environment], dict[str, str]]:
    """Return the environments by program, and why those that are missing cannot be built."""
    built, missing = {}, {}
    for program in dict.fromkeys(program for work in works for program in work.programs):
        try:
            built[program] = environment_of(program, folder)
        except InstallError as error:
            missing[program] = str(error)
    return built, missing


def main() -> None:
    """Measure, and print the table."""
    parser = comparison_parser("benchmarks.peers", __doc__)
    parser.add_argument("--only", metavar="WORD", default="", help="works with this word in them")
    options = parser.parse_args()
    works = [work for work in WORKS if options.only in work.title(0)]
    if not works:
        parser.error(f"--only: no work has {options.only!r} in it")
    with tempfile.TemporaryDirectory() as scratch:
        rows = measure(works, options.environments.absolute(), options.rounds, Path(scratch))
    machine = f"Python {platform.python_version()}, {platform.machine()}"
    print(f"{machine}, {options.rounds} rounds, load {os.getloadavg()[2]:.1f} over 15 minutes")
    print(f"\n{HEADER}", *table_rows(rows), sep="\n")


if __name__ == "__main__":
    main()
