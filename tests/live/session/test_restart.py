"""What a restart must not forget: a halt with its reason, and the losses of the day."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conf.compose import build_parts
from live.session.gateway import TradedAccount
from live.wall_clock import WallClock
from recordings.writing import writing
from sim.replay.session_replay import SessionReplay
from strategies.trading.model.errors import InvariantError, JournalError, WriteError
from strategies.trading.model.events import MarketSettled, TradingState, TradingStateSet
from strategies.trading.model.ids import LineId, MarketKey
from strategies.trading.model.market import Result
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import JumpingLoop, run_jumping, until
from tests.fixture_types import Compose
from tests.full_disks import fill, read_only, small_disk
from tests.live.session.test_gateway import PATIENCE_SECONDS, session_on
from tests.live.session.toy_exchange import GAME, MONEYLINE, ToyGateway

Meanwhile = Callable[[ToyGateway], Awaitable[None]]


class ToyStarts:
    """Starts of one session at a toy exchange, with the lines of each start."""

    def __init__(
        self, compose_settings: Compose, folder: Path, account: TradedAccount | None = None
    ) -> None:
        """Prepare a session with a daily loss of $150, whose day turns half a day from now."""
        hour = datetime.fromtimestamp(WallClock().wall_ns() // NS_PER_SECOND, UTC).hour
        self._parts = build_parts(
            compose_settings(
                "mode=live",
                "strategy.quote_refresh_seconds=0",
                "strategy.default_stake=100",
                "risk.max_daily_loss=150",
                f"risk.day_starts='{(hour + 12) % 24:02d}:00 UTC'",
            )
        )
        self._folder = folder
        self._account = account
        self.lines: list[str] = []

    def play(self, meanwhile: Meanwhile) -> None:
        """Start the session, until what goes on meanwhile is over, or the session is."""
        made: list[ToyGateway] = []
        self.lines = []

        async def run(loop: JumpingLoop) -> None:
            stop = asyncio.Event()
            session = session_on(self._parts, loop, made, self._account)
            trading = asyncio.ensure_future(session.run(self._folder, {}, stop, self.lines.append))
            async with asyncio.timeout(PATIENCE_SECONDS):
                await until(lambda: trading.done() or self.said("start "))
                going = asyncio.ensure_future(meanwhile(made[0]))
                await asyncio.wait((trading, going), return_when=asyncio.FIRST_COMPLETED)
                stop.set()
                going.cancel()
                await trading

        run_jumping(run)

    async def until_health(self, _: ToyGateway) -> None:
        """Wait for a line on the health of the session, which comes long after the first quotes."""
        await until(lambda: self.said(" of 1 market quoted"))

    def said(self, text: str) -> bool:
        """Return whether a line of this start contains a text."""
        return any(text in line for line in self.lines)

    def replay(self, starts: int) -> None:
        """Replay every start; raise ReplayDifferenceError unless all commands are the same."""
        taken = ("fees", "pricing", "strategy", "wagers")
        parts = {name: self._parts[name] for name in taken}
        replay = SessionReplay(session={"name": "toy"}, **parts)
        for number in range(1, starts + 1):
            assert replay.run(self._folder / "sessions" / "toy", number) is not None

    def log(self) -> str:
        """Return the log of the session."""
        return (self._folder / "sessions" / "toy" / "session.log").read_text(encoding="utf-8")


@pytest.fixture
def starts(compose_settings: Compose, tmp_path: Path) -> ToyStarts:
    """Return the starts of one session."""
    return ToyStarts(compose_settings, tmp_path)


async def lose_one_wager(toy: ToyGateway) -> None:
    """Let one wager of $100 be matched and lost."""
    await until(lambda: toy.open_wagers)
    ref, wager = next(iter(toy.open_wagers.items()))
    toy.fill(ref)
    other = LineId("a" if wager.line_id == "h" else "h")
    results = ((wager.line_id, Result.LOST), (other, Result.WON))
    toy._emit(MarketSettled(MarketKey(GAME, MONEYLINE), results))
    await until(lambda: any(isinstance(event, MarketSettled) for event in toy.delivered))


async def resume(toy: ToyGateway) -> None:
    """Lift a halt, as a person does, until wagers are open."""
    toy._emit(TradingStateSet(TradingState.ACTIVE, "resumed by a person"))
    await until(lambda: toy.open_wagers)


def test_case_24_the_days_loss_counts_over_starts_and_its_halt_stays(starts: ToyStarts) -> None:
    """Two starts lose $100 each, the second is halted; the third is until a person resumes."""
    starts.play(lose_one_wager)
    assert not starts.said("halted")
    starts.play(lose_one_wager)
    reason = "max_daily_loss: $200.00 lost today"

    async def quotes_nothing(toy: ToyGateway) -> None:
        await starts.until_health(toy)
        assert toy.open_wagers == {}

    starts.play(quotes_nothing)
    remedy = "python -m live control session.name=toy resume lifts it"
    halted = f"halted by an earlier start: {reason}; {remedy}"
    assert halted in starts.lines
    assert starts.said(f"halted ({reason}); 0 of 1 market quoted")
    assert starts.log().count(halted) == 1

    starts.play(resume)
    starts.play(lose_one_wager)
    assert not starts.said("halted")
    starts.replay(5)


def test_drift_halts_and_ends_the_session_and_the_next_start(starts: ToyStarts) -> None:
    """Books that contradict the account end the session; the next start waits for a person."""

    async def lose_money(toy: ToyGateway) -> None:
        await until(lambda: toy.open_wagers)
        toy._matched_cents += 777
        await asyncio.Event().wait()

    with pytest.raises(InvariantError, match="available cents"):
        starts.play(lose_money)
    assert starts.lines[-1] == "nothing is open at toy"
    starts.play(starts.until_health)
    assert starts.said("halted by an earlier start: drift: available cents: we hold ")
    assert starts.said("halted (drift: available cents")
    starts.replay(2)


def test_a_full_disk_halts_the_next_start(compose_settings: Compose, tmp_path: Path) -> None:
    """No start trades while it is full; the first with space is halted, and so are the others."""
    with small_disk(tmp_path / "disk", 1_000) as disk:
        starts = ToyStarts(compose_settings, disk)

        async def fill_disk(toy: ToyGateway) -> None:
            await until(lambda: toy.open_wagers)
            fill(disk / "filler")
            await asyncio.Event().wait()

        with pytest.raises(JournalError, match="the disk is full"):
            starts.play(fill_disk)
        assert starts.lines[-1] == "nothing is open at toy"
        with pytest.raises(WriteError):
            starts.play(starts.until_health)
        assert not starts.said("start ")
        (disk / "filler").unlink()
        for _ in range(2):
            starts.play(starts.until_health)
            journal = disk / "sessions" / "toy" / "journal.sqlite"
            assert starts.said(f"halted by an earlier start: disk: {journal}")
            assert starts.said("; 0 of 1 market quoted")
        starts.replay(1)
        starts.play(resume)
        starts.play(lose_one_wager)
        assert not starts.said("halted")


def test_a_disk_that_becomes_read_only_halts_the_next_start(
    compose_settings: Compose, tmp_path: Path
) -> None:
    """The reason is in the account's folder, which another session of the account reads too."""
    account = TradedAccount(tmp_path / "account", {})
    account.folder.mkdir()
    starts = ToyStarts(compose_settings, tmp_path / "home", account)

    async def fail_to_write(toy: ToyGateway) -> None:
        await until(lambda: toy.open_wagers)
        stack.enter_context(read_only(tmp_path / "home" / "sessions"))

        def fail() -> None:
            with writing(tmp_path / "home" / "sessions" / "new"):
                (tmp_path / "home" / "sessions" / "new").touch()

        toy.market.call_in_run(fail)
        await asyncio.Event().wait()

    with ExitStack() as stack:
        with pytest.raises(WriteError, match="Read-only file system"):
            starts.play(fail_to_write)
        with pytest.raises(WriteError, match="Read-only file system"):
            starts.play(starts.until_health)
        assert not starts.said("start ")
    starts.play(starts.until_health)
    assert starts.said("halted by an earlier start: disk: ")
    assert (account.folder / "halt.txt").read_text().strip() == ""
