"""Trial: the exchange is killed, frozen, restarted or cut off while a session quotes.

    python -m tests.trials.outages --size 50 --seed 1

Each trial is a sandbox, a session with its watchdog, and one outage of 1 to 60 s, all of them
processes of their own. Afterwards the session must quote again without help, with books that equal
the exchange's account, or have ended with nothing open. Times are those of the session's journal,
which is later than the exchange by the time of a response. A sandbox that is killed forgets all
wagers: each that the journal holds must be named by `reconcile`.
"""

import asyncio
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from socket import create_server
from statistics import median

from numpy.random import default_rng

from live.wall_clock import WallClock
from recordings.journal.entries import Entry, Payload
from recordings.journal.journal_reader import JournalReader
from recordings.journal.wager_history import WagerHistory
from strategies.trading.model.earlier_wager import EarlierWager
from strategies.trading.model.errors import JournalError
from strategies.trading.model.events import AccountState, FeedLost, WagerOpened
from strategies.trading.model.ids import WagerRef
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import run_watching
from tests.trials.command_line import print_line, trial_parser
from tests.trials.failing_network import FailingNetwork, NetworkState
from tests.trials.processes import start, until_holds, wait

_SHORTEST_SECONDS, _LONGEST_SECONDS = 1.0, 60.0
_QUOTING_SECONDS = 3.0
_ACCOUNT_SECONDS = 5
_PATIENCE_SECONDS = 180.0
_AT_ONCE = 4
# Silence of five seconds is a dead socket; it is looked for four times a second.
NOTICE_SECONDS = 6.5
# A cancel without a response for five seconds is sent again a second later.
PULL_SECONDS = 8.0
_EXCHANGE_OPEN = re.compile(r"^open +\S+ +(\S+)$", re.MULTILINE)


class Outage(StrEnum):
    """What happens to the exchange. A cut leaves it running, but nothing reaches it."""

    KILLED = "killed"
    RESTARTED = "restarted at once"
    FROZEN = "frozen"
    CUT = "cut off"

    @property
    def forgets(self) -> bool:
        """Return whether the sandbox has no wagers afterwards."""
        return self in (Outage.KILLED, Outage.RESTARTED)


@dataclass(frozen=True, slots=True)
class OutageResult:
    """What one outage came to; all times are in seconds.

    `noticed` counts from its beginning until quotes were pulled, None if they were not; `pulled`
    from its end until no earlier wager was open, `quoted` until the session quoted again with
    equal books, None if it ended by itself, `lost` counts the wagers that the sandbox forgot.
    """

    outage: Outage
    seconds: float
    open_wagers: int
    noticed: float | None
    pulled: float
    quoted: float | None
    lost: int
    problems: tuple[str, ...]

    def judged(self) -> "OutageResult":
        """Return it with the bounds that were exceeded, and an outage that was too early."""
        problems = [*self.problems]
        if self.open_wagers < 4:
            problems.append(f"only {self.open_wagers} wagers were open before")
        if (self.noticed or 0) > NOTICE_SECONDS or (
            self.noticed is None and self.seconds > NOTICE_SECONDS
        ):
            problems.append(f"noticed after {self.noticed} s")
        if self.pulled > PULL_SECONDS:
            problems.append(f"earlier quotes rest for {self.pulled:.1f} s after it")
        return replace(self, problems=tuple(problems))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


class SessionTimeline:
    """What the journal of a session says by now, in nanoseconds of wall time."""

    def __init__(self, path: Path) -> None:
        """Read a journal; one that is not there yet is empty."""
        self._entries: list[Entry[Payload]] = []
        with suppress(JournalError), JournalReader(path) as journal:
            self._entries = list(journal.entries())
        self.wagers = WagerHistory(self._entries).wagers

    def is_quoting(self) -> bool:
        """Return whether the session has quotes on both sides of its markets."""
        return sum(isinstance(entry.payload, WagerOpened) for entry in self._entries) >= 4

    def first(self, kind: type, since_ns: int) -> int | None:
        """Return when the first input of a type arrived."""
        times = (e.now_ns for e in self._entries if isinstance(e.payload, kind))
        return next((at_ns for at_ns in times if at_ns >= since_ns), None)

    def agrees_ns(self, since_ns: int) -> int | None:
        """Return since when quotes rest and the exchange's account shows the same ones."""
        for entry in self._entries:
            account = entry.payload
            if entry.now_ns < since_ns or not isinstance(account, AccountState):
                continue
            ours = {ref for ref in self.wagers if self.is_open(ref, entry.now_ns)}
            if ours and ours == {ref for ref, _ in account.open_cents}:
                return entry.now_ns
        return None

    def is_open(self, ref: WagerRef, at_ns: int) -> bool:
        """Return whether a wager was open at a time, by what the session knew then."""
        wager = self.wagers[ref]
        known = [(when_ns, update) for when_ns, update in wager.updates if when_ns <= at_ns]
        return wager.placed_ns <= at_ns and bool(
            EarlierWager(wager.request, wager.placed_ns, known).open_cents
        )

    def closed_ns(self, refs: Sequence[WagerRef]) -> int:
        """Return when the last of some wagers is known to have ended, zero for none."""
        return max((max(at for at, _ in self.wagers[ref].updates) for ref in refs), default=0)


class OutageTrial:
    """One outage of a sandbox of its own, in a folder of its own."""

    def __init__(self, outage: Outage, seconds: float, folder: Path) -> None:
        """Prepare; nothing is started."""
        self._outage = outage
        self._seconds = 0.0 if outage is Outage.RESTARTED else seconds
        self._folder = folder
        self._port = free_port()
        self._network = FailingNetwork(self._port)
        self._processes: list[asyncio.subprocess.Process] = []
        self._now_ns = WallClock().wall_ns

    async def run(self, quoting_seconds: float) -> OutageResult:
        """Let a session quote for some seconds, cause the outage, and end the session."""
        await self._network.change(NetworkState.WHOLE)
        try:
            return await self._run(quoting_seconds)
        finally:
            await self._network.close()
            for process in self._processes:
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGCONT)
                    process.kill()
                await process.wait()

    async def _run(self, quoting_seconds: float) -> OutageResult:
        sandbox = await self._serve()
        words = ("+experiment=nba", f"run.account_seconds={_ACCOUNT_SECONDS}")
        trade = await self._live("trade", *words)
        await until_holds(lambda: self._timeline().is_quoting() or trade.returncode is not None)
        await wait(quoting_seconds, trade)
        began_ns = self._now_ns()
        await self._interrupt(sandbox)
        ended_ns = self._now_ns()

        def is_decided() -> bool:
            return trade.returncode is not None or bool(self._timeline().agrees_ns(ended_ns))

        problems = [] if await until_holds(is_decided, _PATIENCE_SECONDS) else ["does not recover"]
        recovered = trade.returncode is None
        problems += await self._end(trade)
        lost, differences = await self._reconcile(began_ns, recovered=recovered)
        after = self._timeline()
        before = [ref for ref in after.wagers if after.is_open(ref, began_ns)]
        noticed = _seconds(began_ns, after.first(FeedLost, began_ns))
        pulled = (after.closed_ns(before) - ended_ns) / NS_PER_SECOND
        return OutageResult(
            self._outage,
            (ended_ns - began_ns) / NS_PER_SECOND,
            len(before),
            noticed,
            0.0 if lost or noticed is None else max(0.0, pulled),
            _seconds(ended_ns, after.agrees_ns(ended_ns)),
            len(lost),
            (*problems, *differences),
        ).judged()

    # The processes ----------------------------------------------------------------------------

    async def _interrupt(self, sandbox: asyncio.subprocess.Process) -> None:
        """Return at the end of the outage."""
        if self._outage is Outage.FROZEN:
            sandbox.send_signal(signal.SIGSTOP)
            await wait(self._seconds)
            sandbox.send_signal(signal.SIGCONT)
        elif self._outage is Outage.CUT:
            await self._network.change(NetworkState.REFUSED)
            await wait(self._seconds)
            await self._network.change(NetworkState.WHOLE)
        else:
            sandbox.kill()
            await wait(self._seconds)
            await self._serve()

    async def _serve(self) -> asyncio.subprocess.Process:
        """Start the sandbox, and return once it listens."""
        log = f"serve-{len(self._processes)}"
        words = ("sim", "serve", "+experiment=nba", f"sandbox.port={self._port}")
        process = await self._start(log, *words)
        await until_holds(lambda: "Ctrl-C ends it" in self._printed(log))
        return process

    async def _live(self, verb: str, *words: str) -> asyncio.subprocess.Process:
        where = ("session.name=out", f"sandbox.port={self._network.port}")
        return await self._start(verb, "live", verb, *where, *words)

    async def _start(self, log: str, package: str, *words: str) -> asyncio.subprocess.Process:
        process = await start(self._folder, self._folder / f"{log}.txt", package, *words)
        self._processes.append(process)
        return process

    def _printed(self, log: str) -> str:
        return (self._folder / f"{log}.txt").read_text(encoding="utf-8")

    def _timeline(self) -> SessionTimeline:
        return SessionTimeline(self._folder / "sessions" / "out" / "journal.sqlite")

    async def _end(self, trade: asyncio.subprocess.Process) -> list[str]:
        """End the session, if it goes on; return what is wrong with its end."""
        goes_on = trade.returncode is None
        if goes_on:
            trade.send_signal(signal.SIGINT)
        await wait(_PATIENCE_SECONDS, trade)
        if trade.returncode is None:
            return [f"does not end: {self._printed('trade')[-300:]}"]
        if goes_on and trade.returncode != 0:
            return [f"ended with status {trade.returncode}: {self._printed('trade')[-300:]}"]
        return []

    async def _reconcile(
        self, began_ns: int, *, recovered: bool
    ) -> tuple[list[WagerRef], list[str]]:
        """Compare with the exchange; return the wagers that it forgot, and what is wrong."""
        process = await self._live("reconcile")
        await wait(_PATIENCE_SECONDS, process)
        printed = self._printed("reconcile")
        lost = [
            ref
            for ref, wager in self._timeline().wagers.items()
            if self._outage.forgets
            and wager.placed_ns < began_ns
            and (wager.open_cents or wager.matched_cents)
        ]
        problems = [f"{ref} is lost and not named" for ref in lost if f"{ref}: " not in printed]
        found = _EXCHANGE_OPEN.search(printed)
        if found is None or found[1] != "$0.00":
            problems.append("open after the end")
        # The journal of a session that ended by itself may lack its last cancels.
        named = sum("at the exchange" in line for line in printed.splitlines())
        if named < len(lost) or (recovered and not lost and process.returncode != 0):
            problems.append(f"does not reconcile: {printed[-500:]}")
        return lost, problems


def _seconds(since_ns: int, at_ns: int | None) -> float | None:
    return None if at_ns is None else (at_ns - since_ns) / NS_PER_SECOND


def draw(size: int, seed: int, longest: float = _LONGEST_SECONDS) -> list[tuple[Outage, float]]:
    """Return outages of all kinds in turn, and how long each lasts, in seconds."""
    chance = default_rng(seed)
    kinds = [list(Outage)[number % len(Outage)] for number in range(size)]
    return [(kind, chance.uniform(_SHORTEST_SECONDS, longest)) for kind in kinds]


def run_outages(
    outages: Sequence[tuple[Outage, float]],
    seed: int,
    folder: Path,
    report: Callable[[str], None],
) -> list[OutageResult]:
    """Try outages, some at once, and report each as it is done."""
    chance = default_rng(seed)
    waiting = iter(enumerate(outages))
    results: list[OutageResult] = []

    async def work() -> None:
        for number, (outage, seconds) in waiting:
            home = folder / f"outage-{number}"
            home.mkdir()
            trial = OutageTrial(outage, seconds, home)
            result = await trial.run(chance.uniform(0, _QUOTING_SECONDS))
            results.append(result)
            report(f"{number} {result}")

    async def work_at_once() -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(_AT_ONCE, len(outages))):
                tasks.create_task(work())

    run_watching(work_at_once(), seconds=4 * _PATIENCE_SECONDS * len(outages))
    return results


def table(results: Sequence[OutageResult]) -> list[str]:
    """Return the rows of a table: a row for each kind of outage, with the worst times."""
    rows = [
        f"{'exchange':<19}{'trials':>7}{'most s':>8}{'quoted':>8}{'ended':>7}{'held':>6}"
        f"{'noticed':>9}{'pulled':>8}{'again':>7}{'most':>7}{'lost':>6}"
    ]
    for outage in Outage:
        some = [result for result in results if result.outage is outage]
        if not some:
            continue
        again = [result.quoted for result in some if result.quoted is not None]
        rows.append(
            f"{outage:<19}{len(some):>7}{max(r.seconds for r in some):>8.1f}"
            f"{len(again):>8}{len(some) - len(again):>7}{sum(not r.problems for r in some):>6}"
            f"{max(r.noticed or 0 for r in some):>9.2f}{max(r.pulled for r in some):>8.2f}"
            f"{median(again or [0]):>7.1f}{max(again or [0]):>7.1f}{sum(r.lost for r in some):>6}"
        )
    return rows


def main(words: Sequence[str]) -> int:
    """Make the trials that the arguments ask for; return 1 if one did not hold."""
    parser = trial_parser("outages")
    parser.add_argument("--size", type=int, default=8, help="how many outages")
    given = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="outages-"))
    results = run_outages(draw(given.size, given.seed), given.seed, folder, print_line)
    print_line(
        f"seed {given.seed}; bounds: noticed {NOTICE_SECONDS:g} s, pulled {PULL_SECONDS:g} s"
    )
    print_line("\n".join(table(results)))
    return int(any(result.problems for result in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
