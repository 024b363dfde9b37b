"""The socket through which a person controls a running session, and the client's side of it.

It is in the session's folder, which only its owner can open. A client sends one line, a JSON list
of words; the session answers with one line, and ends the connection. Both are bounded in length,
time and number, as a client may send anything, or nothing.
"""

import asyncio
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from recordings.control_address import SOCKET_NAME, ControlResponse
from recordings.local_socket import connect, listening_at
from strategies.trading.model.errors import ConfigError, TradingError

_LONGEST_REQUEST = 4_096
_LONGEST_RESPONSE = 16 * 1_024 * 1_024
_MOST_CLIENTS = 8
_SERVE_SECONDS = 15
_CLIENT_SECONDS = 20
# Applies words of an operator, and returns lines for them; raises ConfigError if it refuses.
Answer = Callable[[str, Sequence[str]], Awaitable[list[str]]]


class ControlSocket:
    """Serves the operators of one session."""

    def __init__(self, folder: Path, answer: Answer) -> None:
        """Serve in a session's folder, of which the caller holds the lock."""
        self._folder = folder
        self._answer = answer
        self._clients: set[asyncio.StreamWriter] = set()

    async def run(self) -> None:
        """Serve until cancelled; raise what a word made fail, unless it was the operator's error.

        Raise WriteError if the socket cannot be made.
        """
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with listening_at(self._folder / SOCKET_NAME) as listening:
            server = await asyncio.start_unix_server(
                self._serve, sock=listening, limit=_LONGEST_REQUEST
            )
            try:
                await self._failed
            finally:
                server.close()
                for client in self._clients:
                    client.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= _MOST_CLIENTS:
            writer.transport.abort()
            return
        self._clients.add(writer)
        try:
            async with asyncio.timeout(_SERVE_SECONDS):
                response = await self._response(reader, writer)
                writer.write(msgspec.json.encode(response) + b"\n")
                writer.close()
                await writer.wait_closed()
        except (TimeoutError, OSError):
            # The client is gone, or too slow: it is of no concern to the session.
            pass
        finally:
            self._clients.discard(writer)
            writer.transport.abort()

    async def _response(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> ControlResponse:
        try:
            operator = _operator_of(writer.get_extra_info("socket"))
            line = await reader.readline()
            words = msgspec.json.decode(line, type=list[str])
        except (ValueError, msgspec.DecodeError):
            # `readline` raises ValueError beyond its limit.
            return ControlResponse(["a request is one short line, a JSON list of words"], True)
        except ConfigError as error:
            return ControlResponse([str(error)], True)
        try:
            return ControlResponse(await self._answer(operator, words))
        except ConfigError as error:
            return ControlResponse([str(error)], True)
        except Exception as error:
            if not self._failed.done():
                self._failed.set_exception(error)
            return ControlResponse([f"the session ends: {type(error).__name__}: {error}"], True)


def ask_session(folder: Path, words: Sequence[str]) -> list[str] | None:
    """Return what the session in a folder answers to these words, None if none is running there.

    Raise ConfigError if it refuses them, TradingError if it does not answer.
    """
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with client:
        client.settimeout(_CLIENT_SECONDS)
        try:
            connect(client, folder / SOCKET_NAME)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except OSError as error:
            message = f"{folder / SOCKET_NAME}: {error.strerror or error}"
            raise ConfigError(message) from error
        try:
            client.sendall(msgspec.json.encode(list(words)) + b"\n")
            response = msgspec.json.decode(_received(client), type=ControlResponse)
        except (OSError, msgspec.DecodeError) as error:
            message = f"session {folder.name} does not answer; it is busy, or ending: try again"
            raise TradingError(message) from error
    if response.refused:
        raise ConfigError(" ".join(response.lines))
    return response.lines


def _received(client: socket.socket) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n") and len(received) <= _LONGEST_RESPONSE:
        part = client.recv(65_536)
        if not part:
            break
        received += part
    return bytes(received)


def _operator_of(client: socket.socket) -> str:
    """Return who connected, as the system knows it; raise ConfigError for another user."""
    uid = os.getuid()
    if hasattr(socket, "SO_PEERCRED"):
        size = struct.calcsize("3i")
        _, uid, _ = struct.unpack(
            "3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        )
    if uid != os.getuid():
        message = "only the user who runs a session controls it"
        raise ConfigError(message)
    return user_text(uid)


def user_text(uid: int) -> str:
    """Return a user by login name and id: "alice (uid 1000)"."""
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"
