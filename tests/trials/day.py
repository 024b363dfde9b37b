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

from conf.compose import build_parts
from sim.crowd.crowd_settings import CrowdSettings
from sim.replay.session_replay import ReplayDifferenceError, SessionReplay
from strategies.trading.accounting.ledger import Ledger
from strategies.trading.model.money import dollars_text
from tests.conftest import composed
from tests.event_loops import run_watching
from tests.trials.command_line import print_line, trial_parser
from tests.trials.many_games import DayOfGames, write_day
from tests.trials.processes import start, until_holds, wait, watchdog_of

NAME = "day"
STARTING_BALANCE = 100_000
# Memory may increase by this much for each thousand wagers after the first quarter. What increases
# with wagers: in the session, those that ended, their references and the history of its journal;
# in the sandbox, the history of each account. The watchdog keeps nothing.
MOST_MEBIBYTES_PER_THOUSAND = {"trade": 2.0, "watchdog": 0.0, "sandbox": 4.0}
# In the first minutes a session still fills its caches (11.5 MiB were seen): less proves nothing.
_NOISE_MEBIBYTES = 16.0
# How many more there may be at least, in the last of the quarters than in the second one.
_MOST_MORE_FILES, _MOST_MORE_THREADS = 4, 0
_SECONDS_TO_SETTLE = 10.0
_PATIENCE_SECONDS = 120.0
_KIBIBYTES_PER_MEBIBYTE = 1_024
_HEALTH = re.compile(r"; (\d+) wagers? open, (\d+) placed, .*; matched (\S+);")
_ADDRESS = re.compile(r"^address +http://127\.0\.0\.1:(\d+)/", re.MULTILINE)
_NOTHING_OPEN = re.compile(r"^open +\$0\.00 +\$0\.00$", re.MULTILINE)
_BALANCE = re.compile(r"^balance +(\S+)$", re.MULTILINE)


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


class Bench:
    """Starts processes in a folder, and reads what they leave there."""

    def __init__(self, folder: Path, speed: float, begin_before_s: float) -> None:
        """Prepare; the sandbox is to run at this speed, and to begin before the first start."""
        self.folder = folder
        self.speed = speed
        self.begin_before_s = begin_before_s
        self.session = folder / "sessions" / NAME
        self._speed = f"sandbox.speed={speed:g}"
        self._port = "sandbox.port=0"

    async def start(self, package: str, *words: str) -> asyncio.subprocess.Process:
        """Start a verb; what it prints is kept in a file of its name."""
        return await start(
            self.folder, self.printed_by(words[0]), package, *words, new_session=False
        )

    async def start_sandbox(self, day: DayOfGames) -> asyncio.subprocess.Process:
        """Serve the games; return when it accepts requests."""
        process = await self.start(
            *("sim", "serve", f"recording.path={day.folder}", self._port, self._speed),
            f"sandbox.begin_minutes_before_start={self.begin_before_s / 60:g}",
            f"starting_balance={STARTING_BALANCE}",
        )
        await until_holds(lambda: _ADDRESS.search(self.text("serve")) or process.returncode)
        found = _ADDRESS.search(self.text("serve"))
        assert found is not None, self.text("serve")
        self._port = f"sandbox.port={found[1]}"
        return process

    async def start_trade(self) -> asyncio.subprocess.Process:
        """Trade every game, in-play too; no loss and no price ends the day early."""
        return await self.start(
            *("live", "trade", f"session.name={NAME}", self._port, self._speed),
            *("risk.in_play=true", "risk.max_daily_loss=0", "risk.stop_loss_percentage=0"),
            # Prices move far within one step of such a clock, and this machine may be busy.
            *("risk.max_mispriced_in_row=0", "run.watchdog_seconds=30"),
            *("run.account_seconds=5", "run.report_seconds=5"),
        )

    async def reconcile(self) -> int:
        """Compare the session's journal with the exchange; return the status of that."""
        words = ("reconcile", f"session.name={NAME}", self._port, self._speed)
        return await (await self.start("live", *words)).wait()

    def printed_by(self, verb: str) -> Path:
        """Return the file of what a verb prints."""
        return self.folder / f"{verb}.txt"

    def text(self, verb: str) -> str:
        """Return what a verb printed."""
        return self.printed_by(verb).read_text("utf-8")

    @property
    def watchdog(self) -> int | None:
        """Return the process of the session's watchdog, once it guards."""
        return watchdog_of(self.session)

    def sample(self, seconds: float, processes: dict[str, int]) -> Sample:
        """Sample the processes and the files of the session."""
        lines = _HEALTH.findall(self.text("trade"))
        open_wagers, placed, matched = lines[-1] if lines else ("0", "0", "$0.00")
        used = {name: ProcessSample.of(process) for name, process in processes.items()}
        kept = {
            "journal": _size(self.session.glob("journal.sqlite*")),
            "tape": _size(self.session.glob("tape-*/*")),
            "log": _size(self.session.glob("*.log")),
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
        trade = await bench.start_trade()
        await until_holds(lambda: bench.watchdog is not None or trade.returncode is not None)
        watchdog = bench.watchdog
        assert watchdog is not None, bench.text("trade")
        processes = {"trade": trade.pid, "watchdog": watchdog, "sandbox": sandbox.pid}
        while loop.time() < ends and trade.returncode is None:
            await wait(min(every_seconds, ends - loop.time()), trade)
            if trade.returncode is None:
                samples.append(bench.sample(loop.time() - began, processes))
                report(str(samples[-1]))
        cpu_seconds = {}
        if trade.returncode is None:
            cpu_seconds = {name: _cpu_seconds(process) for name, process in processes.items()}
            trade.send_signal(signal.SIGINT)
        problems = await _ended(bench, trade, watchdog)
        balance, disagreements = await _compared(bench)
    finally:
        sandbox.terminate()
        await sandbox.wait()
    problems += [*disagreements, *increase_problems(samples)]
    return DayTrial(samples, cpu_seconds, balance, problems)


async def _ended(bench: Bench, trade: asyncio.subprocess.Process, watchdog: int) -> list[str]:
    """Wait until session and watchdog have ended; return what is wrong with that."""
    await wait(_PATIENCE_SECONDS, trade)
    problems = []
    if trade.returncode != 0:
        trade_text = bench.text("trade")[-500:]
        problems.append(f"trade ended with status {trade.returncode}: {trade_text}")
    if not await until_holds(lambda: not Path(f"/proc/{watchdog}").exists(), _PATIENCE_SECONDS):
        problems.append("the watchdog goes on")
    return problems


async def _compared(bench: Bench) -> tuple[str, list[str]]:
    """Compare the session with the exchange; return the balance there, and what differs."""
    problems = []
    if await bench.reconcile() != 0:
        problems.append(f"does not reconcile: {bench.text('reconcile')}")
    if not _NOTHING_OPEN.search(bench.text("reconcile")):
        problems.append(f"something is open: {bench.text('reconcile')}")
    found = _BALANCE.search(bench.text("reconcile"))
    balance = found[1] if found else ""
    try:
        ledger = _replayed_ledger(bench.session)
    except ReplayDifferenceError as difference:
        return balance, [*problems, f"a replay differs: {difference}"]
    if ledger is None:
        return balance, [*problems, "the games were over before the session began to trade"]
    if balance != dollars_text(ledger.balance_cents):
        books = dollars_text(ledger.balance_cents)
        problems.append(f"the account holds {balance}, the books {books}")
    if ledger.open_positions():
        problems.append(f"{len(ledger.open_positions())} positions without a result")
    return balance, problems


def _replayed_ledger(folder: Path) -> Ledger | None:
    """Return the books at the end of a replay, None without a desk.

    Raise ReplayDifferenceError if a command differs.
    """
    parts = build_parts(composed("mode=live", f"session.name={NAME}"))
    names = ("strategy", "pricing", "wagers", "fees", "session")
    replay = SessionReplay(**{name: parts[name] for name in names})
    result = replay.run(folder, 1)
    return None if result is None else result.desk.ledger


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
    bench = Bench(folder, speed, shape.begin_before_s)
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
