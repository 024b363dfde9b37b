"""Tokens that the processes of an account share, so that together they need one session."""

import asyncio
import logging
import stat
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from live.decode_errors import DecodeErrors
from live.prophetx.connection import Connection, balance_at_login
from live.prophetx.rest.auth import Tokens
from live.prophetx.rest.client import ProphetClient
from live.prophetx.rest.credentials import Credentials
from live.prophetx.rest.token_file import TokenFile
from live.prophetx.rest.transport import Transport
from live.wall_clock import WallClock
from strategies.trading.model.units import NS_PER_SECOND
from tests.event_loops import JumpingLoop, run_jumping
from tests.live.endpoints import LOCAL
from tests.live.prophetx.scripted_responses import Responses, no, ok

OURS = Credentials("access-half", "secret-half")
LOGIN, REFRESH = "auth/login", "auth/refresh"
BALANCE = "v4/mm/get_balance"

Clients = Callable[[Credentials], Awaitable[ProphetClient]]


def asking(
    responses: Responses, folder: Path, ask: Callable[[Clients], Awaitable[object]]
) -> list[str]:
    """Call with a function that connects one more process; return the requested tokens' paths."""

    async def run(loop: JumpingLoop) -> None:
        responses.clock = WallClock(monotonic_ns=loop.monotonic_ns)
        async with AsyncExitStack() as stack:

            async def client(credentials: Credentials) -> ProphetClient:
                carrier = httpx.MockTransport(responses.response)
                transport = Transport(LOCAL, responses.clock, carrier)
                await stack.enter_async_context(transport)
                shared = TokenFile(folder, credentials)
                tokens = Tokens(transport, credentials, responses.clock, shared)
                return ProphetClient(transport, tokens, DecodeErrors())

            await ask(client)

    run_jumping(run)
    return [path for path in responses.paths if path in (LOGIN, REFRESH)]


async def ask_thirty_times(clients: Clients) -> None:
    """Connect thirty processes one after the other, and ask something with each."""
    for _ in range(30):
        await (await clients(OURS)).tournaments()


async def ask_once(clients: Clients) -> None:
    """Connect one process, and ask something."""
    await (await clients(OURS)).tournaments()


def test_thirty_verbs_log_in_once(tmp_path: Path) -> None:
    """Whoever comes later uses the session of the first (row q)."""
    assert asking(Responses(), tmp_path, ask_thirty_times) == [LOGIN]


def test_a_verb_reads_the_balance_once(tmp_path: Path) -> None:
    """One request shows the money, and that keys and clock are right, also with shared tokens."""
    responses = Responses(queued={BALANCE: [ok({"balance": 10})]})
    asking(responses, tmp_path, ask_once)

    async def read_balance(clients: Clients) -> None:
        client = await clients(OURS)
        connection = Connection(LOCAL, responses.clock, client, DecodeErrors())
        assert (await balance_at_login(connection)).balance_cents == 1_000

    assert asking(responses, tmp_path, read_balance) == [LOGIN]
    assert responses.paths.count(BALANCE) == 1


def test_cancel_all_needs_no_free_session(tmp_path: Path) -> None:
    """With every other session of the keys taken, the emergency button uses the one we have."""
    responses = Responses()
    asking(responses, tmp_path, ask_once)
    responses.queued[LOGIN] = [no(403, "session_num_exceed")] * 9

    async def cancel(clients: Clients) -> None:
        await (await clients(OURS)).cancel_all()

    assert asking(responses, tmp_path, cancel) == [LOGIN]
    assert responses.tokens[-1] == "login-0"


def test_a_token_that_ended_is_refreshed_by_the_next_process(tmp_path: Path) -> None:
    """A supervisor that restarts after hours continues the session instead of opening another."""
    responses = Responses(life_seconds=30)
    assert asking(responses, tmp_path, ask_thirty_times) == [LOGIN, *[REFRESH] * 29]


@pytest.mark.parametrize("refused", [False, True], ids=["in time", "refused"])
def test_two_processes_that_renew_at_once_refresh_once(tmp_path: Path, refused: bool) -> None:
    """The second finds the token of the first, and neither logs the other out."""
    responses = Responses(life_seconds=100)

    async def ask(clients: Clients) -> None:
        both = [await clients(OURS), await clients(OURS)]
        await asyncio.gather(*(client.tournaments() for client in both))
        if refused:
            responses.queued["mm/get_tournaments"] = [no(401, "unauthorized")] * 2
        else:
            clock = responses.clock
            await clock.sleep_until(clock.wall_ns() + 70 * NS_PER_SECOND)
        await asyncio.gather(*(client.tournaments() for client in both))
        await asyncio.gather(*(client.tournaments() for client in both))

    assert asking(responses, tmp_path, ask) == [LOGIN, REFRESH]
    assert set(responses.tokens[-4:]) == {"refresh-1"}


def test_the_secret_key_is_checked_by_the_exchange(tmp_path: Path) -> None:
    """The tokens of the right secret are not used with a wrong one."""
    responses = Responses()
    asking(responses, tmp_path, ask_once)

    async def ask(clients: Clients) -> None:
        await (await clients(Credentials("access-half", "another"))).tournaments()

    assert asking(responses, tmp_path, ask) == [LOGIN, LOGIN]


def test_only_its_owner_can_read_the_tokens(tmp_path: Path) -> None:
    """The files are private, and contain neither key."""
    asking(Responses(), tmp_path, ask_once)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"-half" not in path.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tokens.json", "tokens.lock"]


@pytest.mark.parametrize("text", [b"", b"{", b'{"access_token": "tok-9"', b"\xff" * 99, b"[]"])
def test_a_broken_file_is_named_and_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: bytes
) -> None:
    """One line without what is in it, and a login."""
    path = tmp_path / "tokens.json"
    path.write_bytes(text)
    path.chmod(0o600)
    assert asking(Responses(), tmp_path, ask_thirty_times) == [LOGIN]
    (line,) = caplog.messages
    assert "tokens.json cannot be read" in line
    assert "tok-9" not in line


def test_a_file_that_others_can_read_is_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named, and the login replaces it by one that they cannot."""
    responses = Responses()
    asking(responses, tmp_path, ask_once)
    path = tmp_path / "tokens.json"
    path.chmod(0o644)
    assert asking(responses, tmp_path, ask_once) == [LOGIN, LOGIN]
    assert "tokens.json: others own it or can read it" in caplog.text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_cannot_be_written_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the folder each process logs in by itself, and says so."""
    caplog.set_level(logging.WARNING)
    gone = tmp_path / "gone"
    assert asking(Responses(), gone, ask_once) == [LOGIN]
    assert "tokens are not shared" in caplog.text


def test_a_stopped_process_does_not_hold_up_the_others(tmp_path: Path) -> None:
    """One that holds the lock for good is waited for a few seconds only."""

    async def ask(clients: Clients) -> None:
        client = await clients(OURS)
        async with TokenFile(tmp_path, OURS).locked():
            await client.cancel_all()

    assert asking(Responses(), tmp_path, ask) == [LOGIN]
