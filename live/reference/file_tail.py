"""A file that somebody else appends lines to, read as it grows."""

import os
from pathlib import Path

# Read at one look; the rest is there at the next.
_BYTES_PER_LOOK = 1 << 20

# A line that is longer than this is none: what has come of it is handed over, the rest left out.
_LINE_BYTES_MAX = 1 << 16


class FileTail:
    """Knows how far a file has been read; one that is put in its place is read from its start."""

    def __init__(self, path: Path) -> None:
        """Begin at the start of a file, which need not be there yet."""
        self._path = path
        self._identity: tuple[int, int] | None = None
        self._offset = 0
        self._rest = b""
        self._skipping = False

    @property
    def is_there(self) -> bool:
        """Tell whether there was a file at the last look."""
        return self._identity is not None

    def skip(self) -> None:
        """Pass over all that is in the file by now, the rest of an unended last line included."""
        there = self._look()
        if there is None or there.st_size == 0:
            return
        with self._path.open("rb") as file:
            file.seek(there.st_size - 1)
            self._skipping = file.read(1) != b"\n"
        self._offset = there.st_size

    def lines(self) -> list[bytes]:
        """Return the lines that were ended since, without their ends; raise OSError if it fails."""
        there = self._look()
        if there is None or there.st_size == self._offset:
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            came = file.read(_BYTES_PER_LOOK)
        self._offset += len(came)
        *ended, self._rest = (self._rest + came).split(b"\n")
        if self._skipping and ended:
            del ended[0]
            self._skipping = False
        return ended + self._overlong()

    def _look(self) -> os.stat_result | None:
        """Return how the file stands, None without one; begin anew where it is another."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return None
        identity = (there.st_dev, there.st_ino)
        if identity != self._identity or there.st_size < self._offset:
            self._identity, self._offset = identity, 0
            self._rest, self._skipping = b"", False
        return there

    def _overlong(self) -> list[bytes]:
        """Return the beginning of a line that is too long, once."""
        if len(self._rest) <= _LINE_BYTES_MAX:
            return []
        beginning, self._rest = self._rest[:_LINE_BYTES_MAX], b""
        if self._skipping:
            return []
        self._skipping = True
        return [beginning]
