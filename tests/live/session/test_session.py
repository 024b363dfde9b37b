"""Whole sessions against our own sandbox: on paper and live, through gaps, errors and crashes."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conf.compose import build_session
from recordings.reader import Tape
from recordings.validator import validate
from sim.sandbox.api_account import ApiAccount
from sim.sandbox.wager_records import WagerRecord
from strategies.trading.model.commands import PlaceWager
from strategies.trading.model.errors import ConfigError, CredentialsError, InvariantError
from strategies.trading.model.events import (
    FeedLost,
    FeedRestored,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose
from tests.live.local_sandbox import LocalSandbox, Sandbox
from tests.live.session.session_runner import (
    OFTEN,
    SPEED,
    SessionRunner,
    every_opened_wager_is_gone,
    quoting,
    session_of,
)
from tests.paths import PROJECT


def test_a_live_session_quotes_and_leaves_nothing_open(runner: SessionRunner) -> None:
    """Wagers rest at the exchange until the stop; then it is queried, and nothing is open there."""

    async def meanwhile(here: LocalSandbox, stop: asyncio.Event) -> None:
        await quoting(here)

    runner.play("live", meanwhile)
    assert runner.here.live_wagers == 0
    assert runner.lines[-1] == "nothing is open at sandbox_local"
    assert runner.kinds().count(WagerOpened) >= 4
    every_opened_wager_is_gone(runner)
    tape = Tape(runner.folder / "sessions" / "first" / "tape-00001")
    assert validate(tape).rows > 10


def test_a_paper_session_places_nothing_at_the_exchange(runner: SessionRunner) -> None:
    """On paper wagers rest in a simulated exchange; the real account has none."""

    async def meanwhile(here: LocalSandbox, stop: asyncio.Event) -> None:
        await runner.until_taken(4)
        assert not any(api_account.records for api_account in here.server.accounts.values())

    runner.play("paper", meanwhile, OFTEN)
    assert runner.kinds().count(WagerOpened) >= 4
    every_opened_wager_is_gone(runner)
    assert runner.lines[-1] == "nothing is open at sandbox_local"


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["live", "paper"])
def test_a_lost_stream_pulls_every_quote(runner: SessionRunner, mode: str) -> None:
    """The desk receives the gap, cancels, and quotes again only after it is over."""

    async def meanwhile(here: LocalSandbox, stop: asyncio.Event) -> None:
        await runner.until_taken(4)
        here.server.inject_fault({"kind": "socket_close"})
        await runner.until_line("socket 2 is up")
        await runner.until_more_are_placed()

    runner.play(mode, meanwhile, OFTEN)
    kinds = runner.kinds()
    lost, restored = kinds.index(FeedLost), kinds.index(FeedRestored)
    before, during, after = kinds[:lost], kinds[lost:restored], kinds[restored:]
    assert PlaceWager in before
    assert PlaceWager not in during
    assert PlaceWager in after
    assert WagerCancelled in kinds[lost:]


@pytest.mark.slow
def test_a_start_after_a_crash_takes_over_open_wagers(
    runner: SessionRunner, compose_settings: Compose, sandbox: Sandbox
) -> None:
    """Wagers left open by a crashed start are cancelled and journaled; the books agree."""

    async def run() -> None:
        async with sandbox(SPEED, "+experiment=nba") as here:
            crashing = asyncio.ensure_future(
                session_of(compose_settings, here, "live").run(
                    runner.folder, {}, asyncio.Event(), runner.lines.append
                )
            )
            await quoting(here)
            crashing.cancel()
            await asyncio.gather(crashing, return_exceptions=True)
            left = here.live_wagers
            assert left >= 4
            stop = asyncio.Event()
            again = asyncio.ensure_future(
                session_of(compose_settings, here, "live").run(
                    runner.folder, {}, stop, runner.lines.append
                )
            )
            await asyncio.wait(
                (again, asyncio.ensure_future(runner.until_line("start 2"))),
                return_when=asyncio.FIRST_COMPLETED,
            )
            stop.set()
            await again
            assert here.live_wagers == 0

    run_watching(run())
    entries = runner.entries()
    places = [e.payload.ref for e in entries if isinstance(e.payload, PlaceWager) and e.run == 1]
    cancelled = [
        e.payload.ref for e in entries if isinstance(e.payload, WagerCancelled) and e.run == 2
    ]
    gone = [e.payload.ref for e in entries if isinstance(e.payload, WagerCancelled) and e.run == 1]
    assert set(places) - set(gone) <= set(cancelled)
    assert all(re.fullmatch(r"first-[0-9a-f]{8}-[12]-\d+", ref) for ref in cancelled)


@pytest.mark.slow
def test_a_start_stopped_before_its_desk_leaves_nothing_open(
    runner: SessionRunner, compose_settings: Compose, sandbox: Sandbox
) -> None:
    """Wagers left open by a crash are cancelled and reported, even if no desk was assembled."""

    async def run() -> None:
        async with sandbox(SPEED, "+experiment=nba") as here:
            crashing = asyncio.ensure_future(
                session_of(compose_settings, here, "live").run(
                    runner.folder, {}, asyncio.Event(), runner.lines.append
                )
            )
            await quoting(here)
            crashing.cancel()
            await asyncio.gather(crashing, return_exceptions=True)
            stop = asyncio.Event()
            stop.set()
            runner.lines.clear()
            session = session_of(compose_settings, here, "live")
            await session.run(runner.folder, {}, stop, runner.lines.append)
            assert here.live_wagers == 0

    run_watching(run())
    assert not any(line.startswith("start 2") for line in runner.lines)
    assert runner.lines[-1] == "nothing of this session is open at sandbox_local"


@pytest.mark.slow
def test_an_error_of_the_desk_cancels_everything(runner: SessionRunner) -> None:
    """Books that do not balance end the session, once nothing is open."""

    async def meanwhile(here: LocalSandbox, stop: asyncio.Event) -> None:
        await quoting(here)
        # By the third line on health it has received that they opened: before, nothing is judged.
        lines = len(runner.lines)
        await until(lambda: len(runner.lines) >= lines + 3)
        (api_account,) = here.server.accounts.values()
        record = next(iter(api_account.records.values()))
        # The exchange claims more than was staked.
        record.request = replace_stake(record.request)
        await break_books(here, api_account, record)
        await stop.wait()

    with pytest.raises(InvariantError):
        runner.play("live", meanwhile, OFTEN, "run.account_seconds=0.5")
    assert runner.here.live_wagers == 0
    assert any("InvariantError" in line for line in runner.lines)
    assert runner.lines[-1] == "nothing is open at sandbox_local"


def replace_stake(request: PlaceWager) -> PlaceWager:
    """Return the request with a stake beyond what it was."""
    return PlaceWager(
        request.ref, request.line_id, request.odds, request.stake_cents * 3, request.intent
    )


async def break_books(here: LocalSandbox, api_account: ApiAccount, record: WagerRecord) -> None:
    """Let the exchange send a fill beyond the stake of a wager."""
    event = WagerMatched(
        record.request.ref, record.request.odds, record.stake_cents * 2, 100, record.stake_cents * 2
    )
    here.server.shifted_exchange.at_present(lambda: api_account._on_events((event,)))


@pytest.mark.parametrize("mode", ["live", "paper"])
@pytest.mark.parametrize("name", ["null", "'a b'"])
def test_a_session_needs_a_valid_name(
    compose_settings: Compose, tmp_path: Path, mode: str, name: str
) -> None:
    """Without a name, or with one that the exchange would refuse, nothing begins."""
    config, lines = compose_settings(f"mode={mode}", f"session.name={name}"), list[str]()
    with pytest.raises(ConfigError, match=r"session\.name"):
        asyncio.run(build_session(config).run(tmp_path, {}, asyncio.Event(), lines.append))
    assert lines == []
    assert list(tmp_path.iterdir()) == []


def test_real_money_is_not_traded_unarmed(compose_settings: Compose, tmp_path: Path) -> None:
    """The production host is refused before any request or file; paper needs keys only."""
    words = ["prophet=production", "session.name=first"]
    stop, lines = asyncio.Event(), list[str]()
    for mode, error, named in (
        ("live", ConfigError, "PROPHETX_ARMED"),
        ("paper", CredentialsError, "PROPHETX_ACCESS_KEY"),
    ):
        session = build_session(compose_settings(f"mode={mode}", *words))
        with pytest.raises(error, match=named):
            asyncio.run(session.run(tmp_path, {}, stop, lines.append))
    assert list(tmp_path.rglob("tape*")) == []


@pytest.mark.slow
@pytest.mark.parametrize("interrupts", [1, 2])
def test_ctrl_c_cancels_everything_and_a_second_one_stops_hard(
    sandbox: Sandbox, tmp_path: Path, interrupts: int
) -> None:
    """The first reports that nothing is open; a second ends at once, with what may be open."""

    async def run() -> tuple[int, str, int]:
        async with sandbox(SPEED, "+experiment=nba") as here:
            words = ["trade", "+experiment=nba", "session.name=first", *here.settings]
            if interrupts == 2:
                # A watchdog would go on with what this process leaves.
                words.append("run.watchdog_seconds=null")
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "live", *words, cwd=tmp_path, stderr=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": str(PROJECT)},
            )  # fmt: skip
            await quoting(here)
            if interrupts == 2:
                here.server.inject_fault(
                    {"kind": "late", "path": "history", "seconds": 900, "count": 9}
                )
            assert process.stderr is not None
            process.send_signal(signal.SIGINT)
            before = await process.stderr.readuntil(b"cancelling everything\n")
            if interrupts == 2:
                process.send_signal(signal.SIGINT)
            after = await process.stderr.read()
            status = await process.wait()
            return status, (before + after).decode(), here.live_wagers

    status, printed, left = run_watching(run())
    if interrupts == 1:
        assert (status, left) == (0, 0), printed
        # The last line names the command that prints the profit.
        assert printed.splitlines()[-2] == "nothing is open at sandbox_local"
    else:
        assert status == 1, printed
        assert "stopped at once" in printed.splitlines()[-1]


@pytest.mark.slow
def test_books_that_drift_from_the_account_end_the_session(runner: SessionRunner) -> None:
    """Money missing at the exchange but not in our books is detected while the session trades."""

    async def meanwhile(here: LocalSandbox, stop: asyncio.Event) -> None:
        await quoting(here)
        (api_account,) = here.server.accounts.values()
        api_account.participant.account.cash_cents -= 777
        await stop.wait()

    with pytest.raises(InvariantError, match="available cents"):
        runner.play("live", meanwhile, "run.account_seconds=0.2")
    assert runner.here.live_wagers == 0
    log = (runner.folder / "sessions" / "first" / "session.log").read_text(encoding="utf-8")
    assert "ended by InvariantError: available cents" in log.splitlines()[-1]


@pytest.mark.parametrize("setting", ["account_seconds=0", "report_seconds=-1", "report_seconds=no"])
def test_an_invalid_interval_is_refused(compose_settings: Compose, setting: str) -> None:
    """An interval that would send requests without end is refused in one line with its setting."""
    with pytest.raises(ConfigError, match=rf"run\.{setting.partition('=')[0]}"):
        build_session(compose_settings("mode=live", f"run.{setting}"))
