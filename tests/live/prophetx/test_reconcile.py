"""`python -m live reconcile`: differences between a session's journal and the exchange."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from conf.compose import build_session
from live.__main__ import main
from live.prophetx.connection import connected
from live.prophetx.market_data.tape_rows import levels_of
from live.prophetx.orders.order_history import OrderHistory
from live.wall_clock import WallClock
from recordings.journal.session_journal import SessionJournal
from strategies.trading.model.commands import Command, Intent, PlaceWager
from strategies.trading.model.events import (
    Event,
    WagerAccepted,
    WagerCancelled,
    WagerMatched,
    WagerOpened,
)
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds
from tests.conftest import Outcome
from tests.event_loops import run_watching, until
from tests.fixture_types import Compose, RunMain
from tests.live.local_sandbox import LocalSandbox, Sandbox

SPEED = 20
ODDS, STAKE_CENTS = Odds(1_000), 1_250
AGREE = "the journal and sandbox_local agree"

Reconcile = Callable[..., Outcome]


@pytest.fixture
def reconcile(tmp_path: Path, run_main: RunMain) -> Reconcile:
    """Return the verb, in this process, in a folder of its own."""
    return lambda *words: run_main(main, tmp_path, "reconcile", "session.name=first", *words)


def request_for(ref: str) -> PlaceWager:
    """Return the request for a wager, as journaled."""
    return PlaceWager(WagerRef(ref), LineId("h"), ODDS, STAKE_CENTS, Intent.REST)


def write(home: Path, *payloads: Event | Command, mode: str = "live") -> None:
    """Write the journal of a session with one start and these entries."""
    folder = home / "sessions" / "first"
    folder.mkdir(parents=True)
    now_ns = WallClock(speed=SPEED).wall_ns()
    with SessionJournal(folder / "journal.sqlite") as journal:
        number = journal.begin_run(now_ns)
        for seq, each in enumerate(payloads, 1):
            if isinstance(each, Command):
                journal.sent(now_ns, each)
            else:
                journal.received(seq, now_ns, each)
    path = folder / f"start-{number:05d}.yaml"
    path.write_text(f"seed: 0\nmode_name: {mode}\n", encoding="utf-8")


async def place(here: LocalSandbox, *refs: str) -> None:
    """Place wagers that rest at the exchange."""
    async with connected(here.endpoint, WallClock(speed=SPEED), {}, Path()) as connection:
        client = connection.client
        (tournament,) = await client.tournaments()
        (event,) = await client.events(tournament.id)
        market = (await client.markets([event.event_id]))[event.event_id][0]
        line_id = LineId(levels_of(market.strikes[0])[0].strike_id)
        for ref in refs:
            request = PlaceWager(WagerRef(ref), line_id, ODDS, STAKE_CENTS, Intent.REST)
            await client.place(request)
        history = OrderHistory(connection.client)
        while {order.status for order in await history.open()} != {"open"}:
            pass


def with_wagers(sandbox: Sandbox, call: Callable[[LocalSandbox], Outcome], *refs: str) -> Outcome:
    """Return the result of a call in a thread, while these wagers rest at a sandbox."""

    async def run() -> Outcome:
        async with sandbox(SPEED, "+experiment=nba") as here:
            await place(here, *refs)
            return await asyncio.to_thread(call, here)

    return run_watching(run())


def files(folder: Path) -> dict[Path, bytes]:
    """Return what is in a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_agreeing_journal_is_reported_as_such(
    sandbox: Sandbox, reconcile: Reconcile, tmp_path: Path
) -> None:
    """The stakes are side by side, the last line reports agreement, and nothing is written."""
    gone = request_for("first-1-2")
    write(
        tmp_path,
        request_for("first-1-1"),
        gone,
        WagerAccepted(gone.ref),
        WagerCancelled(gone.ref, STAKE_CENTS),
    )
    before = files(tmp_path)
    outcome = with_wagers(sandbox, lambda here: reconcile(*here.settings), "first-1-1")
    assert (outcome.status, outcome.err, outcome.out[-1]) == (0, [], AGREE)
    rows = [line.split() for line in outcome.out[:-1]]
    assert rows == [
        ["journal", "sandbox_local"],
        ["open", "$12.50", "$12.50"],
        ["matched", "$0.00", "$0.00"],
        ["balance", "$10,000.00"],
    ]
    assert files(tmp_path) == before


@pytest.mark.slow
def test_every_difference_is_printed_in_a_line(
    sandbox: Sandbox, reconcile: Reconcile, tmp_path: Path
) -> None:
    """Unknown to the journal, gone there, and matched otherwise: each by name, and status 1."""
    half = request_for("first-1-1")
    fill = WagerMatched(half.ref, ODDS, 500, 5_000, 500)
    write(tmp_path, half, WagerAccepted(half.ref), fill, request_for("first-1-2"))
    refs = ("first-1-1", "by-hand")
    outcome = with_wagers(sandbox, lambda here: reconcile(*here.settings), *refs)
    assert outcome.status == 1
    assert outcome.out[1:3] == [
        "open                $20.00          $25.00",
        "matched              $5.00           $0.00",
    ]
    wager = "$12.50 at +1000 on"
    home = "Harbor City Herons"
    game = f"Cinder Falls Comets at {home} (simulated), moneyline, {home}"
    assert outcome.out[4:] == [
        f"first-1-1: {wager} line h: $7.50 open, $5.00 matched in the journal; "
        "$12.50 open, $0.00 matched at the exchange (open)",
        f"first-1-2: {wager} line h: $12.50 open, $0.00 matched in the journal; "
        "$0.00 open, $0.00 matched at the exchange (not in its history)",
        f"by-hand: {wager} {game} (open): not in the journal; "
        "$12.50 open, $0.00 matched at the exchange",
    ]
    (last,) = outcome.err
    assert "DifferenceError: 3 differences; the next start cancels what is open" in last


@pytest.mark.slow
def test_a_session_that_ended_agrees_and_one_that_crashed_does_not(
    sandbox: Sandbox,
    reconcile: Reconcile,
    compose_settings: Compose,
    tmp_path: Path,
) -> None:
    """Wagers left open by a crash differ until the next start journals them."""

    async def trade(here: LocalSandbox, *, crash: bool) -> None:
        words = ["mode=live", "+experiment=nba", "session.name=first", *here.settings]
        stop = asyncio.Event()
        session = build_session(compose_settings(*words))
        trading = asyncio.ensure_future(session.run(tmp_path, {}, stop, lambda _: None))
        await until(lambda: here.live_wagers >= 4 or trading.done())
        assert not trading.done(), trading.result()
        if crash:
            trading.cancel()
        stop.set()
        await asyncio.gather(trading, return_exceptions=crash)

    async def run() -> list[Outcome]:
        async with sandbox(SPEED, "+experiment=nba") as here:
            outcomes = []
            for crash in (True, False):
                await trade(here, crash=crash)
                if crash:
                    (api_account,) = here.server.accounts.values()
                    here.server.shifted_exchange.at_present(api_account.cancel_all)
                outcomes.append(await asyncio.to_thread(reconcile, *here.settings))
            return outcomes

    crashed, ended = run_watching(run())
    assert crashed.status == 1
    gone = [
        line
        for line in crashed.out
        if line.endswith("$0.00 open, $0.00 matched at the exchange (canceled)")
    ]
    assert len(gone) >= 4
    assert (ended.status, ended.err, ended.out[-1]) == (0, [], AGREE)


def test_the_exchange_of_the_session_is_asked(
    sandbox: Sandbox, reconcile: Reconcile, tmp_path: Path
) -> None:
    """It is that of the saved configuration, though the command line names none, or another."""
    write(tmp_path, request_for("first-1-1"))

    def compare(here: LocalSandbox) -> Outcome:
        saved = f"prophet: {msgspec.json.encode(here.endpoint).decode()}"
        with (tmp_path / "sessions" / "first" / "start-00001.yaml").open("a") as start:
            start.write(saved)
        return reconcile()

    outcome = with_wagers(sandbox, compare, "first-1-1")
    assert (outcome.status, outcome.err, outcome.out[-1]) == (0, [], AGREE)
    assert outcome.out[0].startswith("the session traded at sandbox_local, http://127.0.0.1:")


def test_a_journal_of_wagers_that_the_exchange_does_not_have_is_named_as_such(
    sandbox: Sandbox, reconcile: Reconcile, tmp_path: Path
) -> None:
    """The sandbox was restarted: no start can go on, which is said instead of a promise."""
    lost = request_for("first-1-1")
    write(tmp_path, lost, WagerAccepted(lost.ref), WagerOpened(lost.ref))
    outcome = with_wagers(sandbox, lambda here: reconcile(*here.settings), "by-hand")
    assert outcome.status == 1
    assert "2 differences; no start can go on from there: " in outcome.err[0]
    assert "sandbox_local was restarted, use another session.name" in outcome.err[0]


def refused(outcome: Outcome, status: int, named: str) -> None:
    """Assert one line of error that names this."""
    assert (outcome.status, outcome.out, len(outcome.err)) == (status, [], 1), outcome
    assert named in outcome.err[0]


def test_a_missing_session_is_refused(reconcile: Reconcile, tmp_path: Path) -> None:
    """A missing session is named, status 2, and no file is created."""
    refused(reconcile(), 2, "sessions/first: there is no session")
    refused(reconcile("session.name=null"), 2, "session.name: name the session")
    assert list(tmp_path.iterdir()) == []


def test_a_running_session_is_refused(reconcile: Reconcile, tmp_path: Path) -> None:
    """Its journal is locked until it ends."""
    write(tmp_path, request_for("first-1-1"))
    with SessionJournal(tmp_path / "sessions" / "first" / "journal.sqlite"):
        refused(reconcile(), 1, "another process has the session open")


def test_a_paper_session_has_nothing_at_the_exchange(reconcile: Reconcile, tmp_path: Path) -> None:
    """Its wagers never were at the exchange, which is printed instead of differences."""
    write(tmp_path, request_for("first-1-1"), mode="paper")
    refused(reconcile(), 2, "traded on paper")
