"""The watchdog: when it cancels, how long it tries, and when a session must stop trusting it."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from live.session.admission.trading_lock import LockHolder, TradingLock
from live.session.alerts.alert import Alert, AlertLevel
from live.session.monitoring.announcer import Announcer
from live.session.watchdog.heartbeats import (
    Acting,
    Beat,
    Closed,
    Hello,
    line_of,
    receive,
)
from live.session.watchdog.watchdog_duty import WatchdogDuty
from strategies.trading.model.commands import Intent, PlaceWager
from strategies.trading.model.errors import AccountInUseError
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds
from tests.event_loops import JumpingLoop, run_jumping, until
from tests.live.session.toy_exchange import ToyOpenWagers

SILENCE = 5.0


class Account(ToyOpenWagers):
    """An account of a toy exchange, with the times at which everything was cancelled."""

    def __init__(self, *refs: str) -> None:
        """Begin with some wagers."""
        super().__init__()
        self.cancels: list[float] = []
        for ref in refs:
            self.add(ref)

    def add(self, ref: str) -> None:
        """Open a wager."""
        wager = PlaceWager(WagerRef(ref), LineId("h"), Odds(100), 5_000, Intent.REST)
        self.wagers[wager.ref] = wager

    async def cancel_all(self) -> bool:
        """Note the time, and cancel everything."""
        self.cancels.append(asyncio.get_running_loop().time())
        return await super().cancel_all()


def hello_of(folder: Path, silence_seconds: float = SILENCE) -> Hello:
    """Return what a session in a folder sends first."""
    return Hello(
        session="toy", folder=str(folder), account="", endpoint={}, pid=os.getpid(),
        silence_seconds=silence_seconds,
    )  # fmt: skip


class Guarded:
    """A session in the hands of a test: what it sends to its watchdog, and what comes back."""

    def __init__(
        self,
        account: Account,
        folder: Path,
        lock: TradingLock | None = None,
        patience_seconds: float | None = None,
    ) -> None:
        """Prepare; the watchdog begins in `duty`."""
        self._patience_seconds = patience_seconds
        self.account = account
        self.lines: list[str] = []
        self.alerts: list[Alert] = []
        self._hello = hello_of(folder)
        self._lock = lock

    @asynccontextmanager
    async def duty(self) -> AsyncIterator[asyncio.Task[None]]:
        """Give the running duty of a watchdog."""
        ours, theirs = socket.socketpair()
        self.reader, self.writer = await asyncio.open_connection(sock=ours)
        reader, writer = await asyncio.open_connection(sock=theirs)
        duty = WatchdogDuty(
            self._hello, reader, writer, account=self.account, lock=self._lock,
            notify=Announcer(self.lines.append, send=self.alerts.append),
            patience_seconds=self._patience_seconds,
        )  # fmt: skip
        running = asyncio.create_task(duty.run())
        try:
            yield running
        finally:
            running.cancel()
            self.writer.close()

    async def beat(self, number: int = 1) -> None:
        """Send a heartbeat, and receive the response."""
        self.writer.write(line_of(Beat(number)))
        assert await receive(self.reader) == Beat(number)


def guarding(
    account: Account,
    folder: Path,
    scenario: Callable[[Guarded, asyncio.Task[None]], Awaitable[None]],
    lock: TradingLock | None = None,
) -> Guarded:
    """Play a scenario with a watchdog in a loop whose time jumps."""

    async def run(_: JumpingLoop) -> Guarded:
        guarded = Guarded(account, folder, lock)
        async with guarded.duty() as duty:
            await scenario(guarded, duty)
        return guarded

    return run_jumping(run)


def test_everything_is_cancelled_when_heartbeats_cease(tmp_path: Path) -> None:
    """After the stated silence, not before, though the session's process still exists (row f)."""

    async def hang(guarded: Guarded, duty: asyncio.Task[None]) -> None:
        await guarded.beat()
        assert isinstance(await receive(guarded.reader), Acting)
        await until(lambda: not guarded.account.wagers)

    account = Account("one")
    guarding(account, tmp_path, hang)
    assert SILENCE <= account.cancels[0] <= 1.1 * SILENCE


@pytest.mark.parametrize("has_beaten", [True, False])
def test_everything_is_cancelled_when_the_session_ends_without_closing(
    tmp_path: Path, has_beaten: bool
) -> None:
    """At once after a crash, also before the first heartbeat; then the watchdog ends."""

    async def crash(guarded: Guarded, duty: asyncio.Task[None]) -> None:
        if has_beaten:
            await guarded.beat()
        guarded.writer.close()
        await duty

    account = Account("one")
    guarded = guarding(account, tmp_path, crash)
    assert account.wagers == {}
    assert account.cancels[0] == 0
    assert guarded.lines[-1] == "nothing arrived later"


def test_nothing_is_cancelled_after_a_session_that_closed(tmp_path: Path) -> None:
    """The exchange confirmed to the session itself that nothing is open."""

    async def close(guarded: Guarded, duty: asyncio.Task[None]) -> None:
        await guarded.beat()
        guarded.writer.write(line_of(Closed()))
        await duty

    account = Account()
    guarding(account, tmp_path, close)
    assert account.cancels == []


def test_it_tries_until_the_exchange_responds(tmp_path: Path) -> None:
    """Without an end, also after an hour in which no request succeeded (rows c, d, o)."""

    async def crash(guarded: Guarded, duty: asyncio.Task[None]) -> None:
        guarded.writer.close()
        asyncio.get_running_loop().call_later(3_600, account.failing.clear)
        await duty

    account = Account("one")
    account.failing = {"listed", "cancel_all", "cancel_event", "cancel_wager"}
    guarded = guarding(account, tmp_path, crash)
    assert account.wagers == {}
    assert max(b - a for a, b in pairwise(account.cancels)) <= 15
    assert "not confirmed yet; going on" in guarded.lines


def test_it_gives_up_on_a_sandbox_that_is_gone(tmp_path: Path) -> None:
    """Only where a patience is given: no process is left behind by a sandbox that ended."""

    async def run(_: JumpingLoop) -> Guarded:
        account = Account("one")
        account.failing = {"listed", "cancel_all", "cancel_event", "cancel_wager"}
        guarded = Guarded(account, tmp_path, patience_seconds=300)
        async with guarded.duty() as duty:
            guarded.writer.close()
            await duty
        return guarded

    assert run_jumping(run).lines[-1] == "gives up: toy is gone, and its wagers with it"


def test_what_arrives_late_is_cancelled_too(tmp_path: Path) -> None:
    """A placement that was on its way is found by a later look (row e)."""

    async def crash(guarded: Guarded, duty: asyncio.Task[None]) -> None:
        guarded.writer.close()
        loop = asyncio.get_running_loop()
        loop.call_later(12, account.add, "late")
        await duty

    account = Account("one")
    guarded = guarding(account, tmp_path, crash)
    assert account.wagers == {}
    assert "1 wager arrived late; cancelling" in guarded.lines


def test_a_session_that_hung_is_not_trusted_again(tmp_path: Path) -> None:
    """Its later heartbeats get no response; what it leaves open at its end is cancelled."""

    async def hang(guarded: Guarded, duty: asyncio.Task[None]) -> None:
        await guarded.beat()
        assert isinstance(await receive(guarded.reader), Acting)
        guarded.writer.write(line_of(Beat(2)))
        account.add("two")
        guarded.writer.close()
        assert await receive(guarded.reader) is None
        await duty

    account = Account("one")
    guarding(account, tmp_path, hang)
    assert account.wagers == {}


# The lock ---------------------------------------------------------------------------------------

HOLDER = LockHolder("first", "/somewhere/first", 7)


def test_a_second_session_of_an_account_is_refused(tmp_path: Path) -> None:
    """The other session and its folder are named (row g)."""
    named = r"'first' in /somewhere/first .*; stop it first"
    with TradingLock.acquire(tmp_path, HOLDER), pytest.raises(AccountInUseError, match=named):
        TradingLock.acquire(tmp_path, HOLDER)
    TradingLock.acquire(tmp_path, HOLDER).close()


def test_nobody_trades_an_account_that_is_still_cleaned_up(tmp_path: Path) -> None:
    """The lock of a session that died is free once its watchdog has looked for late wagers."""

    async def crash(guarded: Guarded, duty: asyncio.Task[None]) -> None:
        guarded.writer.close()
        await until(lambda: account.cancels)
        require_in_use()
        await until(lambda: guarded.lines[-1].startswith("nothing is open"))
        # A session that began now might end before it has looked: at a wrong balance, say.
        require_in_use()
        await duty

    def require_in_use() -> None:
        named = "the watchdog of session 'toy' .* half a minute .*watchdog.log"
        with pytest.raises(AccountInUseError, match=named):
            TradingLock.acquire(tmp_path, HOLDER)

    account = Account("one")
    lock = TradingLock.acquire(tmp_path, HOLDER)
    guarded = guarding(account, tmp_path, crash, lock)
    lock.close()
    assert guarded.lines[-1] == "nothing arrived later"
    TradingLock.acquire(tmp_path, HOLDER).close()


def test_a_watchdog_that_acts_raises_alerts(tmp_path: Path) -> None:
    """Its session cannot: why it acts, and that nothing is open; both need a person at once."""

    async def hang(guarded: Guarded, duty: asyncio.Task[None]) -> None:
        await guarded.beat()
        await until(lambda: len(guarded.alerts) == 2)

    first, second = guarding(Account("one"), tmp_path, hang).alerts
    assert {(each.kind, each.level) for each in (first, second)} == {
        ("watchdog", AlertLevel.CRITICAL)
    }
    assert first.text.endswith("no heartbeat for 5 s; cancelling everything")
    assert second.text.startswith("nothing is open, after ")
