"""The sandbox of a trial and the session that trades at it, as processes, and their comparison."""

import asyncio
import re
from pathlib import Path

from conf.compose import build_parts
from sim.replay.session_replay import ReplayDifferenceError, SessionReplay
from strategies.trading.accounting.ledger import Ledger
from strategies.trading.model.money import dollars_text
from tests.conftest import composed
from tests.trials.many_games import DayOfGames
from tests.trials.processes import start, until_holds, wait, watchdog_of

STARTING_BALANCE = 100_000
_PATIENCE_SECONDS = 120.0
_ADDRESS = re.compile(r"^address +http://127\.0\.0\.1:(\d+)/", re.MULTILINE)
_NOTHING_OPEN = re.compile(r"^open +\$0\.00 +\$0\.00$", re.MULTILINE)
_BALANCE = re.compile(r"^balance +(\S+)$", re.MULTILINE)


class Bench:
    """Starts processes in a folder, and reads what they leave there."""

    def __init__(self, folder: Path, name: str, speed: float, begin_before_s: float) -> None:
        """Prepare a session of this name; the sandbox is to begin before the first start."""
        self.folder = folder
        self.name = name
        self.speed = speed
        self.begin_before_s = begin_before_s
        self.session = folder / "sessions" / name
        self.port = 0
        self._processes: list[asyncio.subprocess.Process] = []

    @property
    def _sandbox(self) -> tuple[str, str]:
        return f"sandbox.port={self.port}", f"sandbox.speed={self.speed:g}"

    async def start(self, package: str, *words: str) -> asyncio.subprocess.Process:
        """Start a verb; what it prints is kept in a file of its name."""
        printed = self.printed_by(words[0])
        process = await start(self.folder, printed, package, *words, new_session=False)
        self._processes.append(process)
        return process

    async def close(self) -> None:
        """End what still runs, the sandbox last; a watchdog ends once nothing is open there."""
        for process in reversed(self._processes):
            if process.returncode is None:
                process.terminate()
            await process.wait()

    async def start_sandbox(self, day: DayOfGames) -> asyncio.subprocess.Process:
        """Serve the games; return when it accepts requests."""
        process = await self.start(
            *("sim", "serve", f"recording.path={day.folder}", *self._sandbox),
            f"sandbox.begin_minutes_before_start={self.begin_before_s / 60:g}",
            f"starting_balance={STARTING_BALANCE}",
        )
        await until_holds(lambda: _ADDRESS.search(self.text("serve")) or process.returncode)
        found = _ADDRESS.search(self.text("serve"))
        assert found is not None, self.text("serve")
        self.port = int(found[1])
        return process

    async def start_trade(self, *words: str) -> asyncio.subprocess.Process:
        """Trade every game, in-play too; no loss and no price ends the session early."""
        return await self.start(
            *("live", "trade", f"session.name={self.name}", *self._sandbox),
            *("risk.in_play=true", "risk.max_daily_loss=0", "risk.stop_loss_percentage=0"),
            # Prices move far within one step of such a clock, and this machine may be busy.
            *("risk.max_mispriced_in_row=0", "run.watchdog_seconds=30"),
            *words,
        )

    async def guarded(self, trade: asyncio.subprocess.Process) -> int:
        """Return the process of the session's watchdog, once it guards."""
        await until_holds(lambda: self.watchdog or trade.returncode is not None, _PATIENCE_SECONDS)
        watchdog = self.watchdog
        assert watchdog is not None, self.text("trade")
        return watchdog

    async def ended(self, trade: asyncio.subprocess.Process, watchdog: int) -> list[str]:
        """Wait until session and watchdog have ended; return what is wrong with that."""
        await wait(_PATIENCE_SECONDS, trade)
        problems = []
        if trade.returncode != 0:
            trade_text = self.text("trade")[-500:]
            problems.append(f"trade ended with status {trade.returncode}: {trade_text}")
        if not await until_holds(lambda: not Path(f"/proc/{watchdog}").exists(), _PATIENCE_SECONDS):
            problems.append("the watchdog goes on")
        return problems

    async def compared(self) -> tuple[str, list[str]]:
        """Compare the session with the exchange; return the balance there, and what differs."""
        problems = []
        words = ("reconcile", f"session.name={self.name}", *self._sandbox)
        if await (await self.start("live", *words)).wait() != 0:
            problems.append(f"does not reconcile: {self.text('reconcile')}")
        if not _NOTHING_OPEN.search(self.text("reconcile")):
            problems.append(f"something is open: {self.text('reconcile')}")
        found = _BALANCE.search(self.text("reconcile"))
        balance = found[1] if found else ""
        try:
            ledger = self._replayed_ledger()
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

    def _replayed_ledger(self) -> Ledger | None:
        """Return the books at the end of a replay, None without a desk.

        Raise ReplayDifferenceError if a command differs.
        """
        parts = build_parts(composed("mode=live", f"session.name={self.name}"))
        names = ("strategy", "pricing", "wagers", "fees", "session")
        replay = SessionReplay(**{name: parts[name] for name in names})
        result = replay.run(self.session, 1)
        return None if result is None else result.desk.ledger

    def printed_by(self, verb: str) -> Path:
        """Return the file of what a verb prints."""
        return self.folder / f"{verb}.txt"

    def text(self, verb: str) -> str:
        """Return what a verb printed."""
        return self.printed_by(verb).read_text("utf-8")

    @property
    def watchdog(self) -> int | None:
        """Return the process of the session's watchdog, None before it guards."""
        return watchdog_of(self.session)
