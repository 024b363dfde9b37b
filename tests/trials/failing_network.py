"""A network between a session and a sandbox that can be cut, frozen or answered by a gateway."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

_BLOCK_BYTES = 65_536
_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_BAD_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_PAGE), _PAGE)
)


class NetworkState(Enum):
    """What becomes of connections: forwarded, refused, held without a byte, or answered 502."""

    WHOLE = auto()
    REFUSED = auto()
    FROZEN = auto()
    BAD_GATEWAY = auto()


class FailingNetwork:
    """Forwards connections from a port of its own to the port of a sandbox."""

    def __init__(self, target_port: int) -> None:
        """Prepare; nothing listens before it is entered."""
        self.port = 0
        self._target_port = target_port
        self._state = NetworkState.WHOLE
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def change(self, state: NetworkState) -> None:
        """Apply a state to all connections, present and new.

        Those that are frozen go on from where they were; other changes reset what is connected.
        """
        before, self._state = self._state, state
        if state is NetworkState.FROZEN:
            self._flowing.clear()
            return
        if before is not NetworkState.FROZEN:
            await self._reset()
        self._flowing.set()
        if state is NetworkState.REFUSED:
            await self._stop_listening()
        else:
            await self._listen()

    async def close(self) -> None:
        """Reset every connection, and stop listening."""
        await self._stop_listening()
        await self._reset()

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _reset(self) -> None:
        connections = [*self._connections]
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None, "a server runs it as a task"
        self._connections.add(connection)
        try:
            await self._flowing.wait()
            if self._state is NetworkState.BAD_GATEWAY:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(_BAD_GATEWAY)
                await writer.drain()
            else:
                await self._forward(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._connections.discard(connection)
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_there = await asyncio.open_connection("127.0.0.1", self._target_port)
        ways = [
            asyncio.ensure_future(self._copy(reader, to_there)),
            asyncio.ensure_future(self._copy(there, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            to_there.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while block := await reader.read(_BLOCK_BYTES):
                await self._flowing.wait()
                writer.write(block)
                await writer.drain()


@asynccontextmanager
async def failing_network(target_port: int) -> AsyncIterator[FailingNetwork]:
    """Yield a whole network to a port of this machine."""
    network = FailingNetwork(target_port)
    await network.change(NetworkState.WHOLE)
    try:
        yield network
    finally:
        await network.close()
