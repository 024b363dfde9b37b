"""What a whole session leaves of itself: its journal, its reports and its log."""

import asyncio

import pytest

from strategies.trading.model.commands import CancelAll, PlaceWager
from strategies.trading.model.events import (
    AccountState,
    WagerMatched,
)
from tests.event_loops import until
from tests.live.local_sandbox import LocalSandbox
from tests.live.session.session_runner import (
    COUNTS,
    OFTEN,
    STAMP,
    SessionRunner,
    quoting,
)


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
