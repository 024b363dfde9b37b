"""Reads a file to which another program appends lines."""

import os
from pathlib import Path

# The most that one call reads.
_BYTES_PER_READ = 1 << 20

# A longer line is cut: its beginning is returned, the rest skipped.
_LINE_BYTES_MAX = 1 << 16


class FileTail:
    """Reads a file from where it was read last; a file that replaces it is read from its start."""

    def __init__(self, path: Path) -> None:
        """Begin at the start of a file, which need not exist yet."""
        self._path = path
        self._identity: tuple[int, int] | None = None
        self._offset = 0
        self._rest = b""
        self._skipping = False

    @property
    def exists(self) -> bool:
        """Return whether the file existed at the last call of another method."""
        return self._identity is not None

    def skip(self) -> None:
        """Skip all that the file holds now, including the rest of an incomplete last line."""
        status = self._stat()
        if status is None or status.st_size == 0:
            return
        with self._path.open("rb") as file:
            file.seek(status.st_size - 1)
            self._skipping = file.read(1) != b"\n"
        self._offset = status.st_size

    def lines(self) -> list[bytes]:
        """Return the lines completed since, without line ends; raise OSError if reading fails."""
        status = self._stat()
        if status is None or status.st_size == self._offset:
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read(_BYTES_PER_READ)
        self._offset += len(data)
        *ended, self._rest = (self._rest + data).split(b"\n")
        if self._skipping and ended:
            del ended[0]
            self._skipping = False
        return ended + self._overlong()

    def _stat(self) -> os.stat_result | None:
        """Return the status of the file, None if it does not exist; restart if it was replaced."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        identity = (status.st_dev, status.st_ino)
        if identity != self._identity or status.st_size < self._offset:
            self._identity, self._offset = identity, 0
            self._rest, self._skipping = b"", False
        return status

    def _overlong(self) -> list[bytes]:
        """Return the beginning of a line that is too long, once."""
        if len(self._rest) <= _LINE_BYTES_MAX:
            return []
        beginning, self._rest = self._rest[:_LINE_BYTES_MAX], b""
        if self._skipping:
            return []
        self._skipping = True
        return [beginning]
