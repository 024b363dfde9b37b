"""Cuts and flips the files of a session at every place, and looks what is said of it.

    python -m tests.trials.damage --step 100 --seed 1

A real session trades at a sandbox, and its folder is copied while it does, write-ahead log and all.
Each file of journal and tape is then cut off, or one of its bits changed, at every place. What is
read must be the whole, or one line must say what is broken and name `sim salvage`; and that must
give back a prefix of the whole, with every message that is whole before a cut.
"""

import asyncio
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.random import default_rng

from conf.compose import build_session
from recordings.journal.journal_reader import JournalReader
from recordings.reader import Tape
from recordings.salvage.salvage import salvage
from recordings.sealed_file import checkpoints
from recordings.tape import SEGMENT_GLOB
from strategies.trading.model.errors import ConfigError, JournalError, TapeError
from tests.conftest import composed
from tests.event_loops import run_watching, until
from tests.live.local_sandbox import serve_sandbox
from tests.trials.command_line import print_line, trial_parser

JOURNAL = "journal.sqlite"
REMEDY = "python -m sim salvage"
_GAME = ("+experiment=nba", "latency=none")
_SPEED = 5
_PROGRESS = 500

# What a folder holds, in order: the rows of the journal's tables, or those of a tape.
Reading = dict[str, list[Any]]
Read = Callable[[Path], Reading]


def recorded_session(home: Path) -> tuple[Path, Path]:
    """Return a copy of a session's folder as it was while it traded, and the folder after its end.

    All rows are in the log of the first, and in the main file of the second.
    """
    copy = home / "copy"
    lines: list[str] = []

    async def run() -> None:
        async with serve_sandbox(_SPEED, *_GAME, "sandbox.begin_minutes_before_start=30") as here:
            words = ("mode=live", *_GAME, "session.name=first", *here.settings)
            session = build_session(composed(*words, "run.segment_seconds=1"))
            stop = asyncio.Event()
            environ = {"XDG_STATE_HOME": str(home)}
            trading = asyncio.ensure_future(session.run(home, environ, stop, lines.append))
            folder = home / "sessions" / "first"
            await until(lambda: trading.done() or here.live_wagers >= 4)
            segments = Path(folder / "tape-00001")
            await until(lambda: trading.done() or len([*segments.glob(SEGMENT_GLOB)]) > 1)
            assert not trading.done(), lines
            shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.sock", "*.lock"))
            stop.set()
            await trading

    run_watching(run())
    return copy, home / "sessions" / "first"


def journal_reading(folder: Path) -> Reading:
    """Return all that a journal holds."""
    with JournalReader(folder / JOURNAL) as journal:
        entries = list(journal.entries())
        runs = sorted({entry.run for entry in entries})
        contexts = [journal.run_context(run) for run in runs]
        feed = [entry for run in runs for entry in journal.entries_with_feed(run)]
        left = [journal.earlier_runs()]
    return {"entries": entries, "feed": feed, "contexts": contexts, "left": left}


def tape_reading(folder: Path) -> Reading:
    """Return all that a tape holds; each row with the names of its event, market and line."""
    tape = Tape(folder)
    lines = tape.info.catalogue().lines
    rows = [row for chunk in tape.chunks() for row in chunk.rows()]
    named = [
        (row, lines.get(tape.info.lines[row.line].line_id) if row.line >= 0 else None)
        for row in rows
    ]
    return {"rows": named}


@dataclass
class Damaged:
    """One file of a folder, and what came of each damage to it."""

    name: str
    outcomes: Counter[str] = field(default_factory=Counter)
    salvaged: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def row(self) -> str:
        """Return a row of the table."""
        tried, outcomes, kept = self.outcomes.total(), self.outcomes, self.salvaged
        return (
            f"{self.name:<26}{tried:>7}{outcomes['the whole']:>10}{outcomes['said']:>8}"
            f"{len(self.problems):>9}{kept['all']:>9}{kept['a part']:>9}{kept['nothing']:>9}"
        )


HEADER = (
    f"{'file':<26}{'tried':>7}{'whole':>10}{'said':>8}{'failed':>9}"
    f"{'all':>9}{'a part':>9}{'nothing':>9}  salvaged"
)


class Trial:
    """Damages the files of one folder, each time in a fresh copy of what is read."""

    def __init__(self, folder: Path, names: Sequence[str], read: Read, work: Path) -> None:
        """Take a folder, its files to damage, and how it is read."""
        self._folder = folder
        self._files = {path.name: path.read_bytes() for path in map(folder.joinpath, names)}
        self._read = read
        self._work = work
        self._whole = read(self._copy({}))

    def damage(self, name: str, damages: Iterator[tuple[str, int, bytes]]) -> Damaged:
        """Make some damages to a file: each a text, the place of it, and the bytes left."""
        damaged = Damaged(f"{self._folder.name}/{name}"[-26:])
        for text, place, data in damages:
            folder = self._copy({name: data})
            problem = self._outcome(folder, damaged.outcomes)
            problem = problem or self._salvaged(name, text, place, data, damaged.salvaged)
            if problem:
                damaged.problems.append(f"{text} at {place}: {problem}")
        return damaged

    def _copy(self, changed: dict[str, bytes]) -> Path:
        folder = self._work / "broken"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, data in (self._files | changed).items():
            (folder / name).write_bytes(data)
        return folder

    def _outcome(self, folder: Path, outcomes: Counter[str]) -> str:
        try:
            reading = self._read(folder)
        except (JournalError, TapeError) as error:
            outcomes["said"] += 1
            is_line = len(str(error).splitlines()) == 1 and REMEDY in str(error)
            return "" if is_line else f"said {error}"
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        outcomes["the whole"] += 1
        return "" if reading == self._whole else "another reading, and not a word"

    def _salvaged(self, name: str, text: str, place: int, data: bytes, kept: Counter[str]) -> str:
        # Reading may have changed the files: SQLite removes a log that it cannot read.
        folder = self._copy({name: data})
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        out = self._work / "out"
        shutil.rmtree(out, ignore_errors=True)
        try:
            list(salvage(folder, out))
            reading = self._read(out)
        except (ConfigError, TapeError, JournalError):
            kept["nothing"] += 1
            reading = {}
        except Exception as error:
            return f"salvage: {type(error).__name__}: {error}"
        if {path.name: path.read_bytes() for path in folder.iterdir()} != before:
            return "salvage touched the original"
        for table, rows in reading.items():
            if table in ("left", "contexts"):
                continue
            if rows != self._whole[table][: len(rows)] and table != "feed":
                return f"salvage gave back other {table}"
        if reading:
            kept["all" if reading == self._whole else "a part"] += 1
        missing = self._least_rows(name, text, place) - len(reading.get("rows", ()))
        return f"salvage lost {missing} whole rows" if missing > 0 else ""

    def _least_rows(self, name: str, text: str, place: int) -> int:
        """Return how many rows of a tape end before a cut, in groups that end before it."""
        if text != "cut" or not name.startswith("segment-"):
            return 0
        earlier = [other for other in self._files if other < name]
        rows: int = sum(Tape(self._folder / other).rows_total for other in earlier)
        is_whole = any(each.end <= place for each in checkpoints(self._files[name]))
        return rows + Tape(self._folder / name).rows_total if is_whole else rows


def _damaged(data: bytes, text: str, place: int) -> bytes:
    if text == "cut":
        return data[:place]
    bit = 1 << int(text.removeprefix("flip of bit "))
    return data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]


def damages(data: bytes, step: int, seed: int) -> Iterator[tuple[str, int, bytes]]:
    """Yield a cut and a flipped bit at every `step` bytes of a file."""
    chance = default_rng(seed)
    for place in range(0, len(data), step):
        for text in ("cut", f"flip of bit {chance.integers(8)}"):
            yield text, place, _damaged(data, text, place)


def run(
    folders: tuple[Path, Path], step: int, seed: int, report: Callable[[str], None]
) -> list[Damaged]:
    """Damage every file of a session's journal, while it traded and after, and of its tape."""
    folder, ended = folders
    results = []
    with tempfile.TemporaryDirectory(prefix="damage-") as work:
        tape = folder / "tape-00001"
        segments = sorted(path.name for path in tape.glob(SEGMENT_GLOB))[:3]
        journal = [JOURNAL, f"{JOURNAL}-wal", f"{JOURNAL}.mark"]
        for place, names, read in (
            (folder, journal, journal_reading),
            (ended, [JOURNAL, f"{JOURNAL}.mark"], journal_reading),
            (tape, segments, tape_reading),
        ):
            trial = Trial(place, names, read, Path(work))
            for name in names:
                data = (place / name).read_bytes()
                some = _reported(damages(data, step, seed), name, report)
                results.append(trial.damage(name, some))
                for problem in results[-1].problems[:5]:
                    report(f"{name}: {problem}")
    return results


def _reported(
    some: Iterator[tuple[str, int, bytes]], name: str, report: Callable[[str], None]
) -> Iterator[tuple[str, int, bytes]]:
    for number, damage in enumerate(some):
        if number % _PROGRESS == 0:
            report(f"{name}: at byte {damage[1]}")
        yield damage


def main(words: Sequence[str]) -> int:
    """Make the trial that the arguments ask for; return 1 if something did not hold."""
    parser = trial_parser("damage")
    parser.add_argument("--step", type=int, default=100, help="bytes between two damages")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="damage-") as home:
        results = run(recorded_session(Path(home)), given.step, given.seed, print_line)
    print_line("\n".join([HEADER, *(result.row() for result in results)]))
    return int(any(result.problems for result in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
