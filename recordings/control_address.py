"""Where a running session answers: the socket in its folder, and the form of an answer.

Below `sim` and `live`: a session is controlled through it, and a backtest can be watched.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from recordings.writing import writing

SOCKET_NAME = "control.sock"

# The least that any system takes as the address of a socket, and what a cut-off path ends with.
_LONGEST_ADDRESS = 100


class ControlResponse(msgspec.Struct, frozen=True):
    """The lines that answer a request; `refused` if nothing was done."""

    lines: list[str]
    refused: bool = False


@contextmanager
def listening_in(folder: Path) -> Iterator[socket.socket]:
    """Open the socket, which only the owner of the session can reach."""
    path = folder / SOCKET_NAME
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        with writing(path), address_in(folder) as address:
            # First the folder: between its creation and its mode others could open the socket.
            folder.chmod(0o700)
            # Left by a run that was killed.
            path.unlink(missing_ok=True)
            listening.bind(address)
            path.chmod(0o600)
        try:
            yield listening
        finally:
            with suppress(OSError):
                path.unlink()


@contextmanager
def address_in(folder: Path) -> Iterator[str]:
    """Yield the address of the socket, which for a long path goes through an open folder."""
    path = str(folder / SOCKET_NAME)
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield path
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{opened}/{SOCKET_NAME}"
    finally:
        os.close(opened)
