"""Trial: sessions are ended in every way at random moments; afterwards nothing is open.

Run as `python -m tests.trials.endings --size N --seed S`: each way N times. It
prints a row for each way: how often it was tried; how often nothing was open when the session had
ended, and how often nothing was open later, once the watchdog had acted; how many wagers were open
before at most; and the time until nothing was, from the end of an outage if there was one.
"""

import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from numpy.random import Generator, default_rng

from sim.sandbox.requested_faults import Fault, FaultKind
from tests.event_loops import run_watching
from tests.live.local_sandbox import LocalSandbox, serve_sandbox
from tests.trials.command_line import print_line, trial_parser
from tests.trials.ended_session import PATIENCE_SECONDS, EndedSession, Moments
from tests.trials.failing_disks import journaled_disk, small_disk
from tests.trials.failing_network import FailingNetwork, NetworkState, failing_network
from tests.trials.processes import wait

# Quotes stop two minutes before the game, half an hour after the beginning: these tries end before.
SPEED, _TRIES_PER_SANDBOX = 1, 8
# How long a session trades before its end, drawn evenly, in seconds.
LONGEST_SECONDS = 4.0
# How long an outage lasts that begins with the end of a session, drawn evenly.
_OUTAGE_SECONDS = (2.0, 20.0)
_EVERY_REQUEST = 1_000_000


Step = Callable[[EndedSession], None]


def _no_disk(_: Path) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True)
class Way:
    """How a session is ended, on which disk, and within which seconds a placement is executed."""

    end: Callable[[EndedSession], Awaitable[None]]
    disk: Callable[[Path], AbstractContextManager[None]] = _no_disk
    late_seconds: tuple[float, float] = (0, 0)

    def draw(self, chance: Generator) -> Moments:
        """Return the moments of a trial."""
        return Moments(
            chance.uniform(0, LONGEST_SECONDS),
            chance.uniform(*_OUTAGE_SECONDS),
            chance.uniform(*self.late_seconds),
        )


def sending(*names: signal.Signals) -> Way:
    """Return a way that sends these signals to the session, one right after the other."""

    async def send(session: EndedSession) -> None:
        for name in names:
            session.send(name)

    return Way(send)


def after(*steps: Step) -> Way:
    """Return some steps at once, after which the session is stopped as by Ctrl-C."""

    async def all_of_them(session: EndedSession) -> None:
        for step in steps:
            step(session)
        session.send(signal.SIGINT)

    return Way(all_of_them)


def failing(disk: Callable[[Path], AbstractContextManager[None]], step: Step) -> Way:
    """Return a step of the disk on which the session runs; it ends by itself."""

    async def fail(session: EndedSession) -> None:
        step(session)

    return Way(fail, disk)


def in_outage(state: NetworkState, *faults: Fault, step: Step | None = None) -> Way:
    """Return a stop as by Ctrl-C at the beginning of an outage."""

    async def stop(session: EndedSession) -> None:
        if step is not None:
            step(session)
        await session.begin_outage(state, *faults)
        session.send(signal.SIGINT)

    return Way(stop)


def requests(kind: FaultKind, path: str = "", code: str = "") -> Fault:
    """Return a fault of every request whose path contains a text."""
    return Fault(kind, path, _EVERY_REQUEST, code=code)


_REFUSED, _TOO_MANY = FaultKind.REFUSED, FaultKind.TOO_MANY
WAYS: dict[str, Way] = {
    "SIGINT": sending(signal.SIGINT),
    "SIGTERM": sending(signal.SIGTERM),
    "SIGHUP": sending(signal.SIGHUP),
    "SIGHUP twice, SIGTERM": sending(signal.SIGHUP, signal.SIGHUP, signal.SIGTERM),
    "SIGPIPE, then SIGINT": sending(signal.SIGPIPE, signal.SIGINT),
    "stderr closed, then SIGINT": after(EndedSession.close_stderr),
    "stderr not read, then SIGINT": after(EndedSession.stop_reading),
    "stdout closed, then SIGINT": after(EndedSession.close_stdout),
    "both closed, then SIGINT": after(EndedSession.close_stdout, EndedSession.close_stderr),
    "disk full": failing(small_disk, EndedSession.fill_disk),
    "disk read-only": failing(journaled_disk, EndedSession.make_read_only),
    "no file can be written": failing(_no_disk, EndedSession.forbid_files),
    "network refused, SIGINT": in_outage(NetworkState.REFUSED),
    "network frozen, SIGINT": in_outage(NetworkState.FROZEN),
    "502 everywhere, SIGINT": in_outage(NetworkState.BAD_GATEWAY),
    "429 everywhere, SIGINT": in_outage(NetworkState.WHOLE, requests(_TOO_MANY)),
    "500 for cancels, SIGINT": in_outage(NetworkState.WHOLE, requests(_REFUSED, "cancel")),
    "401 everywhere, SIGINT": in_outage(
        NetworkState.WHOLE, requests(_REFUSED, code="unauthorized"), step=EndedSession.revoke_tokens
    ),
    "placement held 6 to 15 s, SIGINT": replace(sending(signal.SIGINT), late_seconds=(6, 15)),
    "placement held 26 to 45 s, SIGINT": replace(sending(signal.SIGINT), late_seconds=(26, 45)),
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
            f"{self.way:<34}{tried:>6}{self.empty_at_exit:>9}{tried - self.failed:>9}"
            f"{self.most_open:>11}{ordered[tried // 2]:>9.1f}{ordered[-1]:>9.1f}"
        )


HEADER = (
    f"{'ended by':<34}{'tried':>6}{'at exit':>9}{'later':>9}{'most open':>11}"
    f"{'median s':>9}{'most s':>9}"
)


async def _try(
    here: LocalSandbox, network: FailingNetwork, moments: Moments, outcome: Outcome
) -> str:
    """Try one way once; return what is wrong afterwards, nothing if nothing is open."""
    way = WAYS[outcome.way]
    at_exit, held, passed, problem = False, False, PATIENCE_SECONDS, "did not quote"
    with tempfile.TemporaryDirectory() as folder:
        session = EndedSession(here, network, Path(folder), moments)
        with way.disk(session.home):
            try:
                if await session.start():
                    await wait(moments.trading)
                    outcome.most_open = max(outcome.most_open, here.live_wagers)
                    await way.end(session)
                    at_exit, held, passed = await session.end()
                    problem = "was left open"
            finally:
                problem = "" if held else f"{problem}: {session.description}"
                await session.close()
    outcome.seconds.append(passed)
    outcome.failed += not held
    outcome.empty_at_exit += at_exit
    return problem


def _ignore(_: str) -> None:
    pass


def run(
    size: int,
    seed: int,
    ways: Sequence[str] = tuple(WAYS),
    report: Callable[[str], None] = _ignore,
) -> list[Outcome]:
    """End sessions in some ways, each `size` times at moments from the seed; report each."""
    chance = default_rng(seed)
    outcomes = [Outcome(way) for way in ways]

    tries = [(number, outcome) for number in range(size) for outcome in outcomes]

    async def try_some(here: LocalSandbox, network: FailingNetwork) -> None:
        """Try until a sandbox has been used enough, or has what a failed try left."""
        for _ in range(min(len(tries), _TRIES_PER_SANDBOX)):
            number, outcome = tries.pop(0)
            moments = WAYS[outcome.way].draw(chance)
            problem = await _try(here, network, moments, outcome)
            result = f"{problem or 'nothing open'}, {outcome.seconds[-1]:.1f} s"
            report(f"seed {seed}, round {number}, {outcome.way}: {result}, {moments}")
            if problem:
                return

    async def try_all() -> None:
        while tries:
            async with (
                serve_sandbox(SPEED, "+experiment=nba", "sandbox.most_sessions=10000") as here,
                failing_network(here.endpoint.socket_port) as network,
            ):
                await try_some(here, network)

    run_watching(try_all(), seconds=len(tries) * 6 * PATIENCE_SECONDS)
    return outcomes


def main() -> int:
    """Run the trial, and print its table; return 1 if anything was left open."""
    parser = trial_parser("endings")
    parser.add_argument("--size", type=int, default=20)
    arguments = parser.parse_args()
    outcomes = run(arguments.size, arguments.seed, report=print_line)
    print_line("\n".join([f"seed {arguments.seed}", HEADER, *(each.row() for each in outcomes)]))
    return int(any(outcome.failed for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
