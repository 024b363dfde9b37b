"""Requests on open connections: written at once, and not lost on one that was closed."""

import asyncio
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from types import coroutine

import pytest

from live.prophetx.rest.eager import eagerly
from live.prophetx.rest.transport import Transport
from live.wall_clock import WallClock
from tests.event_loops import run_watching
from tests.live.endpoints import LOCAL

BODY = b'{"data":[]}'
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[socket.socket, Transport]]:
    """Listen on this machine, and yield the listener and a transport to it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.setblocking(False)
        endpoint = replace(LOCAL, root=f"http://127.0.0.1:{listener.getsockname()[1]}")
        async with Transport(endpoint, WallClock()) as transport:
            yield listener, transport


async def new_connection(listener: socket.socket, transport: Transport) -> socket.socket:
    """Return a new connection, on which one request was made and has its response."""
    loop = asyncio.get_running_loop()
    request = asyncio.create_task(transport.ask("POST", "v4/mm/first", body=BODY))
    connection, _ = await loop.sock_accept(listener)
    received = b""
    while not received.endswith(BODY):
        received += await loop.sock_recv(connection, 65_536)
    connection.send(RESPONSE)
    assert (await request).body == b"{}"
    return connection


@coroutine
def one_turn() -> Generator[None, None, None]:
    """Let the tasks run that are ready, as a pause does."""
    yield


def test_a_request_is_written_in_the_turn_of_the_loop_in_which_it_begins() -> None:
    """On an open connection, no other task runs between a request's first step and its last byte.

    So of two requests made together the first is on its way before any work on the second.
    """

    async def run() -> None:
        async with listening() as (listener, transport):
            with closing(await new_connection(listener, transport)) as connection:
                request = asyncio.create_task(transport.ask("POST", "v4/mm/next", body=BODY))
                await one_turn()
                received = connection.recv(65_536)
                assert received.startswith(b"POST /partner/v4/mm/next ")
                assert received.endswith(BODY)
                connection.send(RESPONSE)
                assert (await request).body == b"{}"

    run_watching(run())


def test_no_request_is_lost_on_a_connection_that_the_exchange_has_closed() -> None:
    """One that was closed while nothing was sent is replaced before the next request."""

    async def run() -> None:
        async with listening() as (listener, transport):
            (await new_connection(listener, transport)).close()
            (await new_connection(listener, transport)).close()

    run_watching(run())


def test_a_coroutine_that_pauses_until_another_task_has_run_ends() -> None:
    """Pauses are skipped a limited number of times, so that nothing waits for ever."""

    async def run() -> None:
        others: list[str] = []

        async def pause_until_others_ran() -> list[str]:
            while not others:
                await one_turn()
            return others

        asyncio.get_running_loop().call_soon(others.append, "ran")
        assert await eagerly(pause_until_others_ran()) == ["ran"]

    run_watching(run())


def test_a_cancelled_request_ends_as_cancelled() -> None:
    """A cancellation reaches what the coroutine waits for, and its end is run."""

    async def run() -> None:
        ends: list[str] = []

        async def wait() -> None:
            try:
                await one_turn()
                await asyncio.Event().wait()
            finally:
                ends.append("ended")

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await eagerly(wait())
        assert ends == ["ended"]

    run_watching(run())
