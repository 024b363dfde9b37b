"""A log file of bounded size, which may fail without stopping whoever writes to it."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from recordings.writing import make_private_file, write_error
from strategies.trading.model.errors import WriteError

_MEGABYTE = 1_000_000


class LogFile:
    """Appends lines to `NAME`; when that is full it becomes `NAME.1`, and `NAME.1` `NAME.2`.

    Where the disk does not take a line, that is reported once by `notify`, and the line is lost: a
    session must be able to cancel its wagers with a full disk. `goes_on` says what is not stopped.
    Only its owner can read it.
    """

    def __init__(
        self,
        path: Path,
        max_megabytes: float,
        keep: int,
        notify: Callable[[str], None],
        goes_on: str,
    ) -> None:
        """Open or create the file."""
        self._path = path
        self._most_bytes = int(max_megabytes * _MEGABYTE)
        self._keep = keep
        self._notify = notify
        self._goes_on = goes_on
        self._failing = False
        self._file: BinaryIO | None = None
        self._bytes = 0
        self._guarded(self._open)

    def append(self, line: bytes) -> None:
        """Append a line, which ends with its newline; never raise."""
        self._guarded(lambda: self._append(line))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _append(self, line: bytes) -> None:
        if self._file is None:
            self._open()
        if self._bytes and self._bytes + len(line) > self._most_bytes:
            self._rotate()
        assert self._file is not None, "it was opened"
        self._bytes += len(line)
        self._file.write(line)

    def _open(self) -> None:
        make_private_file(self._path)
        # Unbuffered: a line is in the file at once, and none is kept to fail again later.
        self._file = self._path.open("ab", buffering=0)
        self._bytes = self._path.stat().st_size

    def _rotate(self) -> None:
        """Begin another file; where that fails nothing more is written, as it would not end."""
        self.close()
        for number in range(self._keep, 0, -1):
            older = _numbered(self._path, number - 1)
            if older.exists():
                older.replace(_numbered(self._path, number))
        self._open()

    def _guarded(self, write: Callable[[], None]) -> None:
        try:
            write()
        except (OSError, WriteError) as error:
            if not self._failing:
                failed = write_error(self._path, error) if isinstance(error, OSError) else error
                self._failing = True
                self._notify(f"{failed}; {self._goes_on}")


def log_files(path: Path) -> list[Path]:
    """Return the files of a log that exist, the oldest first."""
    older = path.parent.glob(f"{path.name}.*")
    numbers = sorted(int(each.suffix[1:]) for each in older if each.suffix[1:].isdigit())
    return [
        each for number in (*reversed(numbers), 0) if (each := _numbered(path, number)).exists()
    ]


def remove_log(path: Path) -> None:
    """Remove all files of a log."""
    for each in log_files(path):
        each.unlink()


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}") if number else path
