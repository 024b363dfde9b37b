"""Whole sessions against our own sandbox: on paper and live, through gaps, errors and crashes."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from conf.compose import build_session
from live.session.session import Session
from recordings.journal.entries import Entry
from recordings.journal.journal_reader import JournalReader
from recordings.reader import Tape
from recordings.validator import validate
from sim.sandbox.api_account import ApiAccount
from sim.sandbox.wager_records import WagerRecord
from strategies.trading.model.commands import CancelAll, PlaceWager
from strategies.trading.model.errors import ConfigError, CredentialsError, InvariantError
from strategies.trading.model.events import (
    AccountState,
    FeedLost,
    FeedRestored,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose
from tests.live.local_sandbox import LocalSandbox, Sandbox
from tests.paths import PROJECT

SPEED = 20
# How a session says how it is, often enough for these tests.
OFTEN = "run.report_seconds=0.2"
COUNTS = re.compile(r" open, (\d+) placed, (\d+) accepted")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

Meanwhile = Callable[[LocalSandbox, asyncio.Event], Awaitable[None]]


def session_of(compose_settings: Compose, here: LocalSandbox, mode: str, *words: str) -> Session:
    """Return a session that trades a sandbox."""
    given = ["+experiment=nba", f"mode={mode}", "session.name=first", *here.settings, *words]
    session: Session = build_session(compose_settings(*given))
    return session


class SessionRunner:
    """Plays sessions against one sandbox, in a folder."""

    def __init__(self, sandbox: Sandbox, compose_settings: Compose, folder: Path) -> None:
        """Start without printed lines."""
        self._sandbox = sandbox
        self._compose = compose_settings
        self.folder = folder
        self.lines: list[str] = []

    def play(
        self,
        mode: str,
        meanwhile: Meanwhile,
        *words: str,
        times: int = 1,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Start a session some times, each until what goes on meanwhile is over."""

        async def run() -> None:
            async with self._sandbox(SPEED, "+experiment=nba") as self.here:
                for _ in range(times):
                    session = session_of(self._compose, self.here, mode, *words)
                    await self._start(session, self.here, meanwhile, environ or {})

        run_watching(run())

    async def _start(
        self, session: Session, here: LocalSandbox, meanwhile: Meanwhile, environ: Mapping[str, str]
    ) -> None:
        stop = asyncio.Event()
        trading = asyncio.ensure_future(session.run(self.folder, environ, stop, self.lines.append))
        going = asyncio.ensure_future(meanwhile(here, stop))
        await asyncio.wait((trading, going), return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        going.cancel()
        await trading

    async def until_line(self, beginning: str) -> None:
        """Wait until a line begins so."""
        await until(lambda: any(line.startswith(beginning) for line in self.lines))

    def counts(self, since: int = 0) -> list[tuple[int, ...]]:
        """Return the reported numbers of placed and accepted wagers, from a line on."""
        found = [COUNTS.search(line) for line in self.lines[since:]]
        return [tuple(map(int, each.groups())) for each in found if each]

    async def until_taken(self, wagers: int) -> None:
        """Wait until this many wagers are reported as accepted."""
        await until(lambda: any(taken >= wagers for _, taken in self.counts()))

    async def until_more_are_placed(self) -> None:
        """Wait until a report counts more placed wagers than the next report does."""
        since = len(self.lines)
        await until(lambda: len({placed for placed, _ in self.counts(since)}) >= 2)

    def entries(self) -> list[Entry[Any]]:
        """Return the journal of the session."""
        with JournalReader(self.folder / "sessions" / "first" / "journal.sqlite") as journal:
            return list(journal.entries())

    def kinds(self) -> list[type]:
        """Return the types of what is in the journal."""
        return [type(entry.payload) for entry in self.entries()]


@pytest.fixture
def runner(sandbox: Sandbox, compose_settings: Compose, tmp_path: Path) -> SessionRunner:
    """Return a runner in a folder of its own."""
    return SessionRunner(sandbox, compose_settings, tmp_path)


async def quoting(here: LocalSandbox, at_least: int = 4) -> None:
    """Wait until this many wagers rest at the exchange."""
    await until(lambda: here.live_wagers >= at_least)


def every_opened_wager_is_gone(runner: SessionRunner) -> None:
    """Assert that every opened wager was cancelled or matched."""
    events = [entry.payload for entry in runner.entries()]
    opened = {event.ref for event in events if isinstance(event, WagerOpened)}
    gone = {event.ref for event in events if isinstance(event, WagerCancelled | WagerMatched)}
    assert opened <= gone


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


def test_every_command_is_in_the_journal_before_it_is_sent(runner: SessionRunner) -> None:
    """Every request at the exchange is in the journal, wager by wager, and the mass cancel."""
    refs: list[str] = []

    async def meanwhile(here: LocalSandbox, stop: asyncio.Event) -> None:
        await quoting(here)
        (api_account,) = here.server.accounts.values()
        refs.extend(record.request.ref for record in api_account.records.values())

    runner.play("live", meanwhile)
    entries = runner.entries()
    journaled = [entry.payload.ref for entry in entries if isinstance(entry.payload, PlaceWager)]
    assert refs
    assert set(refs) <= set(journaled)
    assert CancelAll in runner.kinds()
    assert [e.input_seq for e in entries] == sorted(e.input_seq for e in entries)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["live", "paper"])
def test_a_session_reports_its_state_and_its_totals(runner: SessionRunner, mode: str) -> None:
    """A line at intervals while it runs; totals at its end, before the line on open wagers."""

    async def meanwhile(here: LocalSandbox, stop: asyncio.Event) -> None:
        await runner.until_taken(1)

    runner.play(mode, meanwhile, OFTEN)
    line = next(line for line in reversed(runner.lines) if COUNTS.search(line))
    assert " of 3 markets quoted; " in line
    assert "; equity $" in line
    assert runner.lines[-1] == "nothing is open at sandbox_local"
    words = [line.split()[0] for line in runner.lines[:-1]]
    names = words[words.index("markets") :]
    assert names[:10] == [
        "markets", "wagers", "matched", "exposure", "open", "profit", "placing", "cancelling",
        "feed", "denials",
    ]  # fmt: skip
    # One for each market that was quoted.
    assert set(names[10:]) <= {"quotes"}
    placed = sum(isinstance(entry.payload, PlaceWager) for entry in runner.entries())
    (wagers,) = (line for line in runner.lines if line.startswith("wagers "))
    assert f" {placed} placed, " in wagers
    assert wagers.endswith("; 0 open")


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["live", "paper"])
def test_the_account_is_journaled_as_an_input(runner: SessionRunner, mode: str) -> None:
    """The exchange's account states are in the journal as inputs of the desk."""

    async def meanwhile(here: LocalSandbox, stop: asyncio.Event) -> None:
        await runner.until_taken(1)
        await until(lambda: AccountState in runner.kinds())

    runner.play(mode, meanwhile, OFTEN)
    events = [entry.payload for entry in runner.entries()]
    account = next(event for event in events if isinstance(event, AccountState))
    before = events[: events.index(account)]
    matched_cents = sum(e.stake_cents for e in before if isinstance(e, WagerMatched))
    open_cents = sum(cents for _, cents in account.open_cents)
    assert account.balance_cents + open_cents + matched_cents == 1_000_000


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


@pytest.mark.slow
def test_every_line_is_in_the_log_of_the_session(runner: SessionRunner) -> None:
    """Every line with its time in UTC, start after start, unreadable messages too; no key.

    Others can read neither it nor anything else that the session wrote.
    """

    async def meanwhile(here: LocalSandbox, stop: asyncio.Event) -> None:
        await quoting(here)
        before = garbage_logged()
        here.server.inject_fault({"kind": "garbage_frame", "text": "no frame at all"})
        await until(lambda: garbage_logged() > before)

    def garbage_logged() -> int:
        return log.read_text(encoding="utf-8").count("no frame at all")

    log = runner.folder / "sessions" / "first" / "session.log"
    keys = {"PROPHETX_ACCESS_KEY": "an-access-key", "PROPHETX_SECRET_KEY": "a-secret-key"}
    runner.play("live", meanwhile, times=2, environ=keys)
    logged = log.read_text(encoding="utf-8")
    lines = [(line[:24], line[25:33].strip(), line[34:]) for line in logged.splitlines()]
    events = ("fill: ", "wager refused: ", "wager failed", "cancel refused: ", "wiped by")
    texts = [text for _, _, text in lines if not text.startswith(events)]
    assert texts == runner.lines
    assert sum("start 1: " in text or "start 2: " in text for text in texts) == 2
    assert garbage_logged() == 2
    assert [time for time, _, _ in lines if not STAMP.fullmatch(time)] == []
    assert [key for key in keys.values() if key in logged] == []
    written = [runner.folder / "sessions", *(runner.folder / "sessions").rglob("*")]
    modes = {path.stat().st_mode & 0o777 for path in written if path.is_file()}
    folder_modes = {path.stat().st_mode & 0o777 for path in written if path.is_dir()}
    assert (modes, folder_modes) == ({0o600}, {0o700})


@pytest.mark.parametrize("setting", ["account_seconds=0", "report_seconds=-1", "report_seconds=no"])
def test_an_invalid_interval_is_refused(compose_settings: Compose, setting: str) -> None:
    """An interval that would send requests without end is refused in one line with its setting."""
    with pytest.raises(ConfigError, match=rf"run\.{setting.partition('=')[0]}"):
        build_session(compose_settings("mode=live", f"run.{setting}"))
