"""A socket in a folder, for the programs of its owner: the control socket, and the watchdog's.

The address of a socket is shorter than a path may be, so a long one goes through an open folder.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from recordings.writing import writing

# The least that any system takes as the address of a socket, and what a cut-off path ends with.
_LONGEST_ADDRESS = 100


@contextmanager
def listening_at(path: Path) -> Iterator[socket.socket]:
    """Open a socket that only its owner can reach; raise WriteError if it cannot be made."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        with writing(path), address_of(path) as address:
            # First the folder: between its creation and its mode others could open the socket.
            path.parent.chmod(0o700)
            # Left by a run that was killed.
            path.unlink(missing_ok=True)
            listening.bind(address)
            path.chmod(0o600)
            listening.listen()
        try:
            yield listening
        finally:
            with suppress(OSError):
                path.unlink()


def connect(client: socket.socket, path: Path) -> None:
    """Connect to the socket at a path of any length; raise OSError if nothing listens there."""
    with address_of(path) as address:
        client.connect(address)


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """Yield the address of the socket at a path, which for a long path goes through its folder."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
        return
    opened = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{opened}/{path.name}"
    finally:
        os.close(opened)
