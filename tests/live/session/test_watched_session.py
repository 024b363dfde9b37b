"""A whole session with a watchdog that a test plays: what each says, and when trading ends."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from select import select

import pytest

from conf.compose import build_parts
from live.session.gateway import TradedAccount
from live.session.monitoring.announcer import Announcer
from live.session.watchdog.heartbeats import (
    Acting,
    Heartbeats,
    Hello,
    Ready,
    line_of,
    receive,
)
from live.session.watchdog.watchdog_duty import WatchdogDuty
from live.session.watchdog.watchdog_start import SOCKET_NAME, receive_hello
from recordings.journal.journal_reader import JournalReader
from recordings.local_socket import address_of, listening_at
from strategies.trading.model.commands import CancelAll, Intent, PlaceWager
from strategies.trading.model.errors import WatchdogError
from strategies.trading.model.events import TradingStateSet
from strategies.trading.model.ids import LineId, WagerRef
from strategies.trading.model.odds import Odds
from tests.event_loops import JumpingLoop, run_jumping, until
from tests.fixture_types import Compose
from tests.live.session.test_gateway import session_on
from tests.live.session.toy_exchange import ToyGateway

SILENCE = 5.0


class WatchedSession:
    """A session at a toy exchange, with a watchdog that a test plays in the session's folder."""

    def __init__(self, parts: Compose, home: Path, loop: JumpingLoop) -> None:
        """Prepare the session."""
        self._made: list[ToyGateway] = []
        self.lines: list[str] = []
        self.stop = asyncio.Event()
        self.folder = home / "sessions" / "toy"
        self._home = home
        words = ("mode=live", "strategy.quote_refresh_seconds=0")
        account = TradedAccount(home, {})
        self._session = session_on(
            build_parts(parts(*words)), loop, self._made, account, watchdog_seconds=SILENCE
        )

    @property
    def toy(self) -> ToyGateway:
        """Return its exchange."""
        return self._made[0]

    @asynccontextmanager
    async def quoting(self) -> AsyncIterator[tuple[asyncio.Task[None], socket.socket, Hello]]:
        """Give the session once it waits for its watchdog, and the connection of that."""
        self.folder.mkdir(parents=True)
        with listening_at(self.folder / SOCKET_NAME) as listening:
            running = self._session.run(self._home, {}, self.stop, self.lines.append)
            trading = asyncio.create_task(running)
            await until(lambda: select((listening,), (), (), 0)[0])
            connection, _ = listening.accept()
        received = receive_hello(connection)
        assert received is not None
        hello, lock = received
        lock.close()
        connection.setblocking(False)
        try:
            yield trading, connection, hello
        finally:
            trading.cancel()
            with suppress(asyncio.CancelledError, WatchdogError):
                await trading

    async def respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Respond to heartbeats until the session has placed wagers."""
        writer.write(line_of(Ready(1)))
        while not self.toy.open_wagers:
            message = await receive(reader)
            assert message is not None
            writer.write(line_of(message))

    def kept(self) -> list[object]:
        """Return what is in the journal."""
        with JournalReader(self.folder / "journal.sqlite") as journal:
            return [entry.payload for entry in journal.entries()]


async def closed_session(
    watched: WatchedSession, loop: JumpingLoop, late: PlaceWager | None = None
) -> list[str]:
    """Return what the watchdog of a session says that is stopped while it has wagers open.

    A placement that is `late` has no response, and is executed ten seconds after its end.
    """
    async with watched.quoting() as (trading, connection, hello):
        reader, writer = await asyncio.open_connection(sock=connection)
        notes: list[str] = []
        account = watched.toy.account_wagers
        duty = WatchdogDuty(
            hello, reader, writer, account=account, lock=None, notify=Announcer(notes.append)
        )
        writer.write(line_of(Ready(1)))
        guarding_it = asyncio.create_task(duty.run())
        await until(lambda: watched.toy.open_wagers)
        began = loop.time()
        await until(lambda: loop.time() > began + 2 * SILENCE)
        if late is not None:
            account.late[late.ref] = late
        watched.stop.set()
        await trading
        if late is not None:
            # The watchdog does not know of it.
            account.late.clear()
            loop.call_later(10, account.wagers.__setitem__, late.ref, late)
        await guarding_it
    return notes


def test_a_session_reports_to_its_watchdog_that_it_closed(
    compose_settings: Compose, tmp_path: Path
) -> None:
    """The watchdog that waits in the session's folder is used, however long its path is."""
    home = tmp_path / "a folder whose sockets are further down than an address may be long" / "home"

    async def run(loop: JumpingLoop) -> list[str]:
        watched = WatchedSession(compose_settings, home, loop)
        notes = await closed_session(watched, loop)
        assert watched.lines[-1] == "nothing is open at toy"
        return notes

    notes = run_jumping(run)
    assert notes == []


def test_the_watchdog_looks_again_for_what_may_arrive_after_the_end(
    compose_settings: Compose, tmp_path: Path
) -> None:
    """A placement that was not found when the session ended is cancelled once executed (row e)."""
    late = PlaceWager(WagerRef("w-9"), LineId("h"), Odds(100), 5_000, Intent.REST)

    async def run(loop: JumpingLoop) -> list[str]:
        watched = WatchedSession(compose_settings, tmp_path, loop)
        notes = await closed_session(watched, loop, late)
        assert any(line.startswith("w-9: had no response") for line in watched.lines)
        assert watched.toy.open_wagers == {}
        return notes

    notes = run_jumping(run)
    assert "a placement without a response may still arrive" in notes[0]
    assert "1 wager arrived late; cancelling" in notes


@pytest.mark.parametrize("end", ["frozen", "killed", "acted"])
def test_a_session_without_its_watchdog_halts(
    compose_settings: Compose, tmp_path: Path, end: str
) -> None:
    """It places nothing more, halts with a named reason, cancels everything and ends (row f)."""
    reasons = {"frozen": "no response for ", "killed": "its process ", "acted": "it cancelled "}

    async def run(loop: JumpingLoop) -> WatchedSession:
        watched = WatchedSession(compose_settings, tmp_path, loop)
        async with watched.quoting() as (trading, connection, _):
            reader, writer = await asyncio.open_connection(sock=connection)
            await watched.respond(reader, writer)
            if end == "killed":
                writer.close()
            elif end == "acted":
                writer.write(line_of(Acting("no heartbeat for 5 s")))
            with pytest.raises(WatchdogError, match=f"^watchdog: {reasons[end]}"):
                await trading
            writer.close()
        return watched

    watched = run_jumping(run)
    assert watched.toy.open_wagers == {}
    kept = watched.kept()
    (halted,) = (each for each in kept if isinstance(each, TradingStateSet))
    assert halted.reason.startswith(f"watchdog: {reasons[end]}")
    after = kept[kept.index(halted) :]
    assert [each for each in after if isinstance(each, PlaceWager)] == []
    assert [each for each in after if isinstance(each, CancelAll)] != []


def test_a_session_that_was_stopped_and_resumed_sends_nothing(
    compose_settings: Compose, tmp_path: Path
) -> None:
    """A loop that stood still for longer than the silence refuses the first request after it."""

    async def run(loop: JumpingLoop) -> None:
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        heartbeats = Heartbeats(reader, writer, SILENCE)
        heartbeats.require()
        # As with SIGSTOP: time passes, and no task of the loop runs.
        loop.stand_still(1.01 * SILENCE)
        with pytest.raises(WatchdogError, match="no response for 5"):
            heartbeats.require()
        writer.close()
        theirs.close()

    run_jumping(run)


def test_the_service_manager_follows_a_session(compose_settings: Compose, tmp_path: Path) -> None:
    """READY once it trades, WATCHDOG from its event loop as often as is asked, STOPPING at last."""
    states: list[str] = []

    async def run(loop: JumpingLoop) -> None:
        made: list[ToyGateway] = []
        stop = asyncio.Event()
        words = ("mode=live", "strategy.quote_refresh_seconds=0")
        session = session_on(build_parts(compose_settings(*words)), loop, made)
        with (
            address_of(tmp_path / "notify") as address,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
        ):
            environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "3000000"}
            manager.bind(address)
            manager.setblocking(False)
            loop.add_reader(manager, lambda: states.append(manager.recv(99).decode()))
            trading = asyncio.create_task(session.run(tmp_path, environ, stop, print))
            await until(lambda: made and made[0].open_wagers)
            beats = len(states)
            began = loop.time()
            await until(lambda: len(states) >= beats + 10)
            assert 9 <= loop.time() - began <= 11
            stop.set()
            await trading
            await until(lambda: "STOPPING=1" in states)
            loop.remove_reader(manager)

    run_jumping(run)
    assert states.count("READY=1") == 1
