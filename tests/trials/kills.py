"""Kills and freezes trading sessions and their watchdogs, and counts what is left open.

    python -m tests.trials.kills --size 40 --seed 1

Each trial starts `trade` against a sandbox, lets it trade until a random moment, and kills it, its
watchdog, or both, or stops the process of `trade`. Then the session is started again, stopped, and
compared with the exchange. With a watchdog alive nothing may be open longer than the bound.
"""

import asyncio
import os
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from statistics import median

from numpy.random import Generator, default_rng

from tests.event_loops import run_watching, until
from tests.live.local_sandbox import LocalSandbox, serve_sandbox
from tests.trials.command_line import print_line, trial_parser
from tests.trials.processes import (
    PATIENCE_SECONDS,
    start,
    until_holds,
    wait,
    watchdog_log,
    watchdog_of,
)

SILENCE_SECONDS = 2.0
# For the watchdog, or for trade without it, to cancel everything and have it confirmed.
CANCEL_SECONDS = 3.0
# A process is killed at a random moment: most often within some seconds after wagers are open, and
# sometimes in the middle of its start.
_SHARE_WHILE_STARTING = 0.2
_STARTING_SECONDS, _QUOTING_SECONDS = 4.0, 3.0
_MOST_STARTS = 100
# A game of the sandbox is quoted for half an hour; then another sandbox is started.
_SANDBOX_SECONDS = 1_200


class Victim(StrEnum):
    """What is killed; `frozen` is the process of `trade`, stopped and resumed later."""

    TRADE = "trade"
    WATCHDOG = "watchdog"
    BOTH = "both"
    FROZEN = "trade frozen"

    @property
    def bound_seconds(self) -> float | None:
        """Return for how long wagers may stay open, None if somebody must start it again."""
        if self is Victim.BOTH:
            return None
        return CANCEL_SECONDS + (SILENCE_SECONDS if self is Victim.FROZEN else 0)


@dataclass(frozen=True)
class Trial:
    """What one kill came to: what was open then, for how long, and what was wrong after all."""

    victim: Victim
    open_wagers: int
    seconds: float
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where trials are made: a sandbox, and a folder to work in."""

    here: LocalSandbox
    folder: Path

    async def start(self, verb: str, name: str) -> asyncio.subprocess.Process:
        """Start a verb on a session; what it prints is appended to a file."""
        trade = ["+experiment=nba", f"run.watchdog_seconds={SILENCE_SECONDS:g}"] * (verb == "trade")
        words = ("live", verb, f"session.name={name}", *trade, *self.here.settings)
        return await start(self.folder, self.folder / f"{name}.txt", *words)

    def printed(self, name: str) -> str:
        """Return what the processes of a session printed."""
        return (self.folder / f"{name}.txt").read_text(encoding="utf-8")

    def session(self, name: str) -> Path:
        """Return the folder of a session."""
        return self.folder / "sessions" / name


async def try_one(place: Place, victim: Victim, name: str, chance: Generator) -> Trial:
    """Kill once, start again, and compare the journal with the exchange."""
    loop = asyncio.get_running_loop()
    session = place.session(name)
    process = await place.start("trade", name)
    problems = await _trade_a_while(place, process, victim, chance)
    if victim in (Victim.WATCHDOG, Victim.BOTH):
        await until_holds(lambda: watchdog_of(session) or process.returncode is not None)
    watchdog = watchdog_of(session)
    open_wagers = place.here.live_wagers
    began = loop.time()
    if victim is Victim.FROZEN:
        process.send_signal(signal.SIGSTOP)
    if victim in (Victim.TRADE, Victim.BOTH):
        with suppress(ProcessLookupError):
            process.kill()
    if victim in (Victim.WATCHDOG, Victim.BOTH) and watchdog is not None:
        os.kill(watchdog, signal.SIGKILL)
    if victim.bound_seconds is not None:
        problems += await _kept(place.here, victim, began)
    seconds = loop.time() - began
    if victim is Victim.FROZEN:
        # It may be resumed only after the watchdog has acted, which is what is tried.
        await until_holds(lambda: "no heartbeat for" in watchdog_log(session))
        process.send_signal(signal.SIGCONT)
    await wait(PATIENCE_SECONDS, process)
    if process.returncode is None:
        process.kill()
        await process.wait()
        problems.append("does not end")
    problems += await _restarted(place, name)
    if victim is Victim.BOTH:
        seconds = loop.time() - began
    return Trial(victim, open_wagers, seconds, tuple(problems))


async def _trade_a_while(
    place: Place, process: asyncio.subprocess.Process, victim: Victim, chance: Generator
) -> list[str]:
    """Wait for a random moment of the start, or after it; report a session that places nothing."""
    if chance.random() < _SHARE_WHILE_STARTING and victim is not Victim.FROZEN:
        await wait(chance.uniform(0, _STARTING_SECONDS), process)
        return []
    if not await until_holds(lambda: place.here.live_wagers):
        return [f"places nothing within {PATIENCE_SECONDS:g} s"]
    await wait(chance.uniform(0, _QUOTING_SECONDS), process)
    return []


async def _kept(here: LocalSandbox, victim: Victim, began: float) -> list[str]:
    """Wait until nothing is open, and report a bound that was exceeded."""
    bound = victim.bound_seconds or 0
    with_end = asyncio.wait_for(until(lambda: not here.live_wagers), PATIENCE_SECONDS)
    await with_end
    seconds = asyncio.get_running_loop().time() - began
    return [f"open for {seconds:.1f} s"] if seconds > bound else []


async def _started_again(place: Place, name: str) -> tuple[asyncio.subprocess.Process, str]:
    """Start a session again; return its process once it trades or has ended, and its lines."""
    before = len(place.printed(name))
    process = await place.start("trade", name)

    def is_decided() -> bool:
        trades = "to stake; Ctrl-C" in place.printed(name)[before:]
        return trades or process.returncode is not None

    await until_holds(is_decided)
    return process, place.printed(name)[before:]


async def _restarted(place: Place, name: str) -> list[str]:
    """Start a session again and stop it; return what is wrong then."""
    problems = []
    for _ in range(_MOST_STARTS):
        process, printed = await _started_again(place, name)
        if process.returncode is None:
            break
        if "AccountInUseError" not in printed:
            return [f"does not start again: {printed[-300:]}"]
        await wait(0.5)
    process.send_signal(signal.SIGINT)
    await wait(PATIENCE_SECONDS, process)
    if process.returncode is None:
        process.kill()
        await process.wait()
        problems.append("does not end")
    elif process.returncode != 0:
        problems.append(f"ended with status {process.returncode}")
    if place.here.live_wagers:
        problems.append(f"{place.here.live_wagers} open after the end")
    compared = await place.start("reconcile", name)
    if await compared.wait() != 0:
        problems.append(f"does not reconcile: {place.printed(name)[-300:]}")
    return problems


def run_trials(
    victims: Sequence[Victim], seed: int, folder: Path, report: Callable[[str], None]
) -> list[Trial]:
    """Make one trial for each victim, in order, and report each as it is done."""
    chance = default_rng(seed)

    async def run(numbered: deque[tuple[int, Victim]]) -> list[Trial]:
        loop = asyncio.get_running_loop()
        trials = []
        async with serve_sandbox(1, "+experiment=nba", "sandbox.most_sessions=10000") as here:
            place, end = Place(here, folder), loop.time() + _SANDBOX_SECONDS
            while numbered and loop.time() < end:
                number, victim = numbered.popleft()
                trials.append(await try_one(place, victim, f"kill-{number}", chance))
                report(f"{number} {trials[-1]}")
        return trials

    numbered = deque(enumerate(victims))
    trials = []
    while numbered:
        trials += run_watching(run(numbered), 3_600)
    return trials


def table(trials: Sequence[Trial]) -> list[str]:
    """Return the rows of a table: what was killed, how often, and how it came out."""
    rows = [
        "killed          trials  with wagers  held  bound   median    worst  seconds until empty"
    ]
    for victim in Victim:
        some = [trial for trial in trials if trial.victim is victim]
        if not some:
            continue
        quoting = [trial.seconds for trial in some if trial.open_wagers] or [0.0]
        held = sum(not trial.problems for trial in some)
        bound = "-" if victim.bound_seconds is None else f"{victim.bound_seconds:.1f}"
        rows.append(
            f"{victim:<15} {len(some):>6} {sum(t.open_wagers > 0 for t in some):>12} {held:>5} "
            f"{bound:>6} {median(quoting):>8.2f} {max(quoting):>8.2f}"
        )
    return rows


def main(words: Sequence[str]) -> int:
    """Make the trials that the arguments ask for; return 1 if one did not hold."""
    parser = trial_parser("kills")
    parser.add_argument("--size", type=int, default=10, help="how often each is killed")
    given = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    trials = run_trials(list(Victim) * given.size, given.seed, folder, print_line)
    print_line("\n".join(table(trials)))
    return int(any(trial.problems for trial in trials))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
