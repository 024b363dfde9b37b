"""The raw text of every message, in compressed lines of JSON beside the tape."""

import gzip
from pathlib import Path

import msgspec

from recordings.writing import writing

_LEVEL = 1
# Lines compressed together: each block costs time, and switches to the socket's thread.
_LINES_PER_BLOCK = 16


class RawLog:
    """Appends texts with their times of arrival to files that match the segments of a tape.

    Every method raises WriteError where the disk does not take a file.
    """

    def __init__(self, folder: Path) -> None:
        """Write to an existing folder; the first file is created with the first text."""
        self._folder = folder
        self._number = 0
        self._file: gzip.GzipFile | None = None
        self._lines: list[bytes] = []

    def append(self, received_ns: int, raw: bytes) -> None:
        """Append a text; bytes that are not UTF-8 are escaped."""
        if self._file is None:
            with writing(self._path()):
                self._file = gzip.GzipFile(self._path(), "wb", compresslevel=_LEVEL)
        text = raw.decode("utf-8", "backslashreplace")
        self._lines.append(msgspec.json.encode({"received_ns": received_ns, "raw": text}))
        if len(self._lines) >= _LINES_PER_BLOCK:
            self._write(self._file)

    def flush(self) -> None:
        """Make what was appended so far readable, even after a crash."""
        if self._file is not None:
            self._write(self._file)
            with writing(self._path()):
                self._file.flush()

    def end_file(self) -> None:
        """Close the open file; the next text goes to a new one."""
        if self._file is not None:
            path, file = self._path(), self._file
            self._file = None
            self._number += 1
            # The file closes itself at the end, even where its last lines cannot be written.
            with writing(path), file:
                self._write(file)

    def _path(self) -> Path:
        return self._folder / f"raw-{self._number:05d}.jsonl.gz"

    def _write(self, file: gzip.GzipFile) -> None:
        with writing(self._path()):
            file.write(b"".join(line + b"\n" for line in self._lines))
        self._lines.clear()
