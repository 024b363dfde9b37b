"""A trial: a day of games of all sports, at high speed, with real processes, measured all along.

    python -m tests.trials.day --size 28 --minutes 60 --seed 1

A sandbox serves games that follow each other and overlap; one session trades all of them, in-play
too, with its watchdog. Memory, open files and threads of the three processes are sampled. Once the
last game is settled nothing may be open, the account must hold what the session's books say to the
cent, the history must agree with the journal, a replay must give the same commands, and after the
first quarter files and threads may not increase, and memory no faster than the bounds below.
"""

import asyncio
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.crowd.crowd_settings import CrowdSettings
from tests.event_loops import run_watching
from tests.trials.bench import Bench
from tests.trials.command_line import print_line, trial_parser
from tests.trials.many_games import DayOfGames, write_day
from tests.trials.processes import wait

NAME = "day"
# Memory may increase by this much for each thousand wagers after the first quarter. What increases
# with wagers: in the session, those that ended, their references and the history of its journal;
# in the sandbox, the history of each account. The watchdog keeps nothing.
MOST_MEBIBYTES_PER_THOUSAND = {"trade": 2.0, "watchdog": 0.0, "sandbox": 4.0}
# In the first minutes a session still fills its caches (up to 17.4 MiB were seen): less
# proves nothing.
_NOISE_MEBIBYTES = 24.0
# How many more there may be at least, in the last of the quarters than in the second one.
_MOST_MORE_FILES, _MOST_MORE_THREADS = 4, 0
_SECONDS_TO_SETTLE = 10.0
_KIBIBYTES_PER_MEBIBYTE = 1_024
_HEALTH = re.compile(r"; (\d+) wagers? open, (\d+) placed, .*; matched (\S+);")


class ProcessSample(NamedTuple):
    """What a process used at one moment."""

    resident_kibibytes: int
    files: int
    threads: int

    @classmethod
    def of(cls, process: int) -> "ProcessSample":
        """Read it; raise OSError if the process has ended."""
        place = Path(f"/proc/{process}")
        fields = dict(
            line.split(":", 1) for line in (place / "status").read_text("utf-8").splitlines()
        )
        resident = int(fields["VmRSS"].split()[0])
        return cls(resident, len(list((place / "fd").iterdir())), int(fields["Threads"]))


class Sample(NamedTuple):
    """Everything at one moment, in seconds from the beginning."""

    seconds: float
    processes: dict[str, ProcessSample]
    wagers: int
    open_wagers: int
    matched: str
    kept_bytes: dict[str, int]

    def __str__(self) -> str:
        """Return one line."""
        used = "; ".join(
            f"{name} {each.resident_kibibytes / _KIBIBYTES_PER_MEBIBYTE:.1f} MiB, "
            f"{each.files} files, {each.threads} threads"
            for name, each in self.processes.items()
        )
        kept = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in self.kept_bytes.items())
        return (
            f"{self.seconds:6.0f} s  {self.wagers} placed, {self.open_wagers} open, "
            f"matched {self.matched}; {used}; {kept}"
        )


@dataclass(frozen=True)
class DayTrial:
    """One day: what was sampled, and what was wrong."""

    samples: list[Sample]
    cpu_seconds: dict[str, float]
    balance: str
    problems: list[str]


def sample(bench: Bench, seconds: float, processes: dict[str, int]) -> Sample:
    """Sample the processes of a session and its files."""
    lines = _HEALTH.findall(bench.text("trade"))
    open_wagers, placed, matched = lines[-1] if lines else ("0", "0", "$0.00")
    used = {name: ProcessSample.of(process) for name, process in processes.items()}
    kept = {
        "journal": _size(bench.session.glob("journal.sqlite*")),
        "tape": _size(bench.session.glob("tape-*/*")),
        "log": _size(bench.session.glob("*.log")),
    }
    return Sample(seconds, used, int(placed), int(open_wagers), matched, kept)


def _size(files: Iterator[Path]) -> int:
    return sum(file.stat().st_size for file in files if file.exists())


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def trade_day(
    bench: Bench, day: DayOfGames, every_seconds: float, report: Callable[[str], None]
) -> DayTrial:
    """Let a session trade a day, sample it, end it, and judge."""
    loop = asyncio.get_running_loop()
    sandbox = await bench.start_sandbox(day)
    began = loop.time()
    seconds = day.seconds_from(bench.begin_before_s) / bench.speed
    ends = began + seconds + _SECONDS_TO_SETTLE
    samples: list[Sample] = []
    try:
        trade = await bench.start_trade("run.account_seconds=5", "run.report_seconds=5")
        watchdog = await bench.guarded(trade)
        processes = {"trade": trade.pid, "watchdog": watchdog, "sandbox": sandbox.pid}
        while loop.time() < ends and trade.returncode is None:
            await wait(min(every_seconds, ends - loop.time()), trade)
            if trade.returncode is None:
                samples.append(sample(bench, loop.time() - began, processes))
                report(str(samples[-1]))
        cpu_seconds = {}
        if trade.returncode is None:
            cpu_seconds = {name: _cpu_seconds(process) for name, process in processes.items()}
            trade.send_signal(signal.SIGINT)
        problems = await bench.ended(trade, watchdog)
        balance, disagreements = await bench.compared()
    finally:
        await bench.close()
    problems += [*disagreements, *increase_problems(samples)]
    return DayTrial(samples, cpu_seconds, balance, problems)


def increase_problems(samples: Sequence[Sample]) -> list[str]:
    """Return which process took more than its bounds after the first quarter of the samples."""
    rest = samples[len(samples) // 4 :]
    problems = []
    for name, most_mebibytes in MOST_MEBIBYTES_PER_THOUSAND.items():
        more, wagers = increase(rest, name)
        bound = max(_NOISE_MEBIBYTES, most_mebibytes * wagers / 1_000)
        if more > bound:
            problems.append(f"{name} took {more:.1f} MiB more of {bound:.1f} in {wagers} wagers")
        begin, end = rest[: len(rest) // 3 + 1], rest[-len(rest) // 3 :]
        for what, most in (("files", _MOST_MORE_FILES), ("threads", _MOST_MORE_THREADS)):
            # Requests under way come and go with the load: what leaks is there at all times.
            before, after = (
                min(getattr(each.processes[name], what) for each in some) for some in (begin, end)
            )
            if after > before + most:
                problems.append(f"{name} has {after} {what}, before {before}")
    return problems


def increase(samples: Sequence[Sample], process: str) -> tuple[float, int]:
    """Return how much more memory a process took, by the line through all samples, and the wagers.

    The least squares take out what is taken and given back within minutes.
    """
    seconds = np.array([each.seconds for each in samples])
    resident = np.array([each.processes[process].resident_kibibytes for each in samples])
    slope = float(np.polyfit(seconds, resident, 1)[0])
    mebibytes = slope * float(seconds[-1] - seconds[0]) / _KIBIBYTES_PER_MEBIBYTE
    return mebibytes, samples[-1].wagers - samples[0].wagers


def table(trial: DayTrial) -> list[str]:
    """Return the rows of a table: the processes quarter by quarter, and what more they took."""
    samples = trial.samples
    moments = [samples[(len(samples) - 1) * part // 4] for part in range(5)]
    rest = samples[len(samples) // 4 :]
    rows = [f"{'':<26}" + "".join(f"{each.seconds:>9.0f} s" for each in moments)]
    for name in MOST_MEBIBYTES_PER_THOUSAND:
        used = [each.processes[name] for each in moments]
        resident = [each.resident_kibibytes / _KIBIBYTES_PER_MEBIBYTE for each in used]
        rows.append(
            f"{name + ', memory in MiB':<26}" + "".join(f"{each:>11.1f}" for each in resident)
        )
        rows.append(f"{name + ', open files':<26}" + "".join(f"{each.files:>11}" for each in used))
        rows.append(f"{name + ', threads':<26}" + "".join(f"{each.threads:>11}" for each in used))
    for what in samples[-1].kept_bytes:
        sizes = "".join(f"{each.kept_bytes[what] / 1e6:>11.1f}" for each in moments)
        rows.append(f"{what + ' in MB':<26}{sizes}")
    rows.append(f"{'wagers placed':<26}" + "".join(f"{each.wagers:>11}" for each in moments))
    rows.append(f"{'matched':<26}" + "".join(f"{each.matched:>11}" for each in moments))
    for name, most in MOST_MEBIBYTES_PER_THOUSAND.items():
        more, wagers = increase(rest, name)
        bound = max(_NOISE_MEBIBYTES, most * wagers / 1_000)
        share = trial.cpu_seconds.get(name, 0.0) / samples[-1].seconds
        rows.append(
            f"{name}: {more:+.1f} MiB (bound {bound:.1f}) in the last three quarters, with "
            f"{wagers} wagers; {100 * share:.0f} % of a core"
        )
    rows.append(f"balance at the exchange {trial.balance}")
    return [*rows, *(f"FAILED: {problem}" for problem in trial.problems)]


@dataclass(frozen=True)
class DayShape:
    """What a day is made of: the games, the seconds from the first start to the last, the crowd."""

    games: int
    seconds: float
    crowd: CrowdSettings

    @property
    def begin_before_s(self) -> float:
        """Return how long before the first start the sandbox begins: some markets are open."""
        return self.crowd.opens_before_s / 4

    @classmethod
    def whole(cls, games: int) -> "DayShape":
        """Return 24 hours from the beginning to the last settlement, with games of real length."""
        crowd = CrowdSettings(opens_before_s=2 * 3_600, makers=3, requote_rate=0.4)
        return cls(games, 20.5 * 3_600, crowd)


def run_trial(
    shape: DayShape,
    minutes: float,
    seed: int,
    folder: Path,
    report: Callable[[str], None],
    every_seconds: float = 10,
) -> DayTrial:
    """Write the games of a day, trade them within some minutes of the wall, and judge."""
    day = write_day(folder / "games", shape.games, shape.seconds, seed, shape.crowd, report)
    speed = round(day.seconds_from(shape.begin_before_s) / 60 / minutes, 1)
    report(f"{day.games} games, {day.rows} rows of market data, at speed {speed:g}")
    bench = Bench(folder, NAME, speed, shape.begin_before_s)
    return run_watching(trade_day(bench, day, every_seconds, report), seconds=minutes * 60 + 900)


def main(words: Sequence[str]) -> int:
    """Run the trial that the arguments ask for; return 1 if it did not hold."""
    parser = trial_parser("day")
    parser.add_argument("--size", type=int, default=28, help="how many games")
    parser.add_argument("--minutes", type=float, default=60, help="how long the day lasts here")
    given = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="day-"))
    trial = run_trial(DayShape.whole(given.size), given.minutes, given.seed, folder, print_line)
    print_line(f"seed {given.seed}, {given.size} games\n" + "\n".join(table(trial)))
    return int(bool(trial.problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
