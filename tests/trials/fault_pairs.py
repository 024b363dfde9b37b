"""Trial: two faults of the exchange at once, at the start, while placing or at the end.

    python -m tests.trials.fault_pairs --size 0 --seed 1

Each trial is a session at a sandbox in this process. Two of the faults that the sandbox can inject
come together at one moment. The session must quote again without help, with books that equal the
exchange's account, or end with nothing open. Size 0 is every pair at every moment, another size
that many of them.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

from hydra import compose, initialize_config_dir
from numpy.random import Generator, default_rng

from conf.compose import CONFIG_FOLDER, build_session
from live.session.session import Session
from live.session.session_run import StartedRun
from recordings.journal.journal_reader import JournalReader
from recordings.journal.wager_history import WagerHistory
from sim.sandbox.api_account import ApiAccount
from sim.sandbox.api_sessions import account_id_for
from sim.sandbox.server import Server
from strategies.trading.model.errors import TradingError
from strategies.trading.wagers.wager_state import WagerState
from tests.event_loops import run_watching, until
from tests.live.local_sandbox import LocalSandbox, serve_sandbox
from tests.trials.command_line import print_line, trial_parser
from tests.trials.processes import wait

# The waits that follow the exchange's clock are shorter at speed; those of the wall are set so.
_SPEED = 8
_ANSWER_SECONDS = 1
_SETTINGS = (
    "+experiment=nba",
    "mode=live",
    "session.name=pair",
    "run.watchdog_seconds=null",
    "run.account_seconds=1",
    "run.closing_seconds=40",
    f"prophet.answer_seconds={_ANSWER_SECONDS}",
    "feed.connect_seconds=4",
    "feed.ping_after_seconds=0.6",
    "feed.silent_seconds=2",
    "feed.quiet_seconds=4",
    "feed.backoff_seconds_max=1",
)
# Longer than a session waits for a response.
_TOO_LONG = Decimal("1.4")
_FROZEN_SECONDS = 4
# Faults that wait for a message which does not come are removed after this time.
_FAULT_SECONDS = 2.5
_PATIENCE_SECONDS = 90.0
# A game is quoted for 210 s of the wall at this speed.
_SANDBOX_SECONDS = 100.0
_AT_ONCE = 6
_ATTEMPTS = 4
_SECRET = "secret"
_SANDBOX = ("+experiment=nba", "sandbox.most_accounts=1000")

Body = dict[str, Any]


def _requests(kind: str, count: int = 3, **others: Any) -> tuple[Body, ...]:
    return ({"kind": kind, "count": count, **others},)


FAULTS: dict[str, tuple[Body, ...]] = {
    "requests executed too late": _requests("slow", 2, seconds=_TOO_LONG),
    "responses too late": _requests("late", 2, seconds=_TOO_LONG),
    "500": _requests("refused", code="internal_error"),
    "401": _requests("refused", 6, code="unauthorized"),
    "404": _requests("refused", code="data_not_found"),
    "429": _requests("too_many"),
    "502 with a page": _requests("page"),
    "200 with a page": _requests("page", code="200"),
    "requests executed twice": _requests("twice", 4),
    "responses reset": _requests("reset"),
    "responses cut": _requests("cut_body"),
    "tokens revoked": ({"kind": "expired_token"},),
    "sessions revoked": ({"kind": "expired_token", "code": "refresh"},),
    "socket frozen": ({"kind": "frozen_socket", "seconds": _FROZEN_SECONDS},),
    "socket reset": ({"kind": "socket_reset"},),
    "socket closed": ({"kind": "socket_close"},),
    "socket closed for good": ({"kind": "socket_close", "code": "4001"},),
    "frames that are none": ({"kind": "garbage_frame"},) * 3,
    "messages lost": _requests("lost_message", 10),
    "messages doubled": _requests("doubled_message", 10),
    "messages overtaken": _requests("late_message", 10, seconds=Decimal("0.3")),
    "channels refused": (
        *_requests("refused_channel", 2),
        {"kind": "socket_close", "code": "4200"},
    ),
    "pongs lost": _requests("lost_pong"),
}


class Moment(StrEnum):
    """When the faults come."""

    START = "at the start"
    PLACING = "while placing"
    END = "at the end"


@dataclass(frozen=True, slots=True)
class Case:
    """Two faults, the first of which is injected first, and when."""

    moment: Moment
    first: str
    second: str

    def __str__(self) -> str:
        """Return the case in words."""
        return f"{self.first} and {self.second} {self.moment}"


@dataclass(frozen=True, slots=True)
class Result:
    """How a case came out: how the session ended, after how many seconds, and what is wrong.

    `seconds` passed from the faults until it quoted again, or had ended.
    """

    case: Case
    ended_by: str
    seconds: float
    problems: tuple[str, ...]


def cases(size: int, chance: Generator) -> list[Case]:
    """Return as many cases in random order, all for size 0; each pair in one of its two orders."""
    pairs = [pair if chance.random() < 0.5 else pair[::-1] for pair in combinations(FAULTS, 2)]
    known = [Case(moment, *pair) for pair in pairs for moment in Moment]
    chosen = chance.permutation(len(known))
    return [known[place] for place in chosen[: size or len(known)]]


class PairTrial:
    """One session at a sandbox that no other session uses meanwhile, with an account of its own."""

    def __init__(self, case: Case, here: LocalSandbox, session: Session, folder: Path) -> None:
        """Prepare; the session works in the folder."""
        self._case = case
        self._server: Server = here.server
        self._session = session
        self._folder = folder
        self._key = folder.name
        self._loop = asyncio.get_running_loop()
        self._run: StartedRun | None = None
        self._injected = asyncio.Event()
        self._injected_at = self._loop.time()
        self.lines: list[str] = []

    @property
    def was_tried(self) -> bool:
        """Return whether the faults came; a busy machine may end a session before."""
        return self._injected.is_set()

    async def run(self) -> Result:
        """Run the session through the faults to its end."""
        stop = asyncio.Event()
        keys = {"PROPHETX_ACCESS_KEY": self._key, "PROPHETX_SECRET_KEY": _SECRET}
        environ = keys | {"XDG_STATE_HOME": str(self._folder)}
        if self._case.moment is Moment.START:
            self._inject()
        trading = asyncio.ensure_future(
            self._session.run(
                self._folder, environ, stop, self.lines.append, on_started=self._on_started
            )
        )
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._until_recovered(trading, stop)
                seconds = self._loop.time() - self._injected_at
                stop.set()
                ended_by = await _ended_by(trading)
                if self._case.moment is Moment.END:
                    seconds = self._loop.time() - self._injected_at
                # A request that the session does not wait for any longer may still be executed.
                await wait(float(_TOO_LONG))
        except TimeoutError:
            trading.cancel()
            await asyncio.gather(trading, return_exceptions=True)
            return self._result("nothing", _PATIENCE_SECONDS, "neither recovers nor ends")
        if not self.was_tried:
            return self._result(ended_by, seconds, "ended before the faults")
        return self._result(ended_by, seconds, *self._problems(ended_by))

    async def _until_recovered(self, trading: asyncio.Future[None], stop: asyncio.Event) -> None:
        """Return once the session quotes after the faults, or ended; at the end without waiting."""
        if self._case.moment is Moment.END:
            await until(lambda: trading.done() or self._quotes())
            if not trading.done():
                self._inject()
            stop.set()
            return
        await until(lambda: trading.done() or self._injected.is_set())
        await asyncio.wait((trading,), timeout=_FAULT_SECONDS)
        self._server.faults.clear()
        await until(lambda: trading.done() or self._quotes())

    def _on_started(self, run: StartedRun) -> None:
        self._run = run
        if self._case.moment is Moment.PLACING:
            self._inject()

    def _inject(self) -> None:
        for name in (self._case.first, self._case.second):
            for body in FAULTS[name]:
                self._server.inject_fault(body)
        self._injected_at = self._loop.time()
        self._injected.set()

    @property
    def _account(self) -> ApiAccount | None:
        return self._server.accounts.get(account_id_for(self._key))

    def _quotes(self) -> bool:
        """Return whether wagers rest at the exchange, and the desk knows all of them as open."""
        if self._run is None or self._account is None:
            return False
        wagers = list(self._run.desk.wagers.live())
        known = {wager.ref for wager in wagers if wager.state is WagerState.OPEN}
        rest = {r.request.ref for r in self._account.records.values() if r.live}
        return len(rest) >= 4 and known == rest and len(wagers) == len(rest)

    def _problems(self, ended_by: str) -> Iterator[str]:
        account = self._account
        records = [] if account is None else list(account.records.values())
        left = [record.request.ref for record in records if record.live]
        if left:
            yield f"open after the end: {', '.join(left)}"
        path = self._folder / "sessions" / "pair" / "journal.sqlite"
        if ended_by != _STOPPED:
            return
        with JournalReader(path) as journal:
            wagers = WagerHistory(journal.entries()).wagers
        theirs = {record.request.ref: record.matched_cents for record in records}
        for ref in wagers.keys() | theirs.keys():
            wager = wagers.get(ref)
            ours = (0, 0) if wager is None else (wager.open_cents, wager.matched_cents)
            if wager is None or ours != (0, theirs.get(ref, 0)):
                yield f"{ref}: open and matched {ours} in the journal, {theirs.get(ref)} matched"

    def _result(self, ended_by: str, seconds: float, *problems: str) -> Result:
        return Result(self._case, ended_by, seconds, problems)


_STOPPED = "stopped by us"


async def _ended_by(trading: asyncio.Future[None]) -> str:
    """Return how a session ended: the type of its error, if it ended by itself."""
    try:
        await trading
    except (TradingError, OSError) as error:
        return type(error).__name__
    return _STOPPED


def run_pairs(
    some: Sequence[Case], folder: Path, report: Callable[[Result, Sequence[str]], None]
) -> list[Result]:
    """Try cases, a few at once, each at a sandbox; report each with its session's lines."""
    waiting = list(enumerate(some))[::-1]
    results: list[Result] = []

    async def work(here: LocalSandbox) -> None:
        with initialize_config_dir(str(CONFIG_FOLDER), version_base="1.3"):
            config = compose("config", [*_SETTINGS, *here.settings])
        loop = asyncio.get_running_loop()
        ends = loop.time() + _SANDBOX_SECONDS
        while waiting and loop.time() < ends:
            number, case = waiting.pop()
            for attempt in range(_ATTEMPTS):
                home = folder / f"pair-{number}-{attempt}"
                home.mkdir()
                trial = PairTrial(case, here, build_session(config), home)
                result = await trial.run()
                here.server.faults.clear()
                if trial.was_tried:
                    break
            results.append(result)
            report(result, trial.lines)

    async def work_at_once() -> None:
        """Start some sandboxes before any session: it takes seconds, in which nothing else runs."""
        while waiting:
            async with AsyncExitStack() as stack:
                number = min(_AT_ONCE, len(waiting))
                served = [serve_sandbox(_SPEED, *_SANDBOX) for _ in range(number)]
                sandboxes = [await stack.enter_async_context(each) for each in served]
                async with asyncio.TaskGroup() as tasks:
                    for here in sandboxes:
                        tasks.create_task(work(here))

    run_watching(work_at_once(), seconds=_PATIENCE_SECONDS * len(some))
    return results


def table(results: Sequence[Result]) -> list[str]:
    """Return the rows of a table: a row for each moment, then how sessions ended by themselves."""
    rows = [
        f"{'faults':<16}{'cases':>7}{'recovered':>11}{'ended':>7}{'held':>6}"
        f"{'median':>9}{'most s':>8}"
    ]
    for moment in Moment:
        some = [result for result in results if result.case.moment is moment]
        if not some:
            continue
        recovered = sum(result.ended_by == _STOPPED for result in some)
        seconds = [result.seconds for result in some]
        rows.append(
            f"{moment:<16}{len(some):>7}{recovered:>11}{len(some) - recovered:>7}"
            f"{sum(not result.problems for result in some):>6}"
            f"{median(seconds):>9.1f}{max(seconds):>8.1f}"
        )
    ends = Counter((r.case.moment, r.ended_by) for r in results if r.ended_by != _STOPPED)
    rows += [f"{moment}: {number} ended by {name}" for (moment, name), number in ends.most_common()]
    return rows


def main(words: Sequence[str]) -> int:
    """Try the cases that the arguments ask for; return 1 if one did not hold."""
    parser = trial_parser("fault_pairs")
    parser.add_argument("--size", type=int, default=30, help="how many cases; 0: all")
    given = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="fault-pairs-"))
    some = cases(given.size, default_rng(given.seed))
    results = run_pairs(some, folder, _report)
    print_line(f"seed {given.seed}: {len(FAULTS)} faults")
    print_line("\n".join(table(results)))
    return int(any(result.problems for result in results))


def _report(result: Result, lines: Sequence[str]) -> None:
    print_line(f"{result.case}: {result.ended_by}, {result.seconds:.1f} s")
    for problem in result.problems:
        print_line(f"  FAILED: {problem}")
    for line in lines if result.problems else ():
        print_line(f"    {line}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
