"""The verbs of recorded sessions: replay, compare, latency."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from conf.command_line import print_line
from conf.modes import Mode
from conf.verb_parser import VerbParser
from strategies.trading.model.counted import counted
from strategies.trading.model.errors import ConfigError, ReportError


def replay(words: Sequence[str]) -> None:
    """Feed a session's inputs to the same desk again, and report on each start."""
    parser = VerbParser(
        prog="python -m sim replay",
        description="Build the desk of every start of a session again, feed it its inputs, and "
        "compare every command with the journal. If all agree, write the start's run folder: "
        "tables, summary.json, report.html.",
    )
    parser.add_argument("folder", type=Path, help="the folder of a session, sessions/NAME")
    parser.add_argument("--start", metavar="N", type=int, help="only the start of this number")
    options = parser.parse_args(words)
    failures = []
    for number, report in _starts(options.folder, Mode.REPLAY, options.start):
        try:
            for line in report.run(options.folder, number):
                print_line(line)
        except ReportError as error:
            # Its run is whole, and the others can be replayed all the same.
            failures.append(error)
    if failures:
        raise failures[0]


def compare(words: Sequence[str]) -> None:
    """Compare simulated fills with a session's actual outcomes."""
    folder = _session_folder(
        "compare",
        "Send the commands of every start of a session to the simulated exchange again, on its "
        "recording without our wagers, and compare the outcome of each wager.",
        words,
    )
    from sim.compare.fill_gate import FillGate  # noqa: PLC0415

    gate = FillGate()
    for number, comparison in _starts(folder, Mode.COMPARE):
        for line in comparison.run(folder, number, gate):
            print_line(line)
    for line in gate.conclude(folder):
        print_line(line)


def latency(words: Sequence[str]) -> None:
    """Measure the round trips of a session."""
    folder = _session_folder(
        "latency",
        "Measure how long the exchange took to confirm the placements and cancels of a session, "
        "and write them beside its journal, for latency=measured.",
        words,
    )
    from sim.compare.round_trips import write_round_trips  # noqa: PLC0415

    for line in write_round_trips(folder):
        print_line(line)


def _session_folder(verb: str, description: str, words: Sequence[str]) -> Path:
    """Return the folder of a session, the one word of a verb."""
    parser = VerbParser(prog=f"python -m sim {verb}", description=description)
    parser.add_argument("folder", type=Path, help="the folder of a session, sessions/NAME")
    folder: Path = parser.parse_args(words).folder
    return folder


def _starts(folder: Path, mode: Mode, only: int | None = None) -> Iterator[tuple[int, Any]]:
    """Yield the starts of a session by number, or only one, each as the session of a mode."""
    from conf.compose import changed_code_since, session_from_saved  # noqa: PLC0415 - needs Hydra

    starts = dict(enumerate(sorted(folder.glob("start-*.yaml")), 1))
    if not starts:
        message = f"{folder}: there is no session"
        raise ConfigError(message)
    if only is not None and only not in starts:
        message = f"{folder}: there is no start {only}; it has {counted(len(starts), 'start')}"
        raise ConfigError(message)
    for number, saved in starts.items() if only is None else [(only, starts[only])]:
        for module in changed_code_since(saved):
            sys.stderr.write(f"start {number}: the code of {module} is not what the session ran\n")
        yield number, session_from_saved(saved, mode)
