"""A stream from a scripted server, and the records that it delivered."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from live.decode_errors import DecodeErrors
from live.prophetx.rest.auth import Tokens
from live.prophetx.rest.client import ProphetClient
from live.prophetx.rest.credentials import Credentials
from live.prophetx.rest.transport import Transport
from live.prophetx.socket.records import Message, Record, SocketDown, SocketUp
from live.prophetx.socket.stream import Stream, StreamSettings
from live.wall_clock import WallClock
from tests.event_loops import run_watching, until
from tests.live.scripted_server import ScriptedServer, serving

HASTY = StreamSettings(
    connect_seconds=3,
    ping_after_seconds=0.3,
    silent_seconds=2,
    quiet_seconds=3.5,
    config_seconds=0.3,
    steady_seconds=1,
    backoff_seconds=0.05,
    backoff_seconds_max=0.3,
)

# Longer than any sleep of a reading thread.
THREAD_SECONDS = 30


@dataclass
class StreamRecorder:
    """The records of a stream."""

    stream: Stream
    decode_errors: DecodeErrors
    running: asyncio.Task[None] | None = None
    records: list[Record] = field(default_factory=list)

    def ups(self) -> list[SocketUp]:
        """Return the epochs that came up."""
        return [record for record in self.records if isinstance(record, SocketUp)]

    def downs(self) -> list[SocketDown]:
        """Return the epochs that went down, or could not come up."""
        return [record for record in self.records if isinstance(record, SocketDown)]

    def changes(self, change_type: str) -> list[Any]:
        """Return the received changes of one kind, with their epochs."""
        return [
            (record.epoch, record.change.body)
            for record in self.records
            if isinstance(record, Message) and record.change and change_type in data_of(record)
        ]

    async def until(self, true: Callable[[], object]) -> None:
        """Wait for something to become true, and fail if the stream ends before."""

        def holds() -> bool:
            if not true() and self.running is not None and self.running.done():
                self.running.result()
                message = "the stream has ended"
                raise AssertionError(message)
            return bool(true())

        await until(holds)

    async def up(self, epochs: int) -> None:
        """Wait until this many epochs have come up."""
        await self.until(lambda: len(self.ups()) >= epochs)

    async def stop(self) -> None:
        """Cancel the stream, and wait until it has ended."""
        assert self.running is not None
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)


def data_of(message: Message) -> str:
    """Return the text of what the frame of a message holds."""
    return str(json.loads(message.raw)["data"])


@asynccontextmanager
async def recording_stream(
    server: ScriptedServer, settings: StreamSettings = HASTY
) -> AsyncIterator[StreamRecorder]:
    """Stream from a scripted server."""
    clock, decode_errors = WallClock(), DecodeErrors()
    async with serving(server), Transport(server.endpoint, clock) as transport:
        tokens = Tokens(transport, Credentials("a", "b"), clock)
        client = ProphetClient(transport, tokens, decode_errors)
        rng = np.random.default_rng(1)
        stream = Stream(
            client, server.endpoint, clock, settings, rng, lambda: [7, 8], decode_errors
        )
        recorder = StreamRecorder(stream, decode_errors)
        recorder.running = asyncio.create_task(stream.run(recorder.records.append))
        try:
            yield recorder
        finally:
            await recorder.stop()


def readers() -> list[threading.Thread]:
    """Return the threads that read a socket."""
    return [thread for thread in threading.enumerate() if thread.name == "PysherEventLoop"]


async def end_of(threads: Iterable[threading.Thread]) -> None:
    """Wait until threads have ended; fail if one does not."""
    for thread in threads:
        await asyncio.to_thread(thread.join, THREAD_SECONDS)
        assert not thread.is_alive()


async def five_hundred_messages(server: ScriptedServer, recorder: StreamRecorder) -> None:
    """Send five hundred messages in order, and wait until they are received."""
    for number in range(500):
        await server.change("tournament", {"info": {"id": number}})
    await recorder.until(lambda: len(recorder.records) > 500)
    await recorder.until(lambda: len(recorder.changes('"tournament"')) == 500)


async def closed_cleanly(server: ScriptedServer) -> None:
    """Close the socket with a close frame."""
    await server.socket.close(code=1000)


async def broken_off(server: ScriptedServer) -> None:
    """Abort the socket."""
    server.reset()


def streamed(
    scenario: Callable[[ScriptedServer, StreamRecorder], Awaitable[None]],
    settings: StreamSettings = HASTY,
    **how: Any,
) -> StreamRecorder:
    """Run a scenario with a server and a stream, from when the stream is first up."""

    async def run() -> StreamRecorder:
        server = ScriptedServer(**how)
        async with recording_stream(server, settings) as recorder:
            await recorder.up(1)
            await scenario(server, recorder)
        return recorder

    return run_watching(run())
