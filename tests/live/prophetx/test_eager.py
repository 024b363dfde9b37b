"""A request is written before the next one is made, and waits as any other task does."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import closing
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


@coroutine
def one_turn() -> Generator[None, None, None]:
    """Let the tasks run that are ready, as a pause does."""
    yield


def test_a_request_is_written_in_the_turn_of_the_loop_in_which_it_begins() -> None:
    """On an open connection, no other task runs between a request's first step and its last byte.

    So of two requests made together the first is on its way before any work on the second.
    """

    async def run() -> None:
        loop = asyncio.get_running_loop()
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            listener.setblocking(False)
            endpoint = replace(LOCAL, root=f"http://127.0.0.1:{listener.getsockname()[1]}")
            async with Transport(endpoint, WallClock()) as transport:
                opening = asyncio.create_task(transport.ask("POST", "v4/mm/first", body=BODY))
                connection, _ = await loop.sock_accept(listener)
                with closing(connection):
                    received = b""
                    while not received.endswith(BODY):
                        received += await loop.sock_recv(connection, 65_536)
                    await loop.sock_sendall(connection, RESPONSE)
                    await opening
                    request = asyncio.create_task(transport.ask("POST", "v4/mm/next", body=BODY))
                    await one_turn()
                    received = connection.recv(65_536)
                    assert received.startswith(b"POST /partner/v4/mm/next ")
                    assert received.endswith(BODY)
                    await loop.sock_sendall(connection, RESPONSE)
                    assert (await request).body == b"{}"

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
