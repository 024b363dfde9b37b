"""Receivers of alerts on loopback, as apprise finds them by json:// URLs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


class Receiver:
    """A server that keeps what is posted to it; it may refuse, or take and never answer."""

    def __init__(self) -> None:
        """Start with nothing received."""
        self.received: list[dict[str, Any]] = []
        self.requests = 0
        self.refuses = False
        self._answering = asyncio.Event()
        self._answering.set()
        self.port = 0

    def hold(self) -> None:
        """Answer nothing from now on."""
        self._answering.clear()

    def answer(self) -> None:
        """Answer all requests, and those that wait."""
        self._answering.set()

    @property
    def url(self) -> str:
        """Return where it is, with a password and a short time limit of apprise's."""
        return f"json://me:hunter2@127.0.0.1:{self.port}/key?rto=0.5&cto=0.5"

    @property
    def titles(self) -> list[str]:
        """Return the titles of what was received."""
        return [each["title"] for each in self.received]

    async def respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request."""
        self.requests += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length:")[2].split()[0])
            body = json.loads(await reader.readexactly(length))
            await self._answering.wait()
            if not self.refuses:
                self.received.append(body)
            status = b"503 No" if self.refuses else b"200 OK"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            # Whoever sent it has given up.
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(*receivers: Receiver) -> AsyncIterator[None]:
    """Serve each receiver on a port that the system chooses."""
    servers = []
    for receiver in receivers:
        server = await asyncio.start_server(receiver.respond, "127.0.0.1", receiver.port)
        receiver.port = server.sockets[0].getsockname()[1]
        servers.append(server)
    try:
        yield
    finally:
        for receiver, server in zip(receivers, servers, strict=True):
            receiver.answer()
            server.close()
            await server.wait_closed()
