"""Trial: sessions are ended in every way at random moments; afterwards nothing is open.

Run as `python -m tests.trials.endings --size N --seed S`: each way N times. It
prints a row for each way: how often it was tried; how often nothing was open when the session had
ended, and how often nothing was open later, once the watchdog had acted; how many wagers were open
before at most; and the time until nothing was.
"""

import argparse
import asyncio
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from numpy.random import default_rng

from tests.event_loops import run_watching, until
from tests.live.local_sandbox import LocalSandbox, serve_sandbox
from tests.paths import PROJECT

# Quotes stop two minutes before the game, half an hour after the beginning: a round ends before.
SPEED = 1
# How long a session trades before its end, drawn evenly, in seconds.
LONGEST_SECONDS = 4.0
# A session that has not ended by then has failed.
PATIENCE_SECONDS = 90.0
_DISK_KILOBYTES = 6_000


class Trial:
    """One session in a process of its own, at a sandbox in this one, in a folder of its own."""

    def __init__(self, here: LocalSandbox, folder: Path) -> None:
        """Prepare; `home` is where the session runs."""
        self.here = here
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.reader, writer = os.pipe()
        self.output, output = os.pipe()
        self._ends = [writer, output]
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the session, and wait until wagers are open."""
        words = ["trade", "+experiment=nba", "session.name=trial", *self.here.settings]
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "live", *words, "run.report_seconds=0.2",
            cwd=self.home, stdin=subprocess.DEVNULL, stdout=self._ends[1], stderr=self._ends[0],
            env=os.environ | {"PYTHONPATH": str(PROJECT), "XDG_STATE_HOME": str(self.folder)},
        )  # fmt: skip
        for end in self._ends:
            os.close(end)
        os.set_blocking(self.reader, False)
        asyncio.get_running_loop().add_reader(self.reader, self._drain)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: self.here.live_wagers >= 4)

    def send(self, name: signal.Signals) -> None:
        """Send a signal to the session, not to its watchdog."""
        assert self.process is not None, "it was started"
        self.process.send_signal(name)

    def close_stderr(self) -> None:
        """Let the reader of stderr go away."""
        asyncio.get_running_loop().remove_reader(self.reader)
        os.close(self.reader)

    def stop_reading(self) -> None:
        """Let the reader of stderr stop, as Ctrl-S does: its pipe becomes full."""
        asyncio.get_running_loop().remove_reader(self.reader)

    def close_stdout(self) -> None:
        """Let the reader of stdout go away."""
        os.close(self.output)

    async def end(self) -> tuple[bool, bool, float]:
        """Wait for its end; return whether nothing was open then, and later, and the seconds.

        The seconds are those until nothing was open.
        """
        assert self.process is not None, "it was started"
        loop = asyncio.get_running_loop()
        began = loop.time()
        at_exit = False
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await until(lambda: not self.here.live_wagers)
                emptied = loop.time() - began
                await self.process.wait()
                at_exit = not self.here.live_wagers
                await until(lambda: not self.here.live_wagers)
        except TimeoutError:
            return at_exit, False, loop.time() - began
        return at_exit, True, emptied

    def close(self) -> None:
        """Release what it holds; end the process if it has not ended."""
        asyncio.get_running_loop().remove_reader(self.reader)
        for end in (self.reader, self.output):
            with suppress(OSError):
                os.close(end)
        if self.process is not None and self.process.returncode is None:
            self.process.kill()

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            os.read(self.reader, 65_536)


Way = Callable[[Trial], None]


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """Mount a disk of a few megabytes."""
    options = f"size={_DISK_KILOBYTES}k"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill_disk(trial: Trial) -> None:
    """Use all that is left of the disk on which the session writes."""
    with suppress(OSError), (trial.home / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4_096))


def make_read_only(trial: Trial) -> None:
    """Let the disk on which the session writes refuse every further write.

    Remounting needs that nothing is open for writing, so the size of its files is limited instead.
    """
    assert trial.process is not None, "it was started"
    resource.prlimit(trial.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))


def sending(*names: signal.Signals) -> Way:
    """Return a way that sends these signals to the session, one right after the other."""

    def send(trial: Trial) -> None:
        for name in names:
            trial.send(name)

    return send


def after(*ways: Way) -> Way:
    """Return some ways at once, after which the session is stopped as by Ctrl-C."""

    def all_of_them(trial: Trial) -> None:
        for way in ways:
            way(trial)
        trial.send(signal.SIGINT)

    return all_of_them


WAYS: dict[str, Way] = {
    "SIGINT": sending(signal.SIGINT),
    "SIGTERM": sending(signal.SIGTERM),
    "SIGHUP": sending(signal.SIGHUP),
    "SIGHUP twice, SIGTERM": sending(signal.SIGHUP, signal.SIGHUP, signal.SIGTERM),
    "SIGPIPE, then SIGINT": sending(signal.SIGPIPE, signal.SIGINT),
    "stderr closed, then SIGINT": after(Trial.close_stderr),
    "stderr not read, then SIGINT": after(Trial.stop_reading),
    "stdout closed, then SIGINT": after(Trial.close_stdout),
    "both closed, then SIGINT": after(Trial.close_stdout, Trial.close_stderr),
    "disk full": fill_disk,
    "no file can be written": make_read_only,
}


@dataclass
class Outcome:
    """The results of one way to end: the seconds of each try, and the tries that failed."""

    way: str
    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    empty_at_exit: int = 0
    most_open: int = 0

    def row(self) -> str:
        """Return a row of the table."""
        tried = len(self.seconds)
        ordered = sorted(self.seconds)
        return (
            f"{self.way:<32}{tried:>6}{self.empty_at_exit:>9}{tried - self.failed:>9}"
            f"{self.most_open:>11}{ordered[tried // 2]:>9.1f}{ordered[-1]:>9.1f}"
        )


HEADER = (
    f"{'ended by':<32}{'tried':>6}{'at exit':>9}{'later':>9}{'most open':>11}"
    f"{'median s':>9}{'most s':>9}"
)


async def _try(here: LocalSandbox, way: str, seconds: float, outcome: Outcome) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(here, Path(folder))
        on_disk = small_disk(trial.home) if way == "disk full" else nullcontext()
        with on_disk:
            try:
                await trial.start()
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await asyncio.Event().wait()
                outcome.most_open = max(outcome.most_open, here.live_wagers)
                WAYS[way](trial)
                at_exit, held, passed = await trial.end()
            finally:
                trial.close()
    outcome.seconds.append(passed)
    outcome.failed += not held
    outcome.empty_at_exit += at_exit


def run(size: int, seed: int, ways: list[str] | None = None) -> list[Outcome]:
    """End sessions in some ways, each `size` times at moments from the seed."""
    chance = default_rng(seed)
    outcomes = [Outcome(way) for way in ways or WAYS]

    async def try_all() -> None:
        for _ in range(size):
            async with serve_sandbox(SPEED, "+experiment=nba") as here:
                for outcome in outcomes:
                    seconds: float = chance.uniform(0, LONGEST_SECONDS)
                    await _try(here, outcome.way, seconds, outcome)

    run_watching(try_all(), seconds=size * len(outcomes) * 3 * PATIENCE_SECONDS)
    return outcomes


def main() -> int:
    """Run the trial, and print its table; return 1 if anything was left open."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--size", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    outcomes = run(arguments.size, arguments.seed)
    rows = [f"seed {arguments.seed}", HEADER, *(outcome.row() for outcome in outcomes)]
    sys.stdout.write("\n".join(rows) + "\n")
    return int(any(outcome.failed for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
